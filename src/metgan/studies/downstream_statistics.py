"""What training sets have gained: scores per fold, and tests against all real data.

Each fold's test images are pooled, since the Dice of an image without tumours is undefined and its false
tumours must count all the same. For the tests, ratios are paired by fold, and counts by test image: the
pixels read wrongly, the tumours found and the false ones are defined for every image, and the first make the
pooled Dice, 2TP / (2TP + wrong pixels). Seeds are averaged first: they make a mean steadier and are no
evidence. Both kinds of p-values are too small: folds share training pairs, and images of a group resemble
each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from metgan.metrics import SIZES, Detection, Measure, Overlap, choose_measure, holm, paired_test
from metgan.models import ModelCard

from .predictions import Readings
from .scores import save_table
from .shared_config import SharedConfig
from .training_sets import BASELINES, TrainingSet

RATIOS: Final = (
    "Dice",
    "precision",
    "recall",
    "Jaccard",
    "tumour recall",
    "tumour precision",
    "tumour F1",
    *(f"recall {size}" for size in SIZES),
    "recall dim",
    "recall bright",
)
"""Scores of a fold's pooled test images; the first four of pixels, the others of tumours."""
COUNTS: Final = ("wrong pixels", "tumours found", "tumours missed", "false tumours")
"""What is counted in every image; their means are over the folds' sums, their differences over images."""
_CELL = ["training_set", "fold", "seed"]
_MEASURES: Final[Mapping[Measure, str]] = {"ratio": "contrast", "light": "light"}
"""Columns of tumours by what is measured in them."""


@dataclass(frozen=True)
class RunResult:
    """One training set on one fold with one seed: its size, seconds of training, what was found."""

    training_set: TrainingSet
    fold: int
    seed: int
    samples: int
    seconds: float
    readings: Readings
    elsewhere: Readings | None = None


@dataclass(frozen=True)
class DownstreamResult:
    """What the study has found.

    Attributes
    ----------
    config : SharedConfig
    cells : sequence of RunResult
        One per training set, fold and seed.
    statistics : DataFrame
        As `rank` returns it.
    helpers : dict
        By fold, the cards of the generator and of the segmentor in its loop, where pairs were generated.
    exposures : dict
        By fold, how far strong augmentation exposed crops, in powers of 2, where it was asked for.
    elsewhere : DataFrame or None
        As `statistics`, of another laboratory's pairs; None where none were given.
    """

    config: SharedConfig
    cells: Sequence[RunResult]
    statistics: pd.DataFrame
    helpers: Mapping[int, Sequence[ModelCard]]
    exposures: Mapping[int, float]
    elsewhere: pd.DataFrame | None = None


def gather(
    cells: Sequence[RunResult], of: Callable[[RunResult], Readings | None] = lambda cell: cell.readings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of all images, with training set, fold, seed and threshold, and of all tumours.

    `of` says which readings of a cell are meant.
    """
    known = [(c, readings) for c in cells if (readings := of(c)) is not None]
    images = [
        found.images.assign(
            training_set=c.training_set.name, fold=c.fold, seed=c.seed, threshold=found.threshold
        )
        for c, found in known
    ]
    tumours = [
        found.tumours.assign(training_set=c.training_set.name, fold=c.fold, seed=c.seed) for c, found in known
    ]
    return pd.concat(images, ignore_index=True), pd.concat(tumours, ignore_index=True)


def rank(images: pd.DataFrame, tumours: pd.DataFrame) -> pd.DataFrame:
    """Return a row per training set and score.

    Returns
    -------
    DataFrame
        ``training_set, score, mean, least, most``: over the folds. For each reference that takes part
        ``difference``, ``t_test`` and ``wilcoxon``, with its name behind: the training set minus the
        reference, and p-values corrected by Holm's rule over all training sets and baselines of a score. What
        is undefined is nan.
    """
    folds = _scores_of_folds(images, tumours).groupby(level=["training_set", "fold"], sort=False).mean()
    counted = _counted(images).groupby(["training_set", "name"], sort=False)[[*COUNTS]].mean()
    rows = []
    for score in (*RATIOS, *COUNTS):
        over_folds = folds[score].unstack("training_set")
        units = counted[score].unstack("training_set") if score in COUNTS else over_folds
        training_sets = list(dict.fromkeys(images["training_set"]))
        tests = _tests(units, training_sets)
        for training_set in training_sets:
            values = over_folds[training_set]
            row = {"training_set": training_set, "score": score, "mean": values.mean()}
            rows.append({**row, "least": values.min(), "most": values.max(), **tests[training_set]})
    return pd.DataFrame(rows)


def save_downstream_statistics(
    table: pd.DataFrame, images: pd.DataFrame, tumours: pd.DataFrame, out: Path
) -> None:
    """Write ``statistics.csv``, ``scores.csv`` (a row per training set, fold, seed, image) and so on."""
    for name, frame in {"scores.csv": images, "tumours.csv": tumours, "statistics.csv": table}.items():
        save_table(frame, out / name)


def _scores_of_folds(images: pd.DataFrame, tumours: pd.DataFrame) -> pd.DataFrame:
    """Pool each cell's images; (training set, fold, seed) x score."""
    # Every cell of a fold has the same tumours: one training set and seed of each fold has all of them once.
    first = tumours[
        (tumours["training_set"] == images["training_set"].iloc[0])
        & (tumours["seed"] == images["seed"].min())
    ]
    measure = _MEASURES[choose_measure(first["contrast"].tolist(), first["light"].tolist())]
    median = float(first[measure].median())
    found = dict([*tumours.groupby(_CELL)])
    rows = {
        key: {
            **_ratios(cell),
            **_recalls(found.get(key, tumours.iloc[:0]), measure, median),
            **{count: float(_counted(cell)[count].sum()) for count in COUNTS},
        }
        for key, cell in images.groupby(_CELL, sort=False)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index = pd.MultiIndex.from_tuples(rows, names=_CELL)
    return frame


def _ratios(cell: pd.DataFrame) -> dict[str, float]:
    pixels = Overlap(*(int(cell[f"pixels_{kind}"].sum()) for kind in ("found", "false", "missed")))
    objects = Detection(*(int(cell[f"tumours_{kind}"].sum()) for kind in ("found", "missed", "false")))
    return {
        "Dice": pixels.dice,
        "precision": pixels.precision,
        "recall": pixels.recall,
        "Jaccard": pixels.jaccard,
        "tumour recall": objects.recall,
        "tumour precision": objects.precision,
        "tumour F1": objects.f1,
    }


def _recalls(tumours: pd.DataFrame, measure: str, median: float) -> dict[str, float]:
    """Return the recall by size and by contrast; dim is below the median contrast of all test tumours."""
    area, contrast = tumours["area"], tumours[measure]
    ends = [*[*SIZES.values()][1:], np.inf]
    chosen = {
        size: (area >= low) & (area < end) for (size, low), end in zip(SIZES.items(), ends, strict=True)
    }
    chosen |= {"dim": contrast < median, "bright": contrast >= median}
    return {
        f"recall {kind}": float(tumours["found"][rows].astype(float).mean()) for kind, rows in chosen.items()
    }


def _counted(images: pd.DataFrame) -> pd.DataFrame:
    return images.assign(
        **{
            "wrong pixels": images["pixels_missed"] + images["pixels_false"],
            "tumours found": images["tumours_found"],
            "tumours missed": images["tumours_missed"],
            "false tumours": images["tumours_false"],
        }
    )


def _tests(units: pd.DataFrame, training_sets: Sequence[str]) -> Mapping[str, dict[str, float]]:
    """Test every training set against the baselines that take part, in pairs of units."""
    baselines = [baseline.name for baseline in BASELINES]
    against = [
        (training_set, other)
        for k, other in enumerate(baselines)
        for training_set in training_sets
        if other in training_sets and training_set not in baselines[: k + 1]  # baselines meet once
    ]
    tests = {pair: paired_test(units[pair[1]], units[pair[0]]) for pair in against}
    corrected = {
        kind: dict(zip(tests, holm([getattr(test, kind) for test in tests.values()]), strict=True))
        for kind in ("t_test", "wilcoxon")
    }
    rows: dict[str, dict[str, float]] = {training_set: {} for training_set in training_sets}
    for (training_set, other), test in tests.items():
        rows[training_set][f"difference {other}"] = test.difference
        for kind, values in corrected.items():
            rows[training_set][f"{kind} {other}"] = values[training_set, other]
    return rows
