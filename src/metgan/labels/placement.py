"""Tumours set down in tissue, apart from each other and from the image's border.

Where a shape fits is computed for all positions at once, and one of them is drawn. A reader might expect the
usual trial and error: it is faster in an empty image, but it gives up in a crowded one without knowing
whether there was a place, and so makes the number of tumours depend on how long it tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy import ndimage

from metgan.errors import SettingError
from metgan.objects import check_mask, tight
from metgan.types import Mask


@dataclass(frozen=True)
class Spacing:
    """How far tumours stay from each other and from the border.

    Parameters
    ----------
    margin : int, pixels, at least 0, default 1
        Width of the frame along the image's border that stays free; 0 lets a tumour reach the last pixel,
        but never beyond it.
    gap : int, pixels, at least 0, default 1
        Free pixels between two tumours in each direction, diagonals included. 1 keeps them two in
        an 8-connected count; 0 lets them touch and become one, but not overlap.

    Raises
    ------
    SettingError
        If a value is negative.

    Examples
    --------
    >>> str(Spacing(margin=4))
    'margin=4 gap=1'
    """

    margin: int = 1
    gap: int = 1

    def __post_init__(self) -> None:
        for name, value in (("margin", self.margin), ("gap", self.gap)):
            SettingError.unless_within(name, value, 0, 100_000)

    def __str__(self) -> str:
        return f"margin={self.margin} gap={self.gap}"


@dataclass(frozen=True, eq=False)
class Placed:
    """Shapes that found a place, in one label, (Y, X), and the number of those that did not."""

    label: Mask
    left_out: int


def place(shapes: Sequence[Mask], tissue: Mask, spacing: Spacing, rng: np.random.Generator) -> Placed:
    """Put each shape at one of all the positions where it fits, any as likely; outside tissue none does.

    Parameters
    ----------
    shapes : sequence of ndarray, (Y, X), bool
        Single tumours, not empty; rows and columns without tumour around them do not count. What comes first
        hinders what comes later: give the largest first to place as many as possible.
    tissue : ndarray, (Y, X), bool
        Where tumours may be.
    spacing : Spacing
    rng : np.random.Generator
        Drawn from once for each shape that fits.

    Raises
    ------
    ArrayError
        If a mask is not boolean, has other axes, or a shape is empty.

    Examples
    --------
    >>> tissue = np.array([[1, 1, 1, 0, 1]], bool)
    >>> placed = place([np.ones((1, 3), bool)] * 2, tissue, Spacing(margin=0), np.random.default_rng(0))
    >>> placed.label.astype(int), placed.left_out
    (array([[1, 1, 1, 0, 0]]), 1)
    """
    check_mask(tissue, "tissue")
    label = np.zeros(tissue.shape, bool)
    free = _framed(tissue, spacing.margin)
    left_out = 0
    for shape in map(tight, shapes):
        fitting = np.flatnonzero(positions(shape, free))
        if not fitting.size:
            left_out += 1
            continue
        columns = free.shape[1] - shape.shape[1] + 1
        top, left = divmod(int(fitting[rng.integers(fitting.size)]), columns)
        _set_down(shape, (top, left), label, free, spacing.gap)
    return Placed(label, left_out)


def positions(shape: Mask, free: Mask) -> Mask:
    """Return every position at which a shape, (y, x), lies in free pixels, (Y, X), alone.

    (Y - y + 1, X - x + 1), True at the row and column where the shape's first row and column may lie; of no
    pixels if the shape is larger than `free`.

    Examples
    --------
    >>> positions(np.array([[True, False, True]]), np.array([[1, 0, 1, 1]], bool))
    array([[ True, False]])
    """
    room = tuple(max(have - need + 1, 0) for have, need in zip(free.shape, shape.shape, strict=True))
    if 0 in room:
        return np.zeros(room, bool)
    # Pixels of the shape that are not free: whole numbers, so that rounding errors do not matter.
    sides = [scipy.fft.next_fast_len(side, real=True) for side in free.shape]
    taken, own = (scipy.fft.rfft2(mask.astype(float), sides) for mask in (~free, shape))
    return np.asarray(scipy.fft.irfft2(taken * own.conj(), sides)[: room[0], : room[1]] < 0.5, bool)


def _framed(tissue: Mask, margin: int) -> Mask:
    free = np.zeros_like(tissue)
    inner = tuple(slice(margin, max(side - margin, margin)) for side in tissue.shape)
    free[inner] = tissue[inner]
    return free


def _set_down(shape: Mask, corner: tuple[int, int], label: Mask, free: Mask, gap: int) -> None:
    """Draw a shape into the label, and take it and the gap around it from the free pixels."""
    (top, left), (height, width) = corner, shape.shape
    label[top : top + height, left : left + width] |= shape
    halo = ndimage.binary_dilation(np.pad(shape, gap), np.ones((2 * gap + 1,) * 2, bool))
    above, before = min(gap, top), min(gap, left)  # rows and columns of the halo inside the image
    near = free[top - above : top + height + gap, left - before : left + width + gap]
    near &= ~halo[gap - above :, gap - before :][: near.shape[0], : near.shape[1]]
