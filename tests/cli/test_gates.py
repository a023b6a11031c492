"""The gate on the command line: on with a segmentor, off when told so, and never silently off."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Capture, Command

LENIENT = ("--least-recall", 0, "--most-false-area", 1, "--least-contrast", 0, "--most-contrast", 1000)


@pytest.fixture(scope="module")
def judge(metgan: Command, small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("judge") / "run"
    words = ("--preset", "small", "--steps", 2, "--seed", 7, "--device", "cpu")
    assert metgan("segmentor", small_world, "--out", run, *words) == 0
    return run


def words_for(trained: Path, world: Path) -> tuple[object, ...]:
    sources = ("--anatomy", world, "--labels", world, "--part", "all")
    return ("generate", trained, *sources, "--count", 2, "--device", "cpu")


def test_pairs_are_judged_where_a_judge_is_given(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, judge: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new"
    limits = (*LENIENT, "--least-distance", 0, "--attempts", 2)
    assert (
        metgan(*words_for(trained, small_world), "--independent-segmentor", judge, *limits, "--out", out) == 0
    )
    shown = capsys.readouterr()
    assert "2 of 2 pairs passed the gate; 0 of 2 attempts were rejected" in shown.out
    assert "not checked" not in shown.err
    assert json.loads((out / "gate.json").read_text())["passed"] == 2
    table = pd.read_csv(out / "pairs.csv")
    assert set(table["gate"]) == {"passed"}
    assert table["limits"].str.contains("attempts=2").all()


@pytest.mark.slow
def test_pairs_that_are_not_judged_are_noted_unless_that_was_asked_for(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, judge: Path, tmp_path: Path
) -> None:
    cases = [((), 1), (("--no-gate",), 0), (("--no-gate", "--independent-segmentor", judge), 0)]
    for number, (more, is_told) in enumerate(cases):
        out = tmp_path / str(number)
        assert metgan(*words_for(trained, small_world), *more, "--out", out) == 0
        assert capsys.readouterr().err.count("the pairs are not checked") == is_told
        assert set(pd.read_csv(out / "pairs.csv")["gate"]) == {"off"}
        assert not (out / "gate.json").exists()


@pytest.mark.slow
def test_the_note_on_pairs_that_are_not_judged_can_be_pasted(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    """Also with a space in the paths. Only length and device are added, so that it takes no time."""
    run, world = tmp_path / "my run", tmp_path / "my pairs"
    shutil.copytree(trained, run)
    shutil.copytree(small_world, world)
    words = (*words_for(run, world), "--out", tmp_path / "new")
    assert metgan(*words) == 0
    told = re.search(r"with `metgan (.*)`, then add `(.*)` and `(.*)`\n", capsys.readouterr().err)
    assert told is not None
    short = ("--steps", 2, "--device", "cpu")
    assert metgan(*shlex.split(told[1]), *short) == 0
    assert metgan(*words, *shlex.split(told[2]), told[3], *LENIENT) == 0
    assert "of 2 pairs passed the gate" in capsys.readouterr().out


def test_of_a_run_whose_data_is_not_there_the_note_leaves_the_data_open(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    anatomy, labels = small_world / "anatomy", small_world / "label"
    words = ("generate", trained, "--anatomy", anatomy, "--labels", labels, "--count", 1, "--device", "cpu")
    assert metgan(*words, "--out", tmp_path / "new") == 0
    assert "metgan segmentor DATA --preset small --split" in capsys.readouterr().err


def test_training_images_that_are_not_there_are_noted(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, judge: Path, tmp_path: Path
) -> None:
    anatomy, labels = small_world / "anatomy", small_world / "label"
    words = ("generate", trained, "--anatomy", anatomy, "--labels", labels, "--count", 1, "--device", "cpu")
    assert metgan(*words, "--independent-segmentor", judge, *LENIENT, "--out", tmp_path / "new") == 0
    assert "no training image of the run was found" in capsys.readouterr().err


def test_limits_of_contrast_come_from_the_labels_of_the_runs_training_images(
    metgan: Command, trained: Path, small_world: Path, judge: Path, tmp_path: Path
) -> None:
    """A folder of the tumour channel alone has no labels, and there the fixed limits hold."""
    alone = tmp_path / "alone"
    for channel in ("anatomy", "tumour"):
        shutil.copytree(small_world / channel, alone / channel)
    judged = ("--independent-segmentor", judge, "--attempts", 1)
    drawn_from = (("whole", small_world, small_world), ("alone", alone, small_world / "label"))
    for out, anatomy, labels in drawn_from:
        words = ("generate", trained, "--anatomy", anatomy, "--labels", labels, "--count", 1, *judged)
        assert metgan(*words, "--device", "cpu", "--out", tmp_path / "new" / out) == 0
    limits = [pd.read_csv(tmp_path / "new" / out / "pairs.csv")["limits"][0] for out in ("whole", "alone")]
    assert "contrast=1.05..20.0 " not in limits[0]
    assert "contrast=1.05..20.0 " in limits[1]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--least-recall", 0.3), "--least-recall without an independent segmentor"),
        (("--attempts", 3, "--no-gate"), ", and leave --no-gate out."),
        (
            ("--attempts", 3, "--no-gate", "--independent-segmentor", "nowhere"),
            "to measure the pairs by. Leave --no-gate out.",
        ),
        (("--independent-segmentor", "{trained}"), "holds a generator"),
        (
            ("--independent-segmentor", "{trained}/segmentor"),
            "is the segmentor that the generator trained with",
        ),
        (("--independent-segmentor", "nowhere"), "there is no nowhere"),
    ],
)
def test_a_gate_that_cannot_judge_is_refused(
    metgan: Command,
    capsys: Capture,
    trained: Path,
    small_world: Path,
    tmp_path: Path,
    more: tuple[object, ...],
    says: str,
) -> None:
    given = [str(word).replace("{trained}", str(trained)) for word in more]
    assert metgan(*words_for(trained, small_world), *given, "--out", tmp_path / "new") == 2
    error = capsys.readouterr().err
    assert says in error
    is_advised = "--independent-segmentor" not in more or "/segmentor" in str(more)
    command = (
        f"`metgan segmentor {small_world} --preset small --split {trained}/splits.json --seed 1000 --out"
    )
    assert (command in error) == is_advised
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_judge_that_has_seen_a_test_group_is_refused(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, world: Path, tmp_path: Path
) -> None:
    """It was trained on the copy, in which the animals' names are exchanged."""
    table = world / "pairs.csv"
    swapped = {"animal-train": "animal-test", "animal-test": "animal-train"}
    table.write_text(re.sub("animal-(train|test)", lambda found: swapped[found[0]], table.read_text()))
    words = ("--preset", "small", "--steps", 1, "--seed", 7, "--device", "cpu")
    assert metgan("segmentor", world, "--out", tmp_path / "independent-segmentor", *words) == 0
    judged = ("--independent-segmentor", tmp_path / "independent-segmentor", "--out", tmp_path / "new")
    assert metgan(*words_for(trained, small_world), *judged) == 2
    assert "for judging has seen 1 test groups (animal-test)" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
