"""``metgan info`` of runs, exported data sets and of what it does not know."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.data import read_table, write_table

from .conftest import Capture, Command
from .test_bad_input import assert_one_line

KINDS = ("a run folder", "a model file", "a pair set", "scores", "a study", "an exported data set")


def told(metgan: Command, capsys: Capture, path: Path) -> str:
    """What info prints, without its line breaks."""
    capsys.readouterr()
    assert metgan("info", path) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", ["", "model.safetensors"])
def test_the_parts_of_a_runs_split_are_told(
    metgan: Command, capsys: Capture, trained: Path, name: str
) -> None:
    shown = told(metgan, capsys, trained / name)
    for fact in (
        "train part 5 pairs: phantom-00000, ",
        "val part 2 pairs: phantom-00005, phantom-00006",
        "test part 3 pairs: phantom-00007, ",
    ):
        assert fact in shown


def test_a_runs_validation_dice_is_told_and_that_it_is_no_good(
    metgan: Command, capsys: Capture, trained: Path
) -> None:
    shown = told(metgan, capsys, trained)
    assert "validation Dice 0.0" in shown
    assert "warning 4 steps are too few to judge" in shown


def test_a_generation_that_was_stopped_is_told_to_be_finished(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    words = ("--anatomy", world, "--labels", world, "--count", 2, "--device", "cpu", "--out", new)
    assert metgan("generate", trained, *words) == 0
    header, *rows = (new / "pairs.csv").read_text().splitlines()
    lines = [f"{header},end", *(f"{row},." for row in rows), rows[0][:20]]  # the last one cut short
    (new / ".done.csv").write_text("\n".join(lines))
    (new / "pairs.csv").unlink()
    capsys.readouterr()
    shown = told(metgan, capsys, new)
    assert "metgan generate, interrupted" in shown
    assert "2 pairs are made and stay" in shown
    assert "the same metgan generate call with --resume" in shown


def test_a_pair_set_without_a_split_is_told_where_it_will_be(
    metgan: Command, capsys: Capture, world: Path
) -> None:
    assert "splits.json" not in told(metgan, capsys, world)
    write_table(world, [{**row, "split": ""} for row in read_table(world)])
    assert "metgan train draws one into RUN/splits.json" in told(metgan, capsys, world)


@pytest.mark.parametrize(
    ("program", "name"), [("nnunet", "nnU-Net (tumour)"), ("cellpose", "Cellpose"), ("ilastik", "ilastik")]
)
def test_an_exported_data_set_is_told(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path, program: str, name: str
) -> None:
    new, out = tmp_path / "new", tmp_path / "Dataset501_Tumours"
    pairs = ("--anatomy", world, "--labels", world, "--count", 2, "--device", "cpu")
    assert metgan("generate", trained, *pairs, "--out", new) == 0
    assert "how generated real turned=True" in told(metgan, capsys, new)
    assert metgan("export", world, new, "--format", program, "--out", out) == 0
    shown = told(metgan, capsys, out)
    for fact in (
        f"a data set for {name}",
        "12, listed in cases.csv; 2 of them generated",
        "train part 7 cases of 1 groups: animal-train",
        "test part 3 cases of 1 groups: animal-test",
        "pairs (10), new (2)",
    ):
        assert fact in shown


@pytest.mark.parametrize("content", ["name,part\na,train\n", "", "name,part,data,pair,group,organ,model\n"])
def test_a_damaged_list_of_cases_is_refused(
    metgan: Command, capsys: Capture, tmp_path: Path, content: str
) -> None:
    (tmp_path / "cases.csv").write_text(content)
    assert_one_line(capsys, metgan("info", tmp_path), "cases.csv")


@pytest.mark.parametrize("marker", ["", "a demo"])
def test_of_an_unknown_folder_all_that_is_known_is_listed(
    metgan: Command, capsys: Capture, tmp_path: Path, marker: str
) -> None:
    if marker:
        (tmp_path / ".metgan").write_text(marker + "\n")
    held = f"holds {marker or 'neither a result of metgan nor a pair set'}"
    assert_one_line(capsys, metgan("info", tmp_path), held, *KINDS)
    assert_one_line(capsys, metgan("info", tmp_path / "nowhere"), "there is no", *KINDS)


def test_a_run_without_a_model_is_told_to_be_unfinished(
    metgan: Command, capsys: Capture, trained: Path, tmp_path: Path
) -> None:
    shutil.copy(trained / "config.toml", tmp_path)
    again = f"metgan train DATA --out {tmp_path} --resume"
    shown = told(metgan, capsys, tmp_path)
    assert "metgan train or metgan segmentor, interrupted" in shown
    assert "nothing is trained yet" in shown
    assert again in shown
    shutil.copytree(trained / "segmentor", tmp_path / "segmentor")
    shown = told(metgan, capsys, tmp_path)
    assert "what metgan train, interrupted" in shown
    assert "the segmentor in the loop is at step 2 of 2; the method has not begun" in shown
    shutil.copy(trained / "journal.csv", tmp_path)
    assert "step 4, no model is saved yet" in told(metgan, capsys, tmp_path)
    shutil.copy(trained / "status.json", tmp_path)
    assert "step 4 of 4, no model is saved yet" in told(metgan, capsys, tmp_path)
    (tmp_path / ".metgan").write_text("a run\nmetgan segmentor\n")
    assert again.replace("train", "segmentor") in told(metgan, capsys, tmp_path)


def test_an_interrupted_prepare_or_phantom_is_told_with_how_far_it_came(
    metgan: Command, capsys: Capture, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).integers(0, 99, (2, 64, 64)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "scan.tif", image, imagej=True, metadata={"axes": "CYX"})
    tifffile.imwrite(tmp_path / "mask.tif", np.eye(64, dtype=np.uint8))
    words = (tmp_path / "scan.tif", "--labels", tmp_path / "mask.tif", "--crop", 16)
    assert metgan("prepare", *words, "--out", tmp_path / "crops") == 0
    assert metgan("phantom", tmp_path / "drawn", "--pairs", 3, "--size", 48) == 0
    for name, how in (
        ("crops", "16 pairs are begun, 0 of them stand in pairs.csv to go on the same metgan prepare call"),
        ("drawn", "3 of 3 pairs are begun to go on the same metgan phantom call with --resume"),
    ):
        assert "to go on" not in told(metgan, capsys, tmp_path / name)
        write_table(tmp_path / name, [])
        assert how in told(metgan, capsys, tmp_path / name)


def test_calls_that_were_interrupted_before_their_first_table_are_told(
    metgan: Command, capsys: Capture, small_world: Path, tmp_path: Path
) -> None:
    for kind, how in (
        ("generated pairs", "0 pairs are made and stay to go on the same metgan generate call with --resume"),
        ("a data set for Cellpose", "the same metgan export call with --resume"),
    ):
        (tmp_path / ".metgan").write_text(f"{kind}\n")
        assert how in told(metgan, capsys, tmp_path)
    world = Path(shutil.copytree(small_world, tmp_path / "world"))
    (world / "config.toml").write_text("mine = 1\n")  # somebody's own: a pair set all the same
    assert "interrupted" not in told(metgan, capsys, world)


def test_an_interrupted_study_is_told_with_the_call_that_goes_on(
    metgan: Command, capsys: Capture, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / ".metgan").write_text("a study\n")
    (tmp_path / "ablation").mkdir()
    (tmp_path / "ablation" / "asked.json").write_text("{}")
    shutil.copytree(trained, tmp_path / "clean" / "runs" / "metgan-0")
    shown = told(metgan, capsys, tmp_path)
    assert f"metgan study ablation DATA --out {tmp_path} --resume" in shown
    assert "clean metgan-0 step 4 of 4" in shown
    (tmp_path / "ablation" / "statistics.csv").write_text("")
    assert "--resume" not in told(metgan, capsys, tmp_path)
