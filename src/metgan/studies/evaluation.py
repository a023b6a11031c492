"""How good a generator is: like the real image, and faithful to the label.

Table 1 of the paper asks for likeness alone. A generator that ignores the label can score well there, so
a second question is asked: do tumours appear where they were asked for, and nowhere else? It is put to
a *referee*, a segmentor trained apart from the one in the loop, since a generator may learn to please
the segmentor that it trained with. Its reading of the real images stands beside as the yardstick.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metgan.data import Normalisation, Pair, PairSet, checksum
from metgan.errors import ArrayError
from metgan.io import fingerprint
from metgan.metrics import compare_within, judge, spectrum_distance
from metgan.models import SMALLEST_READ, Reader, model_path
from metgan.progress import progress
from metgan.synthesis import Inpainter
from metgan.types import Camera, Mask, Scaled

from .scores import Evaluation, Score, mean_similarity


def checksum_of(test: Sequence[Pair]) -> str:
    """Name a test part by its pixels and groups: scores of another one are other scores."""
    groups = "\n".join(pair.entry.group for pair in test)
    return f"{checksum(test, zlib.crc32(groups.encode())):08x}"


@dataclass(frozen=True)
class Painted:
    """A test pair beside the generator's version of it, both on [-1, 1], and where nothing was imaged."""

    pair: Pair
    anatomy: Scaled
    real: Scaled
    generated: Scaled
    fill: Mask


def evaluate(
    painter: Inpainter, test: PairSet, referee: Path, training_mean: float, units: Normalisation | None = None
) -> tuple[Evaluation, list[Painted]]:
    """Score a generator on test pairs.

    Parameters
    ----------
    painter : Inpainter
    test : PairSet
        Pairs of which neither generator nor referee has seen a group.
    referee : path
        Run of the judging segmentor.
    training_mean : float
        Mean of the training set's tumour channel on [-1, 1], for the baseline.
    units : Normalisation or None
        The [-1, 1] that likeness is measured on, one for all images; None for the painter's own, as shared.
        Painters that were trained in different ones can be compared in one alone.

    Raises
    ------
    LeakageError
        When generator or referee has seen a group of `test`.
    """
    if not len(test):
        raise ArrayError("an empty test part", "at least one pair", "Give another split")
    groups = {entry.group for entry in test}
    painter.card.refuse_to_have_seen(groups, "testing")
    reader = Reader(referee, painter.device)
    reader.check(groups)
    scores, painted = [], []
    with progress("evaluate", len(test)) as advance:
        for pair in test.read_all():
            camera = painter.inpaint(pair.anatomy, pair.label)
            shared = units or painter.card.normalisation.as_shared()
            painted.append(_painted(pair, camera, shared, _fill(pair, painter)))
            scores.append(_score(painted[-1], camera, reader))
            advance()
    flat = [compare_within(np.full_like(p.real, training_mean), p.real, ~p.fill) for p in painted]
    evaluation = Evaluation(
        scores,
        mean_similarity(flat),
        model=painter.fingerprint,
        step=painter.card.step,
        referee=fingerprint(model_path(referee)),
        test=checksum_of([p.pair for p in painted]),
    )
    return evaluation, painted


def _fill(pair: Pair, painter: Inpainter) -> Mask:
    """Return where nothing was imaged: as the model knows it, or where it knows of none, as the pair does."""
    if painter.card.normalisation.fill is not None:
        return painter.filled(pair.anatomy) & ~pair.label
    return pair.filled()


def _painted(pair: Pair, camera: Camera, normalisation: Normalisation, fill: Mask) -> Painted:
    return Painted(
        pair,
        normalisation.apply(pair.anatomy, "anatomy"),
        normalisation.apply(pair.tumour, "tumour"),
        normalisation.apply(camera, "tumour"),
        fill,
    )


def _score(painted: Painted, camera: Camera, referee: Reader) -> Score:
    """Score one image; the referee reads the generated one in camera units, as it reads the real one."""
    pair, fill = painted.pair, painted.fill
    generated, real = painted.generated, painted.real
    return Score(
        pair.entry.name,
        pair.entry.group,
        pair.entry.organ,
        compare_within(generated, real, ~fill),
        compare_within(generated, real, pair.label),
        compare_within(generated, real, ~pair.label & ~fill),
        spectrum_distance(generated, real),
        judge(pair.label, referee.read(camera), camera, fill=fill, smallest=SMALLEST_READ),
        judge(pair.label, referee.read(pair.tumour), pair.tumour, fill=fill, smallest=SMALLEST_READ),
    )
