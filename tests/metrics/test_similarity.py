"""Similarity scores against hand calculations, numpy, scipy and a direct SSIM."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats
from skimage.metrics import structural_similarity as scikit_ssim

from metgan.errors import ArrayError
from metgan.metrics import compare, compare_within, correlation, similarity

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)


def pair(seed, shape=(13, 17)):
    """Return two related images in [-1, 1]."""
    rng = np.random.default_rng(seed)
    real = rng.uniform(-1, 1, shape)
    return (0.7 * real + rng.uniform(-0.3, 0.3, shape)).astype(np.float32), real.astype(np.float32)


def direct_ssim(a, b):
    """SSIM as Wang et al. write it, Eq. (13), with the filter written out."""
    a, b = a.astype(float), b.astype(float)

    def mean(image):
        return ndimage.gaussian_filter(image, sigma=1.5, radius=5)[5:-5, 5:-5]

    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    var_a, var_b = mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2
    covariance = mean(a * b) - mean(a) * mean(b)
    luminance = (2 * mean(a) * mean(b) + c1) / (mean(a) ** 2 + mean(b) ** 2 + c1)
    return (luminance * (2 * covariance + c2) / (var_a + var_b + c2)).mean()


@few
@given(seeds)
def test_an_image_compared_with_itself_scores_perfectly(seed):
    image, other = pair(seed)
    assert astuple(compare(image, image)) == pytest.approx((0, 0, 1, 1))
    assert astuple(compare(image, other)) != pytest.approx((0, 0, 1, 1))


@few
@given(seeds)
def test_scores_do_not_depend_on_which_image_comes_first(seed):
    generated, real = pair(seed)
    assert astuple(compare(generated, real)) == pytest.approx(astuple(compare(real, generated)))


@few
@given(seeds, st.integers(0, 3), st.booleans())
def test_scores_do_not_change_when_both_images_are_turned(seed, turns, mirror):
    def turned(image):
        return np.rot90(image[:, ::-1] if mirror else image, turns)

    generated, real = pair(seed)
    expected = astuple(compare(generated, real))
    assert astuple(compare(turned(generated), turned(real))) == pytest.approx(expected)


@few
@given(seeds)
def test_structural_similarity_equals_the_formula_written_out(seed):
    generated, real = pair(seed)
    assert compare(generated, real).ssim == pytest.approx(direct_ssim(generated, real), abs=1e-9)


@few
@given(seeds)
def test_correlation_equals_that_of_numpy_and_scipy(seed):
    generated, real = (image.astype(np.float64) for image in pair(seed))
    value = correlation(generated, real)
    assert value == pytest.approx(np.corrcoef(generated.ravel(), real.ravel())[0, 1])
    assert value == pytest.approx(stats.pearsonr(generated.ravel(), real.ravel()).statistic)


@few
@given(seeds, st.floats(0.01, 10), st.floats(-1, 1))
def test_correlation_ignores_gain_and_offset_where_the_error_does_not(seed, gain, offset):
    generated, real = (image.astype(np.float64) for image in pair(seed))
    assert correlation(gain * generated + offset, real) == pytest.approx(correlation(generated, real))
    assert correlation(-gain * generated + offset, real) == pytest.approx(-correlation(generated, real))
    assert compare(generated + 0.5, generated).mae == pytest.approx(0.5)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, (2, 11, 12), elements=st.floats(-1, 1, width=32)))
def test_scores_stay_in_their_ranges(images):
    scores = compare(*images)
    assert 0 <= scores.mae <= 2
    assert 0 <= scores.msd <= 4
    assert scores.mae**2 <= scores.msd * (1 + 1e-9)  # Jensen
    assert -1 - 1e-9 <= scores.ssim <= 1 + 1e-9
    assert np.isnan(scores.correlation) or -1 <= scores.correlation <= 1


def test_errors_equal_those_worked_out_by_hand():
    tiles = (6, 6)
    generated = np.tile([[0.0, 0.5], [-1, 1]], tiles)
    scores = compare(generated, np.tile([[0.0, 1.0], [1, 1]], tiles))
    assert scores.mae == (0 + 0.5 + 2 + 0) / 4
    assert scores.msd == (0 + 0.25 + 4 + 0) / 4


def test_flat_images_are_structurally_compared_by_brightness_alone():
    # Eq. (13) without variances: (2ab + c1) / (a^2 + b^2 + c1), c1 = (0.01 * 2)^2.
    bright, dark = np.full((12, 12), 0.5), np.full((12, 12), -0.5)
    assert compare(bright, dark).ssim == pytest.approx((-0.5 + 4e-4) / (0.5 + 4e-4))


@pytest.mark.parametrize("value", [0.0, 0.1, -1.0])
def test_correlation_with_a_flat_image_is_nan_and_the_other_scores_are_not(value):
    image, _ = pair(0)
    flat = np.full_like(image, value)
    for scores in (compare(flat, image), compare(image, flat), compare(flat, flat)):
        assert np.isnan(scores.correlation)
        assert np.isfinite([scores.mae, scores.msd, scores.ssim]).all()


def test_correlation_sees_structure_too_faint_to_be_squared():
    faint = np.array([[0, 1e-200, 2e-200]])
    assert correlation(faint, np.array([[0.0, 1, 2]])) == pytest.approx(1)


@pytest.mark.parametrize("score", [compare, correlation])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda image: image[:-1], "generated has shape .* and real .*; expected one shape"),
        (lambda image: image[None], "generated is a float32 array of shape"),
        (lambda image: image[:0], "generated is a float32 array of shape"),
        (lambda image: image.astype(np.uint16), "generated is a uint16 array"),
        (lambda image: np.where(image == image.max(), np.nan, image), "generated has 1 pixels of nan"),
        (lambda image: np.where(image == image.max(), np.inf, image), "generated has 1 pixels of nan"),
    ],
)
def test_an_image_that_cannot_be_compared_is_refused(score, spoil, message):
    generated, real = pair(1)
    score(generated, real)
    with pytest.raises(ArrayError, match=message):
        score(spoil(generated), real)


def test_an_image_smaller_than_the_window_is_refused_but_by_the_correlation():
    generated, real = pair(2, (10, 40))
    assert correlation(generated, real) > 0
    with pytest.raises(ArrayError, match="at least 11 pixels"):
        compare(generated, real)
    compare(*pair(2, (11, 40)))


def scikit_map(generated, real):
    how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 2}
    return scikit_ssim(generated.astype(float), real.astype(float), **how, full=True)[1]


@pytest.mark.parametrize("rows", [11, 37, 40, 41, 100])
def test_structural_similarity_in_strips_is_scikit_image_s_of_the_whole(rows, monkeypatch):
    """One strip, two, and many; the last one may be narrow, and each looks beyond itself by half a window."""
    monkeypatch.setattr(similarity, "STRIP", 20)
    generated, real = pair(3, (rows, 23))
    whole = scikit_map(generated, real)
    assert np.array_equal(similarity.similarity_map(generated, real), whole)
    if rows > 20:  # strips that do not overlap give other values where they meet
        middle = rows // 2
        apart = similarity.similarity_map(generated[:middle], real[:middle])
        assert not np.array_equal(apart[-1], whole[middle - 1])


RNG = np.random.default_rng(0)
REAL = RNG.uniform(-1, 1, (40, 32)).astype(np.float32)
GENERATED = np.clip(REAL + RNG.normal(0, 0.3, REAL.shape), -1, 1).astype(np.float32)
EVERYWHERE = np.ones(REAL.shape, bool)


def test_errors_are_those_of_the_region_s_pixels_alone() -> None:
    """Four pixels, of which two are in the region: errors 1 and 0.5 there, 2 and 0 elsewhere."""
    real = np.zeros((12, 12), np.float32)
    generated, region = real.copy(), np.zeros((12, 12), bool)
    generated[3, 3:7] = [1, 0.5, 2, 0]
    region[3, 3:5] = True
    scores = compare_within(generated, real, region)
    assert (scores.mae, scores.msd) == (0.75, (1 + 0.25) / 2)


def test_parts_add_up_to_the_whole() -> None:
    region = RNG.random(REAL.shape) < 0.3
    share = region.mean()
    inside, outside = compare_within(GENERATED, REAL, region), compare_within(GENERATED, REAL, ~region)
    whole = compare(GENERATED, REAL)
    assert share * inside.mae + (1 - share) * outside.mae == pytest.approx(whole.mae)
    assert share * inside.msd + (1 - share) * outside.msd == pytest.approx(whole.msd)


def test_similarity_is_scikit_image_s_map_on_the_region() -> None:
    region = np.zeros(REAL.shape, bool)
    region[2:20, 10:30] = True  # reaches into the border of 5 pixels, where no window is whole
    values = scikit_map(GENERATED, REAL)
    assert compare_within(GENERATED, REAL, region).ssim == pytest.approx(values[5:20, 10:27].mean())


def test_correlation_is_numpy_s_on_the_region() -> None:
    region = RNG.random(REAL.shape) < 0.3
    expected = np.corrcoef(GENERATED[region], REAL[region])[0, 1]
    assert compare_within(GENERATED, REAL, region).correlation == pytest.approx(expected)


def test_an_empty_region_has_no_scores() -> None:
    assert np.isnan([*vars(compare_within(GENERATED, REAL, ~EVERYWHERE)).values()]).all()


def test_a_region_at_the_border_has_errors_and_no_similarity() -> None:
    region = np.zeros(REAL.shape, bool)
    region[:5] = True
    scores = compare_within(GENERATED, REAL, region)
    assert np.isnan(scores.ssim)
    assert scores.mae > 0


@pytest.mark.parametrize("region", [np.ones((4, 4), bool), np.ones(REAL.shape, np.uint8)])
def test_a_region_that_does_not_fit_is_refused(region: np.ndarray) -> None:
    with pytest.raises(ArrayError, match="bool mask of the images' shape"):
        compare_within(GENERATED, REAL, region)
