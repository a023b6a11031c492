"""Scores of one generator on test images: kept image by image, averaged and pooled when asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from metgan.data import read_table
from metgan.errors import StorageError
from metgan.io import has_file, replacing, write_json
from metgan.metrics import MIN_ANNOTATED_SIZE, Faithfulness, Similarity, pool

SCORES_FILE, SUMMARY_FILE = "scores.csv", "summary.json"
TEXT = ("name", "group", "organ")
"""Columns of text in tables of images and of tumours."""
RECALL_OF_WHOLE = f"tumour recall, {MIN_ANNOTATED_SIZE} pixels and more"
"""Name of the recall that leaves crumbs out: see `metgan.metrics.MIN_ANNOTATED_SIZE`."""
_SUMMARISED = ("generated", "images", "model", "step", "independent_segmentor")
LIGHT = "median light added"
"""What tumours add to their surroundings, in camera units: see `metgan.metrics.evaluate_detection`."""


@dataclass(frozen=True)
class Score:
    """One test image: its similarity, what the independent segmentor reads in it, and in the real one.

    ``inside`` and ``outside`` are the similarity on the label and on the rest, ``spectrum`` the distance of
    the power spectra in decibels, nan where no pixel counts.
    """

    name: str
    group: str
    organ: str
    similarity: Similarity
    inside: Similarity
    outside: Similarity
    spectrum: float
    generated: Faithfulness
    real: Faithfulness


@dataclass(frozen=True)
class Evaluation:
    """All scores of one generator, and what it would get for generating the training mean.

    Attributes
    ----------
    scores : sequence of Score
    baseline : Similarity
        Of a constant image with the mean of the training set; its SSIM and correlation say little.
    model, independent_segmentor : str
        Fingerprints of the weights.
    step : int
        Training step of the model's weights.
    test : str
        Checksum of the test pairs.
    warnings : tuple of str, default ()
        What whoever reads the scores must be told first: see `metgan.studies.find_warnings`.
    """

    scores: Sequence[Score]
    baseline: Similarity
    model: str
    step: int
    independent_segmentor: str
    test: str
    warnings: tuple[str, ...] = ()

    def similarity(self) -> Similarity:
        """Return the mean of each similarity over the images, undefined correlations left out."""
        return mean_similarity([score.similarity for score in self.scores])

    def inside(self) -> Similarity:
        """Return the mean similarity of the pixels on the labels."""
        return mean_similarity([score.inside for score in self.scores])

    def outside(self) -> Similarity:
        """Return the mean similarity of the pixels off the labels."""
        return mean_similarity([score.outside for score in self.scores])

    def spectrum(self) -> float:
        """Return the mean distance of the power spectra, in decibels, undefined ones left out."""
        return mean_of([score.spectrum for score in self.scores])

    def faithfulness(self) -> Faithfulness:
        """Pool what the independent segmentor reads in the generated images."""
        return pool(score.generated for score in self.scores)

    def faithfulness_of_real(self) -> Faithfulness:
        """Pool what the independent segmentor reads in the real images."""
        return pool(score.real for score in self.scores)

    def summary(self) -> dict[str, dict[str, float]]:
        """Return the means and pooled figures by name, as ``summary.json`` holds them."""
        similarity, baseline = asdict(self.similarity()), asdict(self.baseline)
        return {
            "generated": {
                **similarity,
                **_prefixed("inside", self.inside()),
                **_prefixed("outside", self.outside()),
                "spectrum": self.spectrum(),
                **_figures(self.faithfulness()),
            },
            "real": _figures(self.faithfulness_of_real()),
            "training mean": baseline,
            "generated / training mean": {k: similarity[k] / baseline[k] for k in ("mae", "msd")},
        }

    def save(self, out: Path) -> None:
        """Write ``scores.csv`` (a row per image) and ``summary.json``; what is undefined is empty or null."""
        save_table(pd.DataFrame([_row(score) for score in self.scores]), out / SCORES_FILE)
        figures = {  # JSON has no NaN, and strict parsers refuse a file with one
            kind: {name: None if np.isnan(figure) else figure for name, figure in values.items()}
            for kind, values in self.summary().items()
        }
        content = {
            **figures,
            "images": len(self.scores),
            "model": self.model,
            "step": self.step,
            "independent_segmentor": self.independent_segmentor,
            "test": self.test,
            "warnings": [*self.warnings],
        }
        write_json(out / SUMMARY_FILE, content)


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, six digits to a number."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")


def load_table(path: Path) -> pd.DataFrame:
    """Read such a table of images or tumours, whose names, groups and organs are text: "NA" is one, too."""
    numbers = [str(column) for column in pd.read_csv(path, nrows=0) if column not in TEXT]
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(TEXT, str),
        keep_default_na=False,
        na_values={column: [""] for column in numbers},
    )


def read_summary(out: Path) -> dict[str, Any]:
    """Read ``summary.json`` of an evaluation.

    Raises
    ------
    StorageError
        When there is none, or it is not such a summary.
    """
    path = out / SUMMARY_FILE
    if not has_file(path):
        raise StorageError(
            f"{out} holds no {SUMMARY_FILE}",
            "finished scores",
            "Finish them with metgan evaluate ... --resume",
        )
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        lacking = [name for name in _SUMMARISED if name not in content]
    except (ValueError, TypeError) as error:
        raise _damaged(path, f"cannot be read ({error})") from error
    if lacking:
        raise _damaged(path, f"lacks {', '.join(lacking)}")
    return content


def check_scores(out: Path) -> None:
    """Open what `Evaluation.save` has written, as its readers will.

    Raises
    ------
    StorageError
        When a file cannot be read, or they disagree about how many images there are.
    """
    images, rows = read_summary(out)["images"], read_table(out, SCORES_FILE)
    if len(rows) != images:
        raise _damaged(out / SCORES_FILE, f"has {len(rows)} rows, {SUMMARY_FILE} tells of {images} images")


def _damaged(path: Path, what: str) -> StorageError:
    return StorageError(f"{path} {what}", "scores as metgan evaluate writes them", "Evaluate again")


def _figures(pooled: Faithfulness) -> dict[str, float]:
    return {
        "tumour recall": pooled.detection.recall,
        RECALL_OF_WHOLE: pooled.recall_of(MIN_ANNOTATED_SIZE),
        "tumours asked for": pooled.detection.true_positives + pooled.detection.false_negatives,
        "false objects per image": pooled.false_objects,
        "false area": pooled.false_area,
        "pooled Dice": pooled.overlap.dice,
        "median contrast": pooled.contrast,
        LIGHT: pooled.light,
    }


def _prefixed(region: str, similarity: Similarity) -> dict[str, float]:
    return {f"{region}_{name}": value for name, value in asdict(similarity).items()}


def _row(score: Score) -> dict[str, object]:
    row: dict[str, object] = {"name": score.name, "group": score.group, "organ": score.organ}
    row |= asdict(score.similarity)
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
            f"{kind}light": found.light,
        }
    return row


def mean_similarity(values: Sequence[Similarity]) -> Similarity:
    """Return the mean of each score; undefined ones are left out."""
    return Similarity(*(mean_of([getattr(v, f.name) for v in values]) for f in fields(Similarity)))


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of what is defined; nan where nothing is."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
