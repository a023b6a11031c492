"""Recipes: the paper's numbers, lengths, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from metgan.errors import SettingError
from metgan.experiment import load_experiment
from metgan.methods import IntensityAugment
from metgan.training import (
    GAN_CONFIGS,
    OPEN_CONFIGS,
    PAPER_CONFIG,
    EarlyStopping,
    GanTrainConfig,
    TrainConfig,
)


def test_the_paper_trains_by_the_papers_numbers() -> None:
    config = PAPER_CONFIG
    assert (config.epochs, config.steps, config.batch_size, config.crop) == (200, None, 1, 256)
    assert (config.learning_rate, config.constant_share, config.pool_size) == (2e-4, 0.5, 50)
    assert (config.ema_decay, config.discriminator_lr_ratio) == (0, 1)
    assert config.discriminator_augment == config.anatomy_augment == IntensityAugment()
    assert load_experiment(Path("experiments/metgan-paper.toml")).training == config


def test_the_preset_paper_differs_from_it_by_the_average_alone() -> None:
    for preset in ("paper", "released"):
        assert GAN_CONFIGS[preset].ema_decay > 0
        assert replace(GAN_CONFIGS[preset], ema_decay=0.0) == PAPER_CONFIG


def test_an_epoch_counts_every_pair_also_those_that_fill_no_batch() -> None:
    assert (
        TrainConfig(epochs=10, batch_size=4).length(pairs=7) == 18
    )  # 70 pairs, of which 2 join an 18th batch
    assert TrainConfig(epochs=1, batch_size=4).length(pairs=3) == 1
    assert TrainConfig(steps=5, batch_size=4).length(pairs=7) == 5


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"steps": 1, "epochs": 1},
        {"steps": 0},
        {"steps": 1, "batch_size": 0},
        {"steps": 1, "pool_size": -1},
        {"steps": 1, "learning_rate": 0.0},
        {"steps": 1, "learning_rate": math.inf},
        {"steps": 1, "learning_rate": math.nan},
        {"steps": 1.5},
        {"steps": True},
        {"steps": 10**10},
        {"steps": 1, "batch_size": 10**9},
        {"steps": 1, "discriminator_lr_ratio": math.inf},
        {"steps": 1, "ema_decay": math.nan},
        {"steps": 1, "discriminator_lr_ratio": 0.0},
        {"steps": 1, "constant_share": 1.5},
        {"steps": 1, "ema_decay": 1.0},
        {"steps": 1, "constant_share": 0, "early_stopping": EarlyStopping()},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="expected"):
        GanTrainConfig(**settings)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("steps", "asked", "every"), [(39, 20, 2), (50, 20, 3), (5, 3, 2), (180, 9, 20), (3, 20, 1), (7, 1, 7)]
)
def test_a_run_is_validated_no_more_often_than_asked(steps: int, asked: int, every: int) -> None:
    """At even distances, and at its end."""
    assert TrainConfig(steps=steps, validations=asked).validate_every(pairs=9) == every
    assert math.ceil(steps / every) <= asked


def test_open_lengths_lie_between_the_fixed_one_or_a_fifth_of_the_papers_and_a_longest() -> None:
    small, paper = OPEN_CONFIGS["small"], OPEN_CONFIGS["paper"]
    for config, pairs, least, most, every in ((small, 100, 180, 360, 20), (paper, 100, 4000, 20_000, 500)):
        steps = config.length(pairs)
        assert config.early_stopping is not None
        assert (steps, config.validate_every(pairs)) == (most, every)
        assert round(steps * config.early_stopping.least) == least
    assert GAN_CONFIGS["small"].steps == 180
    assert all(config.early_stopping is None for config in GAN_CONFIGS.values())
