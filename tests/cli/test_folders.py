"""The settings of a run folder: where its preset comes from, and that a preset nobody named is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from metgan.experiment import resolve
from metgan.workflows import OutputPolicy, TrainingSettings
from metgan.workflows.output import Output
from metgan.workflows.settings import preset_note, resolve_run, resolve_study

from .conftest import Capture

NEW, RESUMED = OutputPolicy(), OutputPolicy(resume=True)
ON_CPU = TrainingSettings(device="cpu")


def folder(path: Path, policy: OutputPolicy) -> Output:
    return Output(path, "a run", "metgan train", policy, ())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of preset `released` that has only begun: it has nothing but its settings."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".metgan").write_text("a run\n")
    resolve({"preset": "released", "engine": {"device": "cpu"}}).save(folder / "config.toml")
    return folder


def test_a_preset_that_nobody_named_is_told_with_the_reason(tmp_path: Path, capsys: Capture) -> None:
    assert resolve_run(folder(tmp_path / "run", NEW), ON_CPU, "training").preset == "small"
    assert capsys.readouterr().err.startswith("metgan: note: preset small, because the device is a CPU;")
    assert resolve_study(folder(tmp_path / "study", NEW), "similarity", ON_CPU, {}, {}).preset == "small"
    assert "preset small, because the device is a CPU" in capsys.readouterr().err


@pytest.mark.parametrize("preset", ["paper", "small"])
def test_of_a_preset_in_the_options_nothing_is_told(tmp_path: Path, capsys: Capture, preset: str) -> None:
    options = TrainingSettings(preset=preset, device="cpu")  # type: ignore[arg-type]  # one of the two
    assert resolve_run(folder(tmp_path / "run", NEW), options, "training").preset == preset
    assert resolve_study(folder(tmp_path, NEW), "similarity", ON_CPU, {"preset": preset}, {}).preset == preset
    assert capsys.readouterr().err == ""


def test_of_a_preset_in_the_file_nothing_is_told(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file.toml").write_text('preset = "paper"\n')
    options = TrainingSettings(device="cpu", config=tmp_path / "file.toml")
    assert resolve_run(folder(tmp_path / "run", NEW), options, "training").preset == "paper"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("with_file", [False, True])
def test_a_resumed_run_keeps_its_preset_on_any_machine(
    run: Path, tmp_path: Path, capsys: Capture, with_file: bool
) -> None:
    (tmp_path / "file.toml").write_text("seed = 0\n")  # names no preset
    options = TrainingSettings(device="cpu", config=tmp_path / "file.toml" if with_file else None)
    assert resolve_run(folder(run, RESUMED), options, "training").preset == "released"
    assert capsys.readouterr().err == ""
    assert resolve_run(folder(run, OutputPolicy(overwrite=True)), options, "training").preset == "small"


def test_the_note_names_the_reason_and_the_other_preset() -> None:
    assert "because there is a CUDA device; --preset small" in preset_note("paper", "auto")
    assert "because there is no CUDA device; --preset paper" in preset_note("small", "auto")
    assert "because the device is a CPU; --preset paper" in preset_note("small", "cpu")
