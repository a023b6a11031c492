"""Areas drawn and fitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metgan.errors import ArrayError, SettingError
from metgan.labels import SizeDistribution, fit_sizes

few = settings(max_examples=50, deadline=None)


@few
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=30), st.integers(0, 2**32))
def test_drawn_areas_lie_within_those_that_were_fitted(areas, seed):
    sizes = fit_sizes(areas)
    drawn = sizes.draw(50, np.random.default_rng(seed))
    assert len(drawn) == 50
    assert min(areas) <= drawn.min()
    assert drawn.max() <= max(areas)
    assert np.array_equal(drawn, sizes.draw(50, np.random.default_rng(seed)))


def test_areas_are_log_normal():
    drawn = SizeDistribution(3000, 0.5, 1, 1_000_000).draw(4000, np.random.default_rng(0))
    assert stats.kstest(drawn, stats.lognorm(s=0.5, scale=3000).cdf).pvalue > 0.01
    assert stats.kstest(drawn, stats.lognorm(s=0.6, scale=3000).cdf).pvalue < 0.01


def test_areas_are_not_heaped_at_the_ends():
    drawn = SizeDistribution(1000, 1.0, 800, 1200).draw(4000, np.random.default_rng(0))
    assert np.mean((drawn == 800) | (drawn == 1200)) < 0.02
    cut = np.clip(np.random.default_rng(0).lognormal(np.log(1000), 1, 4000), 800, 1200)
    assert np.mean((cut == 800) | (cut == 1200)) > 0.5


def test_fitting_what_was_drawn_gives_the_distribution_back():
    fitted = fit_sizes(SizeDistribution(2000, 0.7, 1, 10**7).draw(5000, np.random.default_rng(0)))
    assert fitted.median == pytest.approx(2000, rel=0.05)
    assert fitted.spread == pytest.approx(0.7, rel=0.05)


def test_one_area_gives_tumours_of_one_size():
    assert set(fit_sizes([41]).draw(20, np.random.default_rng(0)).tolist()) == {41}


def test_diameters_in_micrometres_become_areas_in_pixels():
    """Discs of 20, 40 and 80 um with pixels of 10 um have radii of 1, 2 and 4 pixels."""
    sizes = SizeDistribution.from_diameters_um(40, 0.3, 20, 80, pixel_size_um=10)
    assert sizes.median == pytest.approx(np.pi * 4)
    assert sizes.spread == 0.6
    assert (sizes.smallest, sizes.largest) == (3, 51)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((50, 1.0, 60, 100), "smallest, median and largest area are 60, 50, 100"),
        ((50, 1.0, 10, 40), "are 10, 50, 40"),
        ((50, 1.0, 0, 100), "are 0, 50, 100"),
        ((np.nan, 1.0, 1, 100), "are 1, nan, 100"),
        ((50, -1.0, 10, 100), "spread is -1"),
    ],
)
def test_sizes_out_of_order_are_refused(values, message):
    with pytest.raises(SettingError, match=message):
        SizeDistribution(*values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((40, 0.3, 5, 80, 10), "a disc of 5 um has 0.20 pixels of 10 um"),
        ((40, 0.3, 20, 80, 0), "pixel_size_um is 0"),
        ((40, 0.3, 20, np.inf, 10), "largest_um is inf"),
        ((40, 0.3, -20, 80, 10), "a disc of -20 um"),
    ],
)
def test_diameters_without_a_pixel_are_refused(values, message):
    with pytest.raises(SettingError, match=message):
        SizeDistribution.from_diameters_um(*values)


def test_nothing_can_be_fitted_to_no_areas():
    with pytest.raises(ArrayError, match="no areas"):
        fit_sizes([])
    with pytest.raises(ArrayError, match="2 areas, the smallest of 0"):
        fit_sizes([0, 3])
