"""The scripts in examples/ are run as they stand, on a small world and for a few steps."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from metgan.data import SPLIT_FILE, PairSet, StoredPairs, fit_pairs, save_split, stated_split
from metgan.models import MODEL_FILE, ModelCard, read_card, save_model
from metgan.networks import PRESETS, MetGen, build

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def untrained_run(small_pairs, settle, tmp_path):
    """A run folder of a generator that has learned nothing, for the small world."""
    run = tmp_path / "untrained"
    network = build(lambda: MetGen(PRESETS["small"].metgen), 0)
    settle(network)
    units = fit_pairs(StoredPairs(small_pairs.entries))
    card = ModelCard("generator", "metgan", "metgen", "small", units, ("animal-train",), "", 1, 1, 0, "test")
    save_model(run / MODEL_FILE, network.state_dict(), card)
    save_split(stated_split(small_pairs.entries), run / SPLIT_FILE)
    return run


@pytest.fixture
def run_example(monkeypatch, capsys):
    """Run a script with arguments, and return what it printed."""

    def run(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.slow
def test_a_unet_is_trained_on_generated_pairs_and_counts_the_tumours_of_the_test_part(
    run_example, small_world, untrained_run
):
    printed = run_example(
        "train_a_unet_on_generated_pairs.py", untrained_run, small_world, "--steps", 2, "--workers", 0
    )
    assert re.search(r"^step 0: loss \d", printed, re.MULTILINE)
    assert "test part, 3 images: Dice" in printed


@pytest.mark.slow
def test_the_main_job_goes_from_a_pair_set_to_scores(run_example, small_world, tmp_path):
    lengths = ("--count", 3, "--steps", 2, "--segmentor-steps", 2)
    printed = run_example("train_and_generate.py", tmp_path / "out", "--pairs", small_world, *lengths)
    assert len(PairSet.open(tmp_path / "out" / "new-pairs")) == 3
    assert (tmp_path / "out" / "scores" / "report.html").is_file()
    assert "3 pairs in" in printed
    assert "mean absolute error: 0." in printed


@pytest.mark.slow
def test_a_method_of_ones_own_is_trained_and_scored_beside_metgan(run_example, small_world, tmp_path):
    printed = run_example(
        "a_method_of_ones_own.py", small_world, tmp_path, "--steps", 2, "--segmentor-steps", 2
    )
    assert re.findall(r"^(MetGAN.*): MAE 0", printed, re.MULTILINE) == ["MetGAN", "MetGAN with edges"]
    ours, theirs = (read_card(tmp_path / name) for name in ("metgan-edges", "metgan"))
    assert (ours.method, ours.segmentor) == ("metgan-edges", theirs.segmentor)
    assert "edges" in (tmp_path / "metgan-edges" / "journal.csv").read_text().splitlines()[0]


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda script: script.name)
def test_an_example_is_short_and_says_how_it_is_run_and_how_long_it_takes(script):
    text = script.read_text()
    opening = text.split('"""')[1]
    assert len(text.splitlines()) < 80
    assert f"    python examples/{script.name} " in opening
    assert "two CPU cores" in " ".join(opening.split())
