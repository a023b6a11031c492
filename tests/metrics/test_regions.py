"""Likeness on a part of an image, by hand and against the whole image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity as scikit_ssim

from metgan.errors import ArrayError
from metgan.metrics import compare, compare_within

RNG = np.random.default_rng(0)
REAL = RNG.uniform(-1, 1, (40, 32)).astype(np.float32)
GENERATED = np.clip(REAL + RNG.normal(0, 0.3, REAL.shape), -1, 1).astype(np.float32)
EVERYWHERE = np.ones(REAL.shape, bool)


def test_on_the_whole_image_it_is_compare() -> None:
    within, whole = compare_within(GENERATED, REAL, EVERYWHERE), compare(GENERATED, REAL)
    assert vars(within) == pytest.approx(vars(whole))


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
    _, values = scikit_ssim(
        GENERATED.astype(float),
        REAL.astype(float),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=2,
        full=True,
    )
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
