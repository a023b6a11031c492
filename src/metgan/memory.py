"""The process's memory, as the system sees it: the most that it has had, and what goes back."""

from __future__ import annotations

import ctypes
import os
import sys

if sys.platform != "win32":
    import resource

_PROGRAM = ctypes.CDLL(None) if os.name == "posix" else None


def peak_memory_bytes() -> int | None:
    """Return the most resident memory that this process has had; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def return_memory() -> None:
    """Return to the system what has been freed, which glibc keeps: a gigabyte over the tiles of an image.

    Elsewhere the allocator does so, or cannot be asked.
    """
    if (trim := getattr(_PROGRAM, "malloc_trim", None)) is not None:
        trim(0)
