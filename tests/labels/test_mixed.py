"""A recipe that draws by others, in turn as chance has it."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.errors import SettingError
from metgan.labels import Merged, Mixed, Real


def spots(count):
    """Return labels of one pixel each, all at other places."""
    return [np.arange(64).reshape(8, 8) == 5 * k for k in range(count)]


def test_both_recipes_are_drawn_and_equal_states_give_equal_labels():
    mixed, tissue = Mixed((Real(), Merged(2))), np.ones((8, 8), bool)
    drawn = [mixed.draw(spots(6), tissue, np.random.default_rng(seed)) for seed in range(60)]
    again = [mixed.draw(spots(6), tissue, np.random.default_rng(seed)) for seed in range(60)]
    assert {len(one.sources) for one in drawn} == {1, 2}
    assert 15 < sum(len(one.sources) == 1 for one in drawn) < 45
    assert all((one.label == other.label).all() for one, other in zip(drawn, again, strict=True))


def test_a_mix_of_nothing_is_refused():
    with pytest.raises(SettingError, match="a mix of no recipes"):
        Mixed(())
