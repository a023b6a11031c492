"""The threshold above which a pixel is read as tumour: the one that reads validation pairs best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import Entry, Pair
from metgan.metrics import Overlap, overlap
from metgan.models import DEFAULT_THRESHOLD, SegmentorPredictor
from metgan.studies.predictions import _IMAGES, _TUMOURS, THRESHOLDS, _kept, _read, choose_threshold
from metgan.studies.scores import save_table


@given(st.integers(0, 10_000))
def test_no_other_threshold_has_a_better_pooled_dice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = [rng.random((9, 9), np.float32) for _ in range(3)]
    labels = [(w + rng.normal(0, 0.3, w.shape)) > 0.7 for w in probabilities]

    def dice(threshold: float) -> float:
        pairs = zip(probabilities, labels, strict=True)
        return sum((overlap(w > threshold, label) for w, label in pairs), Overlap()).dice

    assert dice(choose_threshold(probabilities, labels)) == pytest.approx(max(map(dice, THRESHOLDS)))


def test_pairs_are_pooled_and_not_averaged() -> None:
    """One large tumour wants a low threshold, two small ones a high threshold; pooled, the large one decides.

    Averaged, a low threshold would have (1 + 2 x 2/101) / 3 = 0.35, a high one (0 + 1 + 1) / 3 = 0.67.
    """
    large, small = np.full((1, 100), 0.55, np.float32), np.full((1, 100), 0.55, np.float32)
    small[0, 0] = 0.97
    first = np.arange(100)[None] == 0
    assert choose_threshold([large, small, small], [np.ones((1, 100), bool), first, first]) < 0.55


def test_validation_pairs_without_tumours_leave_the_usual_threshold() -> None:
    nothing = np.zeros((4, 4), bool)
    assert choose_threshold([np.zeros((4, 4), np.float32)], [nothing]) == DEFAULT_THRESHOLD
    assert choose_threshold([np.full((4, 4), 0.92, np.float32)], [nothing]) == DEFAULT_THRESHOLD
    assert choose_threshold([], []) == DEFAULT_THRESHOLD


def test_readings_where_a_label_says_nothing_count_in_no_figure_nor_choose_the_threshold() -> None:
    """Read at .9 in the right half, where nothing is known, and at .6 on a tumour of four pixels at the left.

    Were the right half counted, 128 pixels would be false, and the threshold would be above .9.
    """
    label, right = np.zeros((16, 16), bool), np.arange(16)[None].repeat(16, 0) >= 8
    label[4:6, 2:4] = True
    outputs = np.where(label, 0.6, np.where(right, 0.9, 0.0)).astype(np.float32)
    tumour = np.arange(256, dtype=np.uint16).reshape(16, 16)
    pair = Pair(Entry("a", "mouse", "", "", {}), tumour, tumour, label, right)
    reader: SegmentorPredictor = SimpleNamespace(  # type: ignore[assignment]  # reads
        predict_proba_all=lambda images: [outputs for _ in images],
        card=SimpleNamespace(normalisation=SimpleNamespace(fill=None)),
    )
    readings = _read(reader, [pair], [pair])
    (row,) = readings.images.to_dict("records")
    assert readings.threshold < 0.6
    assert [row[f"pixels_{kind}"] for kind in ("found", "missed", "false")] == [4, 0, 0]
    assert row["tumours_false"] == 0
    known = replace(pair, ignored=None)
    (row,) = _read(reader, [known], [known]).images.to_dict("records")
    assert row["pixels_false"] + row["pixels_missed"] > 0


@pytest.mark.parametrize("name", [_IMAGES, _TUMOURS])
def test_readings_that_have_lost_a_row_are_made_again(tmp_path: Path, name: str) -> None:
    """Two images, of one tumour each that is read."""
    label = np.zeros((16, 16), bool)
    label[4:6, 2:4] = True
    tumour = np.arange(256, dtype=np.uint16).reshape(16, 16)
    pairs = [Pair(Entry(word, "mouse", "", "", {}), tumour, tumour, label) for word in "ab"]
    reader: SegmentorPredictor = SimpleNamespace(  # type: ignore[assignment]  # reads
        predict_proba_all=lambda images: [label.astype(np.float32) for _ in images],
        card=SimpleNamespace(normalisation=SimpleNamespace(fill=None)),
    )
    readings = _read(reader, pairs, pairs)
    tables = {_IMAGES: readings.images, _TUMOURS: readings.tumours}
    for file, table in tables.items():
        save_table(table, tmp_path / file)
    assert _kept(tmp_path, readings.threshold, 2) is not None
    save_table(tables[name][:1], tmp_path / name)
    assert _kept(tmp_path, readings.threshold, 2) is None
    (tmp_path / name).unlink()
    assert _kept(tmp_path, readings.threshold, 2) is None
