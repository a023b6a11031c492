"""A mask that is empty in most planes is told of: where they were not annotated, they show tumours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from metgan.data import PairSet
from metgan.workflows import CropChoice, PrepareRequest, ScanFiles, prepare

PLANES = 6


def told(tmp_path: Path, marked: Sequence[int], **crops: Any) -> list[str]:
    """Cut six planes, all with a tumour, of which some are marked; return the notes on empty planes."""
    anatomy, tumour = np.random.default_rng(0).normal(500, 9, (2, PLANES, 64, 64))
    tumour[:, 20:26, 20:26] += 300
    mask = np.zeros(tumour.shape, np.uint8)
    mask[list(marked), 20:26, 20:26] = 1
    for name, image in (("a", anatomy), ("t", tumour), ("m", mask)):
        dtype = np.uint8 if name == "m" else np.uint16
        tifffile.imwrite(tmp_path / f"{name}.tif", image.astype(dtype), photometric="minisblack")
    notes: list[str] = []
    request = PrepareRequest(
        sources=[tmp_path / "a.tif", tmp_path / "t.tif"],
        files=ScanFiles(labels=tmp_path / "m.tif"),
        out=tmp_path / "out",
        crops=CropChoice(crop=32, **crops),
        overwrite=(tmp_path / "out").exists(),
    )
    prepare(request, lambda event: notes.append(str(event)))
    return [text for text in notes if "the mask is empty" in text]


@pytest.mark.parametrize(
    ("marked", "crops", "empty", "remedy"),
    [
        ([2], {}, "5 of 6", "--planes 2:3,"),
        ([1, 2, 5], {}, "3 of 6", "--planes 1:3,"),
        ([0, 2, 4], {}, "3 of 6", "--planes 0:5 --every 2,"),
        ([1, 4], {}, "4 of 6", "--planes 1:5 --every 3,"),
        ([4], {"every": 2}, "2 of 3", "--planes 4:5,"),
    ],
)
def test_planes_without_a_mark_are_counted_where_they_are_half_or_more(
    tmp_path: Path, marked: list[int], crops: dict[str, Any], empty: str, remedy: str
) -> None:
    (text,) = told(tmp_path, marked, **crops)
    assert f"the mask is empty in {empty} planes" in text
    assert remedy in text


def test_the_planes_that_the_note_names_are_marked_and_cut_without_a_note(tmp_path: Path) -> None:
    (text,) = told(tmp_path, [1, 4])
    assert "--planes 1:5 --every 3" in text
    assert told(tmp_path, [1, 4], planes="1:5", every=3) == []
    rows = PairSet.open(tmp_path / "out")
    assert {entry.provenance["plane"] for entry in rows} == {"1", "4"}


@pytest.mark.parametrize("marked", [range(PLANES), [0, 1, 3, 5], []])
def test_a_mask_of_most_planes_or_of_none_is_not_told_of(tmp_path: Path, marked: Sequence[int]) -> None:
    assert told(tmp_path, marked) == []
