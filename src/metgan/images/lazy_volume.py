"""A volume that looks like an array and is read where it is indexed: larger than memory, block by block."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from metgan.errors import ArrayError
from metgan.parts import Part, blocks_of
from metgan.types import AnyArray

from .region import Index

Reader = Callable[[tuple[slice, ...]], AnyArray]
"""Returns a part of a volume, given a slice with start and stop for each axis."""


class LazyVolume:
    """One channel or mask of a scan, of which what is asked for is read, and nothing is kept.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X).
    read : callable
        Returns a part.
    block : tuple of int
        Sides of what is to be read at once; blocks start at multiples of them.

    Examples
    --------
    >>> import numpy as np
    >>> array = np.arange(24).reshape(2, 3, 4)
    >>> volume = LazyVolume(array.shape, array.__getitem__, (2, 3, 2))
    >>> volume[1, 0:2, 2:4].tolist()
    [[14, 15], [18, 19]]
    """

    def __init__(self, shape: tuple[int, ...], read: Reader, block: tuple[int, ...]) -> None:
        self.shape, self.block = shape, block
        self._read = read

    def __getitem__(self, index: Index) -> AnyArray:
        """Read a part.

        Raises
        ------
        ArrayError
            When a slice has a step other than 1.
        """
        part = self._read(_slices(index, self.shape))
        return part[tuple(0 if isinstance(one, int) else slice(None) for one in index)]

    def blocks(self) -> list[Part]:
        """Return the parts that are to be read at once; together they are the whole."""
        return blocks_of([slice(0, n) for n in self.shape], self.block)


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
    if any(isinstance(one, slice) and one.step not in (None, 1) for one in whole):
        raise ArrayError(
            f"{index} of a volume that is read in parts",
            "slices without a step",
            "Read the part without it, and take every Nth of that",
        )
    ranges = [
        range(n)[one if isinstance(one, slice) else slice(one, one + 1)]
        for one, n in zip(whole, shape, strict=True)
    ]
    return tuple(slice(r.start, r.stop) for r in ranges)
