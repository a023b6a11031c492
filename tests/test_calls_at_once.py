"""Calls that are made at the same time: each is refused or harmless, and none loses what another wrote.

The commands are processes of their own, started side by side.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.data import PairSet, read_table

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")]

METGAN = (sys.executable, "-c", "from metgan.cli import main; main()")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PATIENCE = 240.0
BUSY = "is being written to by"
rounds = pytest.mark.parametrize(
    "round_", [0, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(1, 10))]
)
SHORT = ("--preset", "small", "--device", "cpu", "--batch-size", "2", "--crop", "64")
BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "calls_at_once.py"
Process = subprocess.Popen[str]


def start(*arguments: str | Path) -> Process:
    command = [*METGAN, *map(str, arguments)]
    return subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end(process: Process) -> tuple[int, str]:
    """Status, and the last line: where the result is, or why there is none."""
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert "Traceback" not in errors
    return process.returncode, (errors if process.returncode else output).splitlines()[-1]


def at_once(*commands: tuple[str | Path, ...]) -> list[tuple[int, str]]:
    return [end(process) for process in [start(*command) for command in commands]]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Two channels of 256 x 256 pixels, with a tumour in each corner of 32."""
    image = np.random.default_rng(0).integers(100, 200, (2, 256, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "scan.tif", image, imagej=True, metadata={"axes": "CYX"})
    mask = np.zeros((256, 256), np.uint8)
    mask[::32, ::32] = 255
    tifffile.imwrite(tmp_path / "mask.tif", mask)
    return tmp_path / "scan.tif"


def prepare(scan: Path, out: Path, rows: str, *more: str) -> tuple[str | Path, ...]:
    mask = scan.with_name("mask.tif")
    return ("prepare", scan, "--labels", mask, "--crop", "16", "--rows", rows, "--out", out, *more)


@rounds
def test_of_two_prepare_into_one_set_none_loses_the_rows_of_the_other(
    scan: Path, tmp_path: Path, round_: int
) -> None:
    out, halves = tmp_path / "set", ("0:128", "128:256")
    found = at_once(*(prepare(scan, out, rows) for rows in halves))
    written = [rows for rows, (status, _) in zip(halves, found, strict=True) if status == 0]
    assert written
    for status, line in found:
        assert (
            line.startswith("Written") if status == 0 else BUSY in line and "metgan prepare (process" in line
        )
    assert len(PairSet.open(out)) == len(read_table(out)) == 128 * len(written)
    for rows in set(halves) - set(written):
        assert at_once(prepare(scan, out, rows))[0][0] == 0
    assert len(PairSet.open(out)) == 256


@pytest.mark.parametrize("mode", ["--resume", "--overwrite", ""])
@rounds
def test_of_two_that_draw_one_phantom_each_is_refused_or_harmless(
    tmp_path: Path, mode: str, round_: int
) -> None:
    out, whole = tmp_path / "pairs", tmp_path / "whole"
    command = ("phantom", out, "--pairs", "20", "--size", "64", *([mode] if mode else []))
    found = at_once(command, command)
    assert any(status == 0 for status, _ in found)
    for status, line in found:
        assert status == 0 or (status == 2 and (BUSY in line or "already holds pairs" in line)), line
    assert at_once(("phantom", whole, "--pairs", "20", "--size", "64"))[0][0] == 0
    assert images(out) == images(whole)


def run_benchmark(world: Path, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``benchmarks/calls_at_once.py`` in a process of its own, after some lines of Python."""
    code = f"{before}\nimport runpy, sys\nsys.path.insert(0, {str(BENCHMARK.parent)!r})\n"
    code += f"sys.argv = {[BENCHMARK.name, str(world), *words]!r}\n"
    code += f"runpy.run_path({str(BENCHMARK)!r}, run_name='__main__')"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("rounds_", ["1", pytest.param("10", marks=pytest.mark.nightly)])
def test_ten_pairs_of_calls_of_five_verbs_are_each_refused_or_harmless(tmp_path: Path, rounds_: str) -> None:
    """train, generate, prepare, evaluate and export, with --resume and with --overwrite."""
    done = run_benchmark(tmp_path / "world", "--rounds", rounds_)
    assert done.returncode == 0, done.stdout + done.stderr
    _, _, *rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line[:1] == "|"]
    assert [(row[1], row[-1]) for row in rows] == [(rounds_, "0")] * 10


def test_without_locks_the_same_pairs_of_calls_lose_what_was_written(tmp_path: Path) -> None:
    """So that the test above could fail: on a file system that has no locks, as is told in a note."""
    no_locks = (
        "import errno, fcntl\n"
        "def flock(*_): raise OSError(errno.ENOLCK, 'no locks available')\n"
        "fcntl.flock = flock"
    )
    done = run_benchmark(tmp_path / "world", "--rounds", "3", "--verbs", "prepare", before=no_locks)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "of 6 without a fault" in done.stdout


def images(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.suffix in (".tif", ".csv")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def training(small_world: Path, tmp_path: Path) -> Iterator[Process]:
    """A training that has begun in ``run`` and goes on."""
    process = start("segmentor", small_world, "--out", tmp_path / "run", "--steps", "100000", *SHORT)
    wait_for(lambda: (tmp_path / "run" / "journal.csv").is_file(), process)
    yield process
    process.kill()
    process.communicate()


def wait_for(is_there: Callable[[], bool], process: Process) -> None:
    give_up = time.monotonic() + PATIENCE
    while not is_there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_a_run_under_a_living_training_is_refused_and_the_holder_named_until_it_is_killed(
    small_world: Path, tmp_path: Path, training: Process
) -> None:
    command = ("segmentor", small_world, "--out", tmp_path / "run", *SHORT)
    for more in (("--resume",), ("--overwrite",), ()):
        ((status, line),) = at_once((*command, "--steps", "2", *more))
        assert status == 2
        assert f"{BUSY} metgan segmentor (process {training.pid} on " in line
        assert training.poll() is None
    training.send_signal(signal.SIGKILL)
    training.wait()
    ((status, line),) = at_once((*command, "--steps", "2", "--overwrite"))
    assert (status, line) == (0, f"Written: {tmp_path / 'run'}")
