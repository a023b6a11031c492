"""A volume that looks like an array and is read where it is indexed: larger than memory, block by block."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from metgan.types import AnyArray

from .region import Index

Reader = Callable[[tuple[slice, ...]], AnyArray]
"""Returns a part of a volume, given a slice with start and stop for each axis."""


class LazyVolume:
    """One channel or mask of a scan, of which a block is read at once, and the last one kept.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X).
    read : callable
        Returns a part.
    block : tuple of int
        Sides of what is read at once; blocks start at multiples of them.

    Examples
    --------
    >>> import numpy as np
    >>> array = np.arange(24).reshape(2, 3, 4)
    >>> volume = LazyVolume(array.shape, array.__getitem__, (2, 3, 2))
    >>> volume[1, 0:2, 2:4].tolist()
    [[14, 15], [18, 19]]
    """

    def __init__(self, shape: tuple[int, ...], read: Reader, block: tuple[int, ...]) -> None:
        self.shape = shape
        self._read, self._block = read, block
        self._kept: tuple[tuple[slice, ...], AnyArray] | None = None

    def __getitem__(self, index: Index) -> AnyArray:
        """Return a part; the block that it lies in is read, if it lies in one, and else that part alone."""
        asked = _slices(index, self.shape)
        starts = [a.start // side * side for a, side in zip(asked, self._block, strict=True)]
        block = tuple(
            slice(start, min(start + side, n))
            for start, side, n in zip(starts, self._block, self.shape, strict=True)
        )
        if any(a.stop > b.stop for a, b in zip(asked, block, strict=True)):
            return self.peek(index)
        if self._kept is None or self._kept[0] != block:
            self._kept = None  # so that two blocks are never in memory
            self._kept = block, self._read(block)
        inner = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(asked, block, strict=True))
        return _squeezed(self._kept[1][tuple(inner)], index)

    def peek(self, index: Index) -> AnyArray:
        """Return a part, and read it alone: for one here and one there."""
        return _squeezed(self._read(_slices(index, self.shape)), index)

    def blocks(self) -> Iterator[tuple[slice, ...]]:
        """Yield the parts that are read at once; together they are the whole."""
        sides = zip(self.shape, self._block, strict=True)
        yield from product(*([slice(a, min(a + s, n)) for a in range(0, n, s)] for n, s in sides))

    def block_of(self, index: Index) -> tuple[int, ...]:
        """Return the number of the block in which a part begins: parts in its order are read soonest."""
        return tuple(a.start // s for a, s in zip(_slices(index, self.shape), self._block, strict=True))


def block_shape(shape: Sequence[int], units: Sequence[int], most: int) -> tuple[int, ...]:
    """Return sides of blocks of at most some voxels, as far as whole units fit into that.

    Parameters
    ----------
    shape : sequence of int
        Of the volume, (Z, Y, X).
    units : sequence of int
        What must not be divided, along each axis.
    most : int
        Voxels.

    Examples
    --------
    >>> block_shape((100, 2000, 2000), (64, 256, 256), 2**30)
    (100, 2000, 2000)
    >>> block_shape((100, 2000, 2000), (64, 256, 256), 2**25)
    (64, 256, 2000)
    """
    if math.prod(shape) <= most:
        return tuple(shape)
    sides = [min(unit, n) for unit, n in zip(units, shape, strict=True)]
    for axis in reversed(range(len(shape))):  # the longest rows first: they are stored together
        others = math.prod(sides) // sides[axis]
        sides[axis] *= max(1, min(most // others, shape[axis] + sides[axis] - 1) // sides[axis])
    return tuple(min(side, n) for side, n in zip(sides, shape, strict=True))


def _slices(index: Index, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return an index as a slice with start and stop for each axis."""
    whole = (*index, *[slice(None)] * (len(shape) - len(index)))
    ranges = [
        range(n)[one if isinstance(one, slice) else slice(one, one + 1)]
        for one, n in zip(whole, shape, strict=True)
    ]
    return tuple(slice(r.start, r.stop) for r in ranges)


def _squeezed(part: AnyArray, index: Index) -> AnyArray:
    """Return a part without the axes of which one number was asked for."""
    return part[tuple(0 if isinstance(one, int) else slice(None) for one in index)]
