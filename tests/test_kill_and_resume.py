"""Commands that are killed in mid-run and started again with --resume give what they would have given.

SIGKILL leaves no time to clean up. The commands are processes of their own, with one thread each, so that
sums are taken in one order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from metgan.cli.app import app
from metgan.data import PairSet
from metgan.errors import StorageError
from metgan.training import read_log

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")]

METGAN = (sys.executable, "-c", "from metgan.cli import main; main()")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kills.py"
PATIENCE = 240.0
EXACT = ("--preset", "small", "--device", "cpu", "--precision", "fp32", "--batch-size", "2", "--crop", "64")


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [*METGAN, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(*arguments: str | Path) -> None:
    process = start(*arguments)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors.decode()


def kill_when(is_time: Callable[[], bool], *arguments: str | Path) -> None:
    """Start a command and kill it as soon as `is_time`; fail if it ends before."""
    process = start(*arguments)
    give_up = time.monotonic() + PATIENCE
    try:
        while process.poll() is None and not is_time() and time.monotonic() < give_up:
            time.sleep(0.005)
    finally:
        process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"it ended before it was killed: {errors.decode()}"


def results(folder: Path) -> dict[str, bytes]:
    """What must not depend on an interruption: models, tables and images; no clocks and no dates."""
    kinds = ("model.safetensors", "splits.json", "pairs.csv", "config.toml")
    paths = [path for path in folder.rglob("*") if path.name in kinds or path.suffix in (".tif", ".png")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.name[0] != "."}


def steps_of(run: Path) -> list[int]:
    return [int(row["step"]) for row in read_log(run / "journal.csv")]


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


@pytest.fixture(scope="session")
def painted_run(
    small_world: Path, tmp_path_factory: pytest.TempPathFactory, settle_run: Callable[[Path], None]
) -> Path:
    """A run of two steps, settled so that it paints something."""
    run = tmp_path_factory.mktemp("painted") / "run"
    finish("train", small_world, "--out", run, "--steps", "2", "--segmentor-steps", "2", *EXACT)
    settle_run(run)
    return run


def test_a_killed_segmentor_resumes_to_the_same_bytes(small_world: Path, tmp_path: Path) -> None:
    """The quick one: the command is killed in a process of its own, the others run in this one."""

    def command(out: str, *more: str) -> list[str]:
        arguments = ("segmentor", small_world, "--out", tmp_path / out, "--steps", "24", *EXACT, *more)
        return [str(argument) for argument in arguments]

    cut = tmp_path / "cut"
    kill_when(lambda: lines_in(cut / "journal.csv") >= 3, *command("cut"))
    assert 0 < steps_of(cut)[-1] < 24
    assert not (cut / "report.html").exists()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    app(command("cut", "--resume"), exit_on_error=False)
    app(command("whole"), exit_on_error=False)
    torch.set_num_threads(threads)
    assert results(cut) == results(tmp_path / "whole")
    assert "model.safetensors" in results(cut)
    assert steps_of(cut) == steps_of(tmp_path / "whole")


CUTS = [
    ("segmentor", False),
    ("metgan", True),
    *(pytest.param(*cut, marks=pytest.mark.nightly) for cut in [("segmentor", True), ("metgan", False)]),
]


@pytest.mark.parametrize(("where", "has_scans"), CUTS)
def test_a_killed_metgan_resumes_to_the_same_bytes(
    small_world: Path, scans: Path, tmp_path: Path, where: str, has_scans: bool
) -> None:
    """Also where it learns from unlabelled scans."""

    def command(out: str) -> tuple[str | Path, ...]:
        lengths = ("--steps", "14", "--segmentor-steps", "32")
        further = ("--unlabelled", scans) if has_scans else ()
        return ("train", small_world, "--out", tmp_path / out, *lengths, *further, *EXACT)

    finish(*command("whole"))
    cut = tmp_path / "cut"
    part = cut / "segmentor" if where == "segmentor" else cut
    kill_when(lambda: lines_in(part / "journal.csv") >= 3, *command("cut"))
    assert not (cut / "report.html").exists()
    finish(*command("cut"), "--resume")
    assert results(cut) == results(tmp_path / "whole")
    assert {"model.safetensors", "segmentor/model.safetensors"} <= results(cut).keys()
    for run in (Path(), Path("segmentor")):
        assert steps_of(cut / run) == steps_of(tmp_path / "whole" / run)


@pytest.mark.parametrize("kills", ["1", pytest.param("8", marks=pytest.mark.nightly)])
def test_six_verbs_that_are_killed_at_random_moments_give_the_same_bytes_when_called_again(
    tmp_path: Path, kills: str
) -> None:
    """All but `segmentor` and `phantom`; every second of several kills falls into --overwrite."""
    command = [sys.executable, BENCHMARK, tmp_path / "world", "--kills", kills]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{6 * int(kills)} of {6 * int(kills)} without a fault" in done.stdout


def test_a_generation_that_is_killed_three_times_resumes_to_the_same_bytes(
    painted_run: Path, small_world: Path, tmp_path: Path
) -> None:
    def command(out: str) -> tuple[str | Path, ...]:
        sources = ("--anatomy", small_world, "--labels", small_world)
        place = ("--out", tmp_path / out, "--device", "cpu")
        return ("generate", painted_run, *sources, "--count", "60", *place)

    finish(*command("whole"))
    cut = tmp_path / "cut"
    for kill in range(3):
        had = lines_in(cut / ".done.csv")
        resume = ("--resume",) if kill else ()
        kill_when(lambda had=had: lines_in(cut / ".done.csv") >= had + 4, *command("cut"), *resume)  # type: ignore[misc]  # bound per round
        with pytest.raises(StorageError, match="disagree about"):  # nobody takes it for a finished set
            PairSet.open(cut)
    finish(*command("cut"), "--resume")
    assert results(cut) == results(tmp_path / "whole")
    assert len(PairSet.open(cut)) == 60
