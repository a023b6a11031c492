"""Which way the terms pull tumours at the beginning of a training, and that every laboratory starts right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from metgan.data import LABORATORIES, PairSet, Split, draw_split, write_phantom
from metgan.methods import find_method
from metgan.seeding import stream
from metgan.training import (
    GAN_RECIPES,
    SEGMENTOR_RECIPES,
    Curriculum,
    Engine,
    Order,
    load_curriculum,
    train_method,
    train_segmentor,
)
from metgan.training.first_steps import (
    FIRST_STEPS_FILE,
    LOOKED_AT,
    FirstSteps,
    label_pulls,
    read_first_steps,
)

pytestmark = pytest.mark.usefixtures("one_thread")
METGAN = find_method("metgan")


class Painted:
    """What `label_pulls` asks of a step: a painted image of two pixels, the first of which is labelled."""

    def __init__(self, first, second):
        self.fake_tumour = torch.tensor([[[[first, second]]]], requires_grad=True)
        self.label = torch.tensor([[[[1.0, 0.0]]]])


def test_a_term_that_wants_the_label_brighter_pulls_above_zero():
    """On the label -0.5 is painted where 0.3 is real: 100 * mean |.| has the slope -100 / 2 there."""
    step = Painted(-0.5, 0.0)
    real = torch.tensor([[[[0.3, 0.9]]]])
    losses = {
        "paired": 100 * (step.fake_tumour - real).abs().mean(),
        "darker": step.fake_tumour.sum(),
        "elsewhere": torch.ones(1, requires_grad=True).sum(),
    }
    assert label_pulls(losses, step) == {"paired": 50.0, "darker": -1.0}


def test_the_table_holds_each_step_once_also_after_a_resumed_run(tmp_path: Path):
    table = FirstSteps(tmp_path)
    for step in (0, 1, 10, 20, 21, 10):
        images = Painted(-0.5, float(step))
        table.write(step, {"paired": (images.fake_tumour - step).abs().sum()}, images)
    assert [row[:2] for row in read_first_steps(tmp_path / FIRST_STEPS_FILE)] == [
        (0, "paired"),
        (10, "paired"),
    ]
    assert read_first_steps(tmp_path / "none.csv") == []


def laboratory_of(name: str, folder: Path) -> Curriculum:
    """24 pairs of a laboratory, split by animals as every training splits them."""
    laboratory = LABORATORIES[name]
    pairs = write_phantom(folder, 24, laboratory.settings_for(24), laboratory.seed_for(0))
    return load_curriculum(pairs, split_of(pairs))


def split_of(pairs: PairSet) -> Split:
    with_tumour = {pair.entry.name: bool(pair.label.any()) for pair in pairs.read_all()}
    return draw_split(pairs.entries, with_tumour, stream(0, "split"))


@pytest.mark.slow
@pytest.mark.parametrize("name", LABORATORIES)
def test_every_laboratory_begins_by_making_tumours_brighter(name: str, tmp_path: Path):
    """Segmentor and pairs together, at each step that is looked at; the segmentor alone at the first."""
    data = laboratory_of(name, tmp_path / "pairs")
    engine = Engine(device="cpu", precision="fp32")
    folders = [tmp_path / part for part in ("segmentor", "run")]
    for folder in folders:
        folder.mkdir()
    reading = replace(SEGMENTOR_RECIPES["small"], steps=120, crop=64, validations=1)
    train_segmentor(Order("segmentor", "small", reading, engine, 0, folders[0]), data)
    painting = replace(GAN_RECIPES["small"], steps=LOOKED_AT[-1] + 1, crop=64, validations=1)
    train_method(Order("metgan", "small", painting, engine, 0, folders[1]), data, METGAN, folders[0])
    rows = read_first_steps(folders[1] / FIRST_STEPS_FILE)
    pulls = {(step, term): pull for step, term, pull in rows}
    assert {step for step, _ in pulls} == {*LOOKED_AT}
    assert pulls[0, "segmentation"] > 0
    for step in LOOKED_AT:
        assert pulls[step, "segmentation"] + pulls[step, "paired"] > 0
