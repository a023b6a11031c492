"""How good a generator is: like the real image, and faithful to the label.

Table 1 of the paper asks for likeness alone. A generator that ignores the label can score well there, so
a second question is asked: do tumours appear where they were asked for, and nowhere else? It is put to
a *referee*, a segmentor trained apart from the one in the loop, since a generator may learn to please
the segmentor that it trained with. Its reading of the real images stands beside as the yardstick.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from metgan.data import Normalisation, Pair, PairSet, checksum
from metgan.errors import ArrayError
from metgan.io import fingerprint, replacing, write_json
from metgan.metrics import (
    Faithfulness,
    Similarity,
    compare,
    compare_within,
    judge,
    pool,
    spectrum_distance,
)
from metgan.models import model_path
from metgan.progress import progress
from metgan.synthesis import Inpainter
from metgan.types import Camera, Scaled

from .referee import Referee

SCORES_FILE, SUMMARY_FILE = "scores.csv", "summary.json"
SMALLEST_READ = 3
"""Pixels: smaller objects in a referee's reading are taken for noise."""


@dataclass(frozen=True)
class Score:
    """One test image: its likeness, what the referee reads in it, and in the real one.

    ``inside`` and ``outside`` are the likeness on the label and on the rest, ``spectrum`` the distance of the
    power spectra in decibels.
    """

    name: str
    group: str
    organ: str
    likeness: Similarity
    inside: Similarity
    outside: Similarity
    spectrum: float
    generated: Faithfulness
    real: Faithfulness


@dataclass(frozen=True)
class Evaluation:
    """All scores of one generator, and what it would get for painting the training mean.

    Attributes
    ----------
    scores : sequence of Score
    baseline : Similarity
        Of a constant image with the mean of the training set; its SSIM and correlation say little.
    model, referee : str
        Fingerprints of the weights.
    step : int
        Training step of the model's weights.
    test : str
        Checksum of the test pairs.
    """

    scores: Sequence[Score]
    baseline: Similarity
    model: str
    step: int
    referee: str
    test: str

    def likeness(self) -> Similarity:
        """Give the mean of each similarity over the images, undefined correlations left out."""
        return _mean([score.likeness for score in self.scores])

    def inside(self) -> Similarity:
        """Give the same on the labels alone."""
        return _mean([score.inside for score in self.scores])

    def outside(self) -> Similarity:
        """Give the same off the labels."""
        return _mean([score.outside for score in self.scores])

    def spectrum(self) -> float:
        """Give the mean distance of the power spectra, in decibels."""
        return float(np.mean([score.spectrum for score in self.scores]))

    def faithfulness(self) -> Faithfulness:
        """Pool what the referee reads in the generated images."""
        return pool(score.generated for score in self.scores)

    def yardstick(self) -> Faithfulness:
        """Pool what the referee reads in the real images."""
        return pool(score.real for score in self.scores)

    def summary(self) -> dict[str, dict[str, float]]:
        """Give the means and pooled figures by name, as ``summary.json`` holds them."""
        likeness, baseline = asdict(self.likeness()), asdict(self.baseline)
        return {
            "generated": {
                **likeness,
                **_prefixed("inside", self.inside()),
                **_prefixed("outside", self.outside()),
                "spectrum": self.spectrum(),
                **_figures(self.faithfulness()),
            },
            "real": _figures(self.yardstick()),
            "training mean": baseline,
            "generated / training mean": {k: likeness[k] / baseline[k] for k in ("mae", "msd")},
        }

    def save(self, out: Path) -> None:
        """Write ``scores.csv`` (a row per image) and ``summary.json``; what is undefined is empty or null."""
        with replacing(out / SCORES_FILE) as temporary:
            pd.DataFrame([_row(score) for score in self.scores]).to_csv(
                temporary, index=False, float_format="%.6g"
            )
        figures = {kind: _without_nan(values) for kind, values in self.summary().items()}
        content = {
            **figures,
            "images": len(self.scores),
            "model": self.model,
            "step": self.step,
            "referee": self.referee,
            "test": self.test,
        }
        write_json(out / SUMMARY_FILE, content)


def checksum_of(test: Sequence[Pair]) -> str:
    """Name a test part by its pixels and groups: scores of another one are other scores."""
    groups = "\n".join(pair.entry.group for pair in test)
    return f"{checksum(test, zlib.crc32(groups.encode())):08x}"


@dataclass(frozen=True)
class Painted:
    """A test pair beside the generator's version of it, both on [-1, 1]."""

    pair: Pair
    anatomy: Scaled
    real: Scaled
    generated: Scaled


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
    reader = Referee(referee, painter.device)
    reader.check(groups)
    scores, painted = [], []
    with progress("evaluate", len(test)) as advance:
        for pair in test.read_all():
            camera = painter.inpaint(pair.anatomy, pair.label)
            painted.append(_painted(pair, camera, units or painter.card.normalisation.as_shared()))
            scores.append(_score(painted[-1], camera, reader))
            advance()
    flat = [compare(np.full_like(p.real, training_mean), p.real) for p in painted]
    evaluation = Evaluation(
        scores,
        _mean(flat),
        model=painter.fingerprint,
        step=painter.card.step,
        referee=fingerprint(model_path(referee)),
        test=checksum_of([p.pair for p in painted]),
    )
    return evaluation, painted


def _painted(pair: Pair, camera: Camera, normalisation: Normalisation) -> Painted:
    return Painted(
        pair,
        normalisation.apply(pair.anatomy, "anatomy"),
        normalisation.apply(pair.tumour, "tumour"),
        normalisation.apply(camera, "tumour"),
    )


def _score(painted: Painted, camera: Camera, referee: Referee) -> Score:
    """Score one image; the referee reads the generated one in camera units, as it reads the real one."""
    pair = painted.pair
    generated, real = painted.generated, painted.real
    return Score(
        pair.entry.name,
        pair.entry.group,
        pair.entry.organ,
        compare(generated, real),
        compare_within(generated, real, pair.label),
        compare_within(generated, real, ~pair.label),
        spectrum_distance(generated, real),
        judge(pair.label, referee.read(camera), camera, smallest=SMALLEST_READ),
        judge(pair.label, referee.read(pair.tumour), pair.tumour, smallest=SMALLEST_READ),
    )


def _figures(pooled: Faithfulness) -> dict[str, float]:
    return {
        "tumour recall": pooled.detection.recall,
        "tumours asked for": pooled.detection.true_positives + pooled.detection.false_negatives,
        "false objects per image": pooled.false_objects,
        "false area": pooled.false_area,
        "pooled Dice": pooled.overlap.dice,
        "median contrast": pooled.contrast,
    }


def _without_nan(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Give null for undefined figures: JSON has no NaN, and strict parsers refuse a file with one."""
    return {name: None if np.isnan(figure) else figure for name, figure in figures.items()}


def _prefixed(region: str, similarity: Similarity) -> dict[str, float]:
    return {f"{region}_{name}": value for name, value in asdict(similarity).items()}


def _row(score: Score) -> dict[str, object]:
    row: dict[str, object] = {"name": score.name, "group": score.group, "organ": score.organ}
    row |= asdict(score.likeness)
    row |= _prefixed("inside", score.inside) | _prefixed("outside", score.outside)
    row["spectrum"] = score.spectrum
    for kind, found in (("", score.generated), ("real_", score.real)):
        row |= {
            f"{kind}true_positives": found.detection.true_positives,
            f"{kind}false_negatives": found.detection.false_negatives,
            f"{kind}false_positives": found.detection.false_positives,
            f"{kind}dice": found.overlap.dice,
            f"{kind}false_area": found.false_area,
            f"{kind}contrast": found.contrast,
        }
    return row


def _mean(values: Sequence[Similarity]) -> Similarity:
    columns = np.array([[v.mae, v.msd, v.ssim, v.correlation] for v in values])
    defined = [column[~np.isnan(column)] for column in columns.T]
    return Similarity(*(float(column.mean()) if column.size else float("nan") for column in defined))
