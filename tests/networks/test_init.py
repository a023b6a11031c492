"""Fresh weights: seeded, of the recipe's spread, and nobody else's dice are touched."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from metgan.networks import LabelPathway, LabelSpec, PatchGAN, Segmentor, UNetSpec, build
from metgan.networks.init import initialise
from metgan.networks.presets import PRESETS
from metgan.networks.spade import Spade, one_hot

TINY = UNetSpec(encoder=(2, 3), decoder=(2, 3))


def weights(seed):
    return build(lambda: Segmentor(TINY), seed).state_dict()


def same(left, right):
    return all(torch.equal(left[key], right[key]) for key in left)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 2**31))
def test_weights_are_a_function_of_the_seed(one, other):
    assert same(weights(one), weights(one))
    assert same(weights(one), weights(other)) == (one == other)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31))
def test_the_global_random_state_is_left_as_it_was(seed):
    before = torch.get_rng_state()
    build(lambda: Segmentor(TINY), seed)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_global_random_state_is_left_as_it_was_when_making_fails():
    before = torch.get_rng_state()

    def fail():
        torch.rand(3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build(fail, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_build_the_global_random_state_does_move():
    before = torch.get_rng_state()
    with torch.random.fork_rng(devices=[]):
        Segmentor(TINY)
        moved = torch.get_rng_state()
    assert not torch.equal(moved, before)


def test_convolutions_spread_by_002_and_norm_scales_about_1():
    segmentor = build(lambda: Segmentor(PRESETS["small"].segmentor), 5)
    large = [m for m in segmentor.modules() if isinstance(m, nn.Conv2d) and m.weight.numel() > 20_000]
    scales = torch.cat([m.weight for m in segmentor.modules() if isinstance(m, nn.BatchNorm2d)])
    assert large
    for conv in large:
        # the standard error of a standard deviation of n normal draws is 1 / sqrt(2 n), here below 0.5 %
        assert conv.weight.std().item() == pytest.approx(0.02, rel=0.025)
        assert abs(conv.weight.mean().item()) < 1e-3
    assert scales.mean().item() == pytest.approx(1, abs=0.005)
    assert scales.std().item() == pytest.approx(0.02, rel=0.2)


def test_torch_itself_would_spread_convolutions_otherwise():
    assert nn.Conv2d(64, 64, 3).weight.std().item() != pytest.approx(0.02, rel=0.1)


def test_biases_start_at_zero():
    for make in (lambda: PatchGAN(PRESETS["small"].discriminator), lambda: Segmentor(TINY)):
        biases = [p for name, p in build(make, 3).named_parameters() if name.endswith("bias")]
        assert biases
        assert all((bias == 0).all() for bias in biases)


def test_the_raw_weight_under_spectral_norm_is_drawn_like_any_other():
    pathway = build(lambda: LabelPathway(LabelSpec(width=4, hidden=8), 5, 32), 1)
    raw = pathway.blocks[0].conv_0.parametrizations.weight.original
    assert raw.std().item() == pytest.approx(0.02, rel=0.03)


def answer_to_a_tumour(layer):
    """How far a SPADE layer moves a feature of unit spread inside a tumour, by the label alone."""
    x = torch.randn(1, 16, 24, 24, generator=torch.Generator().manual_seed(0))
    label = torch.zeros(1, 1, 24, 24)
    empty = one_hot(label.clone())
    label[..., 8:16, 8:16] = 1
    with torch.no_grad():
        moved = layer(x, one_hot(label)) - layer(x, empty)
    return moved[..., 9:15, 9:15].square().mean().sqrt().item()


@pytest.mark.parametrize("seed", range(4))
def test_a_fresh_spade_layer_listens_to_the_label(seed):
    layer = build(lambda: Spade(2, 16, 32), seed)
    assert 0.5 < answer_to_a_tumour(layer) < 10
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for convolution in (layer.shared, layer.gamma, layer.beta):
            initialise(convolution)  # as every other convolution is drawn
    assert answer_to_a_tumour(layer) < 0.1


def largest_singular(weight):
    return torch.linalg.svdvals(weight.detach().flatten(1))[0].item()


def test_spectral_norm_brings_the_largest_singular_value_to_one():
    conv = build(lambda: LabelPathway(LabelSpec(width=4, hidden=8), 5, 32), 1).blocks[3].conv_1
    with torch.no_grad():
        for _ in range(60):
            conv(torch.zeros(1, conv.in_channels, 3, 3))  # in training mode each call is a power iteration
    assert largest_singular(conv.weight) == pytest.approx(1, rel=1e-2)
    assert largest_singular(conv.parametrizations.weight.original) < 0.9


@pytest.mark.parametrize("seed", range(5))
def test_spectral_norm_of_an_untrained_network_belongs_to_its_redrawn_weights(seed):
    """Left with the vectors of the weights before, eval mode enlarges them up to 600 times."""
    pathway = build(lambda: LabelPathway(LabelSpec(width=4, hidden=8), 5, 32), seed).eval()
    for block in pathway.blocks:
        assert largest_singular(block.conv_0.weight) == pytest.approx(1, abs=0.15)
    conv = pathway.blocks[0].conv_0
    torch.nn.init.normal_(conv.parametrizations.weight.original, 0, 0.02)
    assert largest_singular(conv.weight) > 2
