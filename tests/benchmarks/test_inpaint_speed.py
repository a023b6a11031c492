"""The benchmark of `metgan inpaint`, run small: that it works."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.volume

FOLDER = Path(__file__).parents[2] / "benchmarks"


def test_the_benchmark_of_inpaint_runs_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # put back what it sets
    importlib.import_module("inpaint_speed").main([str(tmp_path), "--tiny"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["loop", "here", "here", "loop", "here"]
    assert float(lines[4].split()[-1]) > 0
