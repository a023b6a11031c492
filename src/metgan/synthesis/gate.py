"""The gate: a pair whose label is not true is drawn again.

A segmentor that took no part in the generator's training reads the generated image, and its reading is held
against the label. The decision a reader would question is what happens to a pair of which every attempt
fails: the best attempt is kept, and its row in ``pairs.csv`` says so. The count that was asked for is met,
every anatomy with room for a label is used, and who wants the passed pairs alone has a column to choose by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import Entry, Pair
from metgan.metrics import MIN_ANNOTATED_SIZE, evaluate_detection
from metgan.models import MIN_OBJECT_SIZE, SegmentorPredictor, load_independent_segmentor, seed_warning
from metgan.progress import note
from metgan.types import Camera, Mask

from .inpainter import Inpainter
from .limits import GateLimits, GateScores
from .nearest import TrainingImages
from .plans import PairPlan, PairPlans
from .refine import near
from .tumour_image import draw_and_generate


class Gate:
    """Scores generated pairs with an independent segmentor, and tells which pass.

    Attributes
    ----------
    predictor : SegmentorPredictor
        The independent segmentor.
    training : TrainingImages
        What the generator has seen; without any, the distance to them is nan and not checked.
    limits : GateLimits
        Those of contrast are taken from the training images where they are None, see `GateLimits.settled`.
    """

    def __init__(self, predictor: SegmentorPredictor, training: TrainingImages, limits: GateLimits) -> None:
        self.predictor = predictor
        self.training = training
        self.limits = limits.settled(training.contrasts, training.lights)

    def __str__(self) -> str:
        names = f"segmentor={self.predictor.fingerprint} training={self.training.fingerprint}"
        return f"{self.limits} {names}"

    def score(self, generated: Sequence[tuple[PairPlan, Camera]]) -> list[GateScores]:
        """Score several generated pairs; of inserted ones the new tumours and what is near them."""
        readings = self.predictor.predict_all([tumour for _, tumour in generated])
        return [self._score(*pair, reading) for pair, reading in zip(generated, readings, strict=True)]

    def _score(self, plan: PairPlan, tumour: Camera, reading: Mask) -> GateScores:
        if plan.real is not None:  # the part that is not real: added tumours and what is near them
            reading = reading & near(plan.asked) & ~plan.real.label
        if plan.unseen is not None:
            reading = reading & ~near(plan.unseen)
        fill = Pair(plan.source, plan.anatomy, tumour, plan.label).filled(self.training.fill)
        found = evaluate_detection(plan.shown, reading, tumour, fill=fill, smallest=MIN_OBJECT_SIZE)
        nearest = math.nan
        if plan.real is None:
            nearest = self.training.distance(tumour, plan.label | fill, plan.source.group)
        recall = found.recall_of(MIN_ANNOTATED_SIZE)
        return GateScores(recall, found.false_area, found.contrast, nearest, found.light)


def open_gate(
    segmentor_run: Path,
    inpainter: Inpainter,
    training: Sequence[Entry] = (),
    limits: GateLimits | None = None,
) -> Gate:
    """Open a gate for what a generator makes; a segmentor with the seed of the one in the loop is noted.

    The independent segmentor may have been trained on the anatomies' animals: it is asked whether tumours are
    where the label is, not whether it would find them in an animal that it does not know.

    Parameters
    ----------
    segmentor_run : path
        Run folder of a segmentor.
    inpainter : Inpainter
    training : sequence of Entry
        The pairs that the generator was trained on, with an image ``tumour``, and a ``label`` where there is
        one: their contrasts give the limits of contrast.
    limits : GateLimits or None
        None for the defaults.

    Raises
    ------
    LeakageError
        When the independent segmentor is the segmentor that the generator trained with, or it or one of
        `training` is of what the generator's run holds out: test tissue would choose what is trained on.
    SettingError
        When the independent segmentor reads images of another dtype than is generated, or a limit of contrast
        that is given lies beyond the one taken from the training images.
    StorageError, ArrayError
        When the run or a training image cannot be read.
    """
    held_out = inpainter.held_out
    predictor = load_independent_segmentor(segmentor_run, inpainter.card, held_out.groups, inpainter.device)
    held_out.refuse(training, "the gate")
    if told := seed_warning(predictor.card, inpainter.card):
        note(told)
    seen = TrainingImages(training, inpainter.card.normalisation.fill)
    return Gate(predictor, seen, limits or GateLimits())


@dataclass(frozen=True, eq=False)
class GatedPair:
    """A generated pair, and how it came through the gate.

    Parameters
    ----------
    plan : PairPlan
    tumour : Camera
        (Y, X), camera units.
    scores : GateScores or None
        None without a gate.
    faults : tuple of str
        What it failed, in words; empty if it passed.
    rejected : tuple of tuple of str
        For each attempt that failed, the names of the scores that it failed by.
    attempts : int
        How many were made; all failed, or all but the last.
    """

    plan: PairPlan
    tumour: Camera
    scores: GateScores | None = None
    faults: tuple[str, ...] = ()
    rejected: tuple[tuple[str, ...], ...] = ()
    attempts: int = 1


def generate_pair(inpainter: Inpainter, plans: PairPlans, number: int, gate: Gate | None) -> GatedPair:
    """Generate a pair; one that fails at the gate is drawn again with another label.

    It is for the same anatomy, unless that has no room for it: then, and as in every draw, the next anatomy
    of the epoch takes the attempt, see `PairPlans.draw`.

    Returns
    -------
    GatedPair
        The first attempt that passes. When all fail, the one with the fewest faults, of those the one with
        the highest recall, of those the earliest.

    Raises
    ------
    ArrayError, SettingError
        As for `PairPlans.draw` and `draw_and_generate`; a flat image is no matter of the gate.
    """
    return generate_pairs(inpainter, plans, [number], gate)[0]


def generate_pairs(
    inpainter: Inpainter, plans: PairPlans, numbers: Sequence[int], gate: Gate | None
) -> list[GatedPair]:
    """Generate several pairs together; each is what `generate_pair` gives, to the bit."""
    if gate is None:
        drawn = draw_and_generate(inpainter, plans, dict.fromkeys(numbers, 0))
        return [GatedPair(*drawn[number][:2]) for number in numbers]
    tried: dict[int, list[GatedPair]] = {number: [] for number in numbers}
    passed: dict[int, GatedPair] = {}
    waiting = dict.fromkeys(numbers, 0)  # the attempt that each makes next
    for _ in range(gate.limits.attempts):
        drawn = draw_and_generate(inpainter, plans, waiting)
        scores = gate.score([(plan, tumour) for plan, tumour, _ in drawn.values()])
        for (number, (plan, tumour, attempt)), score in zip(drawn.items(), scores, strict=True):
            faults = gate.limits.faults(score)
            waiting[number] = attempt + 1
            if not faults:
                passed[number] = GatedPair(plan, tumour, score)
                del waiting[number]
            tried[number].append(GatedPair(plan, tumour, score, tuple(faults.values()), (tuple(faults),)))
        if not waiting:
            break
    return [_chosen(tried[number], passed.get(number)) for number in numbers]


def _chosen(tried: Sequence[GatedPair], passed: GatedPair | None) -> GatedPair:
    """Return the attempt that passed, or the best, with what became of all of them."""
    chosen = passed or min(tried, key=_rank)
    rejected = tuple(names for one in tried for names in one.rejected if names)
    return replace(chosen, rejected=rejected, attempts=len(tried))


def _rank(generated: GatedPair) -> tuple[int, float]:
    recall = generated.scores.recall if generated.scores else 0.0
    return len(generated.faults), 0.0 if math.isnan(recall) else -recall
