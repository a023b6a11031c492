"""Cutting one animal into two parts of the split is told of at once, not when a training refuses it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile

from metgan.workflows import CropChoice, PrepareRequest, prepare


def told(tmp_path: Path, rows: str, split: Literal["train", "test"] | None, group: str) -> list[str]:
    """Cut some rows of a scan into the set that is there; return what is said of groups."""
    light = np.random.default_rng(0).normal(500, 90, (2, 96, 64)).astype(np.uint16)
    for name, image in zip("at", light, strict=True):
        tifffile.imwrite(tmp_path / f"{name}.tif", image)
    notes: list[str] = []
    crops = CropChoice(crop=32, rows=rows, split=split, group=group)
    sources = [tmp_path / "a.tif", tmp_path / "t.tif"]
    request = PrepareRequest(sources=sources, out=tmp_path / "out", crops=crops)
    prepare(request, lambda event: notes.append(str(event)))
    return [text for text in notes if "is in the parts" in text]


def test_an_animal_that_is_cut_into_two_parts_is_told_of(tmp_path: Path) -> None:
    assert told(tmp_path, "0:32", "train", "mouse") == []
    assert told(tmp_path, "32:64", "train", "mouse") == []
    (text,) = told(tmp_path, "64:96", "test", "mouse")
    assert "group mouse is in the parts test, train: no training accepts this" in text


@pytest.mark.parametrize(("group", "split"), [("", "test"), ("another", "test"), ("mouse", None)])
def test_blocks_other_animals_and_no_part_are_not_told_of(
    tmp_path: Path, group: str, split: Literal["test"] | None
) -> None:
    assert told(tmp_path, "0:32", "train", group and "mouse") == []
    assert told(tmp_path, "32:64", split, group) == []
