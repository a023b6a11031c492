"""How large tumours are: areas in pixels, drawn from a log-normal distribution that can be fitted.

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
        middle, ends = np.log(self.median), np.log([self.smallest, self.largest])
        low, high = ndtr(
            (ends - middle) / self.spread
        )  # the part of the normal distribution between the ends
        drawn = np.exp(middle + self.spread * ndtri(rng.uniform(low, high, count)))
        return np.asarray(np.clip(np.rint(drawn), self.smallest, self.largest), np.intp)


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
