"""Run folders as the verbs see them: claimed, resumed, with their configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metgan.experiment import Experiment, read_file, resolve
from metgan.io import claim_folder
from metgan.training import Order

from .options import Place, Training

CONFIG_FILE = "config.toml"


def open_run(out: Path, place: Place, options: Training, section: str, **given: Any) -> Experiment:
    """Claim a run folder and write its resolved ``config.toml``.

    A resumed run takes its settings from its own ``config.toml``; options given again override them.
    """
    resumes = place.resume and (out / CONFIG_FILE).is_file()
    layers = [read_file(options.config)] if options.config else []
    if resumes and not layers:
        layers = [read_file(out / CONFIG_FILE)]
    experiment = resolve(*layers, {k: v for k, v in given.items() if v is not None}, options.layer(section))
    claim_folder(out, "a run", resume=place.resume, overwrite=place.overwrite)
    experiment.save(out / CONFIG_FILE)
    return experiment


def order_of(experiment: Experiment, method: str, out: Path, place: Place) -> Order:
    """Give the order for training `method` as the experiment says."""
    recipe = experiment.segmentor if method == "segmentor" else experiment.training
    return Order(method, experiment.preset, recipe, experiment.engine, experiment.seed, out, place.resume)


def written(path: Path) -> None:
    """Tell where a result is."""
    print(f"Written: {path}")
