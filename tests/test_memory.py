"""What the system says of this process's memory."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from metgan.memory import peak_memory_bytes, return_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SMALL = 100_000  # bytes: glibc takes such from its heap, and keeps them


def resident() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line)
    return int(line.split()[1]) * 1024


def test_the_peak_is_in_bytes_and_at_least_what_is_resident() -> None:
    assert np.ones(30_000_000, np.uint8).all()
    peak = peak_memory_bytes()
    assert peak is not None
    assert 0.9 * resident() < peak < 100 * resident()  # the system counts in steps


def test_what_was_freed_below_what_is_kept_goes_back() -> None:
    """Where the C library can be asked; another's allocator gives it back by itself."""
    arrays = [np.ones(SMALL, np.uint8) for _ in range(2000)]
    kept = arrays.pop()  # on top of the heap: nothing below it is given back without being asked for
    full = resident()
    arrays.clear()
    return_memory()
    assert full - resident() > 0.8 * 2000 * SMALL
    assert kept.all()
