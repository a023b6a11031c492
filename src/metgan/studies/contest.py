"""A contest: methods trained on the same data under the same rules, and scored by the same referee.

All of it lies in one folder. A cell (one method, one seed) that is finished is never trained again; one that
was interrupted goes on from its checkpoint; one whose rules or data have changed is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from metgan.data import SPLIT_FILE, Normalisation, PairSet, save_split
from metgan.io import fingerprint, has_file
from metgan.methods import Method
from metgan.models import MODEL_FILE, model_path
from metgan.synthesis import load
from metgan.training import (
    SEGMENTOR_FOLDER,
    Curriculum,
    GanRecipe,
    Order,
    Recipe,
    check_method_order,
    check_segmentor_order,
    train_method,
    train_segmentor,
    trained_seconds,
)

from .evaluation import checksum_of, evaluate
from .rules import Rules
from .scores import SCORES_FILE, SUMMARY_FILE


@dataclass(frozen=True)
class Result:
    """One cell: a method trained with one seed, and its scores.

    Attributes
    ----------
    method : Method
    seed : int
    run : path
        Run folder of the generator.
    scores : DataFrame
        A row per test image, as in ``scores.csv``.
    summary : dict
        As in ``summary.json``.
    parameters : int
        Of the generator that paints.
    seconds : float
        Of the method's training, without the segmentor's.
    """

    method: Method
    seed: int
    run: Path
    scores: pd.DataFrame
    summary: dict[str, Any]
    parameters: int
    seconds: float


@dataclass(frozen=True)
class Contest:
    """Where and on what a contest is held.

    Parameters
    ----------
    folder : path
    data : Curriculum
        What is trained on.
    units : Normalisation
        The [-1, 1] that likeness is measured on.
    test : PairSet
        The test pairs.
    referee : path
        Run folder of the segmentor that judges.
    rules : Rules
    """

    folder: Path
    data: Curriculum
    units: Normalisation
    test: PairSet
    referee: Path
    rules: Rules

    def check(self, methods: Sequence[Method], *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained; `anew` as for `Comparison.check`."""
        check_segmentor_order(replace(self._segmentor_order(), resume=not anew), self.data)
        is_there = not anew and has_file(self._segmentor / MODEL_FILE)
        for method in methods:
            order = replace(self._order(method, self.rules.seed), resume=not anew)
            check_method_order(order, self.data, method, self._segmentor if is_there else None)

    def hold(self, methods: Sequence[Method]) -> list[Result]:
        """Train and score every method with every seed; finished cells are only read.

        All methods with the first seed come first, so that there is a whole table early.
        """
        self._segmentor.mkdir(parents=True, exist_ok=True)
        train_segmentor(self._segmentor_order(), self.data)
        seeds = range(self.rules.seed, self.rules.seed + self.rules.seeds)
        return [self._cell(method, seed) for seed in seeds for method in methods]

    def _cell(self, method: Method, seed: int) -> Result:
        order = self._order(method, seed)
        order.folder.mkdir(parents=True, exist_ok=True)
        save_split(self.data.split, order.folder / SPLIT_FILE)
        train_method(order, self.data, method, self._segmentor)
        painter = load(order.folder, self.rules.engine.device)
        out = self.folder / "scores" / order.folder.name
        known = {
            "model": painter.fingerprint,
            "referee": fingerprint(model_path(self.referee)),
            "test": checksum_of(self.test.read_all()),
        }
        if not _is_scored(out, known):
            mean = replace(self.data, normalisation=self.units).mean("tumour")
            evaluation, _ = evaluate(painter, self.test, self.referee, mean, self.units, order.folder)
            evaluation.save(out)
        return Result(
            method,
            seed,
            order.folder,
            pd.read_csv(out / SCORES_FILE, dtype={"name": str, "group": str, "organ": str}),
            json.loads((out / SUMMARY_FILE).read_text(encoding="utf-8")),
            painter.parameters,
            trained_seconds(order.folder),
        )

    @property
    def _segmentor(self) -> Path:
        return self.folder / SEGMENTOR_FOLDER

    def _segmentor_order(self) -> Order[Recipe]:
        return self.rules.segmentor_order(self._segmentor)

    def _order(self, method: Method, seed: int) -> Order[GanRecipe]:
        return self.rules.method_order(method, self.folder / "runs" / f"{method.name}-seed{seed}", seed)


def _is_scored(folder: Path, known: dict[str, str]) -> bool:
    """Say whether these weights have been scored by this referee; the summary is written last."""
    path = folder / SUMMARY_FILE
    if not has_file(path):
        return False
    summary = json.loads(path.read_text(encoding="utf-8"))
    return all(summary.get(name) == value for name, value in known.items())
