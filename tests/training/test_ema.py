"""The running average of a network's weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from metgan.training.ema import EMA


class Weight(nn.Module):
    """One weight, one statistic that drifts, one count."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value))
        self.statistic = nn.Buffer(torch.tensor(10 * value))
        self.count = nn.Buffer(torch.tensor(0))

    def become(self, value: float) -> Weight:
        self.weight.data.fill_(value)
        self.statistic.fill_(10 * value)
        self.count += 1
        return self


def test_a_network_without_counts_or_directions_has_an_average_too() -> None:
    network = nn.Conv2d(1, 1, 1)
    average = EMA(network, decay=0.5)
    before, bias = average.network.bias.item(), network.bias
    assert bias is not None
    bias.data += 1
    average.update(network, step=100)
    assert average.network.bias.item() == pytest.approx(before + 0.5)


def test_two_steps_give_the_average_of_a_calculation_by_hand() -> None:
    network = Weight(1.0)
    average = EMA(network, decay=0.9)
    average.update(network.become(2.0), step=0)  # decay (1 + 0) / (4 + 0) = 0.25
    first = 0.25 * 1 + 0.75 * 2
    assert average.network.weight.item() == pytest.approx(first)
    average.update(network.become(4.0), step=1)  # decay 2 / 5
    second = 2 / 5 * first + 3 / 5 * 4
    assert average.network.weight.item() == pytest.approx(second)
    assert average.network.statistic.item() == pytest.approx(10 * second)


def test_late_in_a_run_the_decay_is_the_one_asked_for() -> None:
    network = Weight(1.0)
    average = EMA(network, decay=0.9)
    average.update(network.become(2.0), step=1000)
    assert average.network.weight.item() == pytest.approx(0.9 * 1 + 0.1 * 2)


def test_counts_are_taken_over_and_not_averaged() -> None:
    network = Weight(1.0)
    average = EMA(network, decay=0.9)
    average.update(network.become(2.0).become(3.0), step=0)
    assert average.network.count.item() == 2


def test_decay_zero_follows_the_network_to_the_bit() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3))
    followed, lagging = EMA(network, decay=0.0), EMA(network, decay=0.5)
    for step in range(3):
        for weight in network.parameters():
            weight.data += torch.randn_like(weight)
        network(torch.randn(2, 1, 8, 8))
        followed.update(network, step)
        lagging.update(network, step)
    newest = network.state_dict()
    assert all(torch.equal(tensor, newest[name]) for name, tensor in followed.network.state_dict().items())
    assert not torch.equal(lagging.network.state_dict()["0.weight"], newest["0.weight"])


def test_the_average_neither_learns_nor_changes_the_network() -> None:
    network = nn.BatchNorm2d(2)
    before = copy.deepcopy(network.state_dict())
    average = EMA(network, decay=0.9)
    average.network.running_mean += 5
    average.update(network, step=3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert network.training
    assert not average.network.training
    assert not any(weight.requires_grad for weight in average.network.parameters())
