"""Exports say which pair each case is, are checked whole beforehand, and go on only with the same cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from metgan.data import Pair, PairSet
from metgan.errors import ArrayError, StorageError
from metgan.interop import (
    CASES_FILE,
    CHANNELS,
    MASK_FOLDERS,
    Case,
    Layout,
    NnUnet,
    check_export,
    check_resumed,
    export,
    gather_cases,
)

LAYOUT = MASK_FOLDERS["stardist"]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_list_of_cases_traces_each_to_its_pair_animal_and_model(
    real: PairSet, generated: PairSet, tmp_path: Path
) -> None:
    export(gather_cases([real, generated]), tmp_path / "out", LAYOUT)
    rows = pd.read_csv(tmp_path / "out" / CASES_FILE, index_col="name", keep_default_na=False)
    assert rows.loc["d"].to_list() == ["test", "real", "d", "mouse 3", "lung", ""]
    assert rows.loc["synthetic-1"].to_list() == [
        "train", "painted", "synthetic-1", "mouse 1", "lung", "1f6c",
    ]  # fmt: skip


def test_a_stopped_export_goes_on_to_the_same_bytes(real: PairSet, tmp_path: Path) -> None:
    cases, out = gather_cases([real]), tmp_path / "out"
    export(cases, out, LAYOUT)
    whole = content(out)
    (out / "val" / "masks" / "c.tif").unlink()
    check_resumed(cases, out)
    export(cases, out, LAYOUT)
    assert content(out) == whole


@pytest.mark.parametrize("is_begun_again", [False, True])
def test_a_stopped_export_has_no_list_of_cases_that_it_lacks(
    real: PairSet, generated: PairSet, tmp_path: Path, is_begun_again: bool
) -> None:
    cases, out = gather_cases([real]), tmp_path / "out"
    if is_begun_again:
        export(cases, out, LAYOUT)
    with pytest.raises(KeyboardInterrupt):
        export(cases, out, OnFailingDisk(LAYOUT, "c.tif", stopped))  # type: ignore[arg-type]  # delegates
    assert not (out / CASES_FILE).exists()
    with pytest.raises(StorageError, match="lists other cases"):
        check_resumed(gather_cases([real, generated]), out)
    check_resumed(cases, out)
    export(cases, out, LAYOUT)
    export(cases, tmp_path / "whole", LAYOUT)
    assert content(out) == content(tmp_path / "whole")


def test_a_stopped_export_of_other_cases_is_refused(
    real: PairSet, generated: PairSet, tmp_path: Path
) -> None:
    export(gather_cases([real]), tmp_path / "out", LAYOUT)
    with pytest.raises(StorageError, match="lists other cases"):
        check_resumed(gather_cases([real, generated]), tmp_path / "out")


def stopped(path: Path) -> None:
    raise KeyboardInterrupt


def gone(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def of_another_shape(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((2, 3), np.uint8))


@dataclass(frozen=True)
class OnFailingDisk:
    """A layout whose images are spoiled once they are written: a stand-in for the disk."""

    layout: Layout
    name: str
    spoil: Callable[[Path], None]

    def __getattr__(self, name: str) -> object:
        return getattr(self.layout, name)

    def write(self, case: Case, pair: Pair, out: Path) -> Sequence[Path]:
        paths = self.layout.write(case, pair, out)
        for path in paths:
            if path.name == self.name:
                self.spoil(path)
        return paths


@pytest.mark.parametrize("spoil", [gone, cut_short, of_another_shape])
@pytest.mark.parametrize(
    ("layout", "name"),
    [
        (MASK_FOLDERS["stardist"], "c.tif"),
        (MASK_FOLDERS["cellpose"], "c_masks.tif"),
        (NnUnet(CHANNELS["both"]), "c_0001.tif"),
    ],
    ids=["stardist", "cellpose", "nnunet"],
)
def test_an_image_that_cannot_be_read_again_is_no_success(
    real: PairSet, tmp_path: Path, layout: Layout, name: str, spoil: Callable[[Path], None]
) -> None:
    cases = gather_cases([real])
    export(cases, tmp_path / "whole", layout)
    with pytest.raises(StorageError, match=name.replace(".", r"\.")):
        export(cases, tmp_path / "out", OnFailingDisk(layout, name, spoil))  # type: ignore[arg-type]  # delegates
    assert not (tmp_path / "out" / "dataset.json").exists()  # nnU-Net takes nothing of it


def test_a_faulty_pair_is_found_before_anything_is_written(real: PairSet, tmp_path: Path) -> None:
    tifffile.imwrite(real.root / "label" / "d.tif", np.arange(32, dtype=np.uint8).reshape(4, 8))
    with pytest.raises(ArrayError, match=r"d\.tif has values"):
        check_export(gather_cases([real]), tmp_path / "out", LAYOUT)
    assert not (tmp_path / "out").exists()
