"""The verbs' happy paths, on the smallest worlds that they take."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from metgan.data import PairSet, StoredPairs
from metgan.errors import SettingError
from metgan.experiment import load_experiment
from metgan.models import read_card
from metgan.training import GAN_CONFIGS, OPEN_CONFIGS, read_log
from metgan.workflows import OutputPolicy, TrainingSettings
from metgan.workflows.output import Output
from metgan.workflows.settings import resolve_run, resolve_study

from .conftest import Capture, Command

HISTORY = [
    "number", "anatomy_source", "label_sources", "label_orientations", "label_groups", "recipe", "seed",
    "model", "drawn_from", "tumours", "tumour_pixels", "own_tumours", "labelled_by", "unseen", "left_out",
    "background_source", "background_group", "refine", "asked_contrasts", "got_contrasts", "method", "metgan",
    "limits", "recall", "false_area", "contrast", "nearest", "light", "attempts", "gate", "rejected",
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 5])
def test_phantom_writes_a_pair_set_of_the_size_and_number_asked_for(
    metgan: Command, capsys: Capture, tmp_path: Path, seed: int
) -> None:
    assert metgan("phantom", tmp_path / "out", "--pairs", 16, "--size", 64, "--seed", seed) == 0
    assert f"Written: {tmp_path / 'out'}" in capsys.readouterr().out
    pairs = [*StoredPairs(PairSet.open(tmp_path / "out"))]
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
    words += ("--name", "scan")
    assert (
        metgan("prepare", tmp_path / "scan.tif", "--labels", tmp_path / "mask.tif", "--out", out, *words) == 0
    )
    pairs = PairSet.open(out)
    assert len(pairs) == 2 * 3
    assert {entry.organ for entry in pairs} == {"lung"}
    assert [p.entry.name for p in StoredPairs(pairs) if p.label.any()] == ["scan_z0001_y00000_x00000"]
    pair = pairs.read("scan_z0001_y00000_x00008")
    np.testing.assert_array_equal(pair.anatomy, voxels[1, 1, :8, 8:16])
    np.testing.assert_array_equal(pair.tumour, voxels[0, 1, :8, 8:16])


@pytest.fixture
def voxels(tmp_path: Path) -> np.ndarray:
    """Planes 3, channels 2, 16 x 16 pixels; the tumour channel (1) is ten times as bright on the mask.

    ``scan.tif`` holds both. ``mask.tif`` is written without axes: 3 planes of 16 x 16 that a reader takes for
    colours.
    """
    voxels = np.random.default_rng(0).integers(100, 200, (3, 2, 16, 16)).astype(np.uint16)
    voxels[1, 1, 2:4, 2:4] *= 10
    tifffile.imwrite(tmp_path / "scan.tif", voxels, imagej=True, metadata={"axes": "ZCYX"})
    mask = np.zeros((3, 16, 16), np.uint8)
    mask[1, 2:4, 2:4] = 255
    tifffile.imwrite(tmp_path / "mask.tif", mask, photometric="rgb", planarconfig="separate")
    return voxels


def prepared(metgan: Command, folder: Path, *args: object) -> PairSet:
    words = ("--labels", folder / "mask.tif", "--mask-axes", "ZYX", "--crop", 16, "--out", folder / "out")
    assert metgan("prepare", *args, *words) == 0
    return PairSet.open(folder / "out")


def test_prepare_reads_a_mask_whose_planes_pass_for_colours_by_its_axes(
    metgan: Command, capsys: Capture, tmp_path: Path, voxels: np.ndarray
) -> None:
    words = ("prepare", tmp_path / "scan.tif", "--labels", tmp_path / "mask.tif", "--crop", 16)
    assert metgan(*words, "--out", tmp_path / "out") == 2
    assert "--mask-axes ZYX" in capsys.readouterr().err
    pairs = prepared(metgan, tmp_path, tmp_path / "scan.tif")
    assert [int(pair.label.sum()) for pair in StoredPairs(pairs)] == [0, 4, 0]


def test_prepare_takes_the_named_channel_of_each_of_two_files(
    metgan: Command, tmp_path: Path, voxels: np.ndarray
) -> None:
    tifffile.imwrite(tmp_path / "other.tif", voxels + 1000, imagej=True, metadata={"axes": "ZCYX"})
    pairs = prepared(metgan, tmp_path, tmp_path / "scan.tif", tmp_path / "other.tif", "--channels", 1, 0)
    unnamed = (tmp_path / "scan.tif", tmp_path / "other.tif", "--labels", tmp_path / "mask.tif")
    axes = ("--mask-axes", "ZYX", "--crop", 16)
    assert metgan("prepare", *unnamed, *axes, "--out", tmp_path / "unnamed") == 2
    pair = StoredPairs(pairs)[0]
    np.testing.assert_array_equal(pair.anatomy, voxels[0, 1])
    np.testing.assert_array_equal(pair.tumour, voxels[0, 0] + 1000)


def test_prepare_refuses_channel_numbers_of_files_that_have_one_channel(
    metgan: Command, capsys: Capture, tmp_path: Path, voxels: np.ndarray
) -> None:
    files = (tmp_path / "anatomy.tif", tmp_path / "tumour.tif")
    for file, planes in zip(files, voxels.swapaxes(0, 1), strict=True):
        tifffile.imwrite(file, planes, imagej=True, metadata={"axes": "ZYX"})
    words = ("--labels", tmp_path / "mask.tif", "--mask-axes", "ZYX", "--crop", 16, "--out", tmp_path / "out")
    assert metgan("prepare", *files, *words, "--channels", 1, 0) == 2
    assert "no source has a C axis" in capsys.readouterr().err
    assert metgan("prepare", *files, *words) == 0


def test_prepare_takes_a_mask_of_numbered_objects_above_a_threshold(
    metgan: Command, tmp_path: Path, voxels: np.ndarray
) -> None:
    """Two objects, numbered 1 and 7."""
    mask = np.zeros((3, 16, 16), np.uint8)
    mask[0, 1, 1], mask[2, 5, 5:7] = 1, 7
    tifffile.imwrite(tmp_path / "mask.tif", mask, imagej=True, metadata={"axes": "ZYX"})
    pairs = prepared(metgan, tmp_path, tmp_path / "scan.tif", "--labels-above", 0)
    assert [int(pair.label.sum()) for pair in StoredPairs(pairs)] == [1, 0, 2]


def test_prepare_wonders_about_channels_in_the_wrong_order(
    metgan: Command, capsys: Capture, tmp_path: Path, voxels: np.ndarray
) -> None:
    prepared(metgan, tmp_path, tmp_path / "scan.tif")
    assert "is the order of --channels right?" not in capsys.readouterr().err
    prepared(metgan, tmp_path, tmp_path / "scan.tif", "--channels", 1, 0, "--overwrite")
    assert "is the order of --channels right?" in capsys.readouterr().err


def test_train_writes_what_a_run_folder_holds(trained: Path, small_world: Path) -> None:
    files = {path.name for path in trained.iterdir()}
    assert files >= {"config.toml", "splits.json", "journal.csv", "last.ckpt", "model.safetensors",
                     "report.html", "samples", "segmentor"}  # fmt: skip
    assert (trained / "segmentor" / "model.safetensors").is_file()
    config = tomllib.loads((trained / "config.toml").read_text())
    assert (config["preset"], config["training"]["steps"], config["segmentor"]["steps"]) == ("small", 4, 2)
    card = read_card(trained)
    assert (card.kind, card.groups_seen) == ("generator", ("animal-train", "animal-val"))
    assert not list(trained.rglob("*.part"))


@pytest.mark.slow
def test_a_finished_run_can_be_resumed_and_stays_the_same(
    metgan: Command, trained: Path, small_world: Path
) -> None:
    weights = (trained / "model.safetensors").read_bytes()
    config = (trained / "config.toml").read_bytes()
    assert metgan("train", small_world, "--out", trained, "--resume") == 0
    assert (trained / "model.safetensors").read_bytes() == weights
    assert (trained / "config.toml").read_bytes() == config


def last_step_of(run: Path) -> str:
    return str(read_log(run / "journal.csv")[-1]["step"])


@pytest.mark.slow
def test_a_finished_run_is_lengthened_and_tells_of_it(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    before = load_experiment(run / "config.toml")
    assert metgan("train", small_world, "--out", run, "--resume", "--steps", 6) == 0
    assert last_step_of(run) == "6"
    longer = load_experiment(run / "config.toml")
    assert longer == replace(before, training=replace(before.training, steps=6))
    told = "planned for 4 steps, given another length after step 4"
    assert told in (run / "report.html").read_text()
    capsys.readouterr()
    assert metgan("info", run) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "of 6, the last" in shown
    assert "training finished" in shown
    files = [run / name for name in ("model.safetensors", "journal.csv", "status.json", "config.toml")]
    finished = [file.read_bytes() for file in files]
    assert metgan("train", small_world, "--out", run, "--resume") == 0
    assert [file.read_bytes() for file in files] == finished
    assert told in (run / "report.html").read_text()


@pytest.mark.slow
def test_a_segmentor_of_its_own_is_lengthened(metgan: Command, small_world: Path, tmp_path: Path) -> None:
    words = (small_world, "--out", tmp_path / "run", "--device", "cpu")
    assert metgan("segmentor", *words, "--preset", "small", "--steps", 1) == 0
    assert metgan("segmentor", *words, "--resume", "--steps", 3) == 0
    assert last_step_of(tmp_path / "run") == "3"


@pytest.mark.slow
def test_a_run_without_a_length_goes_on_within_bounds_and_says_why_it_ended(
    metgan: Command, capsys: Capture, trained: Path, world: Path, tmp_path: Path
) -> None:
    """Without a tumour in the validation part the score alone decides, and no rise of it is ever enough."""
    for name in ("phantom-00005", "phantom-00006"):
        path = world / "label" / f"{name}.tif"
        tifffile.imwrite(path, np.zeros_like(tifffile.imread(path)))
    (tmp_path / "open.toml").write_text(
        'preset = "small"\n[training]\nsteps = 12\nvalidations = 12\nconstant_share = 0.5\ncrop = 64\n'
        "batch_size = 1\nearly_stopping = { least = 0.1, patience = 1, tolerance = 9.0 }\n"
    )
    run = tmp_path / "run"
    words = ("--config", tmp_path / "open.toml", "--segmentor-steps", 1, "--device", "cpu", "--out", run)
    assert metgan("train", world, *words) == 0
    says = "stopped at step 4: the last validation up to step 2 was no better"
    assert says in capsys.readouterr().err
    assert says in (run / "report.html").read_text()
    assert last_step_of(run) == "4"
    assert metgan("info", run) == 0
    assert "of 4, the last" in " ".join(capsys.readouterr().out.split())
    assert metgan("train", world, "--out", run, "--resume") == 0
    assert last_step_of(run) == "4"
    assert metgan("train", world, "--out", run, "--resume", "--steps", 5) == 0
    assert last_step_of(run) == "5"
    assert load_experiment(run / "config.toml").training.early_stopping is None


def folder(path: Path, policy: OutputPolicy) -> Output:
    return Output(path, "a run", "metgan train", policy, ())


def test_a_training_has_no_fixed_length_unless_one_is_given_and_a_study_always_has(tmp_path: Path) -> None:
    run, study = tmp_path / "run", tmp_path / "study"
    options = TrainingSettings(preset="small")
    assert resolve_run(folder(run, OutputPolicy()), options, "training").training == OPEN_CONFIGS["small"]
    steps = replace(options, steps=180)
    assert resolve_run(folder(run, OutputPolicy()), steps, "training").training == GAN_CONFIGS["small"]
    assert (
        resolve_study(folder(study, OutputPolicy()), "similarity", options, {}, {}).training
        == GAN_CONFIGS["small"]
    )
    paper = resolve_study(
        folder(study, OutputPolicy()), "similarity", TrainingSettings(preset="paper"), {}, {}
    ).training
    assert (paper.epochs, paper.early_stopping) == (200, None)


def test_a_study_refuses_lengths_that_differ_from_run_to_run(tmp_path: Path) -> None:
    file = tmp_path / "open.toml"
    file.write_text("[training]\nearly_stopping = { patience = 3 }\n")
    words = (folder(tmp_path / "study", OutputPolicy()), "similarity")
    with pytest.raises(SettingError, match="the same length for all that is compared"):
        resolve_study(*words, TrainingSettings(config=file), {}, {})
    given = TrainingSettings(config=file, steps=9)
    assert resolve_study(*words, given, {}, {}).training.steps == 9


def test_generate_writes_pairs_in_the_cameras_dtype_with_their_history(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
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
        source = small_world / "anatomy" / f"{entry.provenance['anatomy_source']}.tif"
        np.testing.assert_array_equal(anatomy, tifffile.imread(source))
    assert f"Written: {out}" in capsys.readouterr().out


def test_info_tells_of_a_pair_set_and_of_a_run(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    assert metgan("info", small_world) == 0
    shown = capsys.readouterr().out
    for fact in ("10, 10 with a tumour", "64 x 64", "uint16", "3: animal-test", "train (5)", "not generated"):
        assert fact in shown
    alone = shutil.copy(trained / "model.safetensors", tmp_path / "model.safetensors")
    for path, training in (
        (trained, "finished"),
        (trained / "model.safetensors", "finished"),
        (alone, "not known"),
    ):
        assert metgan("info", path) == 0
        shown = capsys.readouterr().out
        assert training in shown
        for fact in ("generator", "small", "uint16, scaled to [-1, 1]", "2: animal-train, animal-val"):
            assert fact in shown


@pytest.mark.slow
def test_info_and_generate_tell_of_a_training_that_stopped(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    """A journal cut back to step 1 of 4 is what a killed training leaves behind."""
    run = shutil.copytree(trained, tmp_path / "run")
    lines = (run / "journal.csv").read_text().splitlines(keepends=True)
    (run / "journal.csv").write_text("".join(lines[:2]))
    make = ("--anatomy", small_world, "--labels", small_world, "--count", 1, "--device", "cpu")
    for folder, is_told in ((trained, False), (run, True)):
        assert metgan("info", folder) == 0
        assert ("stopped at step 1" in capsys.readouterr().out) == is_told
        assert metgan("generate", folder, *make, "--out", tmp_path / f"pairs-{is_told}") == 0
        assert ("stopped at step 1 of 4" in capsys.readouterr().err) == is_told


def test_info_tells_of_faulty_pairs_instead_of_refusing_the_set(
    metgan: Command, capsys: Capture, small_world: Path, tmp_path: Path
) -> None:
    world = shutil.copytree(small_world, tmp_path / "pairs")
    flat = sorted((world / "tumour").iterdir())[2]
    tifffile.imwrite(flat, np.full((64, 64), 9, np.uint16))
    assert metgan("info", world) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "10, 9 with a tumour" in shown
    assert "1; the first" in shown
    assert "is flat, every pixel is 9" in shown


@pytest.mark.slow
def test_generate_tells_of_anatomy_as_bright_as_nothing_in_the_training_set(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    world = shutil.copytree(small_world, tmp_path / "pairs")
    words = ("--labels", small_world, "--count", 1, "--part", "all", "--device", "cpu")
    for factor, is_told in ((1, False), (20, True)):
        for path in (world / "anatomy").iterdir():
            tifffile.imwrite(path, tifffile.imread(path) * np.uint16(factor))
        out = tmp_path / f"new-{factor}"
        assert metgan("generate", trained, "--anatomy", world, *words, "--out", out) == 0
        assert ("lie outside" in capsys.readouterr().err) == is_told


def test_evaluate_writes_scores_of_the_test_part(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores"
    words = ("--data", small_world, "--independent-segmentor-steps", 2, "--device", "cpu")
    assert metgan("evaluate", trained, *words, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {
        ".metgan", ".metgan.lock", "scores.csv", "summary.json", "grid.png", "report.html",
        "independent-segmentor",
    }  # fmt: skip
    scores = pd.read_csv(out / "scores.csv")
    assert [*scores["name"]] == ["phantom-00007", "phantom-00008", "phantom-00009"]
    assert scores["mae"].between(0, 2).all()
    assert metgan("info", out) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("independent segmentor", "tumour recall", "power spectra"))


@pytest.mark.slow
def test_ctrl_c_ends_with_status_130_and_says_how_to_go_on(tmp_path: Path) -> None:
    words = ("phantom", str(tmp_path / "out"), "--pairs", "9999", "--size", "64")
    # A process that a shell has started in the background ignores SIGINT, and so do its children.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{listen}; from metgan.cli import main; main()", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 100
        while not [*tmp_path.glob("out/anatomy/*.tif")] and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "metgan: interrupted; the same call with --resume goes on" in error


def test_help_and_version_end_well(metgan: Command, capsys: Capture) -> None:
    for words in (["--help"], ["train", "--help"], ["--version"], []):
        assert metgan(*words) == 0
    assert "--segmentor-steps" in capsys.readouterr().out


def test_preparing_without_a_tumour_is_noted(metgan: Command, capsys: Capture, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tifffile.imwrite(
        tmp_path / "scan.tif", rng.integers(0, 999, (2, 2, 16, 16), "uint16"), metadata={"axes": "ZCYX"}
    )
    tifffile.imwrite(tmp_path / "mask.tif", np.zeros((2, 16, 16), "uint8"), metadata={"axes": "ZYX"})
    words = (tmp_path / "scan.tif", "--labels", tmp_path / "mask.tif", "--crop", 8, "--out", tmp_path / "out")
    assert metgan("prepare", *words) == 0
    assert "no crop holds a tumour" in capsys.readouterr().err


@pytest.mark.slow
def test_networks_that_have_hardly_learned_anything_are_noted_wherever_they_are_used(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, trained: Path
) -> None:
    run, judge, words = (
        tmp_path / "run",
        tmp_path / "independent-segmentor",
        ("--preset", "small", "--device", "cpu"),
    )
    read = "it finds hardly any tumour"
    short = "2 steps are too few to judge whether it will place tumours"
    lengths = ("--steps", 2, "--segmentor-steps", 2)
    assert metgan("train", world, "--out", run, *lengths, *words) == 0
    told = capsys.readouterr().err
    assert f"the generator {run}: {short}" in told
    assert f"the segmentor {run / 'segmentor'}: {read}" in told
    assert short in (run / "report.html").read_text()
    assert metgan("segmentor", world, "--out", judge, "--steps", 2, "--seed", 9, *words) == 0
    assert f"the segmentor {judge}: {read}" in capsys.readouterr().err
    paths = (
        "--anatomy",
        world,
        "--labels",
        world,
        "--independent-segmentor",
        judge,
        "--count",
        1,
        "--attempts",
        1,
    )
    assert metgan("generate", trained, *paths, "--out", tmp_path / "new", "--device", "cpu") == 0
    told = capsys.readouterr().err
    assert f"the generator {trained}: 4 steps are too few to judge" in told
    assert f"the segmentor {judge}: {read}" in told


def test_resuming_what_is_not_there_is_noted(metgan: Command, capsys: Capture, tmp_path: Path) -> None:
    metgan("train", tmp_path, "--out", tmp_path / "nope", "--resume")
    assert f"there is no {tmp_path / 'nope'} to resume" in capsys.readouterr().err


def test_a_trained_segmentor_and_a_length_for_it_are_refused(
    metgan: Command, capsys: Capture, tmp_path: Path
) -> None:
    words = ("--segmentor", tmp_path, "--segmentor-steps", 3, "--out", tmp_path / "out")
    assert metgan("train", tmp_path, *words) == 2
    assert "a segmentor that is trained already, or the length" in capsys.readouterr().err
