"""The verbs' happy paths, on the smallest worlds that they take."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from metgan.data import PairSet
from metgan.models import read_card

from .conftest import Command

HISTORY = [
    "number", "anatomy_source", "label_sources", "label_orientations", "label_groups", "recipe", "seed",
    "model", "tumours", "tumour_pixels", "method", "metgan",
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 5])
def test_phantom_writes_a_pair_set_of_the_size_and_number_asked_for(
    metgan: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path, seed: int
) -> None:
    assert metgan("phantom", tmp_path / "out", "--pairs", 16, "--size", 64, "--seed", seed) == 0
    assert f"Written: {tmp_path / 'out'}" in capsys.readouterr().out
    pairs = PairSet.open(tmp_path / "out").read_all()
    assert {(p.anatomy.dtype.name, p.tumour.shape) for p in pairs} == {("uint16", (64, 64))}
    assert len(pairs) == 16
    assert any(pair.label.any() for pair in pairs)


def test_prepare_cuts_a_stack_with_the_axes_and_channels_named(metgan: Command, tmp_path: Path) -> None:
    """Planes 2, channels 2 (tumour first), 16 x 24 pixels; crops of 8, the first row of blocks alone."""
    voxels = np.arange(2 * 2 * 16 * 24, dtype=np.uint16).reshape(2, 2, 16, 24)  # CZYX
    tifffile.imwrite(tmp_path / "scan.tif", voxels, photometric="minisblack")
    mask = np.zeros((2, 16, 24), np.uint8)
    mask[1, 0, 0] = 1
    tifffile.imwrite(tmp_path / "mask.tif", mask, photometric="minisblack")
    out = tmp_path / "out"
    words = ("--axes", "CZYX", "--channels", 1, 0, "--crop", 8, "--rows", "0:8", "--organ", "lung")
    assert (
        metgan("prepare", tmp_path / "scan.tif", "--labels", tmp_path / "mask.tif", "--out", out, *words) == 0
    )
    pairs = PairSet.open(out)
    assert len(pairs) == 2 * 3
    assert {entry.organ for entry in pairs} == {"lung"}
    assert [p.entry.name for p in pairs.read_all() if p.label.any()] == ["scan_z0001_y00000_x00000"]
    pair = pairs.read("scan_z0001_y00000_x00008")
    np.testing.assert_array_equal(pair.anatomy, voxels[1, 1, :8, 8:16])
    np.testing.assert_array_equal(pair.tumour, voxels[0, 1, :8, 8:16])


def test_train_writes_what_a_run_folder_holds(trained: Path, small_world: Path) -> None:
    files = {path.name for path in trained.iterdir()}
    assert files >= {"config.toml", "splits.json", "journal.csv", "last.ckpt", "model.safetensors",
                     "report.html", "samples", "segmentor"}  # fmt: skip
    assert (trained / "segmentor" / "model.safetensors").is_file()
    config = tomllib.loads((trained / "config.toml").read_text())
    assert (config["preset"], config["training"]["steps"], config["segmentor"]["steps"]) == ("small", 2, 2)
    card = read_card(trained)
    assert (card.kind, card.groups_seen) == ("generator", ("animal-train", "animal-val"))
    assert not list(trained.rglob("*.part"))


def test_a_finished_run_can_be_resumed_and_stays_the_same(
    metgan: Command, trained: Path, small_world: Path
) -> None:
    weights = (trained / "model.safetensors").read_bytes()
    config = (trained / "config.toml").read_bytes()
    assert metgan("train", small_world, "--out", trained, "--resume") == 0
    assert (trained / "model.safetensors").read_bytes() == weights
    assert (trained / "config.toml").read_bytes() == config


def test_generate_writes_pairs_in_the_cameras_dtype_with_their_history(
    metgan: Command, capsys: pytest.CaptureFixture[str], trained: Path, small_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new"
    words = ("--anatomy", small_world, "--labels", small_world, "--count", 3, "--device", "cpu")
    assert metgan("generate", trained, *words, "--out", out) == 0
    table = pd.read_csv(out / "pairs.csv")
    assert [*table.columns[:4]] == ["name", "group", "organ", "split"]
    assert set(table.columns[4:]) == set(HISTORY)
    assert set(table["group"]) == {"animal-train"}
    for entry in PairSet.open(out):
        anatomy, tumour, label = (tifffile.imread(entry.paths[c]) for c in ("anatomy", "tumour", "label"))
        assert (tumour.dtype, tumour.shape) == (np.uint16, (64, 64))
        assert {*np.unique(label)} == {0, 255}
        source = small_world / "anatomy" / f"{entry.history['anatomy_source']}.tif"
        np.testing.assert_array_equal(anatomy, tifffile.imread(source))
    assert f"Written: {out}" in capsys.readouterr().out


def test_info_tells_of_a_pair_set_and_of_a_run(
    metgan: Command, capsys: pytest.CaptureFixture[str], trained: Path, small_world: Path
) -> None:
    assert metgan("info", small_world) == 0
    shown = capsys.readouterr().out
    for fact in ("10, 10 with a tumour", "64 x 64", "uint16", "3: animal-test", "train (5)", "not generated"):
        assert fact in shown
    for path in (trained, trained / "model.safetensors"):
        assert metgan("info", path) == 0
        shown = capsys.readouterr().out
        for fact in ("generator", "small", "uint16, to [-1, 1]", "2: animal-train, animal-val"):
            assert fact in shown


def test_evaluate_writes_scores_of_the_test_part(
    metgan: Command, capsys: pytest.CaptureFixture[str], trained: Path, small_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores"
    words = ("--data", small_world, "--referee-steps", 2, "--device", "cpu")
    assert metgan("evaluate", trained, *words, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {
        ".metgan", "scores.csv", "summary.json", "grid.png", "report.html", "referee"
    }  # fmt: skip
    scores = pd.read_csv(out / "scores.csv")
    assert [*scores["name"]] == ["phantom-00007", "phantom-00008", "phantom-00009"]
    assert scores["mae"].between(0, 2).all()


def test_help_and_version_end_well(metgan: Command, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["train", "--help"], ["--version"], []):
        assert metgan(*words) == 0
    assert "--segmentor-steps" in capsys.readouterr().out
