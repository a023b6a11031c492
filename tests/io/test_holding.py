"""One writer at a time: who holds a folder is named, and a dead holder holds nothing."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from metgan.errors import StorageError
from metgan.io import hold_folder, is_half_deleted, prepare_output

HOLD = """
import time
from metgan.io import hold_folder
with hold_folder(folder, "metgan prepare"):
    is_held.set()
    time.sleep(120)
"""
STOP = """
import os, signal
from pathlib import Path
from metgan.io import prepare_output
gone = []
def die_at(path, *rest, **more):
    if not path.name.startswith(".metgan"):
        if len(gone) == deleted:
            os.kill(os.getpid(), signal.SIGKILL)
        gone.append(path)
    really(path, *rest, **more)
really, Path.unlink = Path.unlink, lambda path, **more: die_at(path, **more)
with prepare_output(folder, "a run", "metgan train", resume=False, overwrite=True):
    pass
"""
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
TEMPORARY = ".metgan-0123456789abcdef.part"


PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["metgan.io"])  # once for all processes: torch takes seconds to load


def start_python(code: str, **names: object) -> BaseProcess:
    """Run some lines of Python in a process of their own."""
    process = PROCESSES.Process(target=exec, args=(code, names))
    process.start()
    return process


@pytest.fixture
def holder() -> Iterator[Callable[[Path], BaseProcess]]:
    """Start a process that holds a folder until it is killed."""
    started = []

    def start(folder: Path) -> BaseProcess:
        is_held = PROCESSES.Event()
        started.append(start_python(HOLD, folder=folder, is_held=is_held))
        assert is_held.wait(120)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.join()


def claim(path: Path, **mode: Any) -> None:
    with prepare_output(path, "a run", "metgan train", **{"resume": False, "overwrite": False} | mode):
        pass


@pytest.mark.slow
def test_the_second_is_told_who_holds_the_folder(tmp_path: Path, holder: Callable) -> None:
    process = holder(tmp_path)
    wanted = rf"is being written to by metgan prepare \(process {process.pid} on .+, since \d{{4}}-.*\)"
    with pytest.raises(StorageError, match=wanted), hold_folder(tmp_path, "metgan prepare"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path, holder: Callable) -> None:
    process = holder(tmp_path)
    process.kill()
    process.join()
    with hold_folder(tmp_path, "metgan prepare"):
        assert (tmp_path / ".metgan.holder").read_text().startswith("metgan prepare (process")
    assert not (tmp_path / ".metgan.holder").exists()


def test_who_holds_a_folder_holds_it_again_and_another_thread_does_not(tmp_path: Path) -> None:
    found = []

    def try_it() -> None:
        try:
            with hold_folder(tmp_path, "a thread"):
                found.append("held")
        except StorageError as error:
            found.append(str(error))

    with hold_folder(tmp_path, "one"), hold_folder(tmp_path / ".", "two"):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert "being written to by one (process" in found[0]
    try_it()
    assert found[1] == "held"


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_a_folder_under_a_living_call_is_neither_resumed_nor_overwritten(
    tmp_path: Path, holder: Callable, mode: str
) -> None:
    claim(tmp_path / "run")
    (tmp_path / "run" / "result").write_text("old")
    process = holder(tmp_path / "run")
    with pytest.raises(StorageError, match=f"process {process.pid} "):
        claim(tmp_path / "run", **{mode: True})
    assert (tmp_path / "run" / "result").read_text() == "old"
    process.kill()
    process.join()
    claim(tmp_path / "run", **{mode: True})
    assert (tmp_path / "run" / "result").exists() == (mode == "resume")


def test_a_folder_is_not_overwritten_while_a_run_within_is_written_to(
    tmp_path: Path, holder: Callable
) -> None:
    claim(tmp_path)
    (tmp_path / "deep" / "run").mkdir(parents=True)
    (tmp_path / "deep" / "run" / "result").write_text("old")
    process = holder(tmp_path / "deep" / "run")
    with pytest.raises(StorageError, match=f"deep/run is being .* {process.pid} "):
        claim(tmp_path, overwrite=True)
    assert (tmp_path / "deep" / "run" / "result").read_text() == "old"


def test_what_the_dead_left_is_removed_and_what_the_living_write_stays(
    tmp_path: Path, holder: Callable
) -> None:
    living, dead = tmp_path / "living", tmp_path / "dead"
    process = holder(living)
    for folder in (tmp_path, dead, living):
        folder.mkdir(exist_ok=True)
        (folder / TEMPORARY).write_text("half")
    (dead / ".mine.part").write_text("no file of metgan's")
    with hold_folder(tmp_path, "metgan train"):
        assert [path.parent for path in tmp_path.rglob(TEMPORARY)] == [living]
    assert (dead / ".mine.part").exists()
    process.kill()
    process.join()
    with hold_folder(living, "metgan train"):
        assert not (living / TEMPORARY).exists()


@pytest.mark.parametrize("left", [[], [".metgan.lock"], [".metgan.lock", ".metgan.holder", TEMPORARY]])
@pytest.mark.parametrize("mode", [{}, {"resume": True}, {"overwrite": True}])
def test_a_call_that_was_killed_before_its_first_mark_leaves_a_folder_for_any_call(
    tmp_path: Path, left: list[str], mode: dict[str, bool]
) -> None:
    for name in left:
        (tmp_path / name).write_text("")
    claim(tmp_path, **mode)
    assert (tmp_path / ".metgan").read_text() == "a run\nmetgan train\n"


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
@pytest.mark.parametrize("deleted", [0, 1, 2])
def test_overwriting_that_was_killed_while_it_deleted_is_ended_by_the_next_call(
    tmp_path: Path, mode: str, deleted: int
) -> None:
    claim(tmp_path)
    for name in ("config.toml", "journal.csv", "last.ckpt"):
        (tmp_path / name).write_text("old")
    process = start_python(STOP, folder=tmp_path, deleted=deleted)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert is_half_deleted(tmp_path)
    with pytest.raises(StorageError, match="already holds a run"):
        claim(tmp_path)
    claim(tmp_path, **{mode: True})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".metgan", ".metgan.lock"]
    assert not is_half_deleted(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_file_system_without_locks_is_told_of_and_leaves_nothing_that_outlives_a_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_folder(tmp_path, "metgan prepare"):
        (tmp_path / "written").touch()
    assert "cannot be locked" in capsys.readouterr().err
    with hold_folder(tmp_path, "metgan prepare"):  # nobody is thought to hold it
        assert (tmp_path / "written").is_file()
