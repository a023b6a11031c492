"""The grain of a camera, which generators do not paint.

A generator that is told to come close to real images, pixel by pixel, paints their mean: light varies about
it by chance, and no label or anatomy tells how. The noise of light is well known, so it is measured on real
images and added. What that is worth to a segmentor is measured in docs/results.md.

The decision a reader would question is that the noise is independent from pixel to pixel, as a camera's is.
Of images that were resampled or deconvolved that is not true, and the variance measured is then too small.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import as_camera
from metgan.errors import SettingError
from metgan.types import Camera, Mask

WINDOW = 7
"""Side in pixels of the squares over which light and noise are averaged."""
RIM = 4
"""Pixels around tumours that are not measured: their edges would be taken for noise."""

_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6  # white noise of sigma keeps its sigma
_CLASSES = 20


@dataclass(frozen=True)
class Grain:
    """How noise grows with light: its variance is ``floor + slope * light`` (Foi et al. 2008).

    Parameters
    ----------
    slope : float, camera units, 0 or more
        Of photon noise; the camera's gain.
    floor : float, camera units squared
        Of the read noise, less the slope times the camera's offset; may be negative.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> smooth = np.full((64, 64), 400, np.uint16)
    >>> grainy = Grain(slope=0.25, floor=0.0).add(smooth, rng)
    >>> grainy.dtype, bool(9 < grainy.std() < 11)
    (dtype('uint16'), True)
    """

    slope: float
    floor: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.floor) and 0 <= self.slope < np.inf):
            given = f"noise of slope {self.slope} and floor {self.floor}"
            raise SettingError(given, "a slope of 0 or more and a finite floor", "Measure other images")

    def __str__(self) -> str:
        return f"grain {self.slope:.4g} x light {self.floor:+.4g}"

    @classmethod
    def measured(cls, pairs: Iterable[tuple[Mask, Camera]]) -> Grain:
        """Measure the noise of real images, away from tumours.

        The noise of a pixel's neighbourhood is that of Immerkaer's difference mask (1996), which planes and
        slopes of light do not touch. Pixels are put into classes of light with equally many in each; a line
        is laid through the medians of the classes, so that vessels and other edges do not count.

        Parameters
        ----------
        pairs : iterable of (label, tumour image), both (Y, X)

        Raises
        ------
        SettingError
            When there is no image, or no pixel away from tumours.
        """
        parts = [_measure(image, label) for label, image in pairs]
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
        return cls(float(slope), float(floor))

    def add(self, image: Camera, rng: np.random.Generator) -> Camera:
        """Give an image the noise that it lacks; none is taken away where it has more.

        Parameters
        ----------
        image : Camera
            (Y, X).
        rng : numpy.random.Generator

        Returns
        -------
        Camera
            Of its dtype and within its range.
        """
        light, own = _local(image)
        lacking = np.clip(self.floor + self.slope * light - own, 0, None)
        return as_camera(image + np.sqrt(lacking) * rng.standard_normal(image.shape), image)

    def stabilise(self, image: Camera) -> NDArray[np.float64]:
        """Put an image, (Y, X), on the scale on which this noise has standard deviation 1 (Anscombe 1948).

        Examples
        --------
        >>> grain = Grain(slope=4.0, floor=-400.0)  # a gain of 4, and an offset of 100
        >>> light = np.array([[200, 1000]], np.uint16)
        >>> grain.stabilise(light).tolist(), grain.restore(grain.stabilise(light)).tolist()
        ([[10.0, 30.0]], [[200.0, 1000.0]])
        """
        slope, dark, floor = self._dark
        light = np.maximum(image.astype(np.float64) - dark, -floor / slope if slope else -math.inf)
        spread = np.sqrt(np.clip(floor + slope * light, 0, None)) + math.sqrt(floor)
        # 2 / slope * (sqrt(floor + slope * light) - sqrt(floor)), without a division by the slope
        return np.asarray(np.divide(2 * light, spread, out=np.zeros_like(light), where=spread > 0))

    def restore(self, stabilised: NDArray[np.float64]) -> NDArray[np.float64]:
        """Undo `stabilise`; gives camera units."""
        slope, dark, floor = self._dark
        values = np.maximum(stabilised, -2 * math.sqrt(floor) / slope if slope else -math.inf)
        return np.asarray(dark + values * math.sqrt(floor) + slope / 4 * np.square(values))

    @property
    def _dark(self) -> tuple[float, float, float]:
        """Give the slope, the darkest value that the noise is known for, and its variance there."""
        if self.floor < 0 < self.slope:
            return self.slope, -self.floor / self.slope, 0.0
        return self.slope, 0.0, self.floor if self.slope or self.floor > 0 else 1.0


def _local(image: Camera) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the mean light about each pixel, and the variance of the noise there."""
    pixels = image.astype(np.float64)
    noise = np.square(ndimage.convolve(pixels, _DIFFERENCE, mode="mirror"))
    return ndimage.uniform_filter(pixels, WINDOW), ndimage.uniform_filter(noise, WINDOW)


def _measure(image: Camera, label: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give light and variance of one pixel in each window away from tumours."""
    light, variance = _local(image)
    free = ~ndimage.binary_dilation(label, np.ones((3, 3), bool), RIM)
    chosen = np.zeros_like(free)
    chosen[WINDOW // 2 :: WINDOW, WINDOW // 2 :: WINDOW] = True
    return light[free & chosen], variance[free & chosen]
