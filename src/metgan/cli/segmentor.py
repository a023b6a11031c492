"""``metgan segmentor``."""

from __future__ import annotations

from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, load_split, save_split
from metgan.studies import Report, training_chapter
from metgan.training import check_segmentor_order, load_curriculum, load_data, train_segmentor

from .folders import (
    RUN,
    checkpoints,
    claim_run,
    note_doubt,
    reserved,
    resolve_run,
    segmentor_order_of,
    written_or_finished,
)
from .options import NEW_FOLDER, PRESET, Place, Training


def segmentor(
    data: Path,
    /,
    *,
    out: Path,
    split: Path | None = None,
    options: Training = PRESET,
    place: Place = NEW_FOLDER,
) -> None:
    """Train a segmentor on a pair set's tumour images and labels.

    Parameters
    ----------
    data
        Pair set.
    out
        Run folder to write.
    split
        splits.json of another run, to train on exactly its training part (as a referee for it must).
    """
    with reserved(out, RUN, "metgan segmentor", place, [data]) as place:
        before = checkpoints(out)
        experiment = resolve_run(out, place, options, "segmentor")
        order = segmentor_order_of(experiment, out, place)
        pairs = PairSet.open(data)
        curriculum = load_curriculum(pairs, load_split(split)) if split else load_data(pairs, experiment.seed)
        check_segmentor_order(order, curriculum)
        with claim_run(order, place, experiment, [data]):
            save_split(curriculum.split, out / SPLIT_FILE)
            train_segmentor(order, curriculum)
            lead = f"Trained on {data}, preset {experiment.preset}."
            Report("A segmentor", lead, [training_chapter(out)]).save(out / "report.html")
    note_doubt(out)
    written_or_finished(out, before)
