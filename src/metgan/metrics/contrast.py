"""How a tumour stands out from its surroundings: as a ratio, and as a difference that is always defined.

A ratio of brightnesses is what microscopists call contrast, and it does not depend on exposure. But it needs
a zero that means no light. Where a background was subtracted, surroundings lie about 0 or below, and a ratio
to them is any number. The difference, the light that a tumour adds, is defined there, too.

Notes
-----
Which of the two is used is decided for a whole set, by `choose_measure`, and never for each tumour: a set of
which every second tumour has no ratio would be described by the other half, those on the brightest tissue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from metgan.objects import rings
from metgan.types import AnyArray, Mask

Measure = Literal["ratio", "light"]
"""Contrast as a ratio (1 is invisible), or as the light that is added, in camera units (0 is invisible)."""

MOST_UNKNOWN: Final = 0.05
"""Share of the tumours of a set that may be without a ratio where ratios are used."""
_TOLD_FROM_ZERO = 2.0  # standard errors, about the 95 % interval of a mean


@dataclass(frozen=True)
class Contrast:
    """The brightness of something against its surroundings.

    Parameters
    ----------
    inside, outside : float, camera units
        Mean brightness of both; `outside` is nan where there are no surroundings.
    spread : float, camera units, 0 or more
        Standard deviation of the surroundings.
    darkest : float, camera units
        Darkest pixel of the surroundings.
    pixels : int
        How many these are.

    Examples
    --------
    >>> Contrast.between(np.array([300.0]), np.array([90.0, 110.0])).ratio
    3.0
    >>> subtracted = Contrast.between(np.array([200.0]), np.array([-12.0, 10.0]))
    >>> subtracted.ratio, subtracted.light, round(subtracted.in_spreads, 2)
    (nan, 201.0, 18.27)
    """

    inside: float
    outside: float
    spread: float
    darkest: float
    pixels: int

    @classmethod
    def between(cls, inside: AnyArray, outside: AnyArray) -> Contrast:
        """Measure the pixels of both; those outside may be none."""
        mean = float(inside.mean(dtype=np.float64)) if inside.size else math.nan
        if not outside.size:
            return cls(mean, math.nan, math.nan, math.nan, 0)
        around = float(outside.mean(dtype=np.float64))
        spread = float(outside.std(dtype=np.float64))
        return cls(mean, around, spread, float(outside.min()), outside.size)

    @classmethod
    def pooled(cls, parts: Sequence[tuple[int, Contrast]]) -> Contrast:
        """Return the contrast of parts together, given the number of pixels inside of each.

        Examples
        --------
        >>> inside, outside = np.array([300.0, 500.0]), np.array([90.0, 110.0, 100.0])
        >>> halves = [Contrast.between(inside[:1], outside[:1]), Contrast.between(inside[1:], outside[1:])]
        >>> Contrast.pooled([(1, half) for half in halves]) == Contrast.between(inside, outside)
        True
        """
        if len(parts) == 1:
            return parts[0][1]
        lit = [(count, one.inside) for count, one in parts if count]
        mean = float(np.average([i for _, i in lit], weights=[n for n, _ in lit])) if lit else math.nan
        around = [one for _, one in parts if one.pixels]
        if not around:
            return cls(mean, math.nan, math.nan, math.nan, 0)
        counts = [one.pixels for one in around]
        outside = float(np.average([one.outside for one in around], weights=counts))
        squares = [one.spread**2 + (one.outside - outside) ** 2 for one in around]
        spread = math.sqrt(float(np.average(squares, weights=counts)))
        return cls(mean, outside, spread, min(one.darkest for one in around), sum(counts))

    @property
    def ratio(self) -> float:
        """Inside over outside; nan where what is outside cannot be told from no light.

        It can where all its pixels are above 0, or their mean is by two standard errors.
        """
        error = self.spread / math.sqrt(self.pixels) if self.pixels else math.nan
        is_lit = self.darkest > 0 or (self.outside > 0 and self.outside >= _TOLD_FROM_ZERO * error)
        return self.inside / self.outside if is_lit else math.nan

    @property
    def light(self) -> float:
        """Inside minus outside, camera units; nan without anything outside."""
        return self.inside - self.outside

    @property
    def in_spreads(self) -> float:
        """The same in standard deviations of the surroundings; nan where these are flat."""
        return self.light / self.spread if self.spread > 0 else math.nan


def choose_measure(ratios: Sequence[float], lights: Sequence[float]) -> Measure:
    """Return the measure in which nearly all tumours of a set have a contrast.

    Parameters
    ----------
    ratios, lights : sequence of float
        Of the same tumours; nan where undefined.

    Returns
    -------
    {"ratio", "light"}
        The ratio, unless more than a twentieth of the tumours that have surroundings have none.

    Examples
    --------
    >>> choose_measure([2.0, 3.0], [100.0, 200.0])
    'ratio'
    >>> choose_measure([2.0, float("nan")], [100.0, 200.0])
    'light'
    """
    with_surroundings = ~np.isnan(np.asarray(lights, float))
    unknown = np.isnan(np.asarray(ratios, float)) & with_surroundings
    return "light" if unknown.sum() > MOST_UNKNOWN * with_surroundings.sum() else "ratio"


def measure_contrasts(label: Mask, image: AnyArray, fill: Mask | None = None) -> list[Contrast]:
    """Return each tumour's contrast to the ring about it, in the order of `number_tumours`.

    Parameters
    ----------
    label : ndarray, (Y, X) or (Z, Y, X), bool
    image : ndarray, same shape, any real dtype, camera units
    fill : ndarray, same shape, bool, or None
        Where nothing was imaged: it surrounds no tumour. None for nowhere.
    """
    return [
        Contrast.between(image[box][tumour], image[box][ring]) for box, tumour, ring in rings(label, fill)
    ]
