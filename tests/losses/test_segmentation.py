"""Segmentation losses against numpy, and what a missed tumour costs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.losses import SEGMENTATION, TUMOUR_WEIGHT, absolute_error, weighted_cross_entropy

few = settings(max_examples=60, deadline=None)
SHAPE = (2, 1, 3, 4)
logits_of = hnp.arrays(np.float64, SHAPE, elements=st.floats(-30, 30))
labels_of = hnp.arrays(np.bool_, SHAPE)


def tensors(logits, label):
    return torch.from_numpy(logits), torch.from_numpy(label.astype(float))


def by_formula(logits, label, weight=10.0):
    """Return the weighted mean of -log p(tumour) on tumour and -log p(background) on background."""
    costs = np.where(label, np.log1p(np.exp(-logits)), np.log1p(np.exp(logits)))
    return np.average(costs, weights=np.where(label, weight, 1.0))


@few
@given(logits_of, labels_of)
def test_weighted_cross_entropy_is_its_formula(logits, label):
    loss = weighted_cross_entropy(*tensors(logits, label)).item()
    assert loss == pytest.approx(by_formula(logits, label), abs=1e-12)


@few
@given(logits_of)
def test_an_empty_label_gives_the_plain_cross_entropy(logits):
    logits = logits / 3  # beyond 10, probabilities lose the digits
    scores, empty = tensors(logits, np.zeros(SHAPE, bool))
    loss, plain = weighted_cross_entropy(scores, empty), torch.nn.BCELoss()(scores.sigmoid(), empty)
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)


@few
@given(logits_of, labels_of)
def test_it_lies_between_the_cheapest_and_the_dearest_pixel(logits, label):
    costs = np.where(label, np.log1p(np.exp(-logits)), np.log1p(np.exp(logits)))
    loss = weighted_cross_entropy(*tensors(logits, label)).item()
    assert costs.min() - 1e-9 <= loss <= costs.max() + 1e-9


@few
@given(logits_of, labels_of)
def test_the_absolute_error_is_the_mean_distance_of_probabilities_and_at_most_1(logits, label):
    loss = absolute_error(*tensors(logits, label)).item()
    assert loss == pytest.approx(np.mean(np.abs(1 / (1 + np.exp(-logits)) - label)), abs=1e-12)
    assert 0 <= loss <= 1


def test_two_pixels_by_hand():
    logits = torch.tensor([0.0, np.log(3)]).reshape(1, 1, 1, 2)  # probabilities 1/2 and 3/4
    label = torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2)
    expected = (10 * np.log(2) + 1 * np.log(4)) / 11
    assert weighted_cross_entropy(logits, label).item() == pytest.approx(expected)
    assert absolute_error(logits, label).item() == pytest.approx((0.5 + 0.75) / 2)
    assert TUMOUR_WEIGHT == 10


def test_a_missed_median_tumour_costs_far_more_than_with_the_release_s_loss():
    """41 of 256 x 256 pixels: times 100, the release loses 0.06 and the paper more than 3."""
    label = torch.zeros(1, 1, 256, 256)
    label.view(-1)[:41] = 1
    missed = torch.full(label.shape, -6.0)
    assert 100 * absolute_error(missed, label).item() - 100 / (1 + np.exp(6)) == pytest.approx(
        0.0626, abs=2e-3
    )
    assert 100 * (weighted_cross_entropy(missed, label) - np.log1p(np.exp(-6))).item() > 3


@pytest.mark.parametrize("name", SEGMENTATION)
def test_gradients_pull_each_pixel_towards_its_label(name):
    logits = torch.zeros(1, 1, 1, 2, requires_grad=True)
    (pull,) = torch.autograd.grad(SEGMENTATION[name](logits, torch.tensor([[[[0.0, 1.0]]]]), None), logits)
    assert pull[..., 0] > 0
    assert pull[..., 1] < 0
