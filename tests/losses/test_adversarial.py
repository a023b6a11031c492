"""Adversarial losses against their formulas in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.losses import ADVERSARIAL, log_distance, squared_distance

few = settings(max_examples=60, deadline=None)
scores = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=4, max_dims=4, max_side=3), elements=st.floats(-30, 30)
)


def value(loss, *arrays):
    return loss(*map(torch.from_numpy, arrays)).item()


@few
@given(scores, st.sampled_from([0.0, 1.0]))
def test_squared_distance_is_the_mean_square(values, target):
    assert squared_distance(torch.from_numpy(values), target).item() == pytest.approx(
        np.mean((values - target) ** 2)
    )


@few
@given(scores, st.sampled_from([0, 1]))
def test_log_distance_is_minus_the_log_of_the_probability_of_the_target(values, target):
    sign = 1 if target else -1
    expected = np.mean(np.log1p(np.exp(-sign * values)))  # -log(sigmoid(sign * score))
    assert log_distance(torch.from_numpy(values), float(target)).item() == pytest.approx(expected, abs=1e-12)


def test_log_distance_stays_finite_where_the_sigmoid_saturates():
    assert log_distance(torch.tensor([-1e4]), 1.0).item() == pytest.approx(1e4)


@pytest.mark.parametrize("name", ADVERSARIAL)
@given(scores, scores)
@few
def test_a_judge_and_a_generator_lose_nothing_only_when_they_get_their_way(name, real, fake):
    loss = ADVERSARIAL[name]
    assert value(loss.discriminator_loss, real, fake) >= 0
    assert value(loss.generator_loss, fake) >= 0
    halves = [
        value(loss.generator_loss, real),
        value(loss.generator_loss, -fake if name == "log" else 1 - fake),
    ]
    assert value(loss.discriminator_loss, real, fake) == pytest.approx(sum(halves) / 2, abs=1e-9)


def test_least_squares_by_hand():
    loss = ADVERSARIAL["least-squares"]
    real, fake = torch.tensor([1.0, 0.5]), torch.tensor([0.0, 2.0])
    assert loss.discriminator_loss(real, fake).item() == (0.25 / 2 + 4 / 2) / 2
    assert loss.generator_loss(fake).item() == (1 + 1) / 2
    assert loss.generator_loss(torch.ones(3)).item() == 0


def test_logarithms_by_hand():
    loss = ADVERSARIAL["log"]
    undecided = torch.zeros(4)
    assert loss.discriminator_loss(undecided, undecided).item() == pytest.approx(np.log(2))
    assert loss.generator_loss(torch.tensor([np.log(3)])).item() == pytest.approx(-np.log(3 / 4))


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_a_generator_is_pulled_towards_real_and_a_judge_pushes_fakes_away(name):
    loss = ADVERSARIAL[name]
    fake = torch.zeros(2, requires_grad=True)
    (pull,) = torch.autograd.grad(loss.generator_loss(fake), fake)
    (push,) = torch.autograd.grad(loss.discriminator_loss(torch.zeros(2), fake + 0.5), fake)
    assert (pull < 0).all()
    assert (push > 0).all()
