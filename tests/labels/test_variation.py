"""Tumours made of one tumour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as skimage_label

from metgan.errors import ArrayError, SettingError
from metgan.labels import Variation, grow, symmetry, vary

few = settings(max_examples=40, deadline=None)
tumour = st.builds(
    lambda area, ragged, seed: grow(area, ragged, np.random.default_rng(seed)),
    st.integers(1, 120),
    st.floats(0, 1),
    st.integers(0, 99),
)
factor = st.floats(0.3, 3)
strength = st.floats(0, 4)
seed = st.integers(0, 2**32)


@few
@given(tumour, factor, strength, seed)
def test_a_varied_tumour_is_one_piece_of_the_scaled_area(shape, factor, elastic, seed):
    varied = vary(shape, Variation((factor, factor), elastic), np.random.default_rng(seed))
    assert varied.sum() == max(round(factor**2 * int(shape.sum())), 1)
    assert skimage_label(varied, connectivity=2).max() == 1
    assert all(side.any() for side in (varied[0], varied[-1], varied[:, 0], varied[:, -1]))


@few
@given(tumour, seed)
def test_a_tumour_that_is_only_turned_is_one_of_its_eight_symmetries(shape, seed):
    varied = vary(shape, Variation((1, 1), 0.0), np.random.default_rng(seed))
    assert varied.tolist() in [symmetry(shape, k).tolist() for k in range(8)]
    alike = vary(shape, Variation((1, 1), 0.0, turned=False), np.random.default_rng(seed))
    assert np.array_equal(alike, shape)


def test_all_eight_symmetries_are_drawn():
    hook = np.array([[1, 1, 1], [1, 0, 0]], bool)
    rng = np.random.default_rng(0)
    drawn = [vary(hook, Variation((1, 1), 0.0), rng) for _ in range(99)]
    assert len({(one.shape, one.tobytes()) for one in drawn}) == 8


@few
@given(tumour, seed)
def test_the_same_seed_gives_the_same_tumour(shape, seed):
    first, second = (vary(shape, Variation(), np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == second.shape
    assert first.tobytes() == second.tobytes()


def test_elastic_change_makes_different_tumours_of_one():
    shape = grow(100, 0.0, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    bent = [vary(shape, Variation((1, 1), 1.5, turned=False), rng) for _ in range(10)]
    assert len({(one.shape, one.tobytes()) for one in bent}) == 10
    assert all(not np.array_equal(one, shape) for one in bent)


def test_a_doubled_square_is_nearly_a_square_of_twice_the_side():
    doubled = vary(np.ones((8, 8), bool), Variation((2, 2), 0.0), np.random.default_rng(0))
    assert doubled.sum() == 256
    assert max(doubled.shape) <= 18


def test_a_line_one_pixel_wide_stays_one_line_when_halved():
    halved = vary(np.eye(20, dtype=bool), Variation((0.5, 0.5), 0.0), np.random.default_rng(0))
    assert halved.sum() == 5
    assert skimage_label(halved, connectivity=2).max() == 1


def test_halving_is_as_likely_as_doubling():
    shape, rng = np.ones((6, 6), bool), np.random.default_rng(0)
    areas = [int(vary(shape, Variation((0.5, 2), 0.0), rng).sum()) for _ in range(400)]
    assert 0.42 < np.mean(np.array(areas) > 36) < 0.58


def test_two_tumours_are_not_varied_as_one():
    with pytest.raises(ArrayError, match="shape is in 2 pieces"):
        vary(np.array([[True, False, True]]), Variation(), np.random.default_rng(0))
    with pytest.raises(ArrayError, match="is empty"):
        vary(np.zeros((2, 2), bool), Variation(), np.random.default_rng(0))


@pytest.mark.parametrize(
    "values", [{"scale": (0, 1)}, {"scale": (2, 1)}, {"scale": (1, np.nan)}, {"elastic": -1}]
)
def test_variations_that_make_no_sense_are_refused(values):
    with pytest.raises(SettingError, match=f"{next(iter(values))} is"):
        Variation(**values)
