"""Folded networks compute what they were folded from."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from metgan.networks import GENERATORS, PRESETS, Generator, Segmentor, build, fold, make_generator
from metgan.networks.folding import FoldedSpade, Network
from metgan.networks.presets import GeneratorName, PresetName
from metgan.networks.spade import Spade

BatchNorm = nn.BatchNorm2d | nn.BatchNorm3d


def settled(network: Network, run: Callable[[], Tensor]) -> Network:
    """Give the normalisations of a network the statistics of what it is run on, and others beside them.

    Those of a fresh network let its activations fade, and it gives flat images, which any network could. In
    float64, where nothing but a wrong number makes a difference.
    """
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    network.double().train()
    noise = torch.Generator().manual_seed(0)
    with torch.no_grad():
        run()
        for norm in norms:
            mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
            mean += variance.sqrt() * (torch.rand(len(mean), generator=noise) - 0.5)
            variance *= 0.5 + torch.rand(len(mean), generator=noise)
            if norm.affine:
                norm.weight.uniform_(0.5, 2, generator=noise)
                norm.bias.uniform_(-0.5, 0.5, generator=noise)
    return network.eval()


def images(side: int) -> tuple[Tensor, Tensor]:
    """Draw two images in [-1, 1] and their labels, (2, 1, Y, X)."""
    image = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(1)).double() * 2 - 1
    return image, (image > 0.9).double()


def generator(name: GeneratorName, preset: PresetName = "small") -> tuple[Generator, Tensor, Tensor]:
    """Make a generator, and images that it takes."""
    network = build(lambda: make_generator(name, preset), 0)
    image, label = images(network.stride)
    return settled(network, lambda: network.translate(image, label)), image, label


@pytest.mark.parametrize("preset", ["small", "released"])
@pytest.mark.parametrize("name", GENERATORS)
def test_a_folded_generator_generates_the_same(name: GeneratorName, preset: PresetName) -> None:
    network, image, label = generator(name, preset)
    with torch.inference_mode():
        before = network.generate(image, label)
        torch.testing.assert_close(fold(network).generate(image, label), before)
    assert before.std() > 0.01


def test_a_folded_segmentor_reads_the_same() -> None:
    network, (image, _) = build(lambda: Segmentor(PRESETS["small"].segmentor), 0), images(64)
    settled(network, lambda: network(image))
    with torch.inference_mode():
        before = network(image)
        torch.testing.assert_close(fold(network)(image), before)
    assert before.std() > 0.01


@pytest.mark.parametrize("dims", [2, 3])
def test_a_folded_spade_layer_modulates_the_same(dims: int) -> None:
    layer = build(lambda: Spade(dims, 3, 8), 0)
    x, label = torch.rand(2, 3, *[6] * dims).double(), torch.rand(2, 2, *[6] * dims).double()
    settled(layer, lambda: layer(x, label))
    with torch.inference_mode():
        torch.testing.assert_close(FoldedSpade(layer)(x, label), layer(x, label))


@pytest.mark.parametrize("name", [*GENERATORS, "segmentor"])
def test_nothing_is_normalised_by_fixed_numbers_afterwards(
    name: GeneratorName | Literal["segmentor"],
) -> None:
    """Were a normalisation left where it is, networks would compute the same, and no faster."""
    network: nn.Module = build(
        lambda: (
            Segmentor(PRESETS["small"].segmentor) if name == "segmentor" else make_generator(name, "small")
        ),
        0,
    )
    fold(network)
    assert not [module for module in network.modules() if isinstance(module, BatchNorm | Spade)]
    assert not [module for module in network.modules() if is_parametrized(module)]


def test_a_folded_generator_can_be_sent_to_another_process() -> None:
    network, image, label = generator("metgen")
    again: Generator = pickle.loads(pickle.dumps(fold(network)))
    with torch.inference_mode():
        assert torch.equal(again.generate(image, label), network.generate(image, label))
