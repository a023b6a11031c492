"""Whether one method is better than another, or only looks so: tests and intervals over test images.

The paper gives t-tests of images, uncorrected. Two things are added. Several rivals are compared with one
method, so the p-values are corrected by Holm's rule. And images of one animal or field resemble each other,
so intervals are drawn by resampling whole groups; a test that takes images for independent sees too much.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its stats arrive when they are first used: a second
from numpy.typing import ArrayLike, NDArray

from metgan.errors import ArrayError, SettingError

_FEW = 13  # differences of which scipy, too, takes all signs where some are equal in size or 0
_ROUNDING = 1e-12  # of the largest score
DRAWS = 2000
"""Resamplings of an interval."""
LEVEL = 0.95
"""Share of the resampled means that an interval holds."""


@dataclass(frozen=True)
class PairedTest:
    """One method against another on the same images.

    Attributes
    ----------
    difference : float
        Mean of theirs minus ours.
    t_test, wilcoxon : float, in [0, 1]
        Two-sided p-values of the paired t-test and of Wilcoxon's signed ranks; nan where all pairs are equal
        or fewer than two are defined.
    """

    difference: float
    t_test: float
    wilcoxon: float


def paired_test(ours: ArrayLike, theirs: ArrayLike) -> PairedTest:
    """Compare two methods image by image; pairs with an undefined score are left out.

    Differences that differ by rounding alone are equal, or none: 10/3 - 7/3 and 4/3 - 1/3, as means over
    three seeds give, have one rank.

    Parameters
    ----------
    ours, theirs : sequence of float, one per image, in the same order

    Raises
    ------
    ArrayError
        When there is not one score of each for every image.

    Examples
    --------
    >>> paired_test([1.0, 2.0, 3.0], [1.5, 2.6, 3.4]).difference
    0.5
    """
    first, second = np.asarray(ours, float), np.asarray(theirs, float)
    if first.ndim != 1 or first.shape != second.shape:
        given = f"scores of shapes {first.shape} and {second.shape}"
        raise ArrayError(given, "one score of each per image", "Score both on the same images")
    defined = ~(np.isnan(first) | np.isnan(second))
    difference = second[defined] - first[defined]
    mean = float(difference.mean()) if difference.size else float("nan")
    both = np.abs([first[defined], second[defined]])
    unit = _ROUNDING * both.max(initial=0, where=np.isfinite(both))
    moved = np.rint(difference / unit) if unit else difference  # in whole units: those meant to be equal are
    if moved.size < 2 or not moved.any():
        return PairedTest(mean, float("nan"), float("nan"))
    is_constant = np.ptp(moved) == 0  # then t is infinite
    t_test = 0.0 if is_constant else float(scipy.stats.ttest_1samp(difference, 0).pvalue)
    return PairedTest(mean, t_test, _wilcoxon(moved))


def _wilcoxon(difference: NDArray[np.float64]) -> float:
    """Return the p-value of scipy's signed-rank test: exact for a few differences, else approximate.

    Where some of a few are equal in size, scipy calls a function for each choice of signs: seconds for
    thirteen. Here all choices are one product.
    """
    moved = difference[difference != 0]
    sizes = np.abs(moved)
    if len(difference) > _FEW or len(np.unique(sizes)) == len(difference):
        return float(scipy.stats.wilcoxon(difference).pvalue)
    ranks = scipy.stats.rankdata(sizes)
    sums = np.array([*itertools.product((0, 1), repeat=len(moved))]) @ ranks  # of the positive ones
    found = ranks[moved > 0].sum()
    return min(1.0, 2 * float(min((sums <= found).mean(), (sums >= found).mean())))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values of several comparisons, in their order, by Holm's rule [1]; nan stays and counts not.

    References
    ----------
    [1] Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6, 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = np.array(p_values, float)
    order = np.argsort(corrected)[: np.count_nonzero(~np.isnan(corrected))]  # nan stands last
    raised = corrected[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.maximum.accumulate(np.minimum(raised, 1))
    return [float(value) for value in corrected]


def bootstrap_interval(
    values: ArrayLike, groups: Sequence[str], rng: np.random.Generator, *, draws: int = DRAWS
) -> tuple[float, float]:
    """Return the interval of the mean that resampling whole groups leaves, by percentiles [1].

    Parameters
    ----------
    values : sequence of float, one per image
        Undefined ones (nan) are left out.
    groups : sequence of str, one per image
        Images of one group are drawn together.
    rng : Generator
    draws : int, 1 or more

    Returns
    -------
    low, high : float
        Of the 95 % interval; nan where the values come from fewer than two groups.

    References
    ----------
    [1] Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 13; clusters: section 8.6.
    """
    scores, names = np.asarray(values, float), np.asarray(groups)
    if scores.shape != names.shape or draws < 1:
        given = f"{scores.shape} values, {names.shape} groups, draws={draws}"
        raise SettingError(given, "a group per value, 1 draw or more", "Correct it")
    defined = ~np.isnan(scores)
    _, member = np.unique(names[defined], return_inverse=True)
    totals, counts = np.bincount(member, scores[defined]), np.bincount(member)
    if len(counts) < 2:
        return float("nan"), float("nan")
    drawn = rng.integers(len(counts), size=(draws, len(counts)))
    means = totals[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
