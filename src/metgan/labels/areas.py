"""How large tumours are: areas in pixels, or diameters in micrometres, of a log-normal distribution.

A tumour's size is the product of many growths, hence the logarithm. The distribution ends at a smallest and a
largest area, and chance is drawn between them: cutting off what lies beyond would heap tumours at the ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from metgan.errors import ArrayError, SettingError

LARGEST_AREA = 4096**2
"""Largest area of a tumour in pixels that may be asked for."""
_LARGEST_UM = 1e6
_QUANTILES = 4096  # to average over a distribution


@dataclass(frozen=True)
class SizeDistribution:
    """Areas of tumours: log-normal, between two ends.

    Parameters
    ----------
    median : float, pixels
        Of the distribution without its ends.
    spread : float, at least 0
        Standard deviation of the natural logarithm of the area; 0 makes all tumours alike.
    smallest, largest : int, pixels, at least 1
        The ends, themselves possible.

    Raises
    ------
    SettingError
        Unless ``1 <= smallest <= median <= largest <= LARGEST_AREA`` and the spread is from 0 to 100.

    Examples
    --------
    >>> sizes = SizeDistribution(median=41, spread=0.95, smallest=10, largest=365)
    >>> areas = sizes.draw(1000, np.random.default_rng(0))
    >>> bool(areas.min() >= 10), bool(areas.max() <= 365)
    (True, True)
    """

    median: float
    spread: float
    smallest: int
    largest: int

    def __post_init__(self) -> None:
        if not 1 <= self.smallest <= self.median <= self.largest <= LARGEST_AREA:
            given = f"smallest, median and largest area are {self.smallest}, {self.median}, {self.largest}"
            expected = f"1 <= smallest <= median <= largest <= {LARGEST_AREA} pixels"
            raise SettingError(given, expected, "Put them in order")
        SettingError.unless_within("spread", self.spread, 0.0, 100.0)

    def __str__(self) -> str:
        return f"lognormal({float(self.median)},{float(self.spread)},{self.smallest}..{self.largest})"

    @classmethod
    def from_diameters_um(
        cls, median_um: float, spread: float, smallest_um: float, largest_um: float, pixel_size_um: float
    ) -> SizeDistribution:
        """Return the areas of discs whose diameters are known in micrometres.

        Parameters
        ----------
        median_um, smallest_um, largest_um : float, micrometres
            Diameters.
        spread : float, at least 0
            Standard deviation of the natural logarithm of the diameter; that of the area is twice as large.
        pixel_size_um : float, micrometres, above 0
            Edge of a pixel.

        Raises
        ------
        SettingError
            As for the class; also where the smallest disc is less than a pixel.

        Examples
        --------
        >>> SizeDistribution.from_diameters_um(20, 0.5, 10, 40, pixel_size_um=5)
        SizeDistribution(median=12.566370614359172, spread=1.0, smallest=3, largest=51)
        """
        for name, value in (("pixel_size_um", pixel_size_um), ("largest_um", largest_um)):
            if not 0 < value < np.inf:
                raise SettingError(f"{name} is {value}", "micrometres above 0", "Give a positive length")
        smallest, median, largest = (
            math.pi / 4 * (diameter / pixel_size_um) ** 2 for diameter in (smallest_um, median_um, largest_um)
        )
        if smallest < 1 or smallest_um < 0:
            given = f"a disc of {smallest_um} um has {smallest:.2f} pixels of {pixel_size_um} um"
            raise SettingError(given, "at least one pixel", "Choose a larger smallest_um")
        return cls(median, 2 * spread, math.floor(smallest), math.ceil(largest))

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Draw so many areas: (count,), integer, pixels, within the ends."""
        if self.spread == 0:
            return np.full(count, round(self.median), np.intp)
        drawn = _between(self.median, self.spread, (self.smallest, self.largest), rng.random(count))
        return np.asarray(np.clip(np.rint(drawn), self.smallest, self.largest), np.intp)


@dataclass(frozen=True)
class Diameters:
    """Diameters of tumours in micrometres: log-normal, between two ends.

    Parameters
    ----------
    median_um : float, micrometres
        Of the distribution without its ends.
    spread : float, at least 0
        Standard deviation of the natural logarithm of the diameter; 0 makes all tumours alike.
    smallest_um, largest_um : float, micrometres, above 0
        The ends.

    Raises
    ------
    SettingError
        Unless ``0 < smallest_um <= median_um <= largest_um <= 1e6`` and the spread is from 0 to 50.

    Examples
    --------
    >>> sizes = Diameters(20, 0.5, 10, 60)
    >>> drawn = sizes.draw(1000, np.random.default_rng(0))
    >>> bool(drawn.min() >= 10), bool(drawn.max() <= 60), round(float(np.median(drawn)))
    (True, True, 22)
    """

    median_um: float
    spread: float
    smallest_um: float
    largest_um: float

    def __post_init__(self) -> None:
        if not 0 < self.smallest_um <= self.median_um <= self.largest_um <= _LARGEST_UM:
            sizes = f"{self.smallest_um}, {self.median_um}, {self.largest_um}"
            raise SettingError(
                f"smallest, median and largest diameter are {sizes} um",
                f"0 < smallest <= median <= largest <= {_LARGEST_UM:g} um",
                "Put them in order",
            )
        SettingError.unless_within("spread", self.spread, 0.0, 50.0)

    def __str__(self) -> str:
        ends = f"{float(self.smallest_um)}..{float(self.largest_um)}"
        return f"lognormal({float(self.median_um)},{float(self.spread)},{ends})um"

    @classmethod
    def from_areas(cls, sizes: SizeDistribution, pixel_size_um: float) -> Diameters:
        """Return the diameters of discs of these areas.

        Examples
        --------
        >>> sizes = Diameters.from_areas(SizeDistribution(314, 1.0, 79, 1257), pixel_size_um=2)
        >>> round(sizes.smallest_um), round(sizes.median_um), round(sizes.largest_um), sizes.spread
        (20, 40, 80, 0.5)
        """
        smallest, median, largest = (
            2 * math.sqrt(area / math.pi) * pixel_size_um
            for area in (sizes.smallest, sizes.median, sizes.largest)
        )
        return cls(median, sizes.spread / 2, smallest, largest)

    @property
    def mean_volume_um3(self) -> float:
        """Mean volume of spheres of these diameters, cubic micrometres."""
        middles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
        return float(math.pi / 6 * (self._at(middles) ** 3).mean())

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw so many diameters: (count,), micrometres, within the ends."""
        return self._at(rng.random(count))

    def _at(self, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.spread == 0:
            return np.full(chances.shape, float(self.median_um))
        ends = self.smallest_um, self.largest_um
        return np.clip(_between(self.median_um, self.spread, ends, chances), *ends)


def _between(
    median: float, spread: float, ends: tuple[float, float], chances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the quantiles of a log-normal distribution of which only what lies between the ends is left."""
    middle = np.log(median)
    low, high = ndtr((np.log(ends) - middle) / spread)
    return np.asarray(np.exp(middle + spread * ndtri(low + (high - low) * chances)))


def fit_sizes(areas: Sequence[int] | NDArray[np.integer]) -> SizeDistribution:
    """Return the distribution that areas, pixels, seem to come from; one alone gives a spread of 0.

    The median is their geometric mean, the spread the standard deviation of their logarithms, and the ends
    are the smallest and the largest of them: nothing is drawn that is larger than all that was seen.

    Raises
    ------
    ArrayError
        If there is none, or one is below 1.

    Examples
    --------
    >>> sizes = fit_sizes([10, 1000])
    >>> round(sizes.median, 6), round(sizes.spread, 6), sizes.smallest, sizes.largest
    (100.0, 2.302585, 10, 1000)
    """
    seen = np.asarray(areas)
    if not seen.size or seen.min() < 1:
        given = f"{seen.size} areas, the smallest of {seen.min()}" if seen.size else "no areas"
        raise ArrayError(given, "one or more areas of at least 1 pixel", "Give labels with whole tumours")
    logarithms = np.log(seen)
    smallest, largest = int(seen.min()), int(seen.max())
    median = float(
        np.clip(np.exp(logarithms.mean()), smallest, largest)
    )  # rounding errors must not pass an end
    return SizeDistribution(median, float(logarithms.std()), smallest, largest)
