"""Exports say which pair each case is, are checked whole beforehand, and go on only with the same cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from metgan.data import PairSet
from metgan.errors import ArrayError, StorageError
from metgan.interop import CASES_FILE, MASK_FOLDERS, check_export, check_resumed, export, gather_cases

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


def test_a_stopped_export_of_other_cases_is_refused(
    real: PairSet, generated: PairSet, tmp_path: Path
) -> None:
    export(gather_cases([real]), tmp_path / "out", LAYOUT)
    with pytest.raises(StorageError, match="lists other cases"):
        check_resumed(gather_cases([real, generated]), tmp_path / "out")


def test_a_faulty_pair_is_found_before_anything_is_written(real: PairSet, tmp_path: Path) -> None:
    tifffile.imwrite(real.root / "label" / "d.tif", np.arange(32, dtype=np.uint8).reshape(4, 8))
    with pytest.raises(ArrayError, match=r"d\.tif has values"):
        check_export(gather_cases([real]), tmp_path / "out", LAYOUT)
    assert not (tmp_path / "out").exists()
