"""``metgan study``: the comparisons of the paper, on the user's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from metgan.data import PairSet
from metgan.methods import find_methods
from metgan.studies import (
    Comparison,
    SharedConfig,
    Study,
    compare_ablation,
    compare_robustness,
    compare_similarity,
)
from metgan.training import load_data

from .calls import ONCE, Call, StudyOptions
from .options import NEW_FOLDER, PRESET, OutputPolicy, Training

_QUICK: dict[str, Any] = {
    "preset": "small",
    "training": {"steps": 120, "crop": 64, "validations": 4},
    "segmentor": {"steps": 120, "validations": 3},
}
Share = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))]


@Parameter(name="*")
@dataclass(frozen=True)
class WrongLabels:
    """Which methods get how many wrong labels.

    Parameters
    ----------
    methods
        As for metgan study similarity. Default: metgan,pix2pix,cyclegan.
    share
        Share of the training and validation labels that are passed on to wrong images, in (0, 1]. Default:
        0.25.
    """

    methods: str | None = None
    share: Share | None = None


_A_QUARTER = WrongLabels()


def similarity(
    data: Path,
    /,
    *,
    out: Path,
    methods: str | None = None,
    extent: StudyOptions = ONCE,
    options: Training = PRESET,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Train methods alike and compare the images they generate.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to similarity/ in it: scores.csv, statistics.csv, tables.md,
        grid.png, report.html.
    methods
        "table1" (seven), "table3" (four), "all" (nine), or names with commas between them. Default:
        table1, or those of before with --resume.
    """
    with Call.reserving("similarity", data, out, extent, options, place) as call:
        asked = call.asked(methods=(methods, "table1"))
        rows = find_methods(asked["methods"])
        _compare(call, asked, lambda study: compare_similarity(study, rows))


def robustness(
    data: Path,
    /,
    *,
    out: Path,
    wrong: WrongLabels = _A_QUARTER,
    extent: StudyOptions = ONCE,
    options: Training = PRESET,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Train methods with clean and with partly shuffled labels, and compare the images they generate.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to robustness/ in it: scores.csv, statistics.csv, tables.md,
        grid.png, report.html.
    """
    with Call.reserving("robustness", data, out, extent, options, place) as call:
        asked = call.asked(methods=(wrong.methods, "metgan,pix2pix,cyclegan"), share=(wrong.share, 0.25))
        rows, share = find_methods(asked["methods"]), asked["share"]
        _compare(call, asked, lambda study: compare_robustness(study, rows, share))


def ablation(
    data: Path,
    /,
    *,
    out: Path,
    extent: StudyOptions = ONCE,
    options: Training = PRESET,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Train MetGAN with one decision at a time made as its release made it.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to ablation/ in it: scores.csv, statistics.csv, tables.md,
        grid.png, report.html.
    """
    with Call.reserving("ablation", data, out, extent, options, place) as call:
        _compare(call, call.asked(), compare_ablation)


def _compare(call: Call, asked: dict[str, Any], compare: Callable[[Study], Comparison]) -> None:
    def plan(pairs: PairSet, rules: SharedConfig) -> tuple[Comparison, str]:
        training_data = load_data(pairs, rules.seed)
        steps = rules.training.length(len(training_data.train))
        seeds = "one seed" if rules.seeds == 1 else f"{rules.seeds} seeds"
        lead = (
            f"Every method was trained with {seeds} on the training part of {call.data} for {steps} steps, "
            f"preset {rules.preset}, and scored on its test part."
        )
        return compare(Study(call.out, pairs, training_data, rules)), lead

    call.hold(_QUICK, asked, plan)
