"""The L1 distance is a distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.losses import absolute_difference

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
