"""``metgan study``: the comparisons of the paper, on the user's data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from metgan.data import PairSet
from metgan.experiment import Experiment
from metgan.io import claim_folder, write_json
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
        How often every method is trained, 1 or more, with the seeds --seed, --seed + 1 and so on. Default: 1,
        or as often as before with --resume.
    segmentor_steps
        Length in batches of the training of each segmentor, those in the loop and the referee. Default: the
        preset's.
    quick
        A coarse answer in minutes: --preset small, short trainings on crops of 64 pixels.
    """

    seeds: Positive | None = None
    segmentor_steps: Positive | None = None
    quick: Annotated[bool, Parameter(negative="")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class WrongLabels:
    """Who is given how many wrong labels.

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


_ONCE = Extent()
_A_QUARTER = WrongLabels()
_ASKED_FILE = "asked.json"


def similarity(
    data: Path,
    /,
    *,
    out: Path,
    methods: str | None = None,
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
        "table1" (seven), "table3" (four), "all" (nine), or names with commas between them. Default:
        table1, or those of before with --resume.
    """
    asked = _asked(out / "similarity", place, methods=(methods, "table1"), seeds=(extent.seeds, 1))
    rows = find_methods(asked["methods"])
    _compare(_Call(data, out, extent, options, place), asked, lambda study: compare_similarity(study, rows))


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
    asked = _asked(
        out / "robustness",
        place,
        methods=(wrong.methods, "metgan,pix2pix,cyclegan"),
        share=(wrong.share, 0.25),
        seeds=(extent.seeds, 1),
    )
    rows, share = find_methods(asked["methods"]), asked["share"]
    _compare(
        _Call(data, out, extent, options, place), asked, lambda study: compare_robustness(study, rows, share)
    )


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
    asked = _asked(out / "ablation", place, seeds=(extent.seeds, 1))
    _compare(_Call(data, out, extent, options, place), asked, compare_ablation)


@dataclass(frozen=True)
class _Call:
    """What every study is called with."""

    data: Path
    out: Path
    extent: Extent
    options: Training
    place: Place


def _compare(call: _Call, asked: dict[str, Any], plan: Callable[[Study], Comparison]) -> None:
    out, place = call.out, call.place
    quick = _QUICK if call.extent.quick else {}
    segmentor = {"steps": call.extent.segmentor_steps}
    experiment = resolve_study(out, place, call.options, quick, segmentor)
    pairs = PairSet.open(call.data)
    curriculum = load_data(pairs, experiment.seed)
    comparison = plan(Study(out, pairs, curriculum, _rules(experiment, asked["seeds"])))
    comparison.check()
    claim_folder(out, STUDY, resume=place.resume, overwrite=place.overwrite, inputs=[call.data])
    experiment.save(out / CONFIG_FILE)
    write_json(comparison.out / _ASKED_FILE, asked)
    steps = experiment.training.length(len(curriculum.train))
    seeds = "one seed" if asked["seeds"] == 1 else f"{asked['seeds']} seeds"
    lead = (
        f"Every method was trained with {seeds} on the training part of {call.data} for {steps} steps, "
        f"preset {experiment.preset}, and scored on its test part."
    )
    show_tables(comparison.hold(lead))
    written(comparison.out)


def _asked(out: Path, place: Place, **options: tuple[Any, Any]) -> dict[str, Any]:
    """Give what is asked: an option as it is given, or else as before with --resume, or else its default."""
    file = out / _ASKED_FILE
    before = json.loads(file.read_text(encoding="utf-8")) if place.resume and file.is_file() else {}
    return {
        name: before.get(name, default) if given is None else given
        for name, (given, default) in options.items()
    }


def _rules(experiment: Experiment, seeds: int) -> Rules:
    return Rules(
        experiment.preset,
        experiment.training,
        experiment.segmentor,
        experiment.engine,
        experiment.seed,
        seeds,
    )
