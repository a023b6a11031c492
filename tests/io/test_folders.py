"""Who may write into an output folder, and what is never deleted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from metgan.errors import SettingError, StorageError
from metgan.io import check_folder, prepare_output, reserve_folder

MODES = [{"resume": r, "overwrite": o} for r, o in ((False, False), (True, False), (False, True))]


def claim(path: Path, kind: str, **mode: Any) -> None:
    with prepare_output(path, kind, "metgan test", **mode):
        pass


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder that holds a run of one file."""
    folder = tmp_path / "run"
    claim(folder, "a run", resume=False, overwrite=False)
    (folder / "result").write_text("old")
    return folder


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_new_or_empty_folder_is_claimed_in_every_mode(tmp_path: Path, mode: dict, is_there: bool) -> None:
    folder = tmp_path / "deep" / "run"
    if is_there:
        folder.mkdir(parents=True)
    claim(folder, "a run", **mode)
    assert (folder / ".metgan").read_text() == "a run\nmetgan test\n"


def test_a_folder_that_holds_a_result_is_refused_with_both_ways_out(run: Path) -> None:
    with pytest.raises(StorageError, match=r"already holds a run; .*--resume.*--overwrite"):
        claim(run, "a run", resume=False, overwrite=False)
    assert (run / "result").read_text() == "old"


def test_resuming_keeps_what_is_there(run: Path) -> None:
    claim(run, "a run", resume=True, overwrite=False)
    assert (run / "result").read_text() == "old"


def test_overwriting_deletes_what_is_there(run: Path) -> None:
    claim(run, "a run", resume=False, overwrite=True)
    assert sorted(path.name for path in run.iterdir()) == [".metgan", ".metgan.lock"]


@pytest.mark.parametrize("mode", MODES)
def test_a_result_of_another_kind_is_refused_and_kept_in_every_mode(run: Path, mode: dict) -> None:
    with pytest.raises(StorageError, match="holds a run; expected an empty folder, or one with pairs"):
        claim(run, "pairs", **mode)
    assert (run / "result").read_text() == "old"


@pytest.mark.parametrize("mode", MODES)
def test_what_metgan_did_not_write_is_never_deleted(tmp_path: Path, mode: dict) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(StorageError, match="something that no command of metgan wrote"):
        claim(tmp_path, "a run", **mode)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("mode", MODES)
def test_a_file_is_refused_in_every_mode(tmp_path: Path, mode: dict) -> None:
    (tmp_path / "file").write_text("dear")
    with pytest.raises(StorageError, match="file is not a folder but a file"):
        claim(tmp_path / "file", "a run", **mode)
    assert (tmp_path / "file").read_text() == "dear"


def test_resuming_and_overwriting_at_once_is_refused(run: Path) -> None:
    with pytest.raises(SettingError, match="expected one of them"):
        claim(run, "a run", resume=True, overwrite=True)
    assert (run / "result").is_file()


@pytest.mark.parametrize("given", [".", "result", "../run", "../link"])
def test_overwriting_a_folder_that_holds_an_input_is_refused(run: Path, given: str) -> None:
    (run.parent / "link").symlink_to(run)
    with pytest.raises(StorageError, match="which holds the input"):
        claim(run, "a run", resume=False, overwrite=True, inputs=[run / given])
    assert (run / "result").read_text() == "old"


def test_inputs_beside_the_folder_do_not_stand_in_the_way(run: Path) -> None:
    claim(run, "a run", resume=False, overwrite=True, inputs=[run.parent, run.parent / "run-2"])
    assert not (run / "result").exists()


@pytest.mark.parametrize("mode", MODES)
def test_checking_touches_nothing(tmp_path: Path, run: Path, mode: dict) -> None:
    check_folder(tmp_path / "new", "a run", **mode)
    assert not (tmp_path / "new").exists()
    if mode["resume"] or mode["overwrite"]:
        check_folder(run, "a run", **mode)
    assert (run / "result").read_text() == "old"


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("claims", [True, False])
def test_a_folder_that_was_reserved_is_left_as_it_was_unless_it_is_claimed(
    tmp_path: Path, is_there: bool, claims: bool
) -> None:
    folder, mode = tmp_path / "deep" / "run", MODES[0]
    if is_there:
        folder.mkdir(parents=True)
    with suppress(SettingError), reserve_folder(folder, "a run", "metgan test", **mode):
        assert (folder / ".metgan.holder").read_text().startswith("metgan test")
        if not claims:
            raise SettingError("an input", "another", "Give another")
        claim(folder, "a run", **mode)
    left = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    assert left == ([".metgan", ".metgan.lock"] if claims else [])
    assert folder.parent.exists() == (is_there or claims)


def test_a_call_that_is_refused_leaves_no_lock_in_a_folder_that_had_none(run: Path) -> None:
    (run / ".metgan.lock").unlink()
    with suppress(SettingError), reserve_folder(run, "a run", "metgan test", resume=True, overwrite=False):
        raise SettingError("an input", "another", "Give another")
    assert sorted(path.name for path in run.iterdir()) == [".metgan", "result"]


def test_an_input_in_a_folder_that_would_be_overwritten_is_refused_before_the_preparation(run: Path) -> None:
    mode = {"resume": False, "overwrite": True, "inputs": [run / "result"]}
    with pytest.raises(StorageError, match="which holds the input"):
        reserve_folder(run, "a run", "metgan test", **mode).__enter__()
    assert (run / "result").read_text() == "old"
