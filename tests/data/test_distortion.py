"""A distortion moves images and label together, changes the light of images alone, and can be repeated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import STRONG, Augmentation, draw_distortion
from metgan.errors import SettingError

few = settings(max_examples=30, deadline=None)
PLACE = Augmentation(turn=20.0, stretch=0.3, bend=2.0)
LIGHT = replace(STRONG, turn=0.0, stretch=0.0, bend=0.0)


def disc(side: int = 48, radius: int = 9) -> np.ndarray:
    rows, columns = np.indices((side, side)) - (side - 1) / 2
    return rows**2 + columns**2 < radius**2


@few
@given(st.integers(0, 999))
def test_image_and_label_are_moved_alike(seed: int) -> None:
    label = disc()
    drawn = draw_distortion(label.shape, PLACE, np.random.default_rng(seed))
    image = np.where(label, 1, -1).astype(np.float32)
    np.testing.assert_array_equal(drawn.apply(image, "tumour") >= 0, drawn.apply_to_label(label))


@few
@given(st.integers(0, 999))
def test_light_and_grain_move_nothing(seed: int) -> None:
    label = disc()
    drawn = draw_distortion(label.shape, LIGHT, np.random.default_rng(seed))
    np.testing.assert_array_equal(drawn.apply_to_label(label), label)


def test_tumours_are_moved_and_keep_about_their_size() -> None:
    label = disc()
    moved = [
        draw_distortion(label.shape, PLACE, np.random.default_rng(k)).apply_to_label(label) for k in range(30)
    ]
    assert all((one != label).any() for one in moved)
    ratios = [one.sum() / label.sum() for one in moved]
    assert 0.4 < min(ratios) < 0.8 < 1.2 < max(ratios) < 2.5


@few
@given(st.integers(0, 999))
def test_equal_generators_give_equal_images(seed: int) -> None:
    image = np.random.default_rng(1).uniform(-1, 1, (16, 20)).astype(np.float32)
    one, other = (
        draw_distortion(image.shape, STRONG, np.random.default_rng(seed)).apply(image, "tumour")
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)
    assert one.dtype == np.float32
    assert one.shape == image.shape
    assert (one != image).any()


def test_both_channels_have_a_grain_of_their_own() -> None:
    image = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)
    drawn = draw_distortion(image.shape, Augmentation(noise=0.1), np.random.default_rng(0))
    assert not np.array_equal(drawn.apply(image, "tumour"), drawn.apply(image, "anatomy"))


@few
@given(st.integers(0, 999))
def test_dim_tissue_is_not_put_out(seed: int) -> None:
    """Tissue within a hundredth of the range, beside one bright pixel, as in real scans."""
    image = np.random.default_rng(seed).uniform(-1, -0.98, (32, 32)).astype(np.float32)
    image[3, 3] = 1
    plain = replace(LIGHT, noise=0.0, blur=0.0)
    changed = draw_distortion(image.shape, plain, np.random.default_rng(seed)).apply(image, "tumour")
    assert np.corrcoef(image[8:].ravel(), changed[8:].ravel())[0, 1] > 0.95
    assert changed.argmax() == image.argmax()
    noisy = draw_distortion(image.shape, LIGHT, np.random.default_rng(seed)).apply(image, "tumour")
    assert noisy[8:].std() < 1.5 * changed[8:].std()


@few
@given(st.integers(0, 999))
def test_exposure_multiplies_the_light_of_both_channels_alike_until_it_saturates(seed: int) -> None:
    light = np.linspace(0, 2, 64, dtype=np.float32).reshape(8, 8)
    drawn = draw_distortion(light.shape, Augmentation(exposure=1), np.random.default_rng(seed))
    assert 0.5 <= drawn.exposure["tumour"] <= 2
    anatomy, tumour = (drawn.apply(light - 1, channel) + 1 for channel in ("anatomy", "tumour"))
    np.testing.assert_array_equal(anatomy, tumour)
    np.testing.assert_allclose(tumour, np.minimum(light * drawn.exposure["tumour"], 2), atol=1e-6)


def test_balance_multiplies_the_light_of_the_anatomy_alone() -> None:
    light = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    drawn = draw_distortion(light.shape, Augmentation(balance=0.5), np.random.default_rng(0))
    assert drawn.exposure["anatomy"] != 1
    np.testing.assert_array_equal(drawn.apply(light - 1, "tumour"), light - 1)
    np.testing.assert_allclose(
        drawn.apply(light - 1, "anatomy") + 1, light * drawn.exposure["anatomy"], atol=1e-6
    )


def test_scans_are_exposed_longer_as_often_as_shorter() -> None:
    """And of a bright anatomy the tumour channel is brighter, but not in proportion."""
    asked = Augmentation(exposure=1, balance=0.5)
    drawn = [draw_distortion((2, 2), asked, np.random.default_rng(k)).exposure for k in range(400)]
    anatomy, tumour = (np.log2([one[channel] for one in drawn]) for channel in ("anatomy", "tumour"))
    for factors, most in ((tumour, 1), (anatomy, 1.5)):
        assert 160 < (factors > 0).sum() < 240
        assert 0.9 * most < np.abs(factors).max() <= most
    assert np.polyfit(anatomy, tumour, 1)[0] == pytest.approx(0.8, abs=0.05)  # 1 / (1 + 0.5 ** 2)


def test_a_flat_image_stays_flat() -> None:
    flat = np.full((8, 8), 0.25, np.float32)
    changed = draw_distortion(flat.shape, STRONG, np.random.default_rng(0)).apply(flat, "tumour")
    np.testing.assert_allclose(changed, flat, atol=1e-6)


@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_an_augmentation_that_means_nothing_is_refused(value: float) -> None:
    with pytest.raises(SettingError, match="expected a finite number"):
        Augmentation(blur=value)
