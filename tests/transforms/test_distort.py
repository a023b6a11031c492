"""A batch is distorted as scipy would distort each pair by itself: the definition is written out here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.transforms import (
    STRONG,
    Augmentation,
    Distortions,
    blur,
    distort,
    draw_distortion,
    measure_spread,
    normal_noise,
    warp,
)

few = settings(max_examples=30, deadline=None)
PLACE = Augmentation(turn=20.0, stretch=0.3, bend=2.0)
LIGHT = replace(STRONG, turn=0.0, stretch=0.0, bend=0.0)
EXPOSED = replace(STRONG, noise=0.0, exposure=1.0, balance=0.5)
SHAPES = st.tuples(st.integers(2, 40), st.integers(2, 40))


def places_by_scipy(shape: tuple[int, int], draws: Distortions, k: int) -> np.ndarray:
    """Row and column of the pixel that comes to each place of image `k`, (2, Y, X)."""
    where = np.indices(shape, dtype=float)
    centre = (np.array(shape, float)[:, None, None] - 1) / 2
    cos, sin = np.cos(draws.angle[k]), np.sin(draws.angle[k])
    turned = np.array([[cos, -sin], [sin, cos]]) / draws.stretch[k]
    places = np.tensordot(turned, where - centre, 1) + centre
    at = where * np.array([4 / max(1, side - 1) for side in shape])[:, None, None]
    bends = [ndimage.map_coordinates(knots, at, order=3, mode="mirror") for knots in draws.knots[k]]
    return places + np.array(bends)


def moved_by_scipy(image: np.ndarray, draws: Distortions, k: int) -> np.ndarray:
    places = places_by_scipy(image.shape, draws, k)
    return ndimage.map_coordinates(image.astype(float), places, order=1, mode="mirror")


def distorted_by_scipy(image: np.ndarray, draws: Distortions, k: int, channel: int) -> np.ndarray:
    """One channel of pair `k`, without noise, in double precision."""
    moved = moved_by_scipy(image, draws, k)
    moved = np.minimum((moved + 1) * draws.exposure[k, channel] - 1, 1)
    moved = ndimage.gaussian_filter(moved, draws.blur[k])
    low, height = moved.min(), np.ptp(moved) or 1
    light = low + height * ((moved - low) / height) ** draws.exponent[k]
    stretched = (light - light.mean()) * draws.factor[k] + light.mean()
    return stretched + np.subtract(*np.percentile(light, [90, 10])) / 2 * draws.offset[k]


def drawn(augmentation: Augmentation, seed: int, count: int = 3) -> Distortions:
    rng = np.random.default_rng(seed)
    return Distortions.join([draw_distortion(augmentation, rng) for _ in range(count)])


def images_of(shape: tuple[int, int], seed: int, count: int = 3) -> torch.Tensor:
    """Smooth images with fine noise, (N, 2, Y, X), within [-1, 1]."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((count, 2, *shape)), (0, 0, 3, 3))
    return torch.from_numpy(np.tanh(8 * smooth + 0.1 * rng.standard_normal(smooth.shape))).float()


def disc(side: int = 48, radius: int = 9) -> torch.Tensor:
    rows, columns = np.indices((side, side)) - (side - 1) / 2
    return torch.from_numpy(rows**2 + columns**2 < radius**2).float()[None, None]


def changed(images: torch.Tensor, draws: Distortions) -> torch.Tensor:
    return distort(images, images[:, :0], draws)[0]


@few
@given(SHAPES, st.integers(0, 999))
def test_images_are_distorted_as_by_scipy(shape: tuple[int, int], seed: int) -> None:
    images, draws = images_of(shape, seed), drawn(EXPOSED, seed)
    seen = changed(images, draws).numpy()
    for k, pair in enumerate(images.numpy()):
        for channel, image in enumerate(pair):
            expected = distorted_by_scipy(image, draws, k, channel)
            # of a value near the darkest a root is steep; float32 has it to seven digits before, not after
            np.testing.assert_allclose(seen[k, channel], expected, atol=5e-3)
            assert np.abs(seen[k, channel] - expected).mean() < 1e-4


@pytest.mark.parametrize("name", ["turn", "stretch", "bend"])
def test_the_oracle_can_tell_one_change_of_place_from_none(name: str) -> None:
    images, draws = images_of((24, 31), 0), drawn(replace(Augmentation(), **{name: getattr(PLACE, name)}), 0)
    expected = moved_by_scipy(images[0, 0].numpy(), draws, 0)
    np.testing.assert_allclose(warp(images, draws)[0, 0], expected, atol=1e-4)
    assert np.abs(images[0, 0].numpy() - expected).max() > 0.05


def test_what_comes_from_far_beyond_an_edge_is_mirrored_as_often_as_it_takes() -> None:
    images, draws = images_of((9, 12), 0), drawn(Augmentation(), 0)
    draws = replace(draws, knots=np.full_like(draws.knots, 30.0))
    expected = moved_by_scipy(images[0, 0].numpy(), draws, 0)
    np.testing.assert_allclose(warp(images, draws)[0, 0], expected, atol=1e-4)


@few
@given(SHAPES, st.integers(0, 999))
def test_masks_are_moved_as_by_scipy(shape: tuple[int, int], seed: int) -> None:
    """But for pixels of which half is tumour, to the sixth digit."""
    rng, draws = np.random.default_rng(seed), drawn(PLACE, seed)
    masks = torch.from_numpy(rng.random((3, 2, *shape)) < 0.4).float()
    _, moved = distort(images_of(shape, seed), masks, draws)
    for k in range(3):
        for mask, seen in zip(masks[k].numpy(), moved[k].numpy(), strict=True):
            share = moved_by_scipy(mask, draws, k)
            sure = np.abs(share - 0.5) > 1e-3
            np.testing.assert_array_equal(seen[sure], (share >= 0.5)[sure])


@pytest.mark.parametrize("side", [1, 2, 5, 6, 37])
def test_every_image_is_blurred_by_a_deviation_of_its_own_as_by_scipy(side: int) -> None:
    deviations = np.array([0.0, 0.1, 0.4, 1.0, 3.7])
    images = images_of((side, side + 3), 0, len(deviations))
    seen = blur(images, deviations).numpy()
    for k, deviation in enumerate(deviations):
        for channel in range(2):
            image = images[k, channel].numpy().astype(float)
            expected = ndimage.gaussian_filter(image, deviation) if deviation else image
            np.testing.assert_allclose(seen[k, channel], expected, atol=1e-6)
    assert blur(images, 0 * deviations) is images


@few
@given(SHAPES, st.integers(0, 999))
def test_the_spread_is_that_of_numpys_percentiles(shape: tuple[int, int], seed: int) -> None:
    images = images_of(shape, seed)
    pixels = images.flatten(2).numpy().astype(float)
    expected = np.subtract(*np.percentile(pixels, [90, 10], axis=2)) / 2
    np.testing.assert_allclose(measure_spread(images)[..., 0, 0], expected, atol=1e-6)


def test_the_spread_of_a_single_pixel_is_zero() -> None:
    assert measure_spread(torch.ones(1, 1, 1, 1)).item() == 0


@few
@given(st.integers(0, 999))
def test_light_and_noise_move_nothing(seed: int) -> None:
    images, mask = images_of((48, 48), seed, 1), disc()
    _, moved = distort(images, mask, drawn(LIGHT, seed, 1))
    assert torch.equal(moved, mask)


def test_tumours_are_moved_and_keep_about_their_size() -> None:
    mask = disc().expand(30, 1, 48, 48)
    _, moved = distort(torch.zeros(30, 2, 48, 48), mask, drawn(PLACE, 0, 30))
    assert (moved != mask).flatten(1).any(1).all()
    ratios = moved.sum((1, 2, 3)) / mask.sum((1, 2, 3))
    assert 0.4 < ratios.min() < 0.8 < 1.2 < ratios.max() < 2.5


def test_a_pair_is_distorted_the_same_alone_and_among_others() -> None:
    images, draws = images_of((20, 16), 1), drawn(STRONG, 1)
    together = changed(images, draws)
    rng = np.random.default_rng(1)
    for k in range(3):
        alone = changed(images[k : k + 1], draw_distortion(STRONG, rng))
        torch.testing.assert_close(alone[0], together[k], atol=1e-5, rtol=0)


def test_equal_draws_give_equal_images_to_the_bit_and_others_others() -> None:
    images = images_of((16, 20), 1)
    one, other, third = (changed(images, drawn(STRONG, seed)) for seed in (4, 4, 5))
    assert torch.equal(one, other)
    assert not torch.equal(one, third)
    assert one.dtype == torch.float32


def test_noise_is_of_the_strength_drawn_and_differs_between_channels_and_pairs() -> None:
    images, draws = images_of((64, 64), 0), drawn(Augmentation(noise=0.3), 2)
    noise = (changed(images, draws) - images) / measure_spread(images)
    np.testing.assert_allclose(noise.std((2, 3)), draws.noise[:, None] * np.ones(2), rtol=0.1)
    flat = noise.flatten(2).flatten(0, 1).numpy()
    assert np.abs(np.corrcoef(flat) - np.eye(6)).max() < 0.1


def test_noise_takes_nothing_from_torchs_own_generator() -> None:
    before = torch.get_rng_state()
    normal_noise(torch.zeros(2, 1, 4, 4), [1, 2])
    assert torch.equal(torch.get_rng_state(), before)


@few
@given(st.integers(0, 999))
def test_dim_tissue_is_not_put_out(seed: int) -> None:
    """Tissue within a hundredth of the range, beside one bright pixel, as in real scans."""
    images = torch.from_numpy(np.random.default_rng(seed).uniform(-1, -0.98, (1, 2, 32, 32))).float()
    images[..., 3, 3] = 1
    noisy = drawn(LIGHT, seed, 1)
    plain = replace(noisy, noise=np.zeros(1), blur=np.zeros(1))
    before, seen = images[0, 1].numpy(), changed(images, plain)[0, 1].numpy()
    assert np.corrcoef(before[8:].ravel(), seen[8:].ravel())[0, 1] > 0.95
    assert seen.argmax() == before.argmax()
    sharp = replace(noisy, blur=np.zeros(1))
    assert changed(images, sharp)[0, 1, 8:].std() < 1.5 * seen[8:].std()


@few
@given(st.integers(0, 999))
def test_exposure_multiplies_the_light_of_both_channels_alike_until_it_saturates(seed: int) -> None:
    light = torch.linspace(0, 2, 64).view(1, 1, 8, 8).expand(1, 2, 8, 8)
    draws = drawn(Augmentation(exposure=1), seed, 1)
    assert 0.5 <= draws.exposure[0, 1] <= 2
    seen = changed(light - 1, draws) + 1
    assert torch.equal(seen[:, 0], seen[:, 1])
    expected = np.minimum(light[0].numpy() * draws.exposure[0, 1], 2)
    np.testing.assert_allclose(seen[0], expected, atol=1e-6)


def test_balance_multiplies_the_light_of_the_anatomy_alone() -> None:
    light = torch.linspace(0, 1, 64).view(1, 1, 8, 8).expand(1, 2, 8, 8)
    draws = drawn(Augmentation(balance=0.5), 0, 1)
    assert draws.exposure[0, 0] != 1
    seen = changed(light - 1, draws)[0] + 1
    np.testing.assert_allclose(seen[1], light[0, 1], atol=1e-6)
    np.testing.assert_allclose(seen[0], light[0, 0] * draws.exposure[0, 0], atol=1e-6)


def test_a_flat_image_stays_flat() -> None:
    flat = torch.full((3, 2, 8, 8), 0.25)
    exposed = changed(flat, drawn(STRONG, 0))  # other light, and as flat
    torch.testing.assert_close(exposed, exposed[..., :1, :1].expand_as(exposed), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        changed(flat, drawn(replace(STRONG, exposure=0.0), 0)), flat, atol=1e-6, rtol=0
    )


def test_nothing_drawn_changes_nothing() -> None:
    images, mask = images_of((12, 12), 0, 1), disc(12, 4)
    seen, moved = distort(images, mask, drawn(Augmentation(), 0, 1))
    torch.testing.assert_close(seen, images, atol=1e-6, rtol=0)
    assert torch.equal(moved, mask)
