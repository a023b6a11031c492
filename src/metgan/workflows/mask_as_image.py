"""Whether what is given as a channel is a mask: one that is named in the wrong place, or twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from metgan.errors import ArrayError
from metgan.progress import note
from metgan.types import AnyArray

_FEW_VALUES, _MOSTLY, _NEARLY_ALL = 16, 0.5, 0.85
"""Values that a mask mostly has, and share of its pixels beside one of their value; where it has more."""
_BEFORE: Final = slice(None, -1)
_AFTER: Final = slice(1, None)


def refuse_mask(windows: Sequence[AnyArray], shape: Sequence[int], name: str) -> None:
    """Refuse a channel of the camera's dtype that is a mask, by its windows; note one that seems to be.

    Refused is a volume of this `shape`, (Z, Y, X), that is two values or one, where the windows, (Y, X), are
    all of it.

    Raises
    ------
    ArrayError
        Naming the values.
    """
    values = np.unique(np.concatenate(windows))
    if len(values) <= 2 and sum(window.size for window in windows) == math.prod(shape):
        raise ArrayError(
            f"{name} has {_listed(values)}",
            "an image as the microscope stored it",
            "If it is a mask, give it with --labels, and the image that it belongs to as the volume",
        )
    tell_of_mask(windows, name)


def tell_of_mask(windows: Sequence[AnyArray], name: str) -> None:
    """Note a channel that seems to be a mask, by some windows of it, (Y, X).

    Other values than two may be numbered objects, or light: noise makes neighbours differ, those in an object
    do not, and dim light has few values but goes from one to the next. The commonest tells nothing: it may be
    fill.
    """
    values, counts = np.unique(np.concatenate(windows), return_counts=True)
    few, common = len(values) <= _FEW_VALUES, int(counts.argmax())
    ranks = [np.searchsorted(values, window) for window in windows]
    left, right = (np.concatenate([r[:, part].ravel() for r in ranks]) for part in (_BEFORE, _AFTER))
    beside = (left != common) | (right != common)
    steps = np.abs(left - right)[left != right]
    is_dim_light = len(values) > 2 and steps.size > 0 and (steps == 1).mean() > _NEARLY_ALL
    is_flat = beside.any() and (left == right)[beside].mean() > (_MOSTLY if few else _NEARLY_ALL)
    if is_flat and not (few and is_dim_light):
        note(
            f"{name} has {_listed(values) if few else f'{len(values)} values'} where it was looked at, in "
            "areas of one value each. Is it a mask? It should be an image as the microscope stored it; a "
            "mask is for --labels"
        )


def _listed(values: AnyArray) -> str:
    return "no other values than " + ", ".join(f"{value:g}" for value in values)
