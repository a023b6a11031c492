"""Statistics of batch normalisation: taken anew from whole images, with nothing else changed."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from metgan.training.statistics import update_batch_norm


def batches(count: int = 3) -> list[torch.Tensor]:
    noise = torch.Generator().manual_seed(0)
    return [torch.randn(4, 1, 6, 6, generator=noise) * (k + 1) + k for k in range(count)]


def test_statistics_are_the_mean_of_those_of_all_batches() -> None:
    """By numpy, in double precision; torch's running variance is the unbiased one."""
    network = nn.Sequential(nn.BatchNorm2d(1))
    layer = network[0]
    assert isinstance(layer, nn.BatchNorm2d)
    network(torch.full((2, 1, 3, 3), 99.0))  # what was there before is forgotten
    update_batch_norm(network, batches())
    arrays = [batch.numpy().astype(np.float64) for batch in batches()]
    assert layer.running_mean is not None
    assert layer.running_var is not None
    assert layer.running_mean.item() == pytest.approx(np.mean([a.mean() for a in arrays]), rel=1e-5)
    assert layer.running_var.item() == pytest.approx(np.mean([a.var(ddof=1) for a in arrays]), rel=1e-5)


def test_weights_and_the_way_of_training_on_stay_as_they_were() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, momentum=0.25))
    network.eval()
    before = copy.deepcopy([*network.parameters()])
    update_batch_norm(network, batches())
    assert all(torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    layer = network[1]
    assert isinstance(layer, nn.BatchNorm2d)
    assert layer.momentum == 0.25


def test_a_deeper_layer_is_settled_on_what_reaches_it() -> None:
    """Behind a first layer in training mode, a second sees mean 0 and variance 1 whatever the images."""
    network = nn.Sequential(nn.BatchNorm2d(1), nn.BatchNorm2d(1))
    update_batch_norm(network, batches())
    last = network[1]
    assert isinstance(last, nn.BatchNorm2d)
    assert last.running_mean is not None
    assert last.running_mean.item() == pytest.approx(0, abs=1e-5)
