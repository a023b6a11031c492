"""The discriminator sees patches of 70 pixels, and exactly those."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from metgan.networks import DiscriminatorSpec, PatchGAN, build


def support(network, side, channels=1):
    """Return (height, width) of the box of input pixels with a gradient to the central score."""
    image = torch.zeros(1, channels, side, side, dtype=torch.float64, requires_grad=True)
    scores = network(image + torch.linspace(-1, 1, side, dtype=torch.float64))
    middle = scores.shape[-1] // 2
    (gradient,) = torch.autograd.grad(scores[0, 0, middle, middle], image)
    rows, columns = torch.nonzero(gradient[0, 0], as_tuple=True)
    return [int(index.max() - index.min()) + 1 for index in (rows, columns)]


def convolutions_of(discriminator):
    return nn.Sequential(
        *(layer for layer in discriminator.layers if not isinstance(layer, nn.InstanceNorm2d))
    )


def test_the_papers_judge_sees_70_pixels():
    assert DiscriminatorSpec().receptive_field == 70


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_stated_field_is_that_of_the_gradient(layers):
    spec = DiscriminatorSpec(width=2, layers=layers)
    discriminator = build(lambda: PatchGAN(spec), 1).double()
    assert support(convolutions_of(discriminator), 160) == [spec.receptive_field] * 2


def test_instance_normalisation_lets_every_score_feel_the_whole_image():
    discriminator = build(lambda: PatchGAN(DiscriminatorSpec(width=2, layers=2)), 1).double()
    height, width = support(discriminator, 96)
    assert min(height, width) > 90


@settings(max_examples=20, deadline=None)
@given(st.integers(32, 90), st.integers(32, 90), st.sampled_from([1, 3]))
def test_scores_lie_on_a_grid_of_an_eighth_for_any_size(height, width, channels):
    discriminator = PatchGAN(DiscriminatorSpec(width=2, channels=channels))
    # kernels of 4, padding 1: three of stride 2 halve, rounding down; two of stride 1 take one cell each
    expected = [size // 2 // 2 // 2 - 2 for size in (height, width)]
    assert list(discriminator(torch.zeros(2, channels, height, width)).shape) == [2, 1, *expected]


def test_scores_are_not_squashed_into_probabilities():
    discriminator = build(lambda: PatchGAN(DiscriminatorSpec(width=4)), 0)
    with torch.no_grad():
        discriminator.layers[-1].bias.fill_(5.0)
        assert discriminator(torch.zeros(1, 1, 64, 64)).min() > 1


def test_the_first_layer_is_not_normalised_so_that_brightness_stays_visible():
    discriminator = build(lambda: PatchGAN(DiscriminatorSpec(width=4)), 0)
    kinds = [type(layer).__name__ for layer in discriminator.layers]
    cell = ["Conv2d", "InstanceNorm2d", "LeakyReLU"]
    assert kinds == ["Conv2d", "LeakyReLU", *cell, *cell, *cell, "Conv2d"]
    assert {layer.negative_slope for layer in discriminator.layers if isinstance(layer, nn.LeakyReLU)} == {
        0.2
    }
    assert not any(layer.affine for layer in discriminator.layers if isinstance(layer, nn.InstanceNorm2d))


def test_a_judge_of_volumes_is_the_same_code():
    discriminator = PatchGAN(DiscriminatorSpec(width=2, dims=3))
    assert discriminator(torch.zeros(1, 1, 32, 40, 32)).shape == (1, 1, 2, 3, 2)
