"""Who may write into an output folder.

A folder that holds another result is refused unless the caller says to resume or to overwrite it.
The marker names the result's kind, so that overwriting never deletes a folder that metgan did not make.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from metgan.errors import SettingError, StorageError

from .atomic import write_text

_MARKER = ".metgan"


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
        When something is there and neither was asked for, or it is not metgan's to overwrite.
    """
    if resume and overwrite:
        raise SettingError("--resume and --overwrite together", "one of them", "Drop one")
    if path.exists() and not path.is_dir():
        raise StorageError(f"{path} is a file", "a folder or a new path", "Choose another --out")
    if overwrite:
        _refuse_to_delete(path, inputs)
    if path.is_dir() and any(path.iterdir()):
        held = kind_of_folder(path) or "something that metgan did not write"
        if held != kind:
            raise StorageError(
                f"{path} holds {held}", f"an empty folder, or one with {kind}", "Choose another --out"
            )
        if not (resume or overwrite):
            raise StorageError(
                f"{path} already holds {kind}", "a new folder", "Add --resume to go on, or --overwrite"
            )


def kind_of_folder(path: Path) -> str:
    """Give the kind of result that a folder was claimed for; "" when metgan did not claim it."""
    marker = path / _MARKER
    return marker.read_text().strip() if marker.is_file() else ""


def claim_folder(
    path: Path, kind: str, *, resume: bool, overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Make `path` the place for a result of `kind`; with `overwrite`, delete the former result.

    Call it when the inputs have been checked, so that a refused command leaves the former result.
    Takes what `check_folder` takes and refuses what it refuses; creates `path` and its parents.
    """
    check_folder(path, kind, resume=resume, overwrite=overwrite, inputs=inputs)
    if overwrite and path.is_dir():
        shutil.rmtree(path)
    write_text(path / _MARKER, kind + "\n")


def _refuse_to_delete(path: Path, inputs: Iterable[Path]) -> None:
    for given in inputs:
        if given.resolve().is_relative_to(path.resolve()):
            raise StorageError(
                f"--overwrite of {path}, which holds the input {given}",
                "an output folder apart from the inputs",
                "Choose another --out",
            )
