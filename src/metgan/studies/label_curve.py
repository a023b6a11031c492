"""How many pairs must be labelled? Segmentors of few labelled pairs, with and without metgan, on a curve.

The other pairs of a training part stay without a label: metgan learns from them, as from any scan that nobody
has annotated. Where all are labelled, it is what could be won at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from metgan.data import PairSet
from metgan.errors import SettingError

from .downstream import Downstream, fold_pairs
from .downstream_statistics import DownstreamResult
from .scores import save_table
from .shared_config import SharedConfig
from .training_sets import TrainingSet

WITHOUT: Final = TrainingSet(real=1.0, augment="strong")
"""What is had without metgan and without unlabelled pairs."""
WITH: Final = TrainingSet.parse("real-100-synthetic-5x-contrast-insert-unlabelled-balanced-teacher-strong")
"""What is had of the same labelled pairs with metgan and unlabelled ones: docs/results says why this set."""
_SCORES: Final = ("Dice", "tumour F1", "false tumours")


@dataclass(frozen=True)
class LabelCurve:
    """Trainings on so many labelled pairs, for each of several numbers, and on all.

    Parameters
    ----------
    folder : path
        What is trained with N labelled pairs goes to ``N-labelled/`` in it, and with all to
        ``all-labelled/``.
    pairs : PairSet
    counts : sequence of int
        Numbers of labelled pairs, in rising order.
    folds : int, 2 or more
    config : SharedConfig

    Raises
    ------
    SettingError
        For no number, or numbers that do not rise.
    """

    folder: Path
    pairs: PairSet
    counts: Sequence[int]
    folds: int
    config: SharedConfig

    def __post_init__(self) -> None:
        rising = [*self.counts] == sorted({*self.counts})
        if not self.counts or not rising or self.counts[0] < 1:
            given = f"numbers of labelled pairs {', '.join(map(str, self.counts)) or 'none'}"
            raise SettingError(given, "one or more, in rising order", "Give some, such as 6,24,96")

    @property
    def out(self) -> Path:
        """Folder of what is found."""
        return self.folder / "labels"

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained: see `Downstream.check`."""
        for _, point in self._points:
            point.check(anew=anew)

    def run(self) -> LabelCurveResult:
        """Train and score what is not yet, write the scores, and return what was found."""
        found = [(count, point.run()) for count, point in self._points]
        table = pd.DataFrame([row for count, result in found for row in _rows(count, result)])
        save_table(table, self.out / "scores.csv")
        return LabelCurveResult(self.config, table, [result for _, result in found])

    @cached_property
    def _points(self) -> list[tuple[int, Downstream]]:
        return [*self._drawn()]

    def _drawn(self) -> Iterator[tuple[int, Downstream]]:
        whole = fold_pairs(self.pairs, self.folds, self.config.seed)
        total = round(float(np.mean([len(split.train) for split in whole])))
        config = self.config.for_pairs(total)  # as long for a few as for all, also where epochs are set
        for count in self.counts:
            splits = fold_pairs(self.pairs, self.folds, config.seed, count)
            folder = self.folder / f"{count}-labelled"
            compared = [WITHOUT, WITH] if count < total else [WITH]  # all without come last, and once
            yield count, Downstream(folder, self.pairs, splits, compared, config)
        yield total, Downstream(self.folder / "all-labelled", self.pairs, whole, [WITHOUT], config)


@dataclass(frozen=True)
class LabelCurveResult:
    """What the study has found.

    Attributes
    ----------
    config : SharedConfig
    table : DataFrame
        ``labelled, training_set, score, mean, least, most``: over the folds.
    points : sequence of DownstreamResult
        By number of labelled pairs; the last of all.
    """

    config: SharedConfig
    table: pd.DataFrame
    points: Sequence[DownstreamResult]

    def curve(self, training_set: TrainingSet, score: str = "Dice") -> pd.DataFrame:
        """Return the rows of one training set and score, by number of labelled pairs."""
        rows = (self.table["training_set"] == training_set.name) & (self.table["score"] == score)
        return self.table[rows].set_index("labelled")

    def worth(self, labelled: int) -> float:
        """Return how many labelled pairs have without metgan the Dice that so many have with it.

        Between the numbers that were tried, the Dice is taken to rise with their logarithm, and never to
        fall. Infinite where even all pairs have less; 0 where the fewest have more.
        """
        without = self.curve(WITHOUT)["mean"]
        wanted = float(self.curve(WITH)["mean"].to_dict()[labelled])
        counts, dice = without.index.to_numpy(float), np.maximum.accumulate(without.to_numpy(float))
        if wanted > dice[-1]:
            return float("inf")
        if wanted < dice[0]:
            return 0.0
        if wanted in dice:  # where the curve is level, the fewest
            return float(counts[dice == wanted][0])
        return float(np.exp(np.interp(wanted, dice, np.log(counts))))


def _rows(count: int, result: DownstreamResult) -> Iterator[dict[str, object]]:
    rows = result.statistics[result.statistics["score"].isin(_SCORES)]
    for row in rows[["training_set", "score", "mean", "least", "most"]].to_dict("records"):
        yield {"labelled": count, **{str(key): value for key, value in row.items()}}
