"""Nothing half-written stands under a final name, whatever ends the writing."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from metgan.errors import DivergedError, StorageError
from metgan.images import write_image
from metgan.io import (
    append_text,
    load_weights,
    refuse_infinite,
    replacing,
    save_state,
    save_weights,
    write_json,
    write_text,
)

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


def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut cannot be tried; what guards against one is the order of these."""
    path, done = tmp_path / "a.txt", []

    def sync(handle: int) -> None:
        held = os.fstat(handle)
        done.append(("folder" if stat.S_ISDIR(held.st_mode) else "file", held.st_size, path.exists()))

    monkeypatch.setattr(os, "fsync", sync)
    write_text(path, "1234")
    assert done[0] == ("file", 4, False)
    assert [(kind, there) for kind, _, there in done[1:]] == [("folder", True)]
    append_text(path, "5")
    assert done[2:] == [("file", 5, True)]


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


def test_two_who_write_one_file_at_once_share_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as mine:
        mine.write_text("mine")
        with replacing(path) as theirs:
            theirs.write_text("theirs")
        assert path.read_text() == "theirs"
        assert mine.read_text() == "mine"
    assert path.read_text() == "mine"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("write", [write_text, append_text])
def test_a_link_in_the_place_of_a_file_is_not_followed(
    tmp_path: Path, write: Callable[[Path, str], None]
) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    (tmp_path / "a").symlink_to(tmp_path / "thesis.tex")
    with suppress(StorageError):
        write(tmp_path / "a", "text")
    assert (tmp_path / "thesis.tex").read_text() == "dear"


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_text(tmp_path / "a", "text")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_name_as_long_as_the_system_allows_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("a" * 255), "text")
    assert names(tmp_path) == ["a" * 255]


def test_an_appended_text_follows_what_is_there(tmp_path: Path) -> None:
    for text in ("one\r\n", "zwei: müde\n"):
        append_text(tmp_path / "a", text)
    assert (tmp_path / "a").read_bytes() == "one\r\nzwei: müde\n".encode()


def test_an_append_without_room_names_the_file_and_keeps_what_is_there(
    tmp_path: Path, little_room: int
) -> None:
    append_text(tmp_path / "a", "old\n")
    with pytest.raises(StorageError, match=r"no space left while writing .*/a .*Free some space"):
        append_text(tmp_path / "a", "a" * 9000)
    assert (tmp_path / "a").read_text().startswith("old\n")


@pytest.mark.parametrize("save", [save_weights, lambda path, weights, _: refuse_infinite(path, weights)])
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_not_finite_are_not_saved(
    tmp_path: Path, save: Callable[..., None], value: float
) -> None:
    weights = {"whole": torch.ones(3), "broken": torch.tensor([0, value, 1])}
    with pytest.raises(DivergedError, match=r"broken .* not finite"):
        save(tmp_path / "a", weights, {})
    assert names(tmp_path) == []
    save(tmp_path / "a", {"whole": torch.ones(3), "counts": torch.tensor([1])}, {})


def test_weights_that_are_not_finite_are_not_loaded(tmp_path: Path) -> None:
    content = save({"broken": torch.tensor([torch.nan])}, {"metgan": "{}"})
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(StorageError, match="not finite"):
        load_weights(tmp_path / "a")


def test_a_file_in_the_place_of_a_folder_is_reported_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*file/a\.txt"):
        write_text(tmp_path / "file" / "a.txt", "text")


def test_json_is_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"train": ["müde"]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"train": ["müde"]}
