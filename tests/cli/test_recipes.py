"""Recipes as options: each setting reaches its recipe, and none is ignored."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from metgan.errors import SettingError
from metgan.labels import Bank, File, Grown, LabelRecipe, Merged, Real, SizeDistribution, Spacing, Variation
from metgan.workflows import RecipeChoice

from .conftest import Capture, Command


@pytest.mark.parametrize(
    ("choice", "recipe"),
    [
        (RecipeChoice(), Real()),
        (RecipeChoice(turn=False), Real(turned=False)),
        (RecipeChoice(merge=1), Real()),
        (RecipeChoice(merge=3, turn=False), Merged(3, turned=False)),
        (RecipeChoice("merged"), Merged(2)),
        (RecipeChoice("merged", merge=1), Merged(1)),
        (RecipeChoice("file"), File()),
        (RecipeChoice("file", turn=True), File(turned=True)),
        (RecipeChoice("bank"), Bank()),
        (
            RecipeChoice("bank", turn=False, scale=(1, 2), elastic=0, tumours=(1, 3), margin=4, gap=0),
            Bank(Variation((1, 2), 0, turned=False), Spacing(4, 0), (1, 3)),
        ),
        (RecipeChoice("grown"), Grown()),
        (
            RecipeChoice("grown", areas=(10, 41, 365), size_spread=0.4, infiltration=(0, 1)),
            Grown(SizeDistribution(41, 0.8, 10, 365), (0, 1)),
        ),
        (
            RecipeChoice("grown", diameters_um=(10, 20, 40), pixel_size_um=5),
            Grown(SizeDistribution.from_diameters_um(20, 0.5, 10, 40, 5)),
        ),
    ],
)
def test_options_make_the_recipe_that_they_say(choice: RecipeChoice, recipe: LabelRecipe) -> None:
    assert choice.make() == recipe


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (RecipeChoice("real", merge=2), "--merge with the recipe real"),
        (RecipeChoice("real", merge=1), "--merge with the recipe real"),
        (RecipeChoice("bank", areas=(1, 2, 3), merge=2), "--merge, --areas with the recipe bank"),
        (RecipeChoice("grown", turn=True), "--turn with the recipe grown"),
        (RecipeChoice(gap=0), "--gap with the recipe real"),
        (RecipeChoice("grown", areas=(1, 2, 3), diameters_um=(1, 2, 3), pixel_size_um=1), "in one unit"),
        (RecipeChoice("grown", diameters_um=(1, 2, 3)), "with --pixel-size-um"),
        (RecipeChoice("grown", pixel_size_um=3), "with --pixel-size-um"),
        (RecipeChoice("grown", size_spread=3), "--size-spread 3 alone"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(choice: RecipeChoice, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        choice.make()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            RecipeChoice("bank", areas=(1, 2, 3), merge=2),
            r"takes it: --merge \(merged\), --areas \(grown\)\.$",
        ),
        (RecipeChoice(gap=0), r"takes it: --gap \(bank, grown\)\.$"),
        (RecipeChoice("grown", turn=False), r"takes it: --turn \(real, merged, bank, file\)\.$"),
    ],
)
def test_a_refused_option_is_answered_with_the_recipes_that_take_it(
    choice: RecipeChoice, message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        choice.make()


@pytest.mark.parametrize(
    ("options", "recipe"),
    [
        ("--merge 2", "merged count=2"),
        ("--recipe bank --scale 1 1 --tumours 1 2", "bank scale=1.0..1.0"),
        ("--recipe grown --areas 5 12 40 --tumours 2 2", "grown sizes=lognormal(12.0,1.0,5..40)"),
        ("--recipe file --no-turn", "file turned=False"),
    ],
)
def test_generate_paints_labels_of_every_recipe(
    metgan: Command, trained: Path, small_world: Path, tmp_path: Path, options: str, recipe: str
) -> None:
    sources = ("--anatomy", small_world, "--labels", small_world, "--part", "all")
    words = (*sources, "--count", 2, "--device", "cpu", *options.split())
    assert metgan("generate", trained, *words, "--out", tmp_path / "new") == 0
    table = pd.read_csv(tmp_path / "new" / "pairs.csv")
    assert table["recipe"].str.startswith(recipe).all()


def test_numbers_of_tumours_are_not_rounded(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    words = ("--anatomy", small_world, "--labels", small_world, "--recipe", "bank", "--tumours", 1.5, 2.7)
    assert metgan("generate", trained, *words, "--out", tmp_path / "new") == 2
    assert '"1.5"' in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_labels_are_needed_by_all_recipes_but_one_that_is_told_everything(
    metgan: Command, capsys: Capture, trained: Path, small_world: Path, tmp_path: Path
) -> None:
    words = (
        "--anatomy",
        small_world,
        "--count",
        1,
        "--device",
        "cpu",
        "--recipe",
        "grown",
        "--tumours",
        1,
        2,
    )
    assert metgan("generate", trained, *words, "--out", tmp_path / "new") == 2
    assert "no --labels for the recipe grown" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    assert metgan("generate", trained, *words, "--areas", 5, 12, 40, "--out", tmp_path / "new") == 0
