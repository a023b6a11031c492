"""Counts of what was found, missed and imagined: of tumours and of pixels.

Counts of several images are pooled with ``+`` and ratios are taken at the end, so that an
image without tumours weighs nothing instead of adding an undefined ratio to a mean. Every
ratio is nan where its denominator is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


class Pooled:
    """Figures of images whose sum, field by field, is that of all of them."""

    def __add__(self, other: Self) -> Self:
        return type(self)(**{name: own + getattr(other, name) for name, own in vars(self).items()})


@dataclass(frozen=True)
class Detection(Pooled):
    """Tumours found, missed and imagined; add two to pool images.

    Examples
    --------
    >>> pooled = Detection(3, 1, 0) + Detection(0, 0, 1)
    >>> pooled, pooled.recall, pooled.precision
    (Detection(true_positives=3, false_negatives=1, false_positives=1), 0.75, 0.75)
    """

    true_positives: int = 0
    false_negatives: int = 0
    false_positives: int = 0

    @property
    def recall(self) -> float:
        """Share of true tumours that were found; nan when there are none."""
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """Share of predicted tumours that are true; nan when none was predicted."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two, 2TP / (2TP + FN + FP); nan when nothing is there at all."""
        twice = 2 * self.true_positives
        return ratio(twice, twice + self.false_negatives + self.false_positives)


@dataclass(frozen=True)
class Overlap(Pooled):
    """Pixels shared, imagined and missed; add two to pool images.

    Examples
    --------
    >>> pooled = sum([Overlap(1, 1, 0), Overlap(2, 0, 2)], Overlap())
    >>> pooled.precision, pooled.recall, pooled.jaccard, round(pooled.dice, 3)
    (0.75, 0.6, 0.5, 0.667)
    """

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0

    @property
    def dice(self) -> float:
        """2TP / (2TP + FP + FN); nan when both masks are empty."""
        twice = 2 * self.true_positive
        return ratio(twice, twice + self.false_positive + self.false_negative)

    @property
    def precision(self) -> float:
        """Share of predicted pixels that are true; nan when none was predicted."""
        return ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of true pixels that were predicted; nan when there are none."""
        return ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def jaccard(self) -> float:
        """TP / (TP + FP + FN), which is Dice / (2 - Dice); nan when both masks are empty."""
        return ratio(self.true_positive, self.true_positive + self.false_positive + self.false_negative)


def ratio(part: int, whole: int) -> float:
    """Return ``part / whole``; nan when the whole is zero.

    Examples
    --------
    >>> ratio(1, 4), ratio(0, 0)
    (0.25, nan)
    """
    return part / whole if whole else float("nan")
