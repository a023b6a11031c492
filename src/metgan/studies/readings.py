"""What a trained segmentor finds in a fold's test images: a row per image, and a row per true tumour."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from metgan.data import Pair, PairSet
from metgan.device import choose_device
from metgan.io import fingerprint, replacing, write_json
from metgan.metrics import Faithfulness, judge
from metgan.models import SMALLEST_READ, Reader, model_path, read_card
from metgan.training import Engine

from .evaluation import checksum_of

_KNOWN, _IMAGES, _TUMOURS = "known.json", "images.csv", "tumours.csv"
_TEXT = {"name": str, "group": str, "organ": str}


@dataclass(frozen=True)
class Readings:
    """What one segmentor found.

    Attributes
    ----------
    images : DataFrame
        ``name, group, organ``; in pixels ``pixels_found, pixels_missed, pixels_false``; in tumours
        ``tumours_found, tumours_missed, tumours_false``.
    tumours : DataFrame
        ``name, group, organ, number``; ``area`` in pixels, ``contrast`` (see `metgan.metrics.judge`) and
        ``found``, of each true tumour.
    """

    images: pd.DataFrame
    tumours: pd.DataFrame


def read_test(run: Path, test: PairSet, engine: Engine, out: Path) -> Readings:
    """Give what the segmentor of a run finds; finished readings of these weights and images are only read.

    Raises
    ------
    LeakageError
        When the segmentor has seen a group of `test`.
    """
    pairs = test.read_all()
    known = {"model": fingerprint(model_path(run)), "test": checksum_of(pairs)}
    file = out / _KNOWN
    if not (file.is_file() and json.loads(file.read_text(encoding="utf-8")) == known):
        readings = _read(Reader(run, choose_device(engine.device)), pairs)
        for name, frame in ((_IMAGES, readings.images), (_TUMOURS, readings.tumours)):
            with replacing(out / name) as temporary:
                frame.to_csv(temporary, index=False, float_format="%.6g")
        write_json(file, known)  # last, so that a kill before leaves nothing that counts
    read_card(run).refuse_to_have_seen({pair.entry.group for pair in pairs}, "testing")
    images, tumours = (
        pd.read_csv(out / name, dtype=_TEXT, keep_default_na=False, na_values={"contrast": [""]})
        for name in (_IMAGES, _TUMOURS)
    )
    return Readings(images, tumours)


def _read(segmentor: Reader, pairs: list[Pair]) -> Readings:
    segmentor.check({pair.entry.group for pair in pairs})
    images, tumours = [], []
    for pair in pairs:
        found = judge(pair.label, segmentor.read(pair.tumour), pair.tumour, smallest=SMALLEST_READ)
        entry = pair.entry
        whose = {"name": entry.name, "group": entry.group, "organ": entry.organ}
        images.append({**whose, **_counts(found)})
        tumours += [
            {**whose, "number": k, "area": t.area, "contrast": t.contrast, "found": t.found}
            for k, t in enumerate(found.tumours)
        ]
    columns = [*_TEXT, "number", "area", "contrast", "found"]
    return Readings(pd.DataFrame(images), pd.DataFrame(tumours, columns=columns))


def _counts(found: Faithfulness) -> dict[str, int]:
    return {
        "pixels_found": found.overlap.true_positive,
        "pixels_missed": found.overlap.false_negative,
        "pixels_false": found.overlap.false_positive,
        "tumours_found": found.detection.true_positives,
        "tumours_missed": found.detection.false_negatives,
        "tumours_false": found.detection.false_positives,
    }
