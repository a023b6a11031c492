"""Nothing half-written ever stands under a final name.

A file is written beside its destination under a hidden name of its own, synced, and then renamed, which file
systems do at once. A full disk, a killed process or a power cut leaves the former file, or none.

Notes
-----
The hidden file is made anew under a name that nobody can foresee, so that two writers never share one and no
link that lies there is followed. Those that a killed process left behind are removed by the next one that
holds the folder (`metgan.io.hold_folder`), when no other can be writing there.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from metgan.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_SYNCED = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EISDIR, errno.EPERM}
_PREFIX, _SUFFIX = ".metgan-", ".part"
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)  # Windows has none


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Return a temporary path that takes the place of `path` when the block ends well, for good.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written.
    """
    with placing(path) as temporary:
        yield temporary
    sync_folder(path.parent)


@contextmanager
def placing(path: Path) -> Iterator[Path]:
    """Do as `replacing`, but leave it to the caller to sync the folder, once for many files.

    Until `sync_folder`, a power cut may take back the new name, never half of a file.
    """
    temporary = path.with_name(f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS, 0o666))
        yield temporary
        _sync(temporary, os.O_RDWR)
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):  # the error of the block is the one to tell
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


def is_temporary(name: str) -> bool:
    """Tell whether a file of this name is one that `replacing` writes before it is renamed."""
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk; where the system cannot (Windows), do nothing."""
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise unwritable(folder, error) from error


def sync_file(path: Path) -> None:
    """Have what was written into a file on the disk.

    Raises
    ------
    StorageError
        When it is gone, or the system cannot write it.
    """
    try:
        _sync(path, os.O_RDWR)
    except OSError as error:
        raise unwritable(path, error) from error


def append_text(path: Path, text: str) -> None:
    """Append `text` as UTF-8 and have it on the disk; what is there stays, whatever ends the writing.

    A kill or a full disk may cut the text short, so readers leave out a last line without an end. A link in
    the place of the file is refused.

    Raises
    ------
    StorageError
        When the disk is full or the file cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINKS, 0o666)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise unwritable(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON, all or nothing."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def unwritable(path: Path, error: OSError) -> StorageError:
    """Make of what the system said while `path` was written an error that says what to do."""
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


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
