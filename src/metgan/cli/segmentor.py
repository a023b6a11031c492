"""``metgan segmentor``."""

from __future__ import annotations

from pathlib import Path

from metgan.data import PairSet
from metgan.studies import Report, training_chapter
from metgan.training import open_curriculum, train_segmentor

from .folders import open_run, order_of, written
from .options import NEW_FOLDER, PRESET, Place, Training


def segmentor(data: Path, /, *, out: Path, options: Training = PRESET, place: Place = NEW_FOLDER) -> None:
    """Train a segmentor on a pair set's tumour images and labels.

    Parameters
    ----------
    data
        Pair set.
    out
        Run folder to write.
    """
    pairs = PairSet.open(data)
    experiment = open_run(out, place, options, "segmentor")
    order = order_of(experiment, "segmentor", out, place)
    train_segmentor(order, open_curriculum(pairs, order))
    chapters = [training_chapter(out)]
    Report("A segmentor", f"Trained on {data}, preset {experiment.preset}.", chapters).save(
        out / "report.html"
    )
    written(out)
