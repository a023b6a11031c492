"""Whether synthetic data helps a segmentation network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metgan.data import PairSet
from metgan.progress import Listener, listening
from metgan.reporting import Report, downstream_report
from metgan.studies import (
    Downstream,
    DownstreamResult,
    SharedConfig,
    TrainingSet,
    TrainingSetGrid,
    choose_training_sets,
    fold_pairs,
)

from .pair_sets import open_labelled
from .ranges import COUNT, check_ranges
from .study_call import TAKE_UNLABELLED, StudyCall, StudyRequest, StudyResult, reserve_study

_QUICK: dict[str, Any] = {
    "preset": "small",
    "training": {"validations": 4},  # on crops of 64 pixels it did not learn to generate cortex in 600 steps
    "segmentor": {"steps": 400, "learning_rate": 1e-3, "validations": 4},
}
_NO_GRID = TrainingSetGrid()


@dataclass(frozen=True, kw_only=True)
class DownstreamRequest(StudyRequest):
    """Segmentors to be trained on real, synthetic and mixed data: Table 2 and Fig. 4 of the paper.

    Parameters
    ----------
    grid : TrainingSetGrid
    sets : str or None
        Training sets beside those that --real, --synthetic and so on make, with commas between: "table2" (the
        paper's), "quick-set" (six), "few-labels" (beside unlabelled pairs), "all" (twenty-eight), files of
        your own that end with .toml, and training sets by name, such as
        real-25-synthetic-1x-contrast-background. All real pairs, with and without strong augmentation, are
        always among them. Default: all where none are asked for, or those of before
        with --resume; quick-set with --quick.
    folds : int or None
        Parts that are tested on in turn, 2 or more, by whole groups over all pairs: the split that the pair
        set states is not used. Default: 5, or as many as before with --resume; 2 with --quick.
    training_pairs : int or None
        Pairs that the training part of each fold keeps, group after group, 1 or more, as if only that many
        were annotated. The validation part stays; the others are taken as unlabelled by the training sets
        that use such pairs. Default: all, or as before with --resume.
    elsewhere : Path or None
        Pair set of another laboratory, which all are tested on too. Default: none, or as before with
        --resume.
    """

    grid: TrainingSetGrid = _NO_GRID
    sets: str | None = None
    folds: int | None = None
    training_pairs: int | None = None
    elsewhere: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, folds=(2, COUNT[1]), training_pairs=COUNT)


def downstream(request: DownstreamRequest, on_event: Listener | None = None) -> StudyResult:
    """Train segmentors on real, synthetic and mixed data and compare what they find."""
    with (
        listening(on_event),
        reserve_study("downstream", request, TAKE_UNLABELLED, request.elsewhere) as call,
    ):
        return _run(call, request)


def _run(call: StudyCall, request: DownstreamRequest) -> StudyResult:
    """Plan the study and run it."""
    usual, folds = ("quick-set", 2) if request.options.quick else ("all", 5)
    given = request.sets is not None or request.grid != _NO_GRID
    asked = call.asked(
        training_sets=(_names(request.sets, request.grid) if given else None, _names(usual)),
        folds=(request.folds, folds),
        training_pairs=(request.training_pairs, None),
        elsewhere=(None if request.elsewhere is None else str(request.elsewhere.resolve()), None),
    )
    elsewhere = None if asked["elsewhere"] is None else open_labelled(Path(asked["elsewhere"]))
    rows = [TrainingSet.parse(name) for name in asked["training_sets"]]

    def plan(pairs: PairSet, shared: SharedConfig) -> Downstream:
        splits = fold_pairs(pairs, asked["folds"], shared.seed, asked["training_pairs"])
        return Downstream(request.out, pairs, splits, rows, shared, elsewhere)

    def report(found: DownstreamResult) -> Report:
        return downstream_report(found, request.data, asked["training_pairs"])

    return call.run(_QUICK, asked, plan, report)


def _names(sets: str | None, grid: TrainingSetGrid = _NO_GRID) -> list[str]:
    return [training_set.name for training_set in choose_training_sets(sets, grid)]
