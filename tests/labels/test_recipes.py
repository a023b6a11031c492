"""The recipes by name."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from metgan.labels import Bank, File, Grown, LabelRecipe, Merged, Real, SizeDistribution, Spacing, Variation

ALL: list[LabelRecipe] = [
    *(Real(), Real(turned=False), File(), File(turned=True)),
    *(Merged(2), Merged(3), Merged(2, turned=False)),
    *(Bank(), Bank(Variation((0.5, 2))), Bank(Variation(elastic=2)), Bank(Variation(turned=False))),
    *(Bank(spacing=Spacing(margin=2)), Bank(spacing=Spacing(gap=2)), Bank(counts=(1, 2))),
    *(Grown(), Grown(infiltration=(0, 0.1)), Grown(spacing=Spacing(gap=0)), Grown(counts=(1, 2))),
    *(Grown(SizeDistribution(20, 1, 5, 40)), Grown(SizeDistribution(20.0000001, 1, 5, 40))),
]


@pytest.mark.parametrize("kind", [Real, Merged, Bank, Grown, File])
def test_every_recipe_draws_a_label_of_the_tissues_shape_by_its_defaults(kind):
    label = np.zeros((40, 40), bool)
    label[10:14, 20:25] = True
    drawn = kind().draw([label, label.T], np.ones((40, 40), bool), np.random.default_rng(0))
    assert drawn.label.shape == (40, 40)
    assert drawn.label.dtype == np.bool_
    assert drawn.label.any()
    assert set(drawn.sources) <= {0, 1}


def test_recipes_that_differ_are_written_differently_on_one_line():
    written = [str(recipe) for recipe in ALL]
    assert len(set(written)) == len(ALL)
    for recipe, line in zip(ALL, written, strict=True):
        assert line.startswith(recipe.name + " ")
        assert line.isascii()
        assert not set(line) & set('\n"')


@pytest.mark.parametrize("recipe", ALL, ids=str)
def test_equal_recipes_are_written_alike(recipe):
    copy = type(recipe)(**{field.name: getattr(recipe, field.name) for field in fields(recipe)})
    assert copy == recipe
    assert str(copy) == str(recipe)
    assert hash(copy) == hash(recipe)


def test_whole_numbers_are_written_as_the_settings_that_they_equal():
    assert str(Bank(Variation((1, 2), 1))) == str(Bank(Variation((1.0, 2.0), 1.0)))
