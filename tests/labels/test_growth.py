"""Simulated tumours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import perimeter_crofton

from metgan.errors import SettingError
from metgan.labels import grow

few = settings(max_examples=40, deadline=None)


def disc_overlap(shape):
    """Return the share of the tumour within the disc of its area about its centre, a quarter pixel spared."""
    y, x = np.nonzero(shape)
    return float(np.mean(np.hypot(y - y.mean(), x - x.mean()) <= np.sqrt(len(y) / np.pi) + 0.25))


def compactness(shape):
    """Return 4 pi area / perimeter**2, 1 for a disc; the perimeter is scikit-image's."""
    return float(4 * np.pi * shape.sum() / perimeter_crofton(np.pad(shape, 1)) ** 2)


@few
@given(st.integers(1, 400), st.floats(0, 1), st.integers(0, 2**32))
def test_a_tumour_has_the_area_asked_for_in_one_piece_joined_along_edges(area, infiltration, seed):
    shape = grow(area, infiltration, np.random.default_rng(seed))
    assert shape.dtype == np.bool_
    assert shape.sum() == area
    assert ndimage.label(shape)[1] == 1  # scipy's default: edges alone
    assert all(side.any() for side in (shape[0], shape[-1], shape[:, 0], shape[:, -1]))


@few
@given(st.integers(1, 100), st.floats(0, 1), st.integers(0, 2**32))
def test_the_same_seed_grows_the_same_tumour(area, infiltration, seed):
    first, second = (grow(area, infiltration, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == second.shape
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("measure", [compactness, disc_overlap])
@pytest.mark.parametrize("area", [41, 365])
def test_the_more_infiltrating_the_less_compact(area, measure):
    rng = np.random.default_rng(0)
    means = [np.mean([measure(grow(area, step, rng)) for _ in range(30)]) for step in (0, 0.25, 0.5, 0.75, 1)]
    assert (np.diff(means) < 0).all(), means


def test_compact_tumours_are_nearly_discs_and_infiltrating_ones_are_not():
    rng = np.random.default_rng(0)
    compact, ragged = ([disc_overlap(grow(200, end, rng)) for _ in range(20)] for end in (0.0, 1.0))
    assert min(compact) > 0.93
    assert max(ragged) < 0.6


def test_in_the_middle_each_pixel_at_the_rim_is_as_likely():
    """Eden's model, by hand: three pixels are a line in 2 of 6 cases, else a corner."""
    rng = np.random.default_rng(0)
    lines = sum(1 in grow(3, 0.5, rng).shape for _ in range(3000))
    assert abs(lines / 3000 - 1 / 3) < 0.03


def test_no_branch_reaches_further_than_the_canvas_says():
    for seed in range(10):
        assert max(grow(300, 1.0, np.random.default_rng(seed)).shape) <= 2 * (4 * np.sqrt(300 / np.pi) + 4)


@pytest.mark.parametrize(
    ("area", "infiltration", "message"),
    [(0, 0.5, "area is 0"), (5, -0.1, "infiltration is -0.1"), (5, np.nan, "infiltration is nan")],
)
def test_tumours_that_cannot_be_are_refused(area, infiltration, message):
    with pytest.raises(SettingError, match=message):
        grow(area, infiltration, np.random.default_rng(0))
