"""Run folders as the verbs see them: claimed, resumed, with their configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from metgan.experiment import Experiment, read_file, resolve
from metgan.io import check_folder, claim_folder
from metgan.training import Order

from .options import Place, Training

CONFIG_FILE = "config.toml"
_RUN = "a run"


def resolve_run(out: Path, place: Place, options: Training, section: str, **given: Any) -> Experiment:
    """Give the settings of a run that may be written to `out`; writes nothing.

    A resumed run takes its settings from its own ``config.toml``; options given again override them.
    """
    check_folder(out, _RUN, resume=place.resume, overwrite=place.overwrite)
    resumes = place.resume and (out / CONFIG_FILE).is_file()
    layers = [read_file(options.config)] if options.config else []
    if resumes and not layers:
        layers = [read_file(out / CONFIG_FILE)]
    return resolve(*layers, {k: v for k, v in given.items() if v is not None}, options.layer(section))


def claim_run(out: Path, place: Place, experiment: Experiment, inputs: Iterable[Path]) -> None:
    """Claim a run folder, once its data is checked, and write its resolved ``config.toml``."""
    claim_folder(out, _RUN, resume=place.resume, overwrite=place.overwrite, inputs=inputs)
    experiment.save(out / CONFIG_FILE)


def order_of(experiment: Experiment, method: str, out: Path, place: Place) -> Order:
    """Give the order for training `method` as the experiment says."""
    recipe = experiment.segmentor if method == "segmentor" else experiment.training
    return Order(method, experiment.preset, recipe, experiment.engine, experiment.seed, out, place.resume)


def note(text: str) -> None:
    """Tell on stderr what the user should know and may want to mend; work goes on."""
    print(f"metgan: note: {text}", file=sys.stderr)


def written(path: Path) -> None:
    """Tell where a result is."""
    print(f"Written: {path}")
