"""The command line called as a shell would, and one run that is trained once for all its tests."""

from __future__ import annotations

import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from metgan.cli import main

Capture = pytest.CaptureFixture[str]
Command = Callable[..., int]


@pytest.fixture(scope="session")
def metgan() -> Command:
    """Run ``metgan WORDS...`` in this process; give its exit status."""

    def run(*words: object) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["metgan", *map(str, words)])
            try:
                main()
            except SystemExit as end:
                return int(end.code or 0)
            return 0

    return run


@pytest.fixture
def world(small_world: Path, tmp_path: Path) -> Path:
    """A copy of the small world that a test may spoil; pairs 0-4 train, 5-6 validate, 7-9 test."""
    shutil.copytree(small_world, tmp_path / "pairs")
    (tmp_path / "pairs" / ".metgan").write_text("pairs\n")
    return tmp_path / "pairs"


@pytest.fixture(scope="session")
def trained(
    small_world: Path,
    tmp_path_factory: pytest.TempPathFactory,
    metgan: Command,
    settle_run: Callable[[Path], None],
) -> Path:
    """A run of four steps on the small world, settled so that it paints something; never written to."""
    run = tmp_path_factory.mktemp("trained") / "run"
    lengths = ("--steps", 4, "--segmentor-steps", 2)
    assert metgan("train", small_world, "--out", run, "--preset", "small", *lengths, "--device", "cpu") == 0
    settle_run(run)
    return run


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let no file grow beyond 1000 bytes while the test runs, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
