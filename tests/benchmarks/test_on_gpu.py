"""The check for a GPU, run small on the CPU: that it works, and that it leaves what it has measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from metgan.errors import SettingError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def on_gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import on_gpu

    return on_gpu


@pytest.fixture
def on_gpu_training(on_gpu: ModuleType) -> ModuleType:
    return sys.modules["on_gpu_training"]


def read(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "on_gpu.json").read_text())
    return content


@pytest.mark.slow
def test_the_whole_check_runs_small_on_a_cpu(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # a checkout without .venv
    command = ["bash", str(BENCHMARKS / "on_gpu.sh"), "--tiny", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stderr
    report = read(tmp_path / "out")
    stages = report["stages"]
    assert {name: stage["outcome"] for name, stage in stages.items()} == dict.fromkeys(
        ["times", "phantom", "training", "evaluation"], "done"
    )
    assert {"torch", "date", "commit", "device"} <= {*report["machine"]}
    assert all(row["fastest_s"] <= row["median_s"] <= row["slowest_s"] for row in stages["times"]["rows"])
    (look,) = stages["training"]["looks"]
    assert look["step"] == stages["training"]["steps"] == 1
    assert look["val_mae"] > 0
    scores = stages["evaluation"]["in_short"]
    assert scores["MAE relative to painting the mean"] > 0
    assert {"tumour recall", "median contrast", "false objects per image"} <= {*scores}
    assert (tmp_path / "out" / "grid.png").read_bytes() == (tmp_path / "out/scores/grid.png").read_bytes()


def test_a_stage_that_fails_leaves_what_it_measured_and_the_next_begins(
    on_gpu: ModuleType, tmp_path: Path
) -> None:
    report = on_gpu.Report(tmp_path, {})
    with report.stage("first", until=60) as stage:
        stage["rows"] = [1]
        report.save()
        assert read(tmp_path)["stages"]["first"] == {"outcome": "begun", "rows": [1]}
        raise SettingError("a", "b", "c")
    with report.stage("second", until=60) as stage:
        stage["rows"] = [2]
    first, second = read(tmp_path)["stages"].values()
    assert (first["rows"], first["outcome"][:20]) == ([1], "failed: SettingError")
    assert (second["rows"], second["outcome"]) == ([2], "done")


def test_a_stage_whose_time_is_over_is_stopped(on_gpu: ModuleType, tmp_path: Path) -> None:
    report = on_gpu.Report(tmp_path, {})
    with report.stage("long", until=0):
        time.sleep(60)
    assert read(tmp_path)["stages"]["long"]["outcome"].startswith("stopped")


@pytest.mark.parametrize(
    ("seconds", "steps", "segmentor_steps"),
    [(100_000, 2000, 400), (1300, 1698, 15), (0, 1, 1)],
    # small's batches are 4 and 8, its looks 9, a step of one image takes 0.1 and 1 s here:
    # (0.7 x 1300 - 9 x 3) / (1.3 x 4 x 0.1) is 1698, 0.12 x 1300 / (1.3 x 8 x 1) is 15
)
def test_trainings_are_as_long_as_the_time_allows(
    on_gpu_training: ModuleType, small_world: Path, seconds: int, steps: int, segmentor_steps: int
) -> None:
    t = on_gpu_training
    lengths = t.Lengths("cpu", "small", 10, 64, 2000, None)
    timed = {"preset": "small", "batch": 1}
    times = [{"what": t.METGAN, **timed, "median_s": 0.1}, {"what": t.SEGMENTOR, **timed, "median_s": 1.0}]
    planned = t.plan(small_world.parent, lengths, times, seconds)
    assert (planned.steps, planned.segmentor_steps) == (steps, segmentor_steps)


def test_without_a_timed_step_no_training_is_planned(on_gpu_training: ModuleType, small_world: Path) -> None:
    t = on_gpu_training
    lost = [{"what": t.METGAN, "preset": "small", "batch": 1, "out_of_memory": True}]
    with pytest.raises(RuntimeError, match="no training step of MetGAN at small was timed"):
        t.plan(small_world.parent, t.TINY_TRAINING, lost, 100)
