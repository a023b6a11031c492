"""Parts of an image, of a volume or of a network's grid, as a slice for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

Part = tuple[slice, ...]
"""A part of a grid, or of an image, along its spatial axes; each slice has a start and a stop."""


def sides_of(part: Sequence[slice]) -> tuple[int, ...]:
    """Return the lengths of a part's sides."""
    return tuple(side.stop - side.start for side in part)


def widen(part: Sequence[slice], cells: int, sizes: Sequence[int]) -> Part:
    """Return a part with so many cells around it, as far as the grid has them."""
    return tuple(
        slice(max(side.start - cells, 0), min(side.stop + cells, size))
        for side, size in zip(part, sizes, strict=True)
    )


def within(part: Sequence[slice], other: Sequence[slice]) -> Part:
    """Return where a part lies in an array of another that holds it."""
    return tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(part, other, strict=True))


def overlap(part: Sequence[slice], other: Sequence[slice]) -> Part:
    """Return what two parts have in common; sides without a pixel where they have nothing."""
    return tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(part, other, strict=True))


def blocks_of(part: Sequence[slice], sides: Sequence[int]) -> list[Part]:
    """Return the parts with such sides that make up a part, in C order; at its end they are smaller."""
    along = (
        [slice(at, min(at + side, whole.stop)) for at in range(whole.start, whole.stop, side)]
        for whole, side in zip(part, sides, strict=True)
    )
    return [*product(*along)]
