"""Whether a volume shows in which blocks it was computed, and whether its planes fit each other.

Notes
-----
The decision a reader would question is that there are two numbers for the borders of blocks. What a missing
halo leaves is a step from one pixel to the next. What a block that was normalised by itself leaves is another
brightness, which the noise of single pixels hides and the means of many show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metgan.errors import ArrayError
from metgan.types import AnyArray

STRIP = 16
"""Pixels on either side of a border whose means are compared."""


def seam_ratio(image: AnyArray, block: Sequence[int]) -> float:
    """Return how large jumps across the borders of blocks are, in jumps between other neighbours.

    Parameters
    ----------
    image : ndarray, (Y, X) or (Z, Y, X), any unit
    block : (int, int)
        Sides of the blocks along Y and X, pixels; the first begins at the image's corner.

    Returns
    -------
    float
        The mean absolute difference of pixels on the two sides of a border, over that of all other
        neighbours along Y and X. About 1 without seams; nan where blocks have no border in the image, or it
        is flat but for these.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(size=(64, 64))
    >>> round(seam_ratio(image, (32, 32)), 1)
    1.0
    >>> image[:, 32:] += 10
    >>> seam_ratio(image, (64, 32)) > 5
    True
    """
    planes = _planes(image)
    across, elsewhere = [], []
    for axis, side in zip((1, 2), block, strict=True):
        jumps = np.moveaxis(np.abs(np.diff(planes, axis=axis)), axis, 0)  # (pixels - 1, others)
        is_border = np.arange(1, len(jumps) + 1) % side == 0
        across.append(jumps[is_border].ravel())
        elsewhere.append(jumps[~is_border].ravel())
    return _ratio(_mean(np.concatenate(across)), _mean(np.concatenate(elsewhere)))


def block_drift(image: AnyArray, block: Sequence[int]) -> float:
    """Return how much brightness steps from block to block, in steps elsewhere.

    At each border between two blocks the means of the two strips beside it are compared, each 16 pixels
    wide and as long as the blocks. Elsewhere the same is done within blocks.

    Parameters
    ----------
    image : ndarray, (Y, X) or (Z, Y, X), any unit
    block : (int, int)
        Sides of the blocks along Y and X, pixels, more than 32; blocks that the image cuts are left out.

    Returns
    -------
    float
        The root mean square step across borders over that within blocks. About 1 where brightness does not
        depend on the block; nan where blocks have no border in the image.

    Raises
    ------
    ArrayError
        When a side is 32 pixels or less: there are no steps within.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(size=(256, 256))
    >>> image[:, 128:] += 0.2  # hidden by the noise of single pixels
    >>> seam_ratio(image, (128, 128)) < 1.1, block_drift(image, (128, 128)) > 4
    (True, True)
    """
    planes = _planes(image)
    if min(block) <= 2 * STRIP:
        given = f"blocks of {block[0]} x {block[1]} pixels"
        raise ArrayError(given, f"more than {2 * STRIP} along each side", "Compare larger blocks")
    across: list[NDArray[np.float64]] = []
    within: list[NDArray[np.float64]] = []
    for axis in (1, 2):
        turned, along, beside = planes.swapaxes(1, axis), block[axis - 1], block[2 - axis]
        count = turned.shape[2] // beside
        strips = turned[:, :, : count * beside].reshape(*turned.shape[:2], count, beside).mean(3)
        summed = np.pad(np.cumsum(strips, axis=1), ((0, 0), (1, 0), (0, 0)))
        means = (summed[:, STRIP:] - summed[:, :-STRIP]) / STRIP  # (Z, Y - 15, blocks)
        steps = means[:, STRIP:] - means[:, :-STRIP]  # across the row at STRIP + index
        rows = np.arange(steps.shape[1]) + STRIP
        inside = (rows % along >= STRIP) & (rows % along <= along - STRIP)
        across.append(steps[:, rows % along == 0].ravel())
        within.append(steps[:, inside].ravel())
    return _ratio(_root_mean_square(np.concatenate(across)), _root_mean_square(np.concatenate(within)))


def plane_jump(volume: AnyArray) -> float:
    """Return how much neighbouring planes differ, in differences between neighbours within planes.

    Parameters
    ----------
    volume : ndarray, (Z, Y, X), any unit

    Returns
    -------
    float
        The mean absolute difference of pixels that lie above each other, over that of neighbours along Y and
        X. It depends on how far planes lie apart: compare a generated volume with a real one of the same
        voxels. nan for a single plane, and where planes are flat.

    Raises
    ------
    ArrayError
        When there are more or fewer axes.

    Examples
    --------
    >>> volume = np.random.default_rng(0).normal(size=(8, 32, 32))
    >>> round(plane_jump(volume), 1), plane_jump(np.kron(volume, np.ones((1, 4, 4)))) > 2
    (1.0, True)
    """
    if volume.ndim != 3:
        raise ArrayError(f"an array of shape {volume.shape}", "a volume (Z, Y, X)", "Give several planes")
    planes = _planes(volume)
    within = np.concatenate([np.abs(np.diff(planes, axis=axis)).ravel() for axis in (1, 2)])
    return _ratio(_mean(np.abs(np.diff(planes, axis=0)).ravel()), _mean(within))


def _planes(image: AnyArray) -> NDArray[np.float64]:
    """Return an image as planes, (Z, Y, X)."""
    if image.ndim not in (2, 3):
        given = f"an array of shape {image.shape}"
        raise ArrayError(given, "an image (Y, X) or a volume (Z, Y, X)", "Give one channel")
    return np.asarray(image, np.float64).reshape(-1, *image.shape[-2:])


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else math.nan


def _root_mean_square(values: NDArray[np.float64]) -> float:
    return math.sqrt(float((values**2).mean())) if values.size else math.nan


def _ratio(one: float, other: float) -> float:
    return one / other if other else math.nan
