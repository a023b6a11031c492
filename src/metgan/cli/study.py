"""``metgan study``: the comparisons of the paper, on the user's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from metgan.data import PairSet
from metgan.experiment import Experiment
from metgan.io import claim_folder
from metgan.methods import find_methods
from metgan.studies import (
    Comparison,
    Rules,
    Study,
    compare_ablation,
    compare_robustness,
    compare_similarity,
)
from metgan.training import load_data

from .folders import CONFIG_FILE, STUDY, resolve_study, show_tables, written
from .options import NEW_FOLDER, PRESET, Place, Positive, Training

_QUICK: dict[str, Any] = {
    "preset": "small",
    "training": {"steps": 120, "crop": 64, "validations": 4},
    "segmentor": {"steps": 120, "validations": 3},
}
Share = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))]


@Parameter(name="*")
@dataclass(frozen=True)
class Extent:
    """How much is asked.

    Parameters
    ----------
    seeds
        How often every method is trained, 1 or more, with the seeds --seed, --seed + 1 and so on.
    segmentor_steps
        Length in batches of the training of each segmentor, those in the loop and the referee. Default: the
        preset's.
    quick
        A coarse answer in minutes: --preset small, short trainings on crops of 64 pixels.
    """

    seeds: Positive = 1
    segmentor_steps: Positive | None = None
    quick: Annotated[bool, Parameter(negative="")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class WrongLabels:
    """Who is given how many wrong labels.

    Parameters
    ----------
    methods
        As for metgan study similarity.
    share
        Share of the training and validation labels that are passed on to wrong images, in (0, 1].
    """

    methods: str = "metgan,pix2pix,cyclegan"
    share: Share = 0.25


_ONCE = Extent()
_A_QUARTER = WrongLabels()


def similarity(
    data: Path,
    /,
    *,
    out: Path,
    methods: str = "table1",
    extent: Extent = _ONCE,
    options: Training = PRESET,
    place: Place = NEW_FOLDER,
) -> None:
    """Train methods alike and compare what they paint.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to similarity/ in it: scores.csv, standings.csv, tables.md,
        grid.png, report.html.
    methods
        "table1" (seven), "table3" (four), "all" (nine), or names with commas between them.
    """
    rows = find_methods(methods)
    _compare(data, out, extent, options, place, lambda study: compare_similarity(study, rows))


def robustness(
    data: Path,
    /,
    *,
    out: Path,
    wrong: WrongLabels = _A_QUARTER,
    extent: Extent = _ONCE,
    options: Training = PRESET,
    place: Place = NEW_FOLDER,
) -> None:
    """Train methods with clean and with partly shuffled labels, and compare what they paint.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to robustness/ in it: scores.csv, standings.csv, tables.md,
        grid.png, report.html.
    """
    rows = find_methods(wrong.methods)
    _compare(data, out, extent, options, place, lambda study: compare_robustness(study, rows, wrong.share))


def ablation(
    data: Path,
    /,
    *,
    out: Path,
    extent: Extent = _ONCE,
    options: Training = PRESET,
    place: Place = NEW_FOLDER,
) -> None:
    """Train MetGAN with one decision at a time made as its release made it.

    Parameters
    ----------
    data
        Pair set.
    out
        Folder of the study. What was found goes to ablation/ in it: scores.csv, standings.csv, tables.md,
        grid.png, report.html.
    """
    _compare(data, out, extent, options, place, compare_ablation)


def _compare(
    data: Path,
    out: Path,
    extent: Extent,
    options: Training,
    place: Place,
    plan: Callable[[Study], Comparison],
) -> None:
    segmentor = {"steps": extent.segmentor_steps}
    experiment = resolve_study(out, place, options, _QUICK if extent.quick else {}, segmentor)
    pairs = PairSet.open(data)
    curriculum = load_data(pairs, experiment.seed)
    comparison = plan(Study(out, pairs, curriculum, _rules(experiment, extent)))
    comparison.check()
    claim_folder(out, STUDY, resume=place.resume, overwrite=place.overwrite, inputs=[data])
    experiment.save(out / CONFIG_FILE)
    steps = experiment.training.length(len(curriculum.train))
    seeds = "one seed" if extent.seeds == 1 else f"{extent.seeds} seeds"
    lead = (
        f"Every method was trained with {seeds} on the training part of {data} for {steps} steps, preset "
        f"{experiment.preset}, and scored on its test part."
    )
    show_tables(comparison.hold(lead))
    written(comparison.out)


def _rules(experiment: Experiment, extent: Extent) -> Rules:
    return Rules(
        experiment.preset,
        experiment.training,
        experiment.segmentor,
        experiment.engine,
        experiment.seed,
        extent.seeds,
    )
