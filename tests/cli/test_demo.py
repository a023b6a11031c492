"""The demo from end to end, with trainings too short to be any good."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from metgan.data import PairSet, load_split
from metgan.models import read_card

Command = Callable[..., int]
SHORT = ("--steps", 2, "--segmentor-steps", 2)


@pytest.mark.slow
def test_the_demo_goes_from_phantom_to_report(metgan: Command, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    assert metgan("demo", out, *SHORT) == 0
    assert read_card(out / "run").method == "metgan"
    made = {row.split(",")[0] for row in (out / "new-pairs" / "pairs.csv").read_text().splitlines()[1:]}
    assert len(made) == 24
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") >= 6
    assert not re.search(r"(src|href)=.https?:", page)
    assert {path.name for path in (out / "scores").glob("*.*")} >= {"scores.csv", "summary.json"}


@pytest.mark.slow
def test_the_demo_paints_on_training_images_alone_and_is_not_resumed_with_another_seed(
    metgan: Command, tmp_path: Path
) -> None:
    out = tmp_path / "demo"
    assert metgan("demo", out, *SHORT) == 0
    train = set(load_split(out / "run" / "splits.json").train)
    rows = (out / "new-pairs" / "pairs.csv").read_text().splitlines()
    source = rows[0].split(",").index("anatomy_source")
    assert {row.split(",")[source] for row in rows[1:]} <= train
    before = {path: path.read_bytes() for path in (out / "pairs").rglob("*.tif")}
    assert metgan("demo", out, *SHORT, "--resume", "--seed", 5) == 2
    assert {path: path.read_bytes() for path in (out / "pairs").rglob("*.tif")} == before
    assert len(PairSet.open(out / "pairs")) == 240
