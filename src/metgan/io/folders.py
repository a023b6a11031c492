"""Who may write into an output folder.

A folder that holds another result is refused unless the caller says to resume or to overwrite it.
The marker names the result's kind, so that overwriting never deletes a folder that metgan did not make.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from metgan.errors import SettingError, StorageError

from .atomic import write_text

_MARKER = ".metgan"


def claim_folder(path: Path, kind: str, *, resume: bool, overwrite: bool) -> None:
    """Make `path` the place for a result of `kind`, or say why it cannot be.

    Parameters
    ----------
    path : Path
        Created with its parents when missing.
    kind : str
        What is written, in one word: "run", "pairs", "scores".
    resume, overwrite : bool
        Go on with what is there; or delete it first. Not both.

    Raises
    ------
    StorageError
        When something is there and neither was asked for, or it is not metgan's to overwrite.
    """
    if resume and overwrite:
        raise SettingError("--resume and --overwrite together", "one of them", "Drop one")
    marker = path / _MARKER
    if path.exists() and not path.is_dir():
        raise StorageError(f"{path} is a file", "a folder or a new path", "Choose another --out")
    if path.is_dir() and any(path.iterdir()):
        held = marker.read_text().strip() if marker.is_file() else "something that metgan did not write"
        if held != kind:
            raise StorageError(
                f"{path} holds {held}", f"an empty folder, or one with {kind}", "Choose another --out"
            )
        if overwrite:
            shutil.rmtree(path)
        elif not resume:
            raise StorageError(
                f"{path} already holds {kind}", "a new folder", "Add --resume to go on, or --overwrite"
            )
    write_text(marker, kind + "\n")
