"""Why a run has not begun to place tumours: what can be measured, and what to do about it.

A reason is a function of what a validation has at hand, `Measurements`. It gives a `Finding` with the figure
that it measured, or None. To add one: write the function, and name it in `REASONS`.

Severities are comparable though their figures are not: each says how far a figure is from where it would
be in order, as a share of the way to where it is as bad as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.data import MOST_LABELLED, Pair, evenly
from metgan.metrics import measure_shift
from metgan.models import LEAST_DICE
from metgan.networks import Segmentor
from metgan.objects import sizes, surroundings
from metgan.types import AnyArray, Mask, Scaled

from .validation import ValidationSet, validate_segmentor

FEW_CROPS: Final = 20
"""Training crops with a tumour below which there are few: a choice."""
SMALL_TUMOUR: Final = 10
"""Pixels below which a tumour is hardly to be learned: the smallest that the paper's authors labelled."""
FAINT: Final = 0.25
"""Share of the real difference between tumours and surroundings below which generated tumours are faint."""
ASKED: Final = 40
"""Training pairs of which it is measured whether the channels are registered."""
FAR: Final = 4.0
"""Pixels of shift between the channels with which nothing fits any more: a choice."""
UNSEEN: Final = 0.1
"""The real difference, in standard deviations of the surroundings, below which labels mark nothing."""


@dataclass(frozen=True)
class Measurements:
    """What a diagnosis looks at.

    Parameters
    ----------
    generated, real : sequence of ndarray, (Y, X) float in [-1, 1]
        Tumour images of the validation part.
    labels : sequence of ndarray, (Y, X) bool
        Theirs.
    dice_on_real : float
        Pooled Dice of these labels and what the segmentor reads in the real images.
    training_labels : iterable of ndarray, (Y, X) bool, which may be gone through several times
        Labels that are trained on.
    channels : sequence of (anatomy, tumour), each (Y, X), any real dtype
        Both channels of some of the pairs that are trained on.
    unscored : sequence of ndarray, (Y, X) bool, or None
        Where nothing was imaged in the validation part, or labels say nothing; None for nowhere.
    """

    generated: Sequence[Scaled]
    real: Sequence[Scaled]
    labels: Sequence[Mask]
    dice_on_real: float
    training_labels: Iterable[Mask]
    channels: Sequence[tuple[AnyArray, AnyArray]] = ()
    unscored: Sequence[Mask] | None = None


@dataclass(frozen=True)
class Finding:
    """A reason that holds.

    Parameters
    ----------
    severity : float
        How bad it is, above 0 and at most 1.
    text : str
        What was measured, and what to do.
    is_given : bool, default False
        Whether it lies in what the training was given, data or segmentor, which more steps do not change.
    """

    severity: float
    text: str
    is_given: bool = False


def collect(
    generated: Sequence[Scaled], segmentor: Segmentor, watched: ValidationSet, train: Sequence[Pair]
) -> Measurements:
    """Gather what `find_reasons` looks at, from what a validation has generated."""
    labels = [pair.label for pair in watched.pairs]
    dice = validate_segmentor(segmentor, watched).score
    channels = [(pair.anatomy, pair.tumour) for pair in evenly(train, ASKED)]
    unscored = [~scored for scored in watched.scored]
    return Measurements(generated, watched.tumour, labels, dice, _Labels(train), channels, unscored)


@dataclass(frozen=True)
class _Labels(Iterable[Mask]):
    pairs: Sequence[Pair]

    def __iter__(self) -> Iterator[Mask]:
        return (pair.label for pair in self.pairs)


def find_reasons(measurements: Measurements) -> list[Finding]:
    """Ask all `REASONS`, and give those that hold, the worst first."""
    found = [finding for reason in REASONS if (finding := reason(measurements)) is not None]
    return sorted(found, key=lambda finding: -finding.severity)


def explain(done: int, dice: float, found: Sequence[Finding], advice: str) -> list[str]:
    """Put a diagnosis into words: that the run has not begun, each reason, and what to do.

    `advice` is how to train longer. Where data or segmentor are a reason, that is not what is advised.

    Examples
    --------
    >>> explain(60, 0.03, [], "train longer")
    ['after 60 steps tumours are not yet placed where the labels are (validation Dice 0.03, 0.2 or more is \
expected)', 'no reason was found in images and labels; train longer']
    """
    opening = (
        f"after {done} steps tumours are not yet placed where the labels are (validation Dice {dice:.2f}, "
        f"{LEAST_DICE:g} or more is expected)"
    )
    if not found:
        return [opening, f"no reason was found in images and labels; {advice}"]
    if any(finding.is_given for finding in found):
        advice = "more steps change neither data nor segmentor: correct these, and train again (--overwrite)"
    return [opening, *(finding.text for finding in found), advice]


def generated_tumours_are_faint(measurements: Measurements) -> Finding | None:
    """Compare generated tumours with real ones, each against its surroundings.

    None where the real ones do not differ from theirs: see `labels_mark_nothing`.
    """
    real, generated = _levels(measurements.real, measurements), _levels(measurements.generated, measurements)
    if not abs(real.contrast) >= UNSEEN:  # nan without a labelled pixel
        return None
    share = (generated.inside - generated.outside) / (real.inside - real.outside)
    if share >= FAINT:
        return None
    how = "differ the wrong way from" if share <= -FAINT else "hardly differ from"
    return Finding(
        min(1.0, 1 - share / FAINT),
        f"generated tumours {how} their surroundings: their mean level is {generated.inside:.2f} against "
        f"{generated.outside:.2f}, in real images {real.inside:.2f} against {real.outside:.2f}, on [-1, 1]. "
        "first_steps.csv tells which way each term pulled; if more steps do not help, try another --seed",
    )


def labels_mark_nothing(measurements: Measurements) -> Finding | None:
    """See whether the real tumour channel is any different where the labels are."""
    real = _levels(measurements.real, measurements)
    if not abs(real.contrast) < UNSEEN:
        return None
    return Finding(
        1 - abs(real.contrast) / UNSEEN,
        f"the real tumour channel is the same inside and outside of the labels: its mean level is "
        f"{real.inside:.2f} against {real.outside:.2f}, on [-1, 1], {abs(real.contrast):.2f} standard "
        "deviations. Check that the masks belong to these images, and the order of the channels",
        is_given=True,
    )


def segmentor_reads_nothing(measurements: Measurements) -> Finding | None:
    """See whether the segmentor in the loop reads tumours where there are some."""
    dice = measurements.dice_on_real
    if dice >= LEAST_DICE:
        return None
    return Finding(
        1 - dice / LEAST_DICE,
        f"the segmentor hardly finds tumours in real images either: Dice {dice:.2f} on the validation part, "
        f"{LEAST_DICE:g} or more is expected. What it misses it cannot demand: train again with "
        "a longer one (--segmentor-steps) or a better one (--segmentor)",
        is_given=True,
    )


def few_crops_show_tumours(measurements: Measurements) -> Finding | None:
    """Count the training crops with a tumour."""
    has_tumour = [bool(label.any()) for label in measurements.training_labels]
    shown = sum(has_tumour)
    if shown >= FEW_CROPS:
        return None
    return Finding(
        1 - shown / FEW_CROPS,
        f"{shown} of {len(has_tumour)} training crops show a tumour; {FEW_CROPS} or more "
        "are expected. Annotate more, or cut more crops of what is annotated (metgan prepare --stride)",
        is_given=True,
    )


def tumours_are_tiny(measurements: Measurements) -> Finding | None:
    """Measure the tumours of the training labels."""
    areas = [area for label in measurements.training_labels for area in sizes(label)]
    if not areas or (median := float(np.median(areas))) >= SMALL_TUMOUR:
        return None
    return Finding(
        1 - median / SMALL_TUMOUR,
        f"half of the {len(areas)} tumours of the training labels have {median:g} pixels or fewer; "
        f"{SMALL_TUMOUR} or more are expected. Check that the masks are not noise, or give images of smaller "
        "pixels",
        is_given=True,
    )


def labels_are_vast(measurements: Measurements) -> Finding | None:
    """Measure how much of a training crop its label covers, where it shows any tumour."""
    shares = [float(label.mean()) for label in measurements.training_labels if label.any()]
    if not shares or (median := float(np.median(shares))) <= MOST_LABELLED:
        return None
    return Finding(
        (median - MOST_LABELLED) / (1 - MOST_LABELLED),
        f"training labels cover {median:.0%} of their crop (median); {MOST_LABELLED:.0%} or less is "
        "expected. Check that the masks are not inverted, or cut larger crops (metgan prepare --crop)",
        is_given=True,
    )


def channels_are_shifted(measurements: Measurements) -> Finding | None:
    """Measure whether the tumour channel lies beside the anatomy, which a loss on pairs does not forgive."""
    shift = measure_shift(measurements.channels)
    if not shift.is_shifted:
        return None
    distance = float(np.hypot(shift.down, shift.right))
    return Finding(
        min(1.0, distance / FAR),
        f"the tumour channel is shifted against the anatomy, by {distance:.0f} pixels in {shift.agreeing} of "
        f"{shift.asked} images examined. Register them, prepare the pairs again, and train again",
        is_given=True,
    )


Reason = Callable[[Measurements], Finding | None]
REASONS: Final[tuple[Reason, ...]] = (
    generated_tumours_are_faint,
    labels_mark_nothing,
    segmentor_reads_nothing,
    few_crops_show_tumours,
    tumours_are_tiny,
    labels_are_vast,
    channels_are_shifted,
)
"""What is asked of a run that has not begun to place tumours; among equals the earlier is named first."""


@dataclass(frozen=True)
class _Levels:
    """Mean levels of tumours and of what surrounds them, and their difference in deviations of the latter."""

    inside: float
    outside: float
    contrast: float


def _levels(images: Sequence[Scaled], measurements: Measurements) -> _Levels:
    unscored = measurements.unscored or [np.zeros_like(label) for label in measurements.labels]
    rings = [
        surroundings(label) & ~hidden for label, hidden in zip(measurements.labels, unscored, strict=True)
    ]
    marked = np.concatenate([i[label] for i, label in zip(images, measurements.labels, strict=True)]).astype(
        float
    )
    around = np.concatenate([image[ring] for image, ring in zip(images, rings, strict=True)]).astype(float)
    if not marked.size or not around.size:
        return _Levels(np.nan, np.nan, np.nan)
    inside, outside, spread = marked.mean(), around.mean(), around.std()
    difference = inside - outside
    contrast = difference / spread if spread else np.copysign(np.inf, difference) if difference else 0.0
    return _Levels(float(inside), float(outside), float(contrast))
