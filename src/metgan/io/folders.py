"""Who may write into an output folder.

A folder that holds another result is refused unless the caller says to resume or to overwrite it, and one
that another process writes to is refused in any case. The marker names the result's kind, so that overwriting
never deletes a folder that metgan did not make; it is the first thing in a folder and the last to go.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from metgan.errors import SettingError, StorageError

from .atomic import is_temporary, unwritable, write_text
from .contents import has_file, has_folder
from .holding import HOLDER_FILE, LOCK_FILE, hold_all_below, hold_folder, refuse_held

_MARKER = ".metgan"
_OURS = (_MARKER, LOCK_FILE, HOLDER_FILE)
_DELETING = "being deleted"


def check_folder(
    path: Path, kind: str, *, resume: bool, overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Say why `path` cannot become the place for a result of `kind`; touch nothing.

    Parameters
    ----------
    path : Path
    kind : str
        What is written, in a few words: "a run", "pairs", "scores".
    resume, overwrite : bool
        Go on with what is there; or delete it first. Not both.
    inputs : iterable of Path
        What the result is made from; overwriting must not delete it.

    Raises
    ------
    StorageError
        When something is there and neither was asked for, it is not metgan's to overwrite, or another process
        writes there.
    """
    if resume and overwrite:
        raise SettingError("--resume and --overwrite together", "one of them", "Drop one")
    is_there = has_folder(path)
    if overwrite:
        _refuse_to_delete(path, inputs)
    if not is_there:
        return
    refuse_held(path)
    if _holds_something(path):
        held = kind_of_folder(path) or "something that no command of metgan wrote"
        if held != kind:
            raise StorageError(
                f"{path} holds {held}", f"an empty folder, or one with {kind}", "Choose another --out"
            )
        if not (resume or overwrite):
            raise StorageError(
                f"{path} already holds {kind}", "a new folder", "Add --resume to go on, or --overwrite"
            )


def kind_of_folder(path: Path) -> str:
    """Return the kind of result that metgan has marked a folder for; "" where it has marked none."""
    return _mark_of(path).partition("\n")[0].strip()


def verb_of_folder(path: Path) -> str:
    """Return what was called last to write into a folder, as in "metgan prepare"; "" if it is not known."""
    line = _mark_of(path).partition("\n")[2].partition("\n")[0].strip()
    return "" if line == _DELETING else line


def is_half_deleted(path: Path) -> bool:
    """Tell whether overwriting was cut short while it deleted the former result in `path`.

    Raises
    ------
    StorageError
        When another process is deleting it just now.
    """
    if not _is_marked_for_deletion(path):
        return False
    refuse_held(path)
    return _is_marked_for_deletion(path)  # whoever held it may have ended it


@contextmanager
def reserve_folder(
    path: Path, kind: str, verb: str, *, resume: bool, overwrite: bool, inputs: Iterable[Path] = ()
) -> Iterator[None]:
    """Hold `path` for a result of `kind` from the beginning of a call on, while its inputs are looked at.

    So a second call is refused before its preparation, not after it. Nothing is deleted or marked:
    `prepare_output`, within the block, does so. Where the block ends without it, since the inputs are refused
    or the call is interrupted, what was made for the lock is gone again. Takes and refuses what
    `prepare_output` does.
    """
    check_folder(path, kind, resume=resume, overwrite=overwrite, inputs=inputs)
    made = [folder for folder in (path, *path.parents) if not has_folder(folder)]
    was_locked = has_file(path / LOCK_FILE)
    try:
        with hold_folder(path, verb):
            check_folder(path, kind, resume=resume, overwrite=overwrite)  # as it is by now
            try:
                yield
            except BaseException:
                with suppress(OSError):  # a lock that is waited for may go: who gets it finds that it has
                    for name in (HOLDER_FILE, *(() if was_locked else (LOCK_FILE,))):
                        (path / name).unlink(missing_ok=True)
                raise
    finally:
        with suppress(OSError):  # one that is not empty has become a result's, or another call's
            for folder in made:
                folder.rmdir()


@contextmanager
def prepare_output(
    path: Path, kind: str, verb: str, *, resume: bool, overwrite: bool, inputs: Iterable[Path] = ()
) -> Iterator[None]:
    """Make `path` the place for a result of `kind`, and hold it alone while the block runs.

    With `overwrite`, the former result is deleted; likewise where an earlier deletion was cut short. Call it
    when the inputs have been checked, so that a refused command leaves the former result. Takes what
    `check_folder` takes and refuses what it refuses; creates `path` and its parents.

    Parameters
    ----------
    verb : str
        What is done, for whoever comes second: "metgan prepare".
    """
    inputs = [*inputs]
    check_folder(path, kind, resume=resume, overwrite=overwrite, inputs=inputs)
    with hold_folder(path, verb):
        check_folder(path, kind, resume=resume, overwrite=overwrite, inputs=inputs)  # as it is by now
        if overwrite or is_half_deleted(path):
            _refuse_to_delete(path, inputs)
            with hold_all_below(path, verb):
                write_text(path / _MARKER, f"{kind}\n{_DELETING}\n")
                _empty(path)
        write_text(path / _MARKER, f"{kind}\n{verb}\n")
        yield


def _is_marked_for_deletion(path: Path) -> bool:
    return _DELETING in _mark_of(path).splitlines()[1:]


def _mark_of(path: Path) -> str:
    marker = path / _MARKER
    return marker.read_text(encoding="utf-8") if has_file(marker) else ""


def _holds_something(path: Path) -> bool:
    """Tell whether anything but what a call leaves that was killed before its first mark is there."""
    names = {entry.name for entry in path.iterdir() if not is_temporary(entry.name)}
    return _MARKER in names or bool(names - {*_OURS})


def _empty(path: Path) -> None:
    """Delete everything but the mark and the lock, so that a kill leaves a folder that is known as ours."""
    try:
        for entry in path.iterdir():
            if entry.name in _OURS:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    except OSError as error:
        raise unwritable(path, error) from error


def _refuse_to_delete(path: Path, inputs: Iterable[Path]) -> None:
    for given in inputs:
        if given.resolve().is_relative_to(path.resolve()):
            raise StorageError(
                f"--overwrite of {path}, which holds the input {given}",
                "an output folder apart from the inputs",
                "Choose another --out",
            )
