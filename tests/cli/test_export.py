"""``metgan export`` from pair sets on disk, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Capture, Command
from .test_bad_input import DAMAGES, assert_one_line, snapshot

PROGRAMS = ("nnunet", "cellpose", "stardist", "ilastik")
NAME = "Dataset501_Tumours"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.tif")}


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_gets_its_files_and_the_user_is_told_where_they_go(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, program: str
) -> None:
    out = tmp_path / NAME
    assert metgan("export", world, "--format", program, "--out", out) == 0
    shown = capsys.readouterr().out
    assert "5 cases for training, 0 of them generated; 2 for validation, 3 for testing" in shown
    assert f"Written: {out}" in shown
    where = {
        "nnunet": ("imagesTr/{}_0000.tif", "labelsTr/{}.tif", "nnUNetv2_train 501 2d 0"),
        "cellpose": ("train/{}.tif", "train/{}_masks.tif", f"--dir {out}/train"),
        "stardist": ("train/images/{}.tif", "train/masks/{}.tif", f"{out}/train/images/*.tif"),
        "ilastik": ("train/images/{}.tif", "train/labels/{}.tif", "Import"),
    }
    image, mask, says = where[program]
    assert {image.format("phantom-00000"), mask.format("phantom-00000")} <= files(out)
    assert len(files(out)) == 20
    assert says in shown


def test_real_and_generated_pairs_become_one_data_set_by_the_runs_split(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path
) -> None:
    new, out = tmp_path / "new", tmp_path / "nnUNet_raw" / NAME
    pairs = ("--anatomy", world, "--labels", world, "--count", 3, "--device", "cpu")
    assert metgan("generate", trained, *pairs, "--out", new) == 0
    table = world / "pairs.csv"
    table.write_text(table.read_text().replace(",train\n", ",\n"))  # the run knows
    words = (world, new, "--format", "nnunet", "--channels", "both", "--out", out)
    assert metgan("export", *words, "--split", trained / "splits.json") == 0
    assert "8 cases for training, 3 of them generated" in capsys.readouterr().out
    (fold,) = json.loads((out / "splits_final.json").read_text())
    assert fold["train"][-1] == "synthetic-000002"
    assert {f"imagesTr/synthetic-000002_{channel}.tif" for channel in ("0000", "0001")} <= files(out)
    assert not any("synthetic" in name for name in files(out) if "Ts" in name)


def test_pairs_generated_from_the_test_part_are_refused(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path
) -> None:
    sources = ("--anatomy", world, "--labels", world, "--part", "test", "--count", 1, "--device", "cpu")
    assert metgan("generate", trained, *sources, "--out", tmp_path / "new") == 0
    capsys.readouterr()
    words = (world, tmp_path / "new", "--format", "nnunet", "--out", tmp_path / NAME)
    assert_one_line(capsys, metgan("export", *words), "shares pair 'phantom-0000")
    assert not (tmp_path / NAME).exists()


def without_split(world: Path, number: int) -> None:
    (world / "pairs.csv").unlink()


REFUSED: dict[str, tuple[Callable[[Path, int], None], str]] = {
    **{name: damage for name, damage in DAMAGES.items() if name not in ("too small", "no tumour")},
    "no split": (without_split, "is in no part; expected one of train, val, test"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_faulty_pair_set_is_refused_and_leaves_neither_a_trace_nor_a_loss(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, fault: str
) -> None:
    spoil, says = REFUSED[fault]
    out = tmp_path / NAME
    words = ("--format", "nnunet", "--out", out)
    old = shutil.copytree(world, tmp_path / "old")
    spoil(world, 8)
    capsys.readouterr()
    assert_one_line(capsys, metgan("export", world, *words), says)
    assert not out.exists()
    assert metgan("export", old, *words) == 0
    before = snapshot(out)
    capsys.readouterr()
    assert_one_line(capsys, metgan("export", world, *words, "--overwrite"), says)
    assert snapshot(out) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--format", "nnunet", "--out", "tumours"), "a name such as Dataset501_Tumours"),
        (("--format", "stardist", "--channels", "both", "--out", "out"), "only nnU-Net takes channels"),
        (("--format", "cellpose", "--split", "gone.json", "--out", "out"), "there is no gone.json"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    metgan: Command,
    capsys: Capture,
    world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(capsys, metgan("export", world, *words), says)
    assert not (tmp_path / words[-1]).exists()


def test_an_export_is_kept_until_it_may_be_overwritten_and_goes_on_only_alike(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path
) -> None:
    out = tmp_path / NAME
    words = (world, "--format", "nnunet", "--out", out)
    assert metgan("export", *words) == 0
    before = snapshot(out)
    capsys.readouterr()
    assert_one_line(capsys, metgan("export", *words), "already holds a data set for nnU-Net (tumour)")
    other = (*words, "--channels", "both", "--resume")
    assert_one_line(capsys, metgan("export", *other), "holds a data set for nnU-Net (tumour)")
    assert_one_line(
        capsys,
        metgan("export", world, "--format", "cellpose", "--out", out, "--overwrite"),
        "holds a data set for nnU-Net",
    )
    assert snapshot(out) == before
    assert metgan("export", *words, "--resume") == 0
    assert metgan("export", *words, "--overwrite") == 0
    assert {name: size for name, (_, size) in snapshot(out).items()} == {
        name: size for name, (_, size) in before.items()
    }


def test_a_full_disk_leaves_no_description_that_nnunet_would_take(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, little_room: None
) -> None:
    words = (world, "--format", "nnunet", "--out", tmp_path / NAME)
    assert_one_line(capsys, metgan("export", *words), "no space left")
    assert not (tmp_path / NAME / "dataset.json").exists()
    assert not [*(tmp_path / NAME).rglob("*.part")]
