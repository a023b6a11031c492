"""Nothing half-written ever stands under a final name.

A file is written beside its destination under a hidden name and then renamed, which file systems do
at once. A full disk or a killed process leaves the former file, or none.
"""

from __future__ import annotations

import errno
import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from metgan.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends well.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_behind in path.parent.glob(f".{glob.escape(path.name)}.*.part"):  # by a killed process
            if left_behind != temporary:
                left_behind.unlink(missing_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):  # the error of the block is the one to tell
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON, all or nothing."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def _unwritable(path: Path, error: OSError) -> StorageError:
    if isinstance(error, StorageError):
        return error
    if error.errno in _FULL:
        return StorageError(
            f"no space left while writing {path} ({error.strerror})",
            "room for the whole file",
            "Free some space or choose another output folder; what was complete is kept",
        )
    return StorageError(
        f"cannot write {path} ({error.strerror or error})",
        "a folder that you may write to",
        "Check the path and its permissions",
    )
