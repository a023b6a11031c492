"""A disk with room for a few kilobytes, without root and without a mock."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

ROOM = 4096


@pytest.fixture
def little_room() -> Iterator[int]:
    """Let no file grow beyond `ROOM` bytes while the test runs, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    yield ROOM
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
