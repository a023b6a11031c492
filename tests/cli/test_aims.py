"""Aiming on the command line: it needs a recipe that chooses, and a segmentor without test groups."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from metgan.models import MODEL_FILE, load_segmentor, save_model

from .conftest import Command

Capture = pytest.CaptureFixture[str]


def words_for(trained: Path, world: Path, *more: object) -> tuple[object, ...]:
    sources = ("--anatomy", world, "--labels", world, "--count", 2, "--device", "cpu")
    return ("generate", trained, *sources, "--no-gate", *more)


def test_an_aimed_set_says_what_it_asked_for(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    out = tmp_path / "aimed"
    aim = ("--recipe", "bank", "--aim-at", trained / "segmentor")
    assert metgan(*words_for(trained, small_world, *aim), "--out", out) == 0
    assert re.search(r"\d+ of \d+ tumours missed; likely to be: below 25 pixels", capsys.readouterr().err)
    table = pd.read_csv(out / "pairs.csv")
    assert (table["asked_contrast"] > 1).all()
    assert table["recipe"].str.contains("preference=1:").all()


def test_a_recipe_that_does_not_choose_is_refused_before_anything_is_written(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    words = words_for(trained, small_world, "--aim-at", trained / "segmentor")
    assert metgan(*words, "--out", tmp_path / "new") == 2
    assert "Use --recipe bank" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()


def test_a_segmentor_that_has_seen_a_test_group_does_not_choose(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained / "segmentor", tmp_path / "segmentor"))
    segmentor, card = load_segmentor(run)
    every = tuple(pd.read_csv(small_world / "pairs.csv", dtype=str)["group"].unique())
    save_model(run / MODEL_FILE, segmentor.state_dict(), replace(card, groups_seen=every))
    words = words_for(trained, small_world, "--recipe", "bank", "--aim-at", run)
    assert metgan(*words, "--out", tmp_path / "new") == 2
    assert "for choosing training pairs has seen" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()
