"""What a trained segmentor finds in a fold's test images: a row per image, and a row per true tumour.

The decision a reader would question is the threshold above which a pixel is read as tumour: each segmentor's
own, by its Dice on the fold's real validation pairs. At one threshold for all, training sets would be
compared by how sure their segmentors are of themselves, which differs most between real and synthetic
training pairs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metgan.data import Pair, PairSet, StoredPairs, groups_of
from metgan.device import choose_device
from metgan.io import fingerprint, has_file, write_json
from metgan.metrics import Overlap, evaluate_detection, overlap
from metgan.models import (
    DEFAULT_THRESHOLD,
    MIN_OBJECT_SIZE,
    SegmentorPredictor,
    in_parts,
    model_path,
    read_card,
)
from metgan.progress import note
from metgan.training import Engine
from metgan.types import Mask

from .evaluation import checksum_of
from .scores import TEXT, load_table, save_table

_KNOWN, _IMAGES, _TUMOURS = "known.json", "images.csv", "tumours.csv"
THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""What is chosen from. A loss that weighs tumours ten times moves the best one to about 10/11, and
training sets that show more tumours than test images do move it further."""
_COLUMNS = [*TEXT, "number", "area", "contrast", "light", "found"]


@dataclass(frozen=True)
class Readings:
    """What one segmentor found.

    Attributes
    ----------
    images : DataFrame
        ``name, group, organ``; in pixels ``pixels_found, pixels_missed, pixels_false``; in tumours
        ``tumours_found, tumours_missed, tumours_false``.
    tumours : DataFrame
        ``name, group, organ, number``; ``area`` in pixels, ``contrast``, ``light`` in camera units (see
        `metgan.metrics.evaluate_detection`) and ``found``, of each true tumour.
    threshold : float, in (0, 1)
        Output of the segmentor above which a pixel was read as tumour.
    """

    images: pd.DataFrame
    tumours: pd.DataFrame
    threshold: float


def read_test(run: Path, val: Sequence[Pair], test: PairSet, engine: Engine, out: Path) -> Readings:
    """Return what the segmentor of a run finds; finished readings of these weights and images are only read.

    Parameters
    ----------
    run : path
    val : sequence of Pair
        Which the threshold is chosen by.
    test : PairSet
    engine : Engine
    out : path
        Folder for the readings.

    Raises
    ------
    LeakageError
        When the segmentor has seen a group of `test`.
    """
    read_card(run).refuse_to_have_seen(groups_of(test), "testing")
    pairs = StoredPairs(test)
    known = {
        "model": fingerprint(model_path(run)),
        "val": checksum_of(val),
        "test": checksum_of(pairs),
        "thresholds": [*THRESHOLDS],
        "columns": [*_COLUMNS],
    }
    file = out / _KNOWN
    noted = json.loads(file.read_text(encoding="utf-8")) if has_file(file) else {}
    threshold = noted.pop("threshold", None)
    kept = _kept(out, threshold, len(pairs)) if noted == known else None
    if kept is None:
        readings = _read(SegmentorPredictor(run, choose_device(engine.device)), val, pairs)
        threshold = readings.threshold
        for name, frame in ((_IMAGES, readings.images), (_TUMOURS, readings.tumours)):
            save_table(frame, out / name)
        write_json(file, {**known, "threshold": threshold})  # last: a kill before leaves nothing that counts
        kept = Readings(load_table(out / _IMAGES), load_table(out / _TUMOURS), threshold)
    return kept


def _kept(out: Path, threshold: float, count: int) -> Readings | None:
    """Return finished readings of so many images; None where a row, or a table, is not there any more."""
    if not (has_file(out / _IMAGES) and has_file(out / _TUMOURS)):
        return None
    found = Readings(load_table(out / _IMAGES), load_table(out / _TUMOURS), threshold)
    tumours = found.images[["tumours_found", "tumours_missed"]].to_numpy().sum()
    if (len(found.images), len(found.tumours)) == (count, tumours):
        return found
    note(f"rows of {out / _IMAGES} or {_TUMOURS} are lost: read again")
    return None


def choose_threshold(probabilities: Sequence[NDArray[np.float32]], labels: Sequence[Mask]) -> float:
    """Return that of `THRESHOLDS` at which readings have the best pooled Dice; of equals the middle one.

    Where no tumour is there or none is read at any threshold, it is `DEFAULT_THRESHOLD`.

    Examples
    --------
    >>> choose_threshold([np.array([[0.2, 0.65, 0.99]], np.float32)], [np.array([[False, False, True]])])
    0.9
    """
    dice = [_dice(probabilities, labels, threshold) for threshold in THRESHOLDS]
    best = np.nanmax([*dice, 0.0])
    equals = np.flatnonzero(np.asarray(dice) == best)
    return THRESHOLDS[equals[len(equals) // 2]] if best > 0 else DEFAULT_THRESHOLD


def read_validation(run: Path, val: Sequence[Pair], engine: Engine) -> float:
    """Return the pooled Dice of a run's segmentor on validation pairs, at its own threshold; 0 for none."""
    probabilities, labels = _probabilities(SegmentorPredictor(run, choose_device(engine.device)), val)
    return float(np.nan_to_num(_dice(probabilities, labels, choose_threshold(probabilities, labels))))


def _dice(probabilities: Sequence[NDArray[np.float32]], labels: Sequence[Mask], threshold: float) -> float:
    pairs = zip(probabilities, labels, strict=True)
    return sum((overlap(w > threshold, label) for w, label in pairs), Overlap()).dice


def _probabilities(
    segmentor: SegmentorPredictor, val: Sequence[Pair]
) -> tuple[list[NDArray[np.float32]], list[Mask]]:
    """Return outputs for validation pairs, 0 where the label says nothing, and their labels."""
    probabilities = segmentor.predict_proba_all([pair.tumour for pair in val])
    sure = [w * pair.counted(w > 0) for pair, w in zip(val, probabilities, strict=True)]
    return sure, [pair.counted(pair.label) for pair in val]


def _read(segmentor: SegmentorPredictor, val: Sequence[Pair], pairs: Sequence[Pair]) -> Readings:
    threshold = choose_threshold(*_probabilities(segmentor, val))
    images, tumours = [], []
    read = (
        (pair, outputs > threshold)
        for part in in_parts(pairs)  # few at a time, since images may be large
        for pair, outputs in zip(part, segmentor.predict_proba_all([p.tumour for p in part]), strict=True)
    )
    for pair, reading in read:
        unscored = pair.unscored(segmentor.card.normalisation.fill)
        asked, reading = pair.counted(pair.label), pair.counted(reading)
        found = evaluate_detection(asked, reading, pair.tumour, fill=unscored, smallest=MIN_OBJECT_SIZE)
        entry = pair.entry
        whose = {"name": entry.name, "group": entry.group, "organ": entry.organ}
        counts = {
            "pixels_found": found.overlap.true_positive,
            "pixels_missed": found.overlap.false_negative,
            "pixels_false": found.overlap.false_positive,
            "tumours_found": found.detection.true_positives,
            "tumours_missed": found.detection.false_negatives,
            "tumours_false": found.detection.false_positives,
        }
        images.append({**whose, **counts})
        tumours += [
            {**whose, "number": k, "area": t.area, "contrast": t.contrast, "light": t.light, "found": t.found}
            for k, t in enumerate(found.tumours)
        ]
    return Readings(pd.DataFrame(images), pd.DataFrame(tumours, columns=_COLUMNS), threshold)
