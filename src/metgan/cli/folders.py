"""Run folders as the verbs see them: claimed, resumed, with their configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column
from rich.table import Table as TextTable

from metgan.errors import SettingError
from metgan.experiment import (
    METHOD,
    Experiment,
    GanConfigs,
    Table,
    load_experiment,
    names_preset,
    read_file,
    resolve,
)
from metgan.io import has_file, has_folder, is_half_deleted, prepare_output, reserve_folder
from metgan.models import load_generator, load_segmentor, read_card
from metgan.progress import note
from metgan.studies import Section
from metgan.training import (
    CHECKPOINT,
    GAN_CONFIGS,
    OPEN_CONFIGS,
    GanTrainConfig,
    RunConfig,
    TrainConfig,
    check_identity,
    without_lengths,
)

from .options import OutputPolicy, Training

CONFIG_FILE = "config.toml"
RUN = "a run"
STUDY = "a study"
_WIDE = 240  # characters


@contextmanager
def reserved(
    out: Path, kind: str, verb: str, place: OutputPolicy, inputs: Iterable[Path] = ()
) -> Iterator[OutputPolicy]:
    """Hold `out` over a whole call, so that a second one is refused before it has prepared anything.

    Yields what may happen to `out`: where overwriting it was cut short, resuming it means to end that.
    """
    if place.resume and is_half_deleted(out):
        note(f"an earlier --overwrite of {out} was interrupted while deleting; the rest is deleted first")
        place = OutputPolicy(overwrite=True)
    if place.resume and not has_folder(out):
        note(f"there is no {out} to resume; starting it")
    with reserve_folder(out, kind, verb, **asdict(place), inputs=inputs):
        yield place


def resolve_run(out: Path, place: OutputPolicy, options: Training, section: str, **given: Any) -> Experiment:
    """Return the settings of a run that is written to `out`; writes nothing.

    A method is trained while validation improves, unless a length is given. A resumed run takes its settings
    from its own ``config.toml``; options given again override them.
    """
    given = {k: v for k, v in given.items() if v is not None}
    configs = OPEN_CONFIGS if section == "training" else GAN_CONFIGS
    return _resolve_and_tell(*_base(out, place, options), given, options.layer(section), configs=configs)


def resolve_study(
    out: Path, study: str, place: OutputPolicy, options: Training, quick: Table, segmentor: Table
) -> Experiment:
    """Return the settings of a study that is written to `out`; options that are given win over `quick`.

    A resumed study takes its own settings, and one that is added to a folder those of the last one there.
    """
    given = {"segmentor": segmentor}
    home = out / study if has_file(out / study / CONFIG_FILE) else out
    experiment = _resolve_and_tell(*_base(home, place, options), quick, given, options.layer("training"))
    if experiment.pretrained_segmentor or experiment.method != METHOD:
        raise SettingError(
            f"method {experiment.method}, pretrained_segmentor {experiment.pretrained_segmentor or 'none'}",
            "neither in the experiment file of a study",
            "Leave both out of the file: a study has its own methods, and trains one segmentor for all",
        )
    if experiment.training.early_stopping is not None:
        raise SettingError(
            "early_stopping in the experiment file of a study",
            "the same length for all that is compared",
            "Take it out of the file, or give --steps or --epochs",
        )
    return experiment


def _resolve_and_tell(*layers: Table, configs: GanConfigs = GAN_CONFIGS) -> Experiment:
    experiment = resolve(*layers, configs=configs)
    if not names_preset(*layers):
        note(preset_note(experiment.preset, experiment.engine.device))
    return experiment


def preset_note(preset: str, device: str) -> str:
    """Return what to say of a preset that was chosen for a `device` that was asked for, or "auto".

    Examples
    --------
    >>> preset_note("small", "cpu")
    "preset small, because the device is a CPU; --preset paper takes the paper's size, for a GPU"
    """
    if preset == "paper":
        return "preset paper, because there is a CUDA device; --preset small takes minutes instead of hours"
    why = "the device is a CPU" if device == "cpu" else "there is no CUDA device"
    return f"preset small, because {why}; --preset paper takes the paper's size, for a GPU"


def _base(out: Path, place: OutputPolicy, options: Training) -> list[Table]:
    """Return the file that is given, or that of the folder that is resumed.

    A folder that is resumed keeps its preset also under a file that names none, whatever the machine.
    """
    own = read_file(out / CONFIG_FILE) if place.resume and has_file(out / CONFIG_FILE) else {}
    if options.config:
        return [{"preset": own.get("preset")}, read_file(options.config)]
    return [own]


def refuse_other_settings(file: Path, place: OutputPolicy, experiment: Experiment, free: str = "") -> None:
    """Refuse to go on where other settings were noted in `file`, and name those that differ.

    `free` is the section, if any, whose length may be another.
    """
    if place.resume and has_file(file):
        theirs, mine = load_experiment(file).identity(), experiment.identity()
        if free:
            theirs, mine = without_lengths(theirs, f"{free}."), without_lengths(mine, f"{free}.")
        check_identity(file, theirs, mine)


@contextmanager
def prepare_run(
    run_config: RunConfig[TrainConfig], place: OutputPolicy, experiment: Experiment, inputs: Iterable[Path]
) -> Iterator[None]:
    """Claim a run folder, once its data is checked, write its resolved ``config.toml``, and hold it.

    A checkpoint knows the settings that matter; before there is one, all of ``config.toml`` must agree but
    the length of the training itself, of which nothing is done.
    """
    out = run_config.folder
    is_segmentor = run_config.method == "segmentor"
    verb = "metgan segmentor" if is_segmentor else "metgan train"
    if not run_config.resumes:
        section = "segmentor" if is_segmentor else "training"
        refuse_other_settings(out / CONFIG_FILE, place, experiment, section)
    with prepare_output(out, RUN, verb, resume=place.resume, overwrite=place.overwrite, inputs=inputs):
        experiment.save(out / CONFIG_FILE)
        yield
        check_model(out)


def check_model(run: Path) -> None:
    """Load the network of a run as its users will: what cannot be loaded is not called written."""
    load = load_generator if read_card(run).kind == "generator" else load_segmentor
    load(run)


def run_config_of(experiment: Experiment, out: Path, place: OutputPolicy) -> RunConfig[GanTrainConfig]:
    """Return the settings of the method's run as the experiment says; a resumed one may be lengthened."""
    e = experiment
    return RunConfig(e.method, e.preset, e.training, e.engine, e.seed, out, place.resume, lengthen=True)


def segmentor_config_of(experiment: Experiment, out: Path, place: OutputPolicy) -> RunConfig[TrainConfig]:
    """Return the settings of a segmentor's run as the experiment says; a resumed one may be lengthened."""
    e = experiment
    return RunConfig("segmentor", e.preset, e.segmentor, e.engine, e.seed, out, place.resume, lengthen=True)


def note_warning(run: Path) -> None:
    """Tell of a network that has hardly learned anything, and what to do."""
    if (card := read_card(run)).warning:
        note(f"the {card.kind} {run}: {card.warning}")


def show_tables(sections: Iterable[Section]) -> None:
    """Print the sections' tables; a file has room for the widest, a terminal is as wide as it is."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    for section in sections:
        if section.table is not None:
            first, *others = section.table.header
            table = TextTable(first, *(Column(name, justify="right") for name in others), box=SIMPLE)
            for row in section.table.rows:
                table.add_row(*row)
            console.print(table)


def written(path: Path) -> None:
    """Print where a result is."""
    print(f"Written: {path}")


def checkpoints(folder: Path) -> dict[Path, int]:
    """Return the checkpoints in a folder, each with the time of its last writing in ns."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob(CHECKPOINT)}


def written_or_finished(path: Path, before: Mapping[Path, int]) -> None:
    """Print where a result is, or that it was there: all that was trained was so `before`."""
    if before and checkpoints(path) == before:
        print(f"Finished already, nothing was trained: {path}")
    else:
        written(path)
