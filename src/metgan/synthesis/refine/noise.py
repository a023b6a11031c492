"""The noise of a camera, which generators leave out.

A generator that is told to come close to real images, pixel by pixel, generates their mean: light varies
about it by chance, and no label or anatomy tells how. The noise of light is well known, so it is measured on
real images and added. What that is worth to a segmentor is measured in docs/results.

Notes
-----
The decision a reader would question is that the noise is independent from pixel to pixel, as a camera's is.
Of images that were resampled or deconvolved that is not true, and the variance measured is then too small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import Entry, FillValues, Pair, as_camera
from metgan.errors import SettingError
from metgan.types import Camera, Mask

from .step import PairImages, RefineStep
from .strips import strips

WINDOW = 7
"""Side in pixels of the squares over which light and noise are averaged."""
RIM = 4
"""Pixels around tumours that are not measured: their edges would be taken for noise."""

_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6  # white noise of sigma keeps its sigma
_CLASSES = 20


@dataclass(frozen=True)
class Noise(RefineStep):
    """The noise of a camera: its variance is ``max(least, floor + slope * light)`` (Foi et al. 2008).

    Parameters
    ----------
    slope : float, camera units, 0 or more
        Of photon noise; the camera's gain.
    floor : float, camera units squared
        Of the read noise, less the slope times the camera's offset; may be negative.
    least : float, camera units squared, 0 or more, default 0
        What the variance never falls below: a line laid through the noise of some light tells little of
        darker places, and may say that there is none.
    seed : int, default 0
        What was drawn for one pair.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> smooth = np.full((64, 64), 400, np.uint16)
    >>> grainy = Noise(slope=0.25, floor=0.0).add(smooth, rng)
    >>> grainy.dtype, bool(9 < grainy.std() < 11)
    (dtype('uint16'), True)
    """

    name = "noise"
    purpose = "grain"

    slope: float
    floor: float
    least: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.floor) and 0 <= self.slope < np.inf and 0 <= self.least < np.inf):
            given = f"noise of slope {self.slope}, floor {self.floor} and least {self.least}"
            expected = "a slope and a least of 0 or more and a finite floor"
            raise SettingError(given, expected, "Measure other images")

    def __str__(self) -> str:
        return f"noise {self.slope:.4g} x light {self.floor:+.4g} >= {self.least:.4g}"

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:
        """Measure the noise of real images, away from tumours and from where nothing was imaged.

        The noise of a pixel's neighbourhood is that of Immerkaer's difference mask (1996), which planes and
        slopes of light do not touch. Pixels are put into classes of light with equally many in each; a line
        is laid through the medians of the classes, so that vessels and other edges do not count.

        Raises
        ------
        SettingError
            When there is no image, or no pixel away from tumours.
        """
        parts = [_measure(pair.tumour, pair.may_be_tumour | pair.filled(fill)) for pair in real]
        light, variance = (np.concatenate([part[k] for part in parts] or [np.empty(0)]) for k in (0, 1))
        if not light.size:
            raise SettingError("no pixels away from tumours", "some to measure noise on", "Give more pairs")
        order = np.argsort(light, kind="stable")
        classes = [part for part in np.array_split(order, _CLASSES) if part.size]
        middle = np.array([[np.median(light[k]), np.median(variance[k])] for k in classes])
        if np.ptp(middle[:, 0]) == 0:
            return cls(0.0, float(np.median(variance)))
        slope, floor = np.polyfit(middle[:, 0], middle[:, 1], 1)
        if slope < 0:  # noise that does not grow with light is the camera's own
            return cls(0.0, float(np.median(variance)))
        return cls(float(slope), float(floor), float(middle[:, 1].min()))

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with a seed of its own."""
        return replace(self, seed=int(rng.integers(2**63)))

    def apply(self, images: PairImages) -> PairImages:
        """Return the images with the noise that they lack."""
        rng = np.random.default_rng(self.seed)
        return replace(images, tumour=self.add(images.tumour, rng, images.filled))

    def add(self, image: Camera, rng: np.random.Generator, fill: Mask | None = None) -> Camera:
        """Return an image with the noise that it lacks; none is taken away where it has more.

        Parameters
        ----------
        image : Camera
            (Y, X).
        rng : numpy.random.Generator
        fill : Mask or None
            (Y, X), where nothing was imaged, and nothing is added.

        Returns
        -------
        Camera
            Of its dtype and within its range.
        """
        light, own = _local(image)
        noisy = np.empty_like(image)
        for rows, *_ in strips(len(image)):
            lacking = np.clip(self.variance(light[rows]) - own[rows], 0, None)
            if fill is not None:
                lacking[fill[rows]] = 0
            noise = np.sqrt(lacking) * rng.standard_normal(lacking.shape)
            noisy[rows] = as_camera(image[rows] + noise, image)
        return noisy

    def variance(self, light: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the variance of the noise at some light, in camera units."""
        return np.maximum(self.floor + self.slope * light, self.least)

    def stabilise(self, image: Camera) -> NDArray[np.float64]:
        """Put an image, (Y, X), on a scale on which this noise has standard deviation 1 (Anscombe 1948).

        Where the variance is at its least, the scale is linear, so that the darkest pixels have a place on
        it. Without any noise it is that of the camera.

        Examples
        --------
        >>> noise = Noise(slope=4.0, floor=-400.0, least=16.0)  # a gain of 4, and an offset of 100
        >>> light = np.array([[96, 104, 200, 1000]], np.uint16)
        >>> noise.stabilise(light).tolist()
        [[-2.0, 0.0, 8.0, 28.0]]
        >>> noise.restore(noise.stabilise(light)).tolist()
        [[96.0, 104.0, 200.0, 1000.0]]
        """
        knee, least = self._knee
        above = image.astype(np.float64) - knee
        spread = np.sqrt(least + self.slope * np.clip(above, 0, None)) + math.sqrt(least)
        # 2 / slope * (sqrt(least + slope * above) - sqrt(least)) above 0, without a division by the slope
        return np.asarray(np.divide(2 * above, spread, out=np.zeros_like(above), where=spread > 0))

    def restore(self, stabilised: NDArray[np.float64]) -> NDArray[np.float64]:
        """Undo `stabilise`; returns camera units."""
        knee, least = self._knee
        curved = np.square(math.sqrt(self.slope) / 2 * np.clip(stabilised, 0, None))  # never overflows
        return np.asarray(knee + stabilised * math.sqrt(least) + curved)

    @property
    def is_none(self) -> bool:
        """Whether there is no noise at all."""
        return not self.slope and max(self.floor, self.least) <= 0

    @property
    def _knee(self) -> tuple[float, float]:
        """Return the light below which the variance is at its least, or 0, and the variance there."""
        if self.is_none:
            return 0.0, 1.0
        if self.floor >= self.least or not self.slope:
            return 0.0, max(self.floor, self.least)
        return (self.least - self.floor) / self.slope, self.least


def _local(image: Camera) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean light about each pixel, and the variance of the noise there."""
    light = image.astype(np.float64)
    noise = ndimage.convolve(light, _DIFFERENCE, mode="mirror")
    np.square(noise, out=noise)  # in place: images may be large
    for averaged in (light, noise):
        ndimage.uniform_filter(averaged, WINDOW, output=averaged)
    return light, noise


def _measure(image: Camera, label: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return light and variance of one pixel in each window away from tumours."""
    light, variance = _local(image)
    free = ~ndimage.binary_dilation(label, np.ones((3, 3), bool), RIM)
    chosen = np.zeros_like(free)
    chosen[WINDOW // 2 :: WINDOW, WINDOW // 2 :: WINDOW] = True
    return light[free & chosen], variance[free & chosen]
