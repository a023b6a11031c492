"""One writer at a time: a folder is held while something is written into it.

The lock is the operating system's (``flock``, through `filelock`), on a file in the folder itself, so that it
ends with the process that took it, however that ends. Who holds it stands beside it, for the message alone.

Notes
-----
A lock file stays when the lock is released, unless a refused call has made it (`metgan.io.reserve_folder`):
`filelock` finds that a file which it waited for is gone, and takes another.
On NFS, Linux passes the lock on to the server, and it holds between machines; where the file system is
mounted with local locks (``nolock``, ``local_lock=flock``, many FUSE file systems) it holds on one machine
alone. A file system without locks is told in a note, and work goes on: whoever has no other disk must be able
to work, one call at a time.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from metgan.errors import StorageError
from metgan.progress import note

from .atomic import is_temporary, unwritable, write_text
from .contents import has_file

LOCK_FILE = ".metgan.lock"
"""The file that is locked, empty."""
HOLDER_FILE = ".metgan.holder"
"""Who holds the lock, in a line of words; counts only while it is held."""
_PATIENCE = 0.5  # seconds: others may look at the lock for a moment
_LONGEST = 300  # characters of a holder's line
_MISSING = (FileNotFoundError, NotADirectoryError, PermissionError)


@contextmanager
def hold_folder(folder: Path, verb: str) -> Iterator[None]:
    """Be the only writer into `folder` while the block runs; the folder is made where there is none.

    A thread that holds it already holds it once more. Temporary files that the dead left are removed. `verb`
    is what is done, in a few words, for whoever comes second: "metgan prepare".

    Raises
    ------
    StorageError
        When another process or thread holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    lock = _lock_of(folder)
    is_first = not lock.is_locked
    if not _take(lock, folder):
        yield
        return
    try:
        if is_first:
            write_text(folder / HOLDER_FILE, _myself(verb))
            _remove_leftovers(folder)
        yield
    finally:
        if is_first:
            with suppress(OSError):  # a line that stays does no harm
                (folder / HOLDER_FILE).unlink(missing_ok=True)
        lock.release()


@contextmanager
def hold_all_below(folder: Path, verb: str) -> Iterator[None]:
    """Hold every folder below `folder` that was ever held, such as the runs within a study.

    So nothing is deleted while another process writes there; raises what `hold_folder` raises.
    """
    with ExitStack() as stack:
        for root, names, _ in os.walk(folder):
            for path in (Path(root, name) for name in sorted(names)):
                if not path.is_symlink() and has_file(path / LOCK_FILE):
                    stack.enter_context(hold_folder(path, verb))
        yield


def refuse_held(folder: Path) -> None:
    """Refuse a folder that another process or thread holds; touch nothing.

    Raises
    ------
    StorageError
        Naming who holds it.
    """
    if has_file(folder / LOCK_FILE):
        lock = _lock_of(folder)
        if _take(lock, folder):
            lock.release()


def _lock_of(folder: Path) -> BaseFileLock:
    """Return the lock of a folder: one object in a process, so that who holds it can hold it again.

    The system's lock or none: a soft lock, a file that is deleted at the end, would outlive a killed holder.
    """
    return FileLock(folder.resolve() / LOCK_FILE, is_singleton=True, fallback_to_soft=False)


def _take(lock: BaseFileLock, folder: Path) -> bool:
    """Take the lock; False, with a note, where the file system has none."""
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout as error:
        raise StorageError(
            f"{folder} is being written to by {_holder_of(folder)}",
            "one writer at a time",
            "Wait until that has ended, or choose another --out; if it is killed, the folder is free again",
        ) from error
    except _MISSING as error:
        raise unwritable(folder, error) from error
    except OSError as error:
        note(f"{folder} cannot be locked ({error}): write to it with one call at a time")
        return False
    return True


def _myself(verb: str) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"{verb} (process {os.getpid()} on {socket.gethostname()}, since {since})\n"


def _holder_of(folder: Path) -> str:
    """Return who holds a folder, or held it until killed, in a line that no other call writes."""
    try:
        text = (folder / HOLDER_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return text[:_LONGEST].strip() or "another process, which has just begun"


def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that were killed; those of a folder held by another stay."""
    for root, names, files in os.walk(folder):
        if Path(root) != folder and LOCK_FILE in files:
            names.clear()  # has a lock of its own, and cleans up when that is taken
            continue
        for name in filter(is_temporary, files):
            with suppress(OSError):
                Path(root, name).unlink(missing_ok=True)
