"""Which way the terms pull tumours at the beginning of a training."""

from __future__ import annotations

from pathlib import Path

import torch

from metgan.training.first_steps import FIRST_STEPS_FILE, FirstSteps, label_pulls, read_first_steps


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


def test_a_step_without_a_tumour_is_stood_in_for_by_the_next_that_shows_one(tmp_path: Path):
    table = FirstSteps(tmp_path)
    for step in range(40):
        images = Painted(-0.5, 0.0)
        if step not in (3, 10, 33, 35):
            images.label = torch.zeros_like(images.label)
        table.write(step, {"paired": images.fake_tumour.abs().sum()}, images)
    assert [row[0] for row in read_first_steps(tmp_path / FIRST_STEPS_FILE)] == [3, 10, 33]


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
