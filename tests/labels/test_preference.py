"""Tumours of some sizes wanted more: weights by area, and banks that follow them."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.errors import SettingError
from metgan.labels import Bank, Preference, Spacing, Variation
from metgan.objects import cut_tumours, sizes

UNCHANGED = Variation(scale=(1, 1), elastic=0.0, turned=False)


def test_a_bank_takes_tumours_as_often_as_they_are_wanted() -> None:
    """One label holds tumours of 1, 4 and 9 pixels; the first is wanted six times as much as the last."""
    label = np.zeros((12, 24), bool)
    label[2, 2] = label[2:4, 8:10] = label[2:5, 15:18] = True
    bank = Bank(UNCHANGED, Spacing(), (1, 1), Preference(((1, 6.0), (3, 3.0), (9, 1.0))))
    rng, tissue = np.random.default_rng(0), np.ones((20, 20), bool)
    drawn = [int(sizes(bank.draw([label], tissue, rng).label)[0]) for _ in range(1000)]
    shares = [drawn.count(area) / 1000 for area in (1, 4, 9)]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.05)


def test_the_number_of_tumours_is_not_touched_by_a_preference() -> None:
    label = np.zeros((12, 24), bool)
    label[2, 2] = label[2:4, 8:10] = True
    bank = Bank(preference=Preference(((1, 1.0), (3, 1e6))))
    drawn = bank.draw([label], np.ones((40, 40), bool), np.random.default_rng(0)).label
    assert len(cut_tumours(drawn)) == 2


def test_a_preference_is_part_of_what_a_recipe_says_of_itself() -> None:
    assert str(Bank(preference=Preference(((1, 2.0),)))) == f"{Bank()} preference=1:2"


@pytest.mark.parametrize(
    "weights", [(), ((2, 1.0),), ((1, 1.0), (1, 2.0)), ((1, 0.0),), ((1, float("nan")),)]
)
def test_weights_that_leave_an_area_out_are_refused(weights: tuple[tuple[int, float], ...]) -> None:
    with pytest.raises(SettingError):
        Preference(weights)
