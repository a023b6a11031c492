"""Voxels of another size, computed for any region from what it needs of a volume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from metgan.types import AnyArray

from .lazy_volume import Reader

Tap = tuple[NDArray[np.int64], NDArray[np.float64]]
"""For each new voxel along an axis: the number of an old one, and how much it takes of that."""


@dataclass(frozen=True)
class Resampling:
    """From the voxels of a volume to larger or smaller ones.

    Each new voxel is the mean of those within its own length of its middle, weighted by how near they are;
    where new ones are smaller, it is interpolated linearly. No bit of it depends on the region that is asked
    for: a mask is cut at the half, where the last bit decides.

    Parameters
    ----------
    whole : tuple of int
        Shape of the volume.
    steps : tuple of float
        How many voxels long a new one is along each axis, > 0; 1 leaves an axis as it is.

    Examples
    --------
    >>> halved = Resampling((1, 2, 4), (1.0, 1.0, 2.0))
    >>> halved.shape
    (1, 2, 2)
    >>> volume = np.arange(8.0).reshape(1, 2, 4)
    >>> all_of_it = (slice(None),) * 3
    >>> halved.read(volume.__getitem__, all_of_it).astype(float).round(2).tolist()
    [[[0.71, 2.29], [4.71, 6.29]]]
    """

    whole: tuple[int, ...]
    steps: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the volume of new voxels: whole ones alone, at least one along each axis."""
        sides = zip(self.whole, self.steps, strict=True)
        return tuple(max(1, math.floor(n / step + 1e-6)) for n, step in sides)

    def count_read(self, region: Sequence[range]) -> int:
        """Return how many voxels of the volume a region of new ones takes, given as their numbers."""
        sides = [
            len(r) if step == 1 else _span(n, step, r)[1] - _span(n, step, r)[0]
            for n, step, r in zip(self.whole, self.steps, region, strict=True)
        ]
        return math.prod(sides)

    def read(self, read: Reader, region: Sequence[slice]) -> AnyArray:
        """Return a region of new voxels, floats; `read` returns a part of the volume as it is.

        Where no axis changes, it is that part itself.
        """
        asked = [range(n)[part] for n, part in zip(self.shape, region, strict=True)]
        axes = [
            (slice(r.start, r.stop, r.step), None) if step == 1 else _taps(n, step, r)
            for n, step, r in zip(self.whole, self.steps, asked, strict=True)
        ]
        part = read(tuple(source for source, _ in axes))
        # In single precision, a constant that fills floats would no longer be one, and not be found as fill.
        precision = np.float64 if part.dtype.kind == "f" else np.float32
        for axis, (_, taps) in enumerate(axes):
            if taps is not None:
                part = _mixed(part.astype(precision, copy=False), axis, taps)
        return part


def _span(length: int, step: float, wanted: range) -> tuple[int, int]:
    """Return the first voxel that some new ones need, and the one after the last."""
    first, last = ((number + 0.5) * step - 0.5 for number in (wanted[0], wanted[-1]))
    reach = max(step, 1.0)
    return max(0, math.floor(first - reach) + 1), min(length, math.ceil(last + reach))


def _taps(length: int, step: float, wanted: range) -> tuple[slice, list[Tap]]:
    """Return which voxels some new ones need, and what these take of them, one each at a time."""
    middles = (np.asarray(wanted) + 0.5) * step - 0.5
    reach = max(step, 1.0)
    first, end = _span(length, step, wanted)
    nearest = np.floor(middles - reach).astype(int) + 1
    numbers = [nearest + k for k in range(math.ceil(2 * reach))]
    near = [
        np.where((n >= 0) & (n < length), np.maximum(0, 1 - np.abs(n - middles) / reach), 0) for n in numbers
    ]
    total = reduce(np.add, near)  # one after the other: numpy's sum has an order that depends on the shape
    taken = (np.clip(n, first, end - 1) - first for n in numbers)
    return slice(first, end), [(n, weight / total) for n, weight in zip(taken, near, strict=True)]


def _mixed(part: NDArray[np.floating], axis: int, taps: Sequence[Tap]) -> NDArray[np.floating]:
    """Return the new voxels along an axis, each summed in one order: the same bits in any part."""
    shape = [-1 if k == axis else 1 for k in range(part.ndim)]
    mixed = np.zeros_like(part.take(taps[0][0], axis))
    for numbers, weights in taps:
        mixed += part.take(numbers, axis) * weights.astype(part.dtype).reshape(shape)
    return mixed
