"""Tumours that a reader may doubt are counted and told: at `prepare`, and by `metgan info`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.data import PairSet
from metgan.workflows import CropChoice, InfoRequest, PrepareRequest, ScanFiles, info, prepare
from metgan.workflows.doubtful_tumours import DoubtfulTumours

Blocks = dict[tuple[int, int, int], int]
"""Top, left and side of tumours, and the light that they add to a background of 500."""
LARGE = {(6, 6, 5): 300, (40, 40, 5): 300, (6, 40, 5): 300, (40, 6, 5): 300}


def prepared(tmp_path: Path, blocks: Blocks, offset: int = 500) -> list[str]:
    """Cut a plane of 64 x 64 pixels into four crops; return the notes on doubtful tumours."""
    return [text for text in told_of_prepare(tmp_path, blocks, offset) if "are kept" in text]


def told_of_prepare(tmp_path: Path, blocks: Blocks, offset: int = 500) -> list[str]:
    rng = np.random.default_rng(0)
    anatomy, tumour = rng.normal(offset, 3, (2, 64, 64))
    label = np.zeros((64, 64), np.uint8)
    for (top, left, side), light in blocks.items():
        place = np.s_[top : top + side, left : left + side]
        tumour[place] += light
        label[place] = 1
    for name, image in (("a", anatomy), ("t", tumour), ("m", label)):
        dtype = np.uint8 if name == "m" else np.float32
        tifffile.imwrite(tmp_path / f"{name}.tif", image.astype(dtype), photometric="minisblack")
    return cut(tmp_path)


def cut(tmp_path: Path) -> list[str]:
    """Cut the files ``a``, ``t`` and ``m`` into crops of 32 pixels; return all notes."""
    sources, files = [tmp_path / "a.tif", tmp_path / "t.tif"], ScanFiles(labels=tmp_path / "m.tif")
    told: list[str] = []
    out, crops = tmp_path / "out", CropChoice(crop=32)
    request = PrepareRequest(sources=sources, files=files, out=out, crops=crops, overwrite=out.exists())
    prepare(request, lambda event: told.append(str(event)))
    return told


@pytest.mark.parametrize(
    ("blocks", "offset", "told"),
    [
        (LARGE, 500, []),
        (LARGE | {(20, 20, 1): 300}, 500, ["1 of the 5 tumours in the crops have one or two pixels"]),
        ({**LARGE, (31, 10, 2): 300}, 500, ["2 of the 6 tumours"]),  # one of 2 x 2 across a crop's edge
        (LARGE | {(6, 40, 5): -300}, 500, ["in 1 of the 4 crops with tumours the median tumour is darker"]),
        (LARGE | {(6, 40, 5): -300}, 0, ["in 1 of the 4 crops"]),  # a background that was subtracted
        (LARGE | {(16, 40, 1): -300, (16, 56, 1): -300}, 500, ["2 of the 6", "in 1 of the 4"]),
    ],
)
def test_doubtful_tumours_are_counted_in_a_note_each_and_kept(
    tmp_path: Path, blocks: Blocks, offset: int, told: list[str]
) -> None:
    notes = prepared(tmp_path, blocks, offset)
    assert len(notes) == len(told)
    for text, start in zip(notes, told, strict=True):
        assert start in text
    assert len(PairSet.open(tmp_path / "out")) == 4
    facts = info(InfoRequest(path=tmp_path / "out")).facts
    assert ("tiny tumours" in facts) == any("pixels" in text for text in notes)
    assert ("dark tumours" in facts) == any("darker" in text for text in notes)


def test_a_mask_that_marks_nothing_is_told_of_once(tmp_path: Path) -> None:
    assert prepared(tmp_path, dict.fromkeys(LARGE, -300)) == []


def test_pairs_without_a_tumour_count_for_nothing() -> None:
    image, nowhere = np.arange(64, dtype=np.uint16).reshape(8, 8), np.zeros((8, 8), bool)
    seen = DoubtfulTumours()
    seen.look_at(nowhere, image, image)
    seen.look_at(~nowhere, image, image)  # nothing surrounds it
    assert (seen.tumours, seen.tiny, seen.pairs, seen.dark, seen.facts) == (1, 0, 0, 0, {})


@pytest.mark.parametrize("channel", ["a", "t"])
@pytest.mark.parametrize("is_numbered", [False, True])
def test_a_mask_that_is_given_as_a_channel_is_told_of(
    tmp_path: Path, channel: str, is_numbered: bool
) -> None:
    """As when its file is named twice: the generator would learn to draw masks."""
    asked = "Is it a mask?"
    assert not any(asked in text for text in told_of_prepare(tmp_path, LARGE))
    mask = tifffile.imread(tmp_path / "m.tif")
    if is_numbered:
        mask[:, 32:] *= 2
        mask[32:] *= 2
    tifffile.imwrite(tmp_path / f"{channel}.tif", mask, photometric="minisblack")
    assert any(asked in text for text in cut(tmp_path))
