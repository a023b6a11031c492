"""Refinement and oversampled errors on the command line: what they need, and what they leave behind."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from metgan.data import (
    SPLIT_FILE,
    PairSet,
    Split,
    StoredPairs,
    load_split,
    read_table,
    save_split,
    write_table,
)
from metgan.images import read_image, write_image
from metgan.models import MODEL_FILE, load_segmentor, save_model
from metgan.synthesis import Contrast, Noise

from .conftest import Capture, Command


def words_for(trained: Path, world: Path, *more: object) -> tuple[object, ...]:
    sources = ("--anatomy", world, "--labels", world, "--count", 2, "--device", "cpu")
    return ("generate", trained, *sources, "--no-gate", *more)


def assert_the_painted_images_alone_differ(one: Path, other: Path) -> None:
    for first, second in zip(
        [*StoredPairs(PairSet.open(one))], [*StoredPairs(PairSet.open(other))], strict=True
    ):
        assert np.array_equal(first.label, second.label)
        assert np.array_equal(first.anatomy, second.anatomy)
        assert not np.array_equal(first.tumour, second.tumour)


def test_an_aimed_set_says_what_it_asked_for(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "aimed"
    aim = ("--recipe", "bank", "--oversample-errors", trained / "segmentor")
    assert metgan(*words_for(trained, small_world, *aim), "--out", out) == 0
    assert re.search(r"\d+ of \d+ tumours missed; likely to be: below 25 pixels", capsys.readouterr().err)
    table = pd.read_csv(out / "pairs.csv")
    asked = [float(contrast) for cell in table["asked_contrasts"].astype(str) for contrast in cell.split(";")]
    assert min(asked) > 1
    assert len(asked) == table["tumours"].sum()
    assert table["recipe"].str.contains("preference=1:").all()


def test_aiming_and_judging_are_noted_to_work_against_each_other(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    judge = tmp_path / "independent-segmentor"
    shutil.copytree(trained / "segmentor", judge)
    network, card = load_segmentor(judge)
    save_model(judge / MODEL_FILE, {k: v + 0.01 for k, v in network.state_dict().items()}, card)
    aim = ("--recipe", "bank", "--oversample-errors", trained / "segmentor")
    aim += ("--independent-segmentor", judge, "--attempts", 1)
    words = [word for word in words_for(trained, small_world, *aim) if word != "--no-gate"]
    assert metgan(*words, "--out", tmp_path / "out") == 0
    assert "the gate rejects tumours that its segmentor misses" in capsys.readouterr().err


def test_a_matched_set_has_contrasts_of_the_real_training_tumours(
    metgan: Command, trained: Path, small_world: Path, small_pairs: PairSet, tmp_path: Path
) -> None:
    out = tmp_path / "matched"
    assert metgan(*words_for(trained, small_world, "--refine", "contrast"), "--out", out) == 0
    train = [pair for pair in StoredPairs(small_pairs) if pair.entry.split == "train"]
    real = Contrast.measure(train).values
    for row in read_table(out):
        each = [float(asked) for asked in row["asked_contrasts"].split(";")]
        assert len(each) == int(row["tumours"])
        for asked in each:
            assert min(abs(asked - contrast) for contrast in real) < 1e-4


@pytest.mark.slow
def test_contrasts_that_a_hardly_trained_painter_does_not_reach_are_told(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    out, bright = tmp_path / "matched", Path(shutil.copytree(small_world, tmp_path / "bright"))
    for entry in PairSet.open(bright):  # tumours that no generator of four steps has light for
        tumour, label = read_image(entry.paths["tumour"]), read_image(entry.paths["label"])
        brightest = np.iinfo(tumour.dtype).max
        write_image(entry.paths["tumour"], np.where(label > 0, brightest, tumour).astype(tumour.dtype))
    assert metgan(*words_for(trained, bright, "--refine", "contrast"), "--out", out) == 0
    told = capsys.readouterr().err
    missed = re.search(r"(\d+) of (\d+) tumours \((\d+)%\) ended more than 1.3 times away", told)
    assert missed, told
    assert "pairs.csv has each in got_contrasts" in told
    rows = read_table(out)
    each = [
        (float(asked), float(got))
        for row in rows
        for asked, got in zip(row["asked_contrasts"].split(";"), row["got_contrasts"].split(";"), strict=True)
    ]
    off = sum(not asked / 1.3 <= got <= asked * 1.3 for asked, got in each)
    assert (off, len(each)) == (int(missed[1]), int(missed[2]))
    assert metgan(*words_for(trained, small_world), "--out", tmp_path / "plain") == 0
    assert "times away" not in capsys.readouterr().err
    assert {row["got_contrasts"] for row in read_table(tmp_path / "plain")} == {""}


@pytest.mark.slow
def test_grain_is_that_of_the_real_training_images_and_changes_the_painted_image_alone(
    metgan: Command, trained: Path, small_world: Path, small_pairs: PairSet, tmp_path: Path
) -> None:
    smooth, grainy = tmp_path / "smooth", tmp_path / "grainy"
    assert metgan(*words_for(trained, small_world), "--out", smooth) == 0
    assert metgan(*words_for(trained, small_world, "--refine", "noise"), "--out", grainy) == 0
    train = [pair for pair in StoredPairs(small_pairs) if pair.entry.split == "train"]
    noise = Noise.measure(train)
    assert pd.read_csv(grainy / "pairs.csv")["refine"].eq(str(noise)).all()
    assert_the_painted_images_alone_differ(smooth, grainy)


@pytest.mark.slow
def test_backgrounds_come_from_other_real_training_images_and_change_the_painted_image_alone(
    metgan: Command, trained: Path, small_world: Path, small_pairs: PairSet, tmp_path: Path
) -> None:
    smooth, laid = tmp_path / "smooth", tmp_path / "laid"
    assert metgan(*words_for(trained, small_world), "--out", smooth) == 0
    assert metgan(*words_for(trained, small_world, "--refine", "background"), "--out", laid) == 0
    table = pd.read_csv(laid / "pairs.csv")
    assert table["refine"].str.startswith("background: 5 images, noise").all()
    train = {pair.entry.name for pair in StoredPairs(small_pairs) if pair.entry.split == "train"}
    assert set(table["background_source"]) <= train
    assert (table["background_source"] != table["anatomy_source"]).all()
    assert_the_painted_images_alone_differ(smooth, laid)


def test_inserted_tumours_lie_beside_the_real_ones_of_the_real_image(
    metgan: Command, trained: Path, small_world: Path, small_pairs: PairSet, tmp_path: Path
) -> None:
    out = tmp_path / "inserted"
    assert metgan(*words_for(trained, small_world, "--refine", "contrast,insert"), "--out", out) == 0
    table = pd.read_csv(out / "pairs.csv")
    assert table["refine"].str.startswith("insert; contrast: ratios of").all()
    assert (table["own_tumours"] < table["tumours"]).all()
    for made in StoredPairs(PairSet.open(out)):
        real = small_pairs.read(made.entry.provenance["anatomy_source"])
        assert np.array_equal(made.anatomy, real.anatomy)
        assert made.label[real.label].all()
        assert (made.tumour >= real.tumour).all()
        assert (made.tumour == real.tumour).mean() > 0.5
        added = made.tumour > real.tumour
        assert added.any()
        assert not added[~ndimage.binary_dilation(made.label & ~real.label, np.ones((3, 3)), 3)].any()


@pytest.mark.slow
def test_generated_sources_that_hide_a_test_pair_or_are_to_be_matched_are_refused(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    assert metgan(*words_for(trained, small_world, "--part", "test"), "--out", hidden) == 0
    for words, says in (
        (("--anatomy", hidden, "--labels", small_world), "with the test part"),
        (("--anatomy", small_world, "--labels", hidden), "with the test part"),
        (
            ("--anatomy", small_world, "--labels", hidden, "--part", "all", "--refine", "contrast"),
            "to learn from",
        ),
    ):
        capsys.readouterr()
        assert metgan("generate", trained, *words, "--count", 2, "--no-gate", "--out", tmp_path / "new") == 2
        assert says in " ".join(capsys.readouterr().err.split())
        assert not (tmp_path / "new").exists()


def test_a_source_with_the_background_of_a_test_pair_is_refused(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    assert metgan(*words_for(trained, small_world, "--refine", "background"), "--out", hidden) == 0
    tested = load_split(trained).test[0]
    write_table(hidden, [{**row, "background_source": tested} for row in read_table(hidden)])
    capsys.readouterr()
    words = ("--anatomy", hidden, "--labels", small_world, "--count", 2, "--no-gate")
    assert metgan("generate", trained, *words, "--out", tmp_path / "new") == 2
    assert f"shares pair '{tested}' with the test part" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--refine", "insert,noise"), "Leave noise out"),
        (("--refine", "background,insert"), "Leave background out"),
        (("--refine", "noise,background"), "Leave noise out"),
        (("--refine", "noise,noise"), "Leave one noise out"),
        (("--refine", "contrasts"), "one of: insert, contrast, noise, background"),
        (("--refine", "background", "--labels", "{world}/label"), "a pair set"),
        (("--refine", "insert", "--anatomy", "{world}/anatomy"), "Give a pair set for --anatomy"),
        (("--oversample-errors", "{segmentor}"), "Use --recipe bank"),
        (("--refine", "contrast", "--labels", "{world}/label"), "a pair set"),
    ],
)
def test_what_cannot_be_matched_or_aimed_is_refused_before_anything_is_written(
    metgan: Command,
    capsys: Capture,
    trained: Path,
    small_world: Path,
    tmp_path: Path,
    more: tuple[str, ...],
    says: str,
) -> None:
    words = [word.format(segmentor=trained / "segmentor", world=small_world) for word in more]
    given = (("--anatomy", small_world), ("--labels", small_world))
    sources = [word for option, folder in given if option not in words for word in (option, folder)]
    out = ("--count", 2, "--device", "cpu", "--out", tmp_path / "new")
    assert metgan("generate", trained, *sources, *words, *out) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()


def test_a_segmentor_that_has_seen_a_test_group_does_not_choose(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained / "segmentor", tmp_path / "segmentor"))
    segmentor, card = load_segmentor(run)
    every = tuple(pd.read_csv(small_world / "pairs.csv", dtype=str)["group"].unique())
    save_model(run / MODEL_FILE, segmentor.state_dict(), replace(card, groups_seen=every))
    words = words_for(trained, small_world, "--recipe", "bank", "--oversample-errors", run)
    assert metgan(*words, "--out", tmp_path / "new") == 2
    assert "for choosing training pairs has seen" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()


def test_a_segmentor_aims_only_at_a_validation_part_that_it_has_not_trained_on(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    """Without a split nobody knows which pairs it has seen; a segmentor of its own split has seen others."""
    aim = ("--recipe", "bank", "--oversample-errors")
    plain = Path(shutil.copytree(small_world, tmp_path / "plain"))
    table = pd.read_csv(plain / "pairs.csv", dtype=str, keep_default_na=False)
    renamed = {name: f"other-{name}" for name in table["name"]}
    for file in [*plain.rglob("*.tif")]:
        file.rename(file.with_name(f"{renamed[file.stem]}.tif"))
    table.assign(name=table["name"].map(renamed), split="").to_csv(plain / "pairs.csv", index=False)
    words = ("generate", trained, "--anatomy", plain, "--labels", plain, "--part", "all")
    words += ("--count", 2, "--device", "cpu")
    assert metgan(*words, *aim, trained / "segmentor", "--out", tmp_path / "new") == 2
    assert "no validation part among the 10 pairs" in " ".join(capsys.readouterr().err.split())

    own = Path(shutil.copytree(trained / "segmentor", tmp_path / "own" / "segmentor"))
    names = [f"phantom-{k:05d}" for k in range(10)]
    save_split(Split(tuple(names[5:7]), tuple(names[:5]), tuple(names[7:])), own / SPLIT_FILE)
    words = words_for(trained, small_world, *aim, own)
    assert metgan(*words, "--out", tmp_path / "new") == 2
    assert "has been trained on 2 of the validation pairs" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()
