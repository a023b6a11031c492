"""What each verb does with pairs that have no label, and what it says of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from metgan.data import PairSet, StoredPairs, read_table, write_table
from metgan.images import write_image
from metgan.io import has_folder
from metgan.models import read_card
from metgan.workflows.facts import pair_facts
from metgan.workflows.pair_sets import open_labelled

from .conftest import Capture, Command
from .test_bad_input import SMALL, UNSEGMENTED, assert_one_line, snapshot

BARE = "4 of the 14 pairs in"


def notes(capsys: Capture) -> str:
    """What was noted, without line breaks."""
    return " ".join(capsys.readouterr().err.split())


def rows_of(root: Path, **changes: str) -> list[dict[str, str]]:
    return [row | changes for row in read_table(root)]


@pytest.fixture
def mixed(world: Path, scans: Path) -> Path:
    """The small world, with the four unlabelled scans in its own folders and table."""
    for channel in ("anatomy", "tumour"):
        shutil.copytree(scans / channel, world / channel, dirs_exist_ok=True)
    write_table(world, [*read_table(world), *read_table(scans)])
    return world


def partly_label(world: Path, name: str) -> None:
    """Let the label of a pair say nothing of its first 5 columns."""
    columns = np.where(np.arange(64) < 5, 255, 0).astype(np.uint8)
    write_image(world / "ignore" / f"{name}.tif", columns[None].repeat(64, 0))


@pytest.mark.slow
def test_train_learns_from_unlabelled_pairs_as_its_segmentor_reads_them(
    metgan: Command, capsys: Capture, mixed: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert metgan("train", mixed, *SMALL, "--out", run) == 0
    assert f"{BARE} {mixed} have no label, and are trained on with pseudo-labels" in notes(capsys)
    assert len([*(run / "pseudo-labels" / "label").iterdir()]) == 4
    for card in (read_card(run), read_card(run / "segmentor")):
        assert "animal-scan" in card.groups_seen
    assert "consistency" in (run / "segmentor" / "journal.csv").read_text().splitlines()[0]


@pytest.mark.slow
def test_segmentor_learns_from_further_scans_and_can_be_resumed_with_them(
    metgan: Command, capsys: Capture, small_world: Path, scans: Path, tmp_path: Path
) -> None:
    words = ("segmentor", small_world, *UNSEGMENTED, "--out", tmp_path / "run", "--unlabelled", scans)
    assert metgan(*words) == 0
    assert read_card(tmp_path / "run").groups_seen == ("animal-scan", "animal-train", "animal-val")
    assert "[segmentor.augmentation]" in (tmp_path / "run" / "config.toml").read_text()
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    assert metgan(*words, "--resume") == 0
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before
    capsys.readouterr()
    assert_one_line(capsys, metgan(*words[:-2], "--resume"), "data ")  # it would be another run


@pytest.mark.slow
def test_unlabelled_scans_of_a_test_group_are_left_out_and_counted(
    metgan: Command, capsys: Capture, small_world: Path, scans: Path, tmp_path: Path
) -> None:
    shutil.copytree(scans, tmp_path / "scans")
    first, *rest = read_table(scans)
    write_table(tmp_path / "scans", [first | {"group": "Animal-Test"}, *rest])
    words = ("segmentor", small_world, *UNSEGMENTED, "--out", tmp_path / "run")
    assert metgan(*words, "--unlabelled", tmp_path / "scans") == 0
    assert "1 of 4 unlabelled pairs are of the validation or test part: left out" in notes(capsys)


@pytest.mark.slow
def test_a_segmentor_that_has_seen_unlabelled_scans_of_a_test_group_does_not_judge(
    metgan: Command, capsys: Capture, small_world: Path, scans: Path, trained: Path, tmp_path: Path
) -> None:
    other, seen = tmp_path / "other", tmp_path / "scans"
    assert metgan("phantom", other, "--pairs", 12, "--size", 64, "--seed", 5) == 0
    names = [row["name"] for row in read_table(other)]
    for folder in ("anatomy", "tumour", "label"):
        for name in names:
            (other / folder / f"{name}.tif").rename(other / folder / f"other-{name}.tif")
    rows = read_table(other)
    groups = [{"name": f"other-{row['name']}", "group": f"other-{k % 4}"} for k, row in enumerate(rows)]
    write_table(other, [row | group | {"split": ""} for row, group in zip(rows, groups, strict=True)])
    shutil.copytree(scans, seen)
    write_table(seen, rows_of(scans, group="animal-test"))
    words = ("segmentor", other, *UNSEGMENTED, "--out", tmp_path / "judge", "--seed", 9)
    assert metgan(*words, "--unlabelled", seen) == 0
    capsys.readouterr()
    asked = ("evaluate", trained, "--data", small_world, "--device", "cpu", "--out", tmp_path / "scores")
    status = metgan(*asked, "--independent-segmentor", tmp_path / "judge")
    assert_one_line(capsys, status, "has seen 1 test groups (animal-test)")
    assert not (tmp_path / "scores").exists()


@pytest.mark.slow
def test_evaluate_tests_on_labelled_pairs_alone(
    metgan: Command, capsys: Capture, mixed: Path, trained: Path, tmp_path: Path
) -> None:
    words = ("evaluate", trained, "--data", mixed, "--independent-segmentor-steps", 2, "--device", "cpu")
    assert metgan(*words, "--out", tmp_path / "scores") == 0
    assert f"{BARE} {mixed} have no label, and are not tested on" in notes(capsys)
    assert (tmp_path / "scores" / "scores.csv").read_text().count("animal-test") == 3
    judge = read_card(tmp_path / "scores" / "independent-segmentor")
    assert judge.groups_seen == ("animal-scan", "animal-train", "animal-val")


def test_what_other_verbs_open_has_labelled_pairs_alone_and_says_so(mixed: Path, capsys: Capture) -> None:
    pairs = open_labelled(mixed)
    assert (len(pairs), pairs.unlabelled) == (10, ())
    assert f"{BARE} {mixed} have no label, and are left out" in notes(capsys)


@pytest.mark.slow
def test_a_study_of_a_set_with_unlabelled_pairs_is_that_of_its_labelled_ones(
    metgan: Command, capsys: Capture, small_world: Path, mixed: Path, tmp_path: Path
) -> None:
    words = ("--methods", "pix2pix", "--seeds", 1, "--preset", "small", "--steps", 2, "--segmentor-steps", 2)
    for world, out in ((small_world, "plain"), (mixed, "mixed")):
        assert metgan("study", "similarity", world, *words, "--device", "cpu", "--out", tmp_path / out) == 0
    assert "have no label, and are left out" in notes(capsys)
    plain, more = (tmp_path / out / "similarity" / "statistics.csv" for out in ("plain", "mixed"))
    assert plain.read_text() == more.read_text()


@pytest.mark.slow
def test_a_study_of_training_sets_learns_from_the_unlabelled_pairs_of_its_set(
    metgan: Command, capsys: Capture, mixed: Path, tmp_path: Path
) -> None:
    words = ("--preset", "small", "--steps", 2, "--segmentor-steps", 2, "--device", "cpu", "--folds", 3)
    asked = ("--real", 1, "--unlabelled", "negatives", "--out", tmp_path / "study")
    assert metgan("study", "downstream", mixed, *words, *asked) == 0
    assert f"{BARE} {mixed} have no label, and are used as unlabelled pairs by" in notes(capsys)
    assert (
        tmp_path / "study" / "fold-1-of-3" / "runs" / "real-100-negatives-seed0" / "model.safetensors"
    ).is_file()


@pytest.mark.parametrize(
    ("program", "count"), [("nnunet", 5), ("ilastik", 5), ("cellpose", 4), ("stardist", 4)]
)
def test_export_leaves_out_what_has_no_label_and_what_a_program_cannot_be_told(
    metgan: Command, capsys: Capture, mixed: Path, tmp_path: Path, program: str, count: int
) -> None:
    partly_label(mixed, "phantom-00001")
    assert metgan("export", mixed, "--format", program, "--out", tmp_path / "Dataset501_Tumours") == 0
    shown = capsys.readouterr()
    assert f"{count} cases for training" in shown.out
    assert "have no label, and are left out" in shown.err
    left_out = "1 of 10 pairs have pixels that are not annotated (ignored); left out"
    assert (left_out in shown.err) == (count == 4)
    if program == "nnunet":
        described = json.loads((tmp_path / "Dataset501_Tumours" / "dataset.json").read_text())
        assert described["labels"] == {"background": 0, "tumour": 1, "ignore": 2}


def test_info_counts_unlabelled_and_partly_labelled_pairs(
    metgan: Command, capsys: Capture, mixed: Path, scans: Path
) -> None:
    partly_label(mixed, "phantom-00001")
    assert metgan("info", mixed) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for fact in (
        "pairs 10, 10 with a tumour",
        "unlabelled pairs 4",
        "partly labelled 1",
        "groups 4: animal-scan",
    ):
        assert fact in shown
    assert metgan("info", scans) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for fact in ("pairs 0, 0 with a tumour", "unlabelled pairs 4", "tumours not annotated", "64 x 64"):
        assert fact in shown


@pytest.mark.parametrize("verb", ["train", "segmentor", "evaluate", "export", "study", "generate"])
def test_a_set_of_nothing_but_unlabelled_pairs_is_refused_where_labels_are_needed(
    metgan: Command, capsys: Capture, scans: Path, trained: Path, tmp_path: Path, verb: str
) -> None:
    words: dict[str, tuple[object, ...]] = {
        "train": ("train", scans, *SMALL),
        "segmentor": ("segmentor", scans, *UNSEGMENTED),
        "evaluate": ("evaluate", trained, "--data", scans, "--device", "cpu"),
        "export": ("export", scans, "--format", "cellpose"),
        "study": ("study", "similarity", scans, "--methods", "pix2pix", "--quick", "--device", "cpu"),
        "generate": ("generate", trained, "--anatomy", scans, "--labels", scans, "--device", "cpu"),
    }
    status = metgan(*words[verb], "--out", tmp_path / "out")
    says = "has no folder label/" if verb == "generate" else "has 4 pairs, and none with a label"
    assert_one_line(capsys, status, f"{scans} {says}")
    assert not has_folder(tmp_path / "out")


def generate(metgan: Command, run: Path, scans: Path, world: Path, *more: object) -> int:
    sources = ("--anatomy", scans, "--labels", world, "--count", 3, "--device", "cpu", "--no-gate")
    return metgan("generate", run, *sources, *more)


def test_generate_takes_the_anatomies_of_unlabelled_scans(
    metgan: Command, trained: Path, small_world: Path, scans: Path, tmp_path: Path
) -> None:
    assert generate(metgan, trained, scans, small_world, "--out", tmp_path / "new") == 0
    assert {row["group"] for row in read_table(tmp_path / "new")} == {"animal-scan"}
    assert not (tmp_path / "new" / "ignore").exists()


def test_annotated_scans_whose_table_has_an_empty_column_need_no_segmentor(
    metgan: Command, trained: Path, world: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns("segmentor"))
    write_table(world, rows_of(world, labelled_by=""))
    assert generate(metgan, run, world, world, "--refine", "insert", "--out", tmp_path / "new") == 0


def test_a_segmentor_that_was_moved_away_is_named(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, scans: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    config = (run / "config.toml").read_text()
    before = 'pretrained_segmentor = ""'
    assert before in config
    (run / "config.toml").write_text(config.replace(before, 'pretrained_segmentor = "gone"'))
    capsys.readouterr()
    status = generate(
        metgan, run, scans, small_world, "--refine", "contrast,insert", "--out", tmp_path / "new"
    )
    assert_one_line(capsys, status, "was trained with is not at gone any more")


@pytest.mark.slow
def test_generate_inserts_tumours_into_unlabelled_scans_twice_alike(
    metgan: Command,
    capsys: Capture,
    request: pytest.FixtureRequest,
    trained: Path,
    small_world: Path,
    scans: Path,
    tmp_path: Path,
) -> None:
    """A segmentor of few steps sees no tumour: what it does not see must be refused, or no label would do."""
    before = snapshot(scans)
    words = ("--refine", "contrast,insert", "--out", tmp_path / "unseen")
    status = generate(metgan, trained, scans, small_world, *words)
    assert_one_line(capsys, status, "of which the segmentor that labelled it sees none")
    assert not (tmp_path / "unseen").exists()
    request.getfixturevalue("every_tumour_seen")
    for name in ("once", "twice"):
        words = ("--refine", "contrast,insert", "--out", tmp_path / name)
        assert generate(metgan, trained, scans, small_world, *words) == 0
        said = capsys.readouterr()
        assert "0 of " in said.out
        assert "inserted tumours are too dim for the segmentor that labelled the scans" in said.out
    told = " ".join(said.err.split())
    assert f"4 pairs without a label get pseudo-labels from {trained / 'segmentor'}" in told
    files = [sorted(p for p in (tmp_path / n).rglob("*") if p.is_file()) for n in ("once", "twice")]
    assert [p.name for p in files[0]] == [p.name for p in files[1]]
    for first, second in zip(*files, strict=True):
        assert first.suffix == ".lock" or first.read_bytes() == second.read_bytes()
    made, real = PairSet.open(tmp_path / "once"), PairSet.open(scans)
    for pair in StoredPairs(made):
        tumour = real.read(pair.entry.provenance["anatomy_source"]).tumour
        far = ~ndimage.binary_dilation(pair.label, np.ones((3, 3)), 3)
        assert np.array_equal(pair.tumour[far], tumour[far])
    assert snapshot(scans) == before


def test_generate_needs_a_segmentor_to_insert_into_unlabelled_scans(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, scans: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run, ignore=shutil.ignore_patterns("segmentor"))
    status = generate(metgan, run, scans, small_world, "--refine", "insert", "--out", tmp_path / "new")
    assert_one_line(capsys, status, "4 pairs without a label to insert tumours in", "without a segmentor")
    assert not (tmp_path / "new").exists()


def test_anatomies_of_a_test_group_are_refused_also_without_a_label(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, scans: Path, tmp_path: Path
) -> None:
    shutil.copytree(scans, tmp_path / "scans")
    write_table(tmp_path / "scans", rows_of(scans, group="animal-test"))
    status = generate(metgan, trained, tmp_path / "scans", small_world, "--out", tmp_path / "new")
    assert_one_line(capsys, status, "group 'animal-test' with the test part")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("labelled", [True, False])
def test_generated_pairs_are_no_unlabelled_scans(
    metgan: Command, capsys: Capture, small_world: Path, scans: Path, tmp_path: Path, labelled: bool
) -> None:
    source = small_world if labelled else scans
    shutil.copytree(source, tmp_path / "new")
    write_table(tmp_path / "new", rows_of(source, model="1f6c"))
    words = ("segmentor", small_world, *UNSEGMENTED, "--out", tmp_path / "run")
    status = metgan(*words, "--unlabelled", tmp_path / "new")
    assert_one_line(capsys, status, f"{10 if labelled else 4} generated pairs", "--unlabelled")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """One plane of two channels, 16 x 24 pixels of noise."""
    voxels = np.random.default_rng(0).integers(0, 999, (2, 16, 24)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "scan.tif", voxels, photometric="minisblack")
    return tmp_path / "scan.tif"


def test_prepare_cuts_a_scan_without_labels_into_unlabelled_pairs(
    metgan: Command, capsys: Capture, stack: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert metgan("prepare", stack, "--axes", "CYX", "--crop", 8, "--out", out) == 0
    shown = capsys.readouterr()
    assert "6 unlabelled pairs; 0 crops left out" in shown.out
    assert "no --labels: the crops become unlabelled pairs, without label/" in shown.err
    assert "no crop holds a tumour" not in shown.err
    pairs = PairSet.open(out)
    assert (len(pairs), len(pairs.unlabelled)) == (0, 6)
    assert not (out / "label").exists()


def test_prepare_adds_unlabelled_crops_to_labelled_ones(metgan: Command, stack: Path, tmp_path: Path) -> None:
    out, mask = tmp_path / "out", np.zeros((16, 24), np.uint8)
    mask[2:4, 2:4] = 1
    tifffile.imwrite(tmp_path / "mask.tif", mask, photometric="minisblack")
    words = ("prepare", stack, "--axes", "CYX", "--crop", 8, "--out", out)
    assert metgan(*words, "--rows", "0:8", "--labels", tmp_path / "mask.tif") == 0
    assert metgan(*words, "--rows", "8:16") == 0
    pairs = PairSet.open(out)
    assert (len(pairs), len(pairs.unlabelled)) == (3, 3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--labels-above", 0), "--labels-above 0.0 without --labels"),
        (("--mask-axes", "YX"), "--mask-axes YX without --labels and --tissue"),
    ],
)
def test_prepare_refuses_options_for_a_mask_that_is_not_given(
    metgan: Command, capsys: Capture, stack: Path, tmp_path: Path, words: tuple[object, ...], says: str
) -> None:
    status = metgan("prepare", stack, "--axes", "CYX", "--crop", 8, *words, "--out", tmp_path / "out")
    assert_one_line(capsys, status, says)
    assert not (tmp_path / "out").exists()


def test_info_says_that_a_set_without_labels_is_not_annotated(scans: Path, small_world: Path) -> None:
    assert pair_facts(PairSet.open(scans))["tumours"] == "not annotated"
    assert "an unlabelled pair is of the part of its group" in pair_facts(PairSet.open(scans))["splits"]
    assert pair_facts(PairSet.open(small_world))["tumours"] != "not annotated"
