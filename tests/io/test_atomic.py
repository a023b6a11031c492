"""Nothing half-written stands under a final name, whatever ends the writing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from metgan.errors import StorageError
from metgan.io import replacing, save_state, save_weights, write_image, write_json, write_text

NOISE = np.random.default_rng(0).integers(0, 60000, (64, 64)).astype(np.uint16)  # does not compress
WEIGHTS = {"weight": torch.arange(4096.0)}

WRITERS: dict[str, Callable[[Path], None]] = {
    "text": lambda path: write_text(path, "a" * 9000),
    "json": lambda path: write_json(path, list(range(3000))),
    "TIFF": lambda path: write_image(path.with_suffix(".tif"), NOISE),
    "PNG": lambda path: write_image(path.with_suffix(".png"), NOISE),
    "weights": lambda path: save_weights(path, WEIGHTS, {}),
    "state": lambda path: save_state(path, WEIGHTS),
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(path: Path, reason: BaseException) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise reason


def test_a_finished_block_takes_the_place_of_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "a.txt"
    write_text(path, "old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("reason", [RuntimeError("stop"), KeyboardInterrupt(), SystemExit(1)])
def test_a_block_that_raises_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, reason: BaseException
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(reason)):
        write_half(path, reason)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_block_that_raises_leaves_no_file_where_there_was_none(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "a.txt", ZeroDivisionError())
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", WRITERS)
def test_without_room_the_former_file_stays_and_the_error_says_so(
    tmp_path: Path, little_room: int, kind: str
) -> None:
    for suffix in ("", ".tif", ".png"):
        (tmp_path / f"a{suffix}").write_text("old")
    with pytest.raises(StorageError, match=r"no space left while writing .*Free some space"):
        WRITERS[kind](tmp_path / "a")
    assert names(tmp_path) == ["a", "a.png", "a.tif"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"old"}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_files_are_written_where_there_is_room(tmp_path: Path, kind: str) -> None:
    WRITERS[kind](tmp_path / "a")
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size > 4096


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("kind", ["text", "weights", "state"])
def test_a_device_that_is_full_is_reported_as_a_storage_error(tmp_path: Path, kind: str) -> None:
    (tmp_path / f".a.{os.getpid()}.part").symlink_to("/dev/full")  # where the temporary will be
    with pytest.raises(StorageError, match="No space left on device"):
        WRITERS[kind](tmp_path / "a")
    assert names(tmp_path) == []


def test_a_file_in_the_place_of_a_folder_is_reported_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*file/a\.txt"):
        write_text(tmp_path / "file" / "a.txt", "text")


def test_json_is_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"train": ["müde"]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"train": ["müde"]}
