"""The settings of a training or a study: options over an experiment file over the preset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from metgan.checked import Checked
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
from metgan.io import has_file
from metgan.progress import note
from metgan.training import (
    GAN_CONFIGS,
    OPEN_CONFIGS,
    RANGES,
    GanTrainConfig,
    RunConfig,
    check_identity,
    without_lengths,
)

from .output import Output, OutputPolicy
from .ranges import SEED, check_ranges

CONFIG_FILE = "config.toml"
_LENGTHS = ("steps", "epochs", "batch_size", "crop", "learning_rate")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Checked):
    """How to train; what is not given comes from --config, then from the preset.

    Parameters
    ----------
    preset : {"paper", "released", "small"} or None
        Network size and training defaults: "paper" (40 M parameters, 200 epochs: a GPU), "released" (the
        released layout), "small" (3 M parameters: two CPU cores, minutes). Default: paper on a CUDA device,
        small on a CPU.
    seed : int or None
        0 to 2**53 - 1; the same seed gives the same bytes on the same CPU with as many threads
        (OMP_NUM_THREADS): sums are taken in another order with more or fewer. Default: 0.
    steps : int or None
        Fixed length in batches, 1 or more; with --resume of metgan train and metgan segmentor, a longer one.
        Default: for metgan train as long as validation improves, within the preset's bounds; else the
        preset's length.
    epochs : int or None
        Fixed length in passes over the data, 1 or more; instead of --steps.
    batch_size : int or None
        Pairs per step, 1 to 4096. Default: the preset's.
    crop : int or None
        Side in pixels of the training crops, at most: the smallest image decides. Default: the preset's.
    learning_rate : float or None
        Learning rate of Adam, 1e-12 to 1. Default: the preset's.
    device : {"auto", "cpu", "cuda"} or None
        "auto" takes a CUDA device where there is one. Default: auto.
    precision : {"auto", "fp32", "bf16"} or None
        "auto" takes bf16 where the hardware is faster with it (CUDA, CPUs with AMX). Default: auto.
    deterministic : bool
        Refuse operations without a deterministic form (matters on CUDA).
    config : Path or None
        Experiment file (TOML); options given here override it.
    """

    preset: Literal["paper", "released", "small"] | None = None
    seed: int | None = None
    steps: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    crop: int | None = None
    learning_rate: float | None = None
    device: Literal["auto", "cpu", "cuda"] | None = None
    precision: Literal["auto", "fp32", "bf16"] | None = None
    deterministic: bool = False
    config: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, seed=SEED, **{name: RANGES[name] for name in _LENGTHS})
        if self.steps is not None and self.epochs is not None:
            raise SettingError(
                f"steps {self.steps} and epochs {self.epochs}", "one length", "Leave one of them out"
            )

    def layer(self, section: str) -> dict[str, Any]:
        """Return the settings as tables for `metgan.experiment.resolve`; lengths go into `section`."""
        engine: dict[str, Any] = {"device": self.device, "precision": self.precision}
        if self.deterministic:
            engine["deterministic"] = True
        lengths = {name: getattr(self, name) for name in _LENGTHS}
        given = {section: lengths, "engine": engine, "preset": self.preset, "seed": self.seed}
        return {key: value for key, value in given.items() if value is not None}


PRESET = TrainingSettings()


def resolve_run(output: Output, settings: TrainingSettings, section: str, **given: Any) -> Experiment:
    """Return the settings of a run that is written to `output`; writes nothing.

    A method is trained while validation improves, unless a length is given. A resumed run takes its settings
    from its own ``config.toml``; options given again override them.
    """
    given = {k: v for k, v in given.items() if v is not None}
    configs = OPEN_CONFIGS if section == "training" else GAN_CONFIGS
    base = _base(output.path, output.policy, settings)
    return _resolve_and_tell(*base, given, settings.layer(section), configs=configs)


def resolve_study(
    output: Output, study: str, settings: TrainingSettings, quick: Table, segmentor: Table
) -> Experiment:
    """Return the settings of a study that is written to `output`; options that are given win over `quick`.

    A resumed study takes its own settings, and one that is added to a folder those of the last one there.
    """
    given = {"segmentor": segmentor}
    own = output.path / study
    home = own if has_file(own / CONFIG_FILE) else output.path
    experiment = _resolve_and_tell(
        *_base(home, output.policy, settings), quick, given, settings.layer("training")
    )
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


def _base(out: Path, policy: OutputPolicy, settings: TrainingSettings) -> list[Table]:
    """Return the file that is given, or that of the folder that is resumed.

    A folder that is resumed keeps its preset also under a file that names none, whatever the machine.
    """
    own = read_file(out / CONFIG_FILE) if policy.resume and has_file(out / CONFIG_FILE) else {}
    if settings.config:
        return [{"preset": own.get("preset")}, read_file(settings.config)]
    return [own]


def refuse_other_settings(file: Path, policy: OutputPolicy, experiment: Experiment, free: str = "") -> None:
    """Refuse to resume where other settings were noted in `file`, and name those that differ.

    `free` is the section, if any, whose length may be another.
    """
    if policy.resume and has_file(file):
        theirs, mine = load_experiment(file).identity(), experiment.identity()
        if free:
            theirs, mine = without_lengths(theirs, f"{free}."), without_lengths(mine, f"{free}.")
        check_identity(file, theirs, mine)


def run_config_of(experiment: Experiment, out: Path, policy: OutputPolicy) -> RunConfig[GanTrainConfig]:
    """Return the settings of the method's run as the experiment says; a resumed one may be lengthened."""
    e = experiment
    return RunConfig(e.method, e.preset, e.training, e.engine, e.seed, out, policy.resume, lengthen=True)
