"""Parts of an image, of a volume or of a network's grid, as a slice for each axis."""

from __future__ import annotations

from collections.abc import Sequence

Part = tuple[slice, ...]
"""A part of a grid, or of an image, along its spatial axes; each slice has a start and a stop."""


def widen(part: Sequence[slice], cells: int, sizes: Sequence[int]) -> Part:
    """Return a part with so many cells around it, as far as the grid has them."""
    return tuple(
        slice(max(side.start - cells, 0), min(side.stop + cells, size))
        for side, size in zip(part, sizes, strict=True)
    )


def within(part: Sequence[slice], other: Sequence[slice]) -> Part:
    """Return where a part lies in an array of another that holds it."""
    return tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(part, other, strict=True))
