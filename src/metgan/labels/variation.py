"""Tumours made of one tumour: turned, scaled, and bent a little.

A shape is bent as a landscape, its signed distance to the outline, and cut again at the height that gives the
wanted area. A reader might expect the mask itself to be resampled; but a tumour two pixels wide would
then lose pixels at random, or vanish, and the areas would no longer be those of the tumours it comes from.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.errors import ArrayError, SettingError
from metgan.objects import sizes, tight
from metgan.types import Mask

from .compose import SYMMETRIES, symmetry

Landscape = NDArray[np.float64]

_LEAST_GRAIN = 2.0  # pixels, of the elastic change; half the radius for tumours larger than that


@dataclass(frozen=True)
class Variation:
    """How much a tumour is changed.

    Parameters
    ----------
    scale : (float, float), 0.01 to 100, default (0.8, 1.25)
        Smallest and largest factor of the diameter; doubling is as likely as halving.
    elastic : float, pixels, 0 to 1000, default 1
        Root mean square shift along each axis in the scaled image; neighbouring pixels shift alike.
    turned : bool
        Whether one of the eight symmetries of the square is drawn, each as likely.

    Raises
    ------
    SettingError
        If a value is out of its range.

    Examples
    --------
    >>> str(Variation())
    'scale=0.8..1.25 elastic=1.0 turned=True'
    """

    scale: tuple[float, float] = (0.8, 1.25)
    elastic: float = 1.0
    turned: bool = True

    def __post_init__(self) -> None:
        low, high = self.scale
        if not 0.01 <= low <= high <= 100:
            raise SettingError(
                f"scale is {self.scale}", "0.01 <= low <= high <= 100", "Choose (1, 1) for none"
            )
        SettingError.unless_within("elastic", self.elastic, 0.0, 1000.0)

    def __str__(self) -> str:
        low, high = self.scale
        return f"scale={float(low)}..{float(high)} elastic={float(self.elastic)} turned={self.turned}"


def vary(shape: Mask, variation: Variation, rng: np.random.Generator) -> Mask:
    """Return a new tumour that is like a given one: a tight mask, (Y, X), of one piece.

    Its area is the shape's times the square of the drawn factor, rounded, and at least one pixel. With a
    factor of 1 and elastic 0 the shape is turned and not otherwise changed.

    Parameters
    ----------
    shape : ndarray, (Y, X), bool
        One tumour: one piece, diagonal neighbours included.
    variation : Variation
    rng : np.random.Generator

    Raises
    ------
    ArrayError
        If the shape is no mask, empty, or in several pieces.

    Examples
    --------
    >>> corner = np.array([[1, 1], [1, 0]], bool)
    >>> int(vary(corner, Variation((1, 1), 0.0), np.random.default_rng(0)).sum())
    3
    >>> vary(corner, Variation((2, 2), 0.0, False), np.random.default_rng(0)).sum() == 4 * corner.sum()
    np.True_
    """
    shape = tight(shape)
    pieces = len(sizes(shape))
    if pieces != 1:
        raise ArrayError(f"shape is in {pieces} pieces", "one tumour", "Use metgan.objects.cut_tumours first")
    if variation.turned:
        shape = symmetry(shape, int(rng.integers(SYMMETRIES)))
    factor = float(np.exp(rng.uniform(*np.log(variation.scale))))
    if factor == 1 and variation.elastic == 0:
        return shape
    area = max(round(factor**2 * int(shape.sum())), 1)
    return tight(_flood(_bent(shape, factor, variation.elastic, rng), area))


def _bent(shape: Mask, factor: float, elastic: float, rng: np.random.Generator) -> Landscape:
    """Return the signed distance to the outline, positive inside, of the scaled and bent shape."""
    pad = int(np.ceil(4 * elastic + 2 * factor)) + 3
    around = np.pad(shape, int(np.ceil(pad / factor)))
    distance = ndimage.distance_transform_edt(around) - ndimage.distance_transform_edt(~around)
    sides = [int(np.ceil(factor * side)) + 2 * pad for side in shape.shape]
    grid = np.indices(sides, float)  # (2, Y, X)
    if elastic > 0:
        grain = max(_LEAST_GRAIN, 0.5 * factor * np.sqrt(shape.sum() / np.pi))
        grid += elastic * _smooth_noise(sides, grain, rng)
    centres = [((new - 1) / 2, (old - 1) / 2) for new, old in zip(sides, around.shape, strict=True)]
    from_ = [(axis - new) / factor + old for axis, (new, old) in zip(grid, centres, strict=True)]
    return np.asarray(ndimage.map_coordinates(distance, from_, order=1, mode="nearest"), np.float64)


def _smooth_noise(sides: list[int], grain: float, rng: np.random.Generator) -> Landscape:
    """Return two fields of smooth noise of mean square 1, (2, Y, X)."""
    noise = rng.standard_normal((2, *sides))
    smooth = np.stack([ndimage.gaussian_filter(field, grain) for field in noise])
    return np.asarray(smooth / np.sqrt(np.square(smooth).mean(axis=(1, 2), keepdims=True)), np.float64)


def _flood(height: Landscape, area: int) -> Mask:
    """Return the highest `area` pixels that hang together: from the summit on, the highest neighbour."""
    padded = np.pad(height, 1, constant_values=-np.inf)
    rows = padded.shape[1]
    heights, taken = padded.ravel(), np.zeros(padded.size, bool)
    known = ~np.isfinite(heights)
    summit = int(heights.argmax())
    known[summit] = True
    waiting = [(-heights[summit], summit)]
    for _ in range(area):
        pixel = heapq.heappop(waiting)[1]
        taken[pixel] = True
        for near in (pixel + down + right for down in (-rows, 0, rows) for right in (-1, 0, 1)):
            if not known[near]:
                known[near] = True
                heapq.heappush(waiting, (-heights[near], near))
    return taken.reshape(padded.shape)[1:-1, 1:-1]  # (Y * X,) to (Y, X)
