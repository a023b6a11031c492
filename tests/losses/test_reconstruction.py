"""The L1 distance is a distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from metgan.losses import absolute_difference, structure_difference
from metgan.losses.pixelwise import NEIGHBOURHOOD

few = settings(max_examples=60, deadline=None)
images = hnp.arrays(np.float64, (2, 1, 3, 4), elements=st.floats(-1, 1))


def distance(one, other):
    return absolute_difference(torch.from_numpy(one), torch.from_numpy(other)).item()


@few
@given(images, images, images)
def test_it_is_a_distance_between_0_and_2(one, other, third):
    assert distance(one, one) == 0
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert 0 <= distance(one, other) <= 2
    assert distance(one, third) <= distance(one, other) + distance(other, third) + 1e-12
    assert distance(one, other) == pytest.approx(np.mean(np.abs(one - other)))


def test_black_against_white_is_2():
    assert distance(np.full((1, 1, 2, 2), -1.0), np.ones((1, 1, 2, 2))) == 2


def test_only_the_ratio_of_weights_counts_however_small_they_are():
    generated, real = torch.tensor([[[[1.0, 4.0]]]]), torch.zeros(1, 1, 1, 2)
    weights = torch.tensor([[[[0.25, 0.5]]]])
    assert absolute_difference(generated, real, weights).item() == pytest.approx(3.0)
    assert absolute_difference(generated, real, 0 * weights).item() == 0


def structure(generated, real, within=None):
    within = np.ones_like(real[:, :1]) if within is None else within
    return structure_difference(*map(torch.from_numpy, (generated, real, within))).item()


@pytest.fixture
def tissue():
    """Images of three animals: one faint, one bright, one of which a half is not tissue."""
    dice = np.random.default_rng(0)
    real = dice.uniform(-0.95, 0.95, (3, 1, 8, 8))
    real[0] = real[0] / 20 - 0.9
    within = np.ones_like(real)
    within[2, :, :4] = 0
    return real, within


def structure_by_scipy(image, within):
    """What is left of an image, (Y, X), without the mean of its neighbours that count."""
    sums, shares = (
        ndimage.uniform_filter(x, NEIGHBOURHOOD, mode="constant") for x in (image * within, within)
    )
    return (image - sums / np.maximum(shares, 1e-9))[within > 0]


def test_structure_by_formula(tissue):
    _, small = tissue
    dice = np.random.default_rng(1)
    real, generated = dice.normal(size=(2, 3, 1, 72, 50)).cumsum(-1).cumsum(-2) / 300
    within = np.kron(small, np.ones((9, 7)))[..., :50]
    differences = []
    for fake, image, counted in zip(generated[:, 0], real[:, 0], within[:, 0], strict=True):
        spread = np.abs(structure_by_scipy(image, counted)).mean()
        differences += [*np.abs(structure_by_scipy(fake - image, counted)) / (spread + 0.01)]
    assert structure(generated, real, within) == pytest.approx(np.mean(differences), rel=1e-6)


def test_structure_is_seen_beside_a_pixel_s_neighbourhood_not_across_the_image():
    ramp = np.tile(np.linspace(-1, 1, 256), (1, 1, 64, 1))
    real = np.random.default_rng(0).normal(0, 0.05, (1, 1, 64, 256))
    apart = structure(real + ramp, real)
    across = np.abs(ramp).mean() / (np.abs(real).mean() + 0.01)
    assert 0 < apart < across / 20  # what is left is at the edges, whose neighbourhoods are cut


def test_structure_does_not_see_how_brightly_an_animal_is_stained(tissue):
    real, within = tissue
    assert structure(real + np.array([0.5, -0.3, 0.1]).reshape(3, 1, 1, 1), real, within) < 1e-12
    flat, inverted = np.zeros_like(real), -real
    assert structure(inverted, real, within) == pytest.approx(2 * structure(flat, real, within))
    faint, bright = (structure(flat[k : k + 1], real[k : k + 1]) for k in (0, 1))
    assert 0.7 < faint < bright < 1  # the distances themselves are as 1 to 20


def test_structure_is_that_of_the_pixels_that_count(tissue):
    real, within = tissue
    elsewhere = real + 7 * (1 - within)
    assert structure(elsewhere, real, within) == structure(real, elsewhere, within) == 0
    assert structure(-real, real, np.zeros_like(within)) == 0


def test_structure_of_flat_images_stays_finite_and_so_does_its_gradient():
    generated = torch.zeros(2, 1, 4, 4, requires_grad=True)
    loss = structure_difference(generated, torch.full((2, 1, 4, 4), -0.8), torch.ones(2, 1, 4, 4))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-4)
    assert generated.grad.isfinite().all()
