"""The ring about a tumour, against distances over the whole image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.metrics import Contrast, measure_contrasts
from metgan.objects import RING_GAP, RING_REACH, number_tumours, surroundings


def by_distance(label, image, fill):
    """Measure each tumour against what is at most 6 pixels from it and more than 2 from every tumour."""
    numbered, sizes = number_tumours(label)
    away = ndimage.distance_transform_edt(~label) > RING_GAP
    rings = [
        away & ~fill & (ndimage.distance_transform_edt(numbered != number) <= RING_REACH)
        for number in range(1, len(sizes) + 1)
    ]
    return [
        Contrast.between(image[numbered == number], image[ring]) for number, ring in enumerate(rings, start=1)
    ]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([(30, 41), (7, 60), (9, 14, 17)]), st.sampled_from([2, 9, 40]))
def test_the_ring_by_dilation_is_the_ring_by_distance(seed, shape, tumours):
    """Tumours at the border, next to each other and within each other's rings; also in volumes."""
    rng = np.random.default_rng(seed)
    label, fill = np.zeros(shape, bool), np.zeros(shape, bool)
    label.ravel()[rng.choice(label.size, tumours, replace=False)] = True
    label = ndimage.binary_dilation(label, iterations=int(rng.integers(1, 3)))
    fill[..., : int(rng.integers(4))] = True
    image = rng.integers(0, 4000, shape).astype(np.uint16)
    found, expected = measure_contrasts(label, image, fill), by_distance(label, image, fill)
    assert [vars(one) for one in found] == [pytest.approx(vars(one), nan_ok=True) for one in expected]


def test_all_rings_together_are_the_surroundings():
    label = np.zeros((40, 40), bool)
    label[3:5, 3:5] = label[20, 20] = label[20, 29] = True
    numbers = np.arange(label.size).reshape(label.shape)
    rings = [one.pixels for one in measure_contrasts(label, numbers)]
    assert max(rings) < surroundings(label).sum() < sum(rings), "those of the last two overlap"
