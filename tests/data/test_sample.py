"""Where nothing was imaged in a pair: one rule, whoever asks, and found once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import Entry, Pair, check_camera, cut_patch, draw_view, fit_pairs
from metgan.errors import ArrayError
from metgan.labels import find_fill
from metgan.training.training_data import fill_of_pair

ENTRY = Entry("a", "mouse", "brain", "", {})


def pair_of(seed, corner, value=0, side=64):
    """A pair of noise about 1000 and 500, with a corner of so many pixels a side filled in with `value`."""
    rng = np.random.default_rng(seed)
    anatomy, tumour = (np.rint(rng.normal(level, level / 10, (side, side))) for level in (1000, 500))
    anatomy[:corner, side - corner :] = tumour[:corner, side - corner :] = value
    return Pair(ENTRY, anatomy.astype(np.uint16), tumour.astype(np.uint16), np.zeros((side, side), bool))


def units_of(*pairs):
    return fit_pairs(pairs)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 40), st.sampled_from([0, 7, 5]))
def test_all_who_know_the_set_find_the_same_fill_in_its_pairs_however_small(seed, corner, value):
    """Training, painting and measuring alike; a corner of 6 x 6 pixels is below 1 % of 64 x 64."""
    small, large = pair_of(seed, corner, value), pair_of(seed + 1, 40, value)
    units = units_of(small, large)
    there = np.zeros((64, 64), bool)
    there[:corner, 64 - corner :] = True
    assert np.array_equal(small.filled(units.fill), there)
    assert np.array_equal(units.filled(small.anatomy), there)
    assert np.array_equal(fill_of_pair(small, units), there)


def test_a_pair_by_itself_is_a_set_of_one():
    for corner in (5, 6, 7, 30):
        pair = pair_of(0, corner)
        assert pair.filled().any() == (units_of(pair).fill is not None) == (corner > 6), "1 % of 64 x 64"
        assert np.array_equal(pair.filled(), fill_of_pair(pair, units_of(pair)))
    elsewhere = replace(pair, tumour=pair.tumour[::-1])
    assert find_fill(elsewhere.anatomy).any()
    assert find_fill(elsewhere.tumour).any()
    assert not elsewhere.filled().any()
    assert units_of(elsewhere).fill is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 40), st.integers(16, 64))
def test_crops_of_a_pair_have_the_crops_of_its_fill(seed, corner, crop):
    pair, rng = pair_of(seed, corner), np.random.default_rng(seed)
    units = units_of(pair, pair_of(seed + 1, 40))
    view = draw_view(pair.label.shape, crop, rng)
    whole = cut_patch(pair, view, units).fill > 0
    assert np.array_equal(whole, view.apply(pair.filled(units.fill)))
    # A crop that is read by itself misses no more than slivers of fewer than 3 pixels along its border.
    alone = units.filled(view.apply(pair.anatomy))
    assert not (alone & ~whole).any()
    inner = (slice(2, -2),) * 2
    assert np.array_equal(alone[inner], whole[inner])


def test_a_label_on_fill_is_not_fill():
    pair = pair_of(0, 40)
    pair = replace(pair, label=np.pad(np.ones((4, 4), bool), ((0, 60), (60, 0))))
    for fill in (None, units_of(pair).fill):
        assert not (pair.filled(fill) & pair.label).any()
        assert pair.filled(fill).sum() == 40 * 40 - 16


def test_fill_is_searched_for_once_and_another_pair_has_its_own():
    pair = pair_of(0, 40)
    units = units_of(pair)
    assert pair.filled() is pair.filled()
    assert pair.filled(units.fill) is pair.filled(units.fill)
    with pytest.raises(ValueError, match="read-only"):
        pair.filled()[0, 0] = True
    other = replace(pair, anatomy=pair.anatomy[::-1].copy(), tumour=pair.tumour[::-1].copy())
    assert np.array_equal(other.filled(), pair.filled()[::-1])


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint32])
def test_whole_numbers_of_other_dtypes_are_not_sent_where_they_would_be_wrapped(dtype: type) -> None:
    with pytest.raises(ArrayError, match="to float32, or to uint16 where all values lie within 0 to 65535"):
        check_camera(np.array([[1, 2]], dtype), "tumour")


def test_doubles_that_do_not_fit_into_float32_are_refused_as_infinite_ones():
    """As -1.8e308, which some programs write where nothing was imaged."""
    image = np.array([[1.0, np.finfo(np.float64).min]])
    with pytest.raises(ArrayError, match="1 NaN or infinite pixels"):
        check_camera(image, "anatomy")
    assert np.array_equal(check_camera(image[:, :1], "anatomy"), [[1.0]])
