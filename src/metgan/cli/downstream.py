"""``metgan study downstream``: whether synthetic data helps a segmentation network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from metgan.data import PairSet
from metgan.studies import Downstream, SharedConfig, find_training_sets, fold_pairs

from .calls import ONCE, Call, StudyOptions
from .options import NEW_FOLDER, PRESET, OutputPolicy, Positive, Training, whole

_QUICK: dict[str, Any] = {
    "preset": "small",
    "training": {"validations": 4},  # on crops of 64 pixels it did not learn to paint cortex in 600 steps
    "segmentor": {"steps": 400, "learning_rate": 1e-3, "validations": 4},
}
Folds = Annotated[int, Parameter(validator=validators.Number(gte=2), converter=whole)]


@Parameter(name="*")
@dataclass(frozen=True)
class Grid:
    """Which training sets are compared, and in how many folds.

    Parameters
    ----------
    training_sets
        "all" (twenty-eight), "quick-set" (six), or names with commas between them: real-25, real-35, real-50,
        real-100, synthetic-0.5x, synthetic-1x, synthetic-2x, mixed-25-1x, mixed-50-1x, mixed-100-1x,
        mixed-100-2x, gated-100-1x, streamed-100-1x, noisy-1x, noisy-100-1x, matched-100-1x, aimed-100-1x,
        background-1x, background-2x, background-100-1x, background-100-2x, inserted-1x, inserted-100-1x,
        inserted-100-2x, real-100-strong, pasted-100-1x, mixed-100-1x-strong, inserted-100-1x-strong. Default:
        all, or those of before with --resume; quick-set with --quick.
    folds
        Parts that are tested on in turn, 2 or more, by whole groups over all pairs: the split that the pair
        set states is not used. Default: 5, or as many as before with --resume; 2 with --quick.
    training_pairs
        Pairs that the training part of each fold keeps, group after group, 1 or more, as with only so many
        annotated pairs. The validation part stays. Default: all, or as before with --resume.
    """

    training_sets: str | None = None
    folds: Folds | None = None
    training_pairs: Positive | None = None


_ALL = Grid()


def downstream(
    data: Path,
    /,
    *,
    out: Path,
    grid: Grid = _ALL,
    extent: StudyOptions = ONCE,
    options: Training = PRESET,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Train segmentors on real, synthetic and mixed data and compare what they find.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to downstream/ in it: scores.csv, tumours.csv,
        statistics.csv, tables.md, report.html.
    """
    with Call.reserving("downstream", data, out, extent, options, place) as call:
        _hold(call, grid)


def _hold(call: Call, grid: Grid) -> None:
    """Plan the study and hold it."""
    training_sets, folds = ("quick-set", 2) if call.extent.quick else ("all", 5)
    asked = call.asked(
        training_sets=(grid.training_sets, training_sets),
        folds=(grid.folds, folds),
        training_pairs=(grid.training_pairs, None),
    )
    rows = find_training_sets(asked["training_sets"])

    def plan(pairs: PairSet, rules: SharedConfig) -> tuple[Downstream, str]:
        splits = fold_pairs(pairs, asked["folds"], rules.seed, asked["training_pairs"])
        kept = f"{asked['training_pairs']} pairs" if asked["training_pairs"] else "the rest"
        lead = (
            f"Segmentors were trained alike on {len(rows)} kinds of training sets and tested on {call.data} "
            f"in {len(splits)} folds, trained on {kept} of each, preset {rules.preset}. Generator, labels "
            "and pasted tumours come from the training part of the fold alone; its validation part chooses "
            "the generator's weights, levels of reading and what aimed pairs show more of."
        )
        return Downstream(call.out, pairs, splits, rows, rules), lead

    call.hold(_QUICK, asked, plan)
