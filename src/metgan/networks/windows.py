"""What a decoder must compute for a part of an image: of each stage, the cells that the part depends on.

An image is computed with its surroundings (`Generator.generate`), and a tile with its halo, since the coarse
grids see them. The fine stages of a decoder look a few cells around, and need not be computed where nothing
of what they give is kept. Of an image of 96 x 96 pixels in surroundings of 64 that is half of all the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType

from torch import Tensor

from metgan.parts import Part, widen, within


@dataclass(frozen=True)
class Window:
    """The cells of one decoder stage that a part of an image depends on, in the stage's own grid.

    Parameters
    ----------
    kept : tuple of slice
        What of its output is read by finer stages, or is the part itself.
    read : tuple of slice
        What of its input that takes: `kept`, and as far around it as its convolutions see.
    """

    kept: Part
    read: Part


def windows_of(part: Part, sizes: Sequence[int], stages: int, reach: int) -> list[Window]:
    """Return the window of each decoder stage, finest first, for a part of an image.

    The image's `sizes` in pixels divide by ``2**stages``; a stage's convolutions see `reach` cells around
    one.

    Examples
    --------
    >>> [(w.kept[0], w.read[0]) for w in windows_of((slice(64, 72),), (128,), 2, reach=3)]
    [(slice(64, 72, None), slice(61, 75, None)), (slice(29, 39, None), slice(26, 42, None))]
    """
    windows = []
    for stage in range(stages):
        grid = [size >> stage for size in sizes]
        read = widen(part, reach, grid)
        windows.append(Window(part, read))
        part = widen(halve(read), 1, [size // 2 for size in grid])  # a linear resize reads one cell further
    return windows


def halve(part: Part) -> Part:
    """Return the cells of the next coarser grid that hold a part.

    Examples
    --------
    >>> halve((slice(3, 7),))
    (slice(1, 4, None),)
    """
    return tuple(slice(side.start // 2, -(-side.stop // 2)) for side in part)


def double(part: Part, times: int = 1) -> Part:
    """Return the cells of the next finer grid, or one several `times` as fine, that lie in a part."""
    return tuple(slice(side.start << times, side.stop << times) for side in part)


def whole_of(x: Tensor) -> Part:
    """Return the whole grid of `x`, (N, C, Y, X)."""
    return tuple(slice(0, size) for size in x.shape[2:])


def cut(x: Tensor, part: Part, place: Part | None = None) -> Tensor:
    """Cut a part out of `x`, (N, C, Y, X), which is the whole grid, or what of it lies in another `place`."""
    index: tuple[EllipsisType | slice, ...] = (..., *(part if place is None else within(part, place)))
    return x[index]
