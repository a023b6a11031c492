"""Pseudo-labels: what a segmentor is sure of, written and read again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.data import PairSet, read_pair, write_pair
from metgan.images import write_image
from metgan.models import BACKGROUND, LABELLED_BY, TUMOUR, SegmentorPredictor, pseudo_label, sure_parts
from metgan.objects import sizes

OUTPUTS = hnp.arrays(np.float32, (6, 7), elements=st.floats(0, 1, width=32))


@given(OUTPUTS)
def test_each_pixel_is_a_tumour_or_none_or_ignored_by_what_the_segmentor_gives(output: np.ndarray) -> None:
    tumour, ignored = sure_parts(output)
    for value, is_tumour, is_ignored in zip(output.flat, tumour.flat, ignored.flat, strict=True):
        expected = "tumour" if value > TUMOUR else "none" if value < BACKGROUND else "ignored"
        assert expected == ("tumour" if is_tumour else "ignored" if is_ignored else "none")
        assert not (is_tumour and is_ignored)


class Chequered:
    """A segmentor that is sure of a tumour in every fourth pixel of every fourth row, and doubts the left."""

    fingerprint = "0a1b2c3d"

    def predict_proba_all(self, images: list[np.ndarray]) -> list[np.ndarray]:
        outputs = [np.zeros(image.shape, np.float32) for image in images]
        for output in outputs:
            output[:, :2] = 0.5
            output[2::4, 2::4] = 0.99
        return outputs


@pytest.fixture
def reader() -> SegmentorPredictor:
    stand_in: SegmentorPredictor = SimpleNamespace(  # type: ignore[assignment]
        fingerprint=Chequered.fingerprint, predict_proba_all=Chequered().predict_proba_all
    )
    return stand_in


@pytest.fixture
def pairs(tmp_path: Path) -> PairSet:
    """Twenty unlabelled pairs, and one whose label is a single pixel."""
    for number in range(21):
        anatomy, tumour = np.random.default_rng(number).integers(0, 999, (2, 40, 44)).astype(np.uint16)
        label = np.arange(40 * 44).reshape(40, 44) == 5
        write_pair(tmp_path / "set", f"{number:02d}", anatomy, tumour, label if number == 20 else None)
    return PairSet.open(tmp_path / "set")


def test_pairs_come_back_with_what_the_segmentor_is_sure_of_and_its_name(
    pairs: PairSet, reader: SegmentorPredictor, tmp_path: Path
) -> None:
    """All 110 objects of a pixel are kept, and what an annotator has drawn is not looked at."""
    entries = (*pairs.unlabelled, *pairs.entries)
    labelled = pseudo_label(reader, entries, tmp_path / "read")
    assert [entry.name for entry in labelled] == [entry.name for entry in entries]
    for entry, before in zip(labelled, entries, strict=True):
        assert entry.provenance == {LABELLED_BY: Chequered.fingerprint}
        pair = read_pair(entry)
        assert pair.ignored is not None
        assert len(sizes(pair.label)) == 110
        assert set(np.flatnonzero(pair.ignored[0])) == {0, 1}
        assert pair.ignored.sum() == 80
        assert not (pair.label & pair.ignored).any()
        assert entry.group == before.group
        np.testing.assert_array_equal(pair.tumour, read_pair(before).tumour)
    assert pairs.read("20").label.sum() == 1  # the set itself is as it was
    assert not (tmp_path / "set" / "ignore").exists()


def test_pseudo_labels_that_lie_there_are_replaced_by_the_same_bytes(
    pairs: PairSet, reader: SegmentorPredictor, tmp_path: Path
) -> None:
    first = pseudo_label(reader, pairs.unlabelled[:2], tmp_path / "read")
    before = {path: path.read_bytes() for path in (tmp_path / "read").rglob("*.tif")}
    again = pseudo_label(reader, pairs.unlabelled[:2], tmp_path / "read")
    assert again == first
    assert len(before) == 4
    assert {path: path.read_bytes() for path in (tmp_path / "read").rglob("*.tif")} == before


def counted(
    reader: SegmentorPredictor, fingerprint: str = "0a1b2c3d"
) -> tuple[SegmentorPredictor, list[int]]:
    """Return a segmentor that counts the images it reads."""
    read: list[int] = []

    def predict(images: list[np.ndarray]) -> list[np.ndarray]:
        read.append(len(images))
        return reader.predict_proba_all(images)

    counting = SimpleNamespace(fingerprint=fingerprint, predict_proba_all=predict)
    return counting, read  # type: ignore[return-value]


def test_pseudo_labels_of_the_same_weights_and_images_are_not_made_again(
    pairs: PairSet, reader: SegmentorPredictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = pseudo_label(reader, pairs.unlabelled[:15], tmp_path / "read")
    before = {path: path.read_bytes() for path in (tmp_path / "read").rglob("*.tif")}
    assert "kept" not in capsys.readouterr().err
    reading, read = counted(reader)
    again = pseudo_label(reading, pairs.unlabelled, tmp_path / "read")
    assert sum(read) == 5
    assert again[:15] == first
    assert "15 of 20 pseudo-labels are there" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    assert pseudo_label(reading, pairs.unlabelled, tmp_path / "read") == again
    assert sum(read) == 5


@pytest.mark.parametrize("damage", ["weights", "image", "mask", "lost mask", "lost record", "record"])
def test_pseudo_labels_of_anything_else_are_made_again(
    pairs: PairSet, reader: SegmentorPredictor, tmp_path: Path, damage: str
) -> None:
    folder, entries = tmp_path / "read", pairs.unlabelled[:3]
    pseudo_label(reader, entries, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.tif")}
    reading, read = counted(reader, "4e5f" if damage == "weights" else Chequered.fingerprint)
    mask, record = folder / "ignore" / f"{entries[1].name}.tif", folder / "made-of.json"
    if damage == "image":
        write_image(entries[1].paths["tumour"], np.arange(1760, dtype=np.uint16).reshape(40, 44))
    elif damage == "mask":
        write_image(mask, np.zeros((40, 44), np.uint8))
    elif damage == "lost mask":
        mask.unlink()
    elif damage == "lost record":
        record.unlink()
    elif damage == "record":
        record.write_text('["nothing"]')
    pseudo_label(reading, entries, folder)
    assert sum(read) == (1 if damage in {"image", "mask", "lost mask"} else 3)
    assert {path: path.read_bytes() for path in folder.rglob("*.tif")} == before


def test_what_an_interrupted_call_has_read_is_kept(
    pairs: PairSet, reader: SegmentorPredictor, tmp_path: Path
) -> None:
    def predict(images: list[np.ndarray]) -> list[np.ndarray]:
        if calls.append(len(images)) or len(calls) > 2:
            raise KeyboardInterrupt
        return reader.predict_proba_all(images)

    calls: list[int] = []
    stopped: SegmentorPredictor = SimpleNamespace(  # type: ignore[assignment]
        fingerprint=Chequered.fingerprint, predict_proba_all=predict
    )
    with pytest.raises(KeyboardInterrupt):
        pseudo_label(stopped, pairs.unlabelled, tmp_path / "read")
    reading, read = counted(reader)
    pseudo_label(reading, pairs.unlabelled, tmp_path / "read")
    assert 0 < sum(read) == len(pairs.unlabelled) - sum(calls[:2])
