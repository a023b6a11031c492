"""Labelled synthetic tumours for light-sheet microscopy.

Importing this package loads neither torch nor any other heavy library; what is named
below arrives when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metgan.data.pairs import PairSet
    from metgan.synthesis.inpainter import Inpainter, load

__version__ = "0.1.0"
__all__ = ["Inpainter", "PairSet", "__version__", "load"]

_HOMES = {
    "Inpainter": "metgan.synthesis.inpainter",
    "PairSet": "metgan.data.pairs",
    "load": "metgan.synthesis.inpainter",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'metgan' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
