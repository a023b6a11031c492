"""Statistics of batch normalisation: torch takes them anew as the segmentor's training needs it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn


def batches(count: int = 3) -> list[torch.Tensor]:
    noise = torch.Generator().manual_seed(0)
    return [torch.randn(4, 1, 6, 6, generator=noise) * (k + 1) + k for k in range(count)]


def test_statistics_are_the_mean_of_those_of_all_batches_and_the_past_is_forgotten() -> None:
    """By numpy, in double precision; torch's running variance is the unbiased one."""
    network = nn.Sequential(nn.BatchNorm2d(1))
    layer = network[0]
    assert isinstance(layer, nn.BatchNorm2d)
    network(torch.full((2, 1, 3, 3), 99.0))
    update_bn(iter(batches()), network)
    arrays = [batch.numpy().astype(np.float64) for batch in batches()]
    assert layer.running_mean is not None
    assert layer.running_var is not None
    assert layer.running_mean.item() == pytest.approx(np.mean([a.mean() for a in arrays]), rel=1e-5)
    assert layer.running_var.item() == pytest.approx(np.mean([a.var(ddof=1) for a in arrays]), rel=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_weights_and_the_way_of_training_on_stay_as_they_were(training: bool) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, momentum=0.25), nn.BatchNorm2d(2))
    network.train(training)
    before = copy.deepcopy([*network.parameters()])
    update_bn(iter(batches()), network)
    assert all(torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))
    assert network.training == training
    assert all(parameter.grad is None for parameter in network.parameters())
    first, last = network[1], network[2]
    assert isinstance(first, nn.BatchNorm2d)
    assert isinstance(last, nn.BatchNorm2d)
    assert first.momentum == 0.25
    assert last.running_mean is not None  # it sees what a first layer in training mode makes: mean 0
    assert last.running_mean.abs().max().item() == pytest.approx(0, abs=1e-5)
