"""Methods trained on the same data under the same rules, and scored by the same independent segmentor.

All of it lies in one folder. A cell (one method, one seed) that is finished is never trained again; one that
was interrupted goes on from its checkpoint; one whose settings or data have changed is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from metgan.data import Normalisation, PairSet, StoredPairs
from metgan.errors import StorageError
from metgan.io import fingerprint, has_file
from metgan.methods import Method
from metgan.models import MODEL_FILE, model_path
from metgan.progress import note
from metgan.synthesis import load
from metgan.training import (
    SEGMENTOR_FOLDER,
    RunConfig,
    TrainConfig,
    TrainingData,
    check_method_config,
    check_segmentor_config,
    train_method,
    train_segmentor,
    trained_seconds,
)

from .evaluation import checksum_of, evaluate
from .scores import SCORES_FILE, SUMMARY_FILE, check_scores, load_table, read_summary
from .shared_config import SharedConfig


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
        Of the generator that generates.
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
class MethodRuns:
    """Where and on what a comparison is held.

    Parameters
    ----------
    folder : path
    data : TrainingData
        What is trained on.
    units : Normalisation
        The [-1, 1] that similarity is measured on.
    test : PairSet
        The test pairs.
    independent_segmentor : path
        Run folder of the independent segmentor.
    config : SharedConfig
    """

    folder: Path
    data: TrainingData
    units: Normalisation
    test: PairSet
    independent_segmentor: Path
    config: SharedConfig

    def check(self, methods: Sequence[Method], *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained; `anew` as for `Comparison.check`."""
        check_segmentor_config(replace(self._segmentor_config(), resume=not anew), self.data)
        is_there = not anew and has_file(self._segmentor / MODEL_FILE)
        for method in methods:
            run_config = self.config.method_config(method, self.folder, self.config.seed)
            run_config = replace(run_config, resume=not anew)
            check_method_config(run_config, self.data, method, self._segmentor if is_there else None)

    def run(self, methods: Sequence[Method]) -> list[Result]:
        """Train and score every method with every seed; finished cells are only read.

        All methods with the first seed come first, so that there is a whole table early.
        """
        train_segmentor(self._segmentor_config(), self.data)
        seeds = range(self.config.seed, self.config.seed + self.config.seeds)
        return [self._cell(method, seed) for seed in seeds for method in methods]

    def _cell(self, method: Method, seed: int) -> Result:
        run_config = self.config.method_config(method, self.folder, seed)
        train_method(run_config, self.data, method, self._segmentor)
        inpainter = load(run_config.folder, self.config.engine.device)
        out = self.folder / "scores" / run_config.folder.name
        known = {
            "model": inpainter.fingerprint,
            "independent_segmentor": fingerprint(model_path(self.independent_segmentor)),
            "test": checksum_of(StoredPairs(self.test)),
        }
        if not _is_scored(out, known):
            mean = replace(self.data, normalisation=self.units).mean("tumour")
            evaluation, _ = evaluate(
                inpainter, self.test, self.independent_segmentor, mean, self.units, run_config.folder
            )
            evaluation.save(out)
        return Result(
            method,
            seed,
            run_config.folder,
            load_table(out / SCORES_FILE),
            read_summary(out),
            inpainter.parameters,
            trained_seconds(run_config.folder),
        )

    @property
    def _segmentor(self) -> Path:
        return self.folder / SEGMENTOR_FOLDER

    def _segmentor_config(self) -> RunConfig[TrainConfig]:
        return self.config.segmentor_config(self._segmentor)


def _is_scored(folder: Path, known: dict[str, str]) -> bool:
    """Return whether this independent segmentor has scored these weights, and every row is still there."""
    if not has_file(folder / SUMMARY_FILE):  # it is written last
        return False
    try:
        check_scores(folder)
    except StorageError as error:
        note(f"{error.given}: scored again")
        return False
    summary = read_summary(folder)
    return all(summary.get(name) == value for name, value in known.items())
