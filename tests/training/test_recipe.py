"""Recipes: the paper's numbers, lengths, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from metgan.errors import SettingError
from metgan.experiment import load_experiment
from metgan.methods import Light
from metgan.training import GAN_RECIPES, OPEN_RECIPES, PAPER_RECIPE, EarlyStopping, GanRecipe, Recipe


def test_the_paper_trains_by_the_papers_numbers() -> None:
    recipe = PAPER_RECIPE
    assert (recipe.epochs, recipe.steps, recipe.batch_size, recipe.crop) == (200, None, 1, 256)
    assert (recipe.learning_rate, recipe.constant_share, recipe.history) == (2e-4, 0.5, 50)
    assert (recipe.average, recipe.judge_pace) == (0, 1)
    assert recipe.judge_light == recipe.anatomy_light == Light()
    assert load_experiment(Path("experiments/metgan-paper.toml")).training == recipe


def test_the_preset_paper_differs_from_it_by_the_average_alone() -> None:
    for preset in ("paper", "released"):
        assert GAN_RECIPES[preset].average > 0
        assert replace(GAN_RECIPES[preset], average=0.0) == PAPER_RECIPE


def test_an_epoch_counts_every_pair_also_those_that_fill_no_batch() -> None:
    assert Recipe(epochs=10, batch_size=4).length(pairs=7) == 18  # 70 pairs, of which 2 join an 18th batch
    assert Recipe(epochs=1, batch_size=4).length(pairs=3) == 1
    assert Recipe(steps=5, batch_size=4).length(pairs=7) == 5


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"steps": 1, "epochs": 1},
        {"steps": 0},
        {"steps": 1, "batch_size": 0},
        {"steps": 1, "history": -1},
        {"steps": 1, "learning_rate": 0.0},
        {"steps": 1, "learning_rate": math.inf},
        {"steps": 1, "learning_rate": math.nan},
        {"steps": 1.5},
        {"steps": True},
        {"steps": 10**10},
        {"steps": 1, "batch_size": 10**9},
        {"steps": 1, "judge_pace": math.inf},
        {"steps": 1, "average": math.nan},
        {"steps": 1, "judge_pace": 0.0},
        {"steps": 1, "constant_share": 1.5},
        {"steps": 1, "average": 1.0},
        {"steps": 1, "constant_share": 0, "early_stopping": EarlyStopping()},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="expected"):
        GanRecipe(**settings)  # type: ignore[arg-type]  # wrong on purpose


def test_open_lengths_lie_between_the_fixed_one_or_a_fifth_of_the_papers_and_a_longest() -> None:
    small, paper = OPEN_RECIPES["small"], OPEN_RECIPES["paper"]
    for recipe, pairs, least, most, every in ((small, 100, 180, 360, 20), (paper, 100, 4000, 20_000, 500)):
        steps = recipe.length(pairs)
        assert recipe.early_stopping is not None
        assert (steps, steps // recipe.validations) == (most, every)
        assert round(steps * recipe.early_stopping.least) == least
    assert GAN_RECIPES["small"].steps == 180
    assert all(recipe.early_stopping is None for recipe in GAN_RECIPES.values())
