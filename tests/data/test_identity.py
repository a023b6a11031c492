"""An animal that is written in two ways is one animal, or a question; never two."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from metgan.data import PairSet, StoredPairs, open_images, read_table, write_pair, write_table
from metgan.errors import SettingError, StorageError

IMAGE = np.arange(20, dtype=np.uint16).reshape(4, 5)
NFD, NFC = (unicodedata.normalize(form, "Mäuse") for form in ("NFD", "NFC"))


def pair_set(root: Path, *names: str) -> Path:
    for name in names:
        write_pair(root, "written", IMAGE, IMAGE + 1, IMAGE > 15)
        for channel in ("anatomy", "tumour", "label"):
            (root / channel / "written.tif").rename(root / channel / f"{name}.tif")
    return root


def table(root: Path, *rows: tuple[str, str], header: str = "name,group") -> None:
    (root / "pairs.csv").write_text("\n".join([header, *map(",".join, rows)]) + "\n", encoding="utf-8")


def test_decomposed_and_composed_names_are_one(tmp_path: Path) -> None:
    table(pair_set(tmp_path, f"{NFD} 1", f"{NFD} 2"), (f"{NFC} 1", "a"), (f"{NFC} 2", "a"))
    pairs = PairSet.open(tmp_path)
    assert [(entry.name, entry.group) for entry in pairs] == [(f"{NFC} 1", "a"), (f"{NFC} 2", "a")]
    assert len([*StoredPairs(pairs)]) == 2  # from the files as they are called


def test_groups_are_compared_composed_and_without_blanks_around(tmp_path: Path) -> None:
    table(pair_set(tmp_path, "1", "2", "3", "4"), ("1", NFD), ("2", NFC), (" 3", f" {NFC} "), ("4", "  "))
    assert [entry.group for entry in PairSet.open(tmp_path)] == [NFC, NFC, NFC, "4"]
    assert [entry.group for entry in open_images(tmp_path, "label")] == [NFC, NFC, NFC, "4"]


def test_a_spreadsheets_table_has_the_columns_that_it_shows(tmp_path: Path) -> None:
    """With a byte order mark, a capital and a blank: else no group is read, and every pair is an animal."""
    table(pair_set(tmp_path, "1", "2"), ("1", "a"), ("2", "a"), header="\ufeffName, Group ")
    assert {entry.group for entry in PairSet.open(tmp_path)} == {"a"}


def test_a_row_that_is_short_has_nothing_in_its_last_columns(tmp_path: Path) -> None:
    table(pair_set(tmp_path, "1", "2"), ("1", "a"), ("2",))
    assert [entry.group for entry in PairSet.open(tmp_path)] == ["a", "2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mouse 1", "mouse 1"),
        ("mouse1", "mouse 1"),
        ("mouse 1", "mouse\u00a01"),
        ("mouse1", "mouse\u200b1"),
        ("01", "1.0"),
    ],
)
def test_groups_that_hardly_differ_are_a_question(tmp_path: Path, one: str, other: str) -> None:
    table(pair_set(tmp_path, "1", "2"), ("1", one), ("2", other))
    for open_it in (PairSet.open, lambda root: open_images(root, "anatomy")):
        with pytest.raises(
            SettingError, match=r"has the groups .* which differ only in case, blanks or zeros"
        ):
            open_it(tmp_path)


@pytest.mark.parametrize(("one", "other"), [("mouse 1", "mouse 2"), ("1 11", "11 1"), ("wt-1", "wt 1")])
def test_groups_that_differ_are_two(tmp_path: Path, one: str, other: str) -> None:
    table(pair_set(tmp_path, "1", "2"), ("1", one), ("2", other))
    assert [entry.group for entry in PairSet.open(tmp_path)] == [one, other]


def test_pairs_whose_names_differ_in_case_are_a_question(tmp_path: Path) -> None:
    """On a Mac or Windows they would be one file."""
    with pytest.raises(SettingError, match="has the names 'A' and 'a'"):
        PairSet.open(pair_set(tmp_path, "A", "a"))


def test_two_files_of_one_name_are_refused_by_what_differs(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"holds 'Ma\\u0308use.tif' and 'M\\xe4use.tif'"):
        PairSet.open(pair_set(tmp_path, NFC, NFD))


@pytest.mark.parametrize("rows", [[("1", "a"), ("1 ", "b")], [(NFC, "a"), (NFD, "b")]])
def test_rows_of_one_name_are_refused(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    table(tmp_path, *rows)
    with pytest.raises(StorageError, match="names twice"):
        read_table(tmp_path)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    table(tmp_path, ("1", "a", "b"), header="name,group,Group")
    with pytest.raises(StorageError, match="each column once"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", [".hidden", " .hidden", "", "a/b", "x" * 300, "a\nb", "\x7f", "\udcff"])
def test_a_pair_that_no_verb_would_find_is_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match="expected a name that file names can begin with"):
        write_pair(tmp_path, name, IMAGE, IMAGE, IMAGE > 3)
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_that_is_no_text_is_refused_when_the_set_is_opened(tmp_path: Path) -> None:
    pair_set(tmp_path, os.fsdecode(b"a\xff"))
    with pytest.raises(SettingError, match=r"Rename it in .*anatomy"):
        PairSet.open(tmp_path)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "dangling": lambda path: path.symlink_to("nowhere.csv"),
    "loop": lambda path: path.symlink_to(path.name),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "binary": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_table_that_is_there_and_cannot_be_read_is_not_an_absent_one(tmp_path: Path, kind: str) -> None:
    pair_set(tmp_path, "1", "2")
    assert len(PairSet.open(tmp_path)) == 2  # without one, every pair is a group
    UNREADABLE[kind](tmp_path / "pairs.csv")
    for read in (PairSet.open, read_table, lambda root: open_images(root, "label")):
        with pytest.raises(StorageError, match=r"pairs\.csv"):
            read(tmp_path)


@pytest.mark.parametrize("kind", ["dangling", "loop", "pipe", "binary"])
def test_a_channel_that_is_there_and_no_folder_is_not_an_absent_one(tmp_path: Path, kind: str) -> None:
    """Images beside it would pass for a plain folder of images."""
    (pair_set(tmp_path, "1") / "label" / "1.tif").rename(tmp_path / "1.tif")
    (tmp_path / "label").rmdir()
    assert [entry.name for entry in open_images(tmp_path, "label")] == ["1"]
    UNREADABLE[kind](tmp_path / "label")
    with pytest.raises(StorageError, match="label is not a folder"):
        open_images(tmp_path, "label")


def test_what_is_written_is_found_again(tmp_path: Path) -> None:
    write_pair(tmp_path, NFD, IMAGE, IMAGE + 1, IMAGE > 15)
    write_table(tmp_path, [{"name": NFD, "group": "a", "organ": "", "split": ""}])
    (entry,) = PairSet.open(tmp_path)
    assert (entry.name, entry.group, entry.paths["label"].stem) == (NFC, "a", NFC)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_with_other_separators_is_read(tmp_path: Path, separator: str) -> None:
    text = 'name,group,note\nA,mouse,"1,5"\n'
    (tmp_path / "pairs.csv").write_text(
        text.replace("name,group,", f"name{separator}group{separator}").replace(
            "A,mouse,", f"A{separator}mouse{separator}"
        )
    )
    assert read_table(tmp_path) == [{"name": "A", "group": "mouse", "note": "1,5"}]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_table_in_another_encoding_is_told_how_to_save_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "pairs.csv").write_bytes("name,group\nA,Mäuse\n".encode(encoding))
    with pytest.raises(
        StorageError, match=r"a CSV table in UTF-8 with commas.*save it again: in Excel as CSV UTF-8"
    ):
        read_table(tmp_path)


def test_rows_of_blank_cells_as_spreadsheets_leave_them_are_no_pairs(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("name,group\nA,mouse\n,\n , \n")
    assert read_table(tmp_path) == [{"name": "A", "group": "mouse"}]
