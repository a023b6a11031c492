"""Labels: masks in, masks out."""

from __future__ import annotations

from .compose import SYMMETRIES, binarise, check_binary, merge, sizes, symmetry

__all__ = ["SYMMETRIES", "binarise", "check_binary", "merge", "sizes", "symmetry"]
