"""The gate: a pair whose label is not true is drawn again.

A segmentor that took no part in the generator's training reads the painted image, and its reading is held
against the label. The decision a reader would question is what happens to a pair of which every attempt
fails: the best attempt is kept, and its row in ``pairs.csv`` says so. The count that was asked for is met,
every anatomy with room for a label is used, and who wants the passed pairs alone has a column to choose by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.data import Entry
from metgan.errors import SettingError
from metgan.labels import shared_fill
from metgan.metrics import SMALLEST_ANNOTATED, judge
from metgan.models import SMALLEST_READ, Reader, refuse_same_judge
from metgan.types import Camera

from .drafts import Draft, Drafts
from .inpainter import Inpainter
from .limits import GateLimits, GateScores
from .nearest import TrainingImages
from .painting import draw_and_paint


class Gate:
    """Judges painted pairs.

    Attributes
    ----------
    reader : Reader
        The independent segmentor.
    training : TrainingImages
        What the generator has seen; without any, the distance to them is nan and not judged.
    limits : GateLimits
        Those of contrast are taken from the training images where they are None, see `GateLimits.settled`.
    """

    def __init__(self, reader: Reader, training: TrainingImages, limits: GateLimits) -> None:
        self.reader = reader
        self.training = training
        self.limits = limits.settled(training.contrasts, training.lights)

    def __str__(self) -> str:
        return f"{self.limits} judge={self.reader.fingerprint} training={self.training.fingerprint}"

    def score(self, draft: Draft, tumour: Camera) -> GateScores:
        """Judge one painted pair; of an inlaid one the new tumours and what is near them."""
        reading = self.reader.read(tumour)
        if draft.ground is not None:
            reading &= draft.ground.around(draft.asked)
        fill = shared_fill(draft.anatomy, tumour) & ~draft.label
        found = judge(draft.asked, reading, tumour, fill=fill, smallest=SMALLEST_READ)
        nearest = math.nan
        if draft.ground is None:
            nearest = self.training.distance(tumour, draft.label | fill, draft.source.group)
        recall = found.recall_of(SMALLEST_ANNOTATED)
        return GateScores(recall, found.false_area, found.contrast, nearest, found.light)


def open_gate(
    judge_run: Path, painter: Inpainter, training: Sequence[Entry] = (), limits: GateLimits | None = None
) -> Gate:
    """Open a gate for what a painter paints.

    The judge may have been trained on the anatomies' animals: it is asked whether tumours are where the
    label is, not whether it would find them in an animal that it does not know.

    Parameters
    ----------
    judge_run : path
        Run folder of a segmentor.
    painter : Inpainter
    training : sequence of Entry
        The pairs that the painter was trained on, with an image ``tumour``, and a ``label`` where there is
        one: their contrasts give the limits of contrast.
    limits : GateLimits or None
        None for the defaults.

    Raises
    ------
    LeakageError
        When the judge is the segmentor that the painter trained with.
    SettingError
        When the judge reads images of another dtype than is painted, or a limit of contrast that is given
        lies beyond the one taken from the training images.
    StorageError, ArrayError
        When the run or a training image cannot be read.
    """
    refuse_same_judge(judge_run, painter.card)
    reader = Reader(judge_run, painter.device)
    wanted, given = painter.card.normalisation.tumour.dtype, reader.card.normalisation.tumour.dtype
    if wanted != given:
        raise SettingError(
            f"the judge {judge_run} reads {given} images, and the generator paints {wanted}",
            "one dtype, the camera's",
            "Train the judge on the data that the generator was trained on",
        )
    return Gate(reader, TrainingImages(training), limits or GateLimits())


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted pair, and how it came through the gate.

    Parameters
    ----------
    draft : Draft
    tumour : Camera
        (Y, X), camera units.
    scores : GateScores or None
        None without a gate.
    faults : tuple of str
        What it failed, in words; empty if it passed.
    fallen : tuple of tuple of str
        For each attempt that failed, the names of the scores that it failed by.
    attempts : int
        How many were made; all but the last failed.
    """

    draft: Draft
    tumour: Camera
    scores: GateScores | None = None
    faults: tuple[str, ...] = ()
    fallen: tuple[tuple[str, ...], ...] = ()
    attempts: int = 1


def paint_pair(painter: Inpainter, drafts: Drafts, number: int, gate: Gate | None) -> Painted:
    """Paint a pair; one that fails at the gate is drawn again with another label.

    It is for the same anatomy, unless that has no room for it: then, and as in every draw, the next anatomy
    of the lap takes the attempt, see `Drafts.draw`.

    Returns
    -------
    Painted
        The first attempt that passes. When all fail, the one with the fewest faults, of those the one with
        the highest recall, of those the earliest.

    Raises
    ------
    ArrayError, SettingError
        As for `Drafts.draw` and `paint`; a flat image is no matter of the gate.
    """
    if gate is None:
        draft, tumour, _ = draw_and_paint(painter, drafts, number)
        return Painted(draft, tumour)
    tried: list[Painted] = []
    fallen: list[tuple[str, ...]] = []
    attempt = -1
    for made in range(1, gate.limits.attempts + 1):
        draft, tumour, attempt = draw_and_paint(painter, drafts, number, attempt + 1)
        scores = gate.score(draft, tumour)
        faults = gate.limits.faults(scores)
        if not faults:
            return Painted(draft, tumour, scores, (), tuple(fallen), made)
        fallen.append(tuple(faults))
        tried.append(Painted(draft, tumour, scores, tuple(faults.values())))
    best = min(tried, key=_rank)
    return Painted(best.draft, best.tumour, best.scores, best.faults, tuple(fallen), len(tried))


def _rank(painted: Painted) -> tuple[int, float]:
    recall = painted.scores.recall if painted.scores else 0.0
    return len(painted.faults), 0.0 if math.isnan(recall) else -recall
