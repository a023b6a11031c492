"""``metgan segmentor``."""

from __future__ import annotations

from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, load_split, save_split
from metgan.studies import Report, training_section
from metgan.training import check_segmentor_config, load_data, load_training_data, train_segmentor

from .folders import (
    RUN,
    checkpoints,
    note_warning,
    prepare_run,
    reserved,
    resolve_run,
    segmentor_config_of,
    written_or_finished,
)
from .options import NEW_FOLDER, PRESET, OutputPolicy, Training


def segmentor(
    data: Path,
    /,
    *,
    out: Path,
    split: Path | None = None,
    options: Training = PRESET,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Train a segmentor on a pair set's tumour images and labels.

    Parameters
    ----------
    data
        Pair set.
    out
        Run folder to write.
    split
        splits.json of another run, to train on exactly its training part (as an independent segmentor for it
        must).
    """
    with reserved(out, RUN, "metgan segmentor", place, [data]) as place:
        before = checkpoints(out)
        experiment = resolve_run(out, place, options, "segmentor")
        run_config = segmentor_config_of(experiment, out, place)
        pairs = PairSet.open(data)
        training_data = (
            load_training_data(pairs, load_split(split)) if split else load_data(pairs, experiment.seed)
        )
        check_segmentor_config(run_config, training_data)
        with prepare_run(run_config, place, experiment, [data]):
            save_split(training_data.split, out / SPLIT_FILE)
            train_segmentor(run_config, training_data)
            lead = f"Trained on {data}, preset {experiment.preset}."
            Report("A segmentor", lead, [training_section(out)]).save(out / "report.html")
    note_warning(out)
    written_or_finished(out, before)
