"""Tumours of a label numbered and measured: pixels that touch, at corners too, are one tumour."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label as skimage_label
from skimage.measure import regionprops

from metgan.labels import SYMMETRIES, symmetry
from metgan.objects import number_tumours, sizes

few = settings(max_examples=50, deadline=None)
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=3, max_side=7))
index = st.integers(0, SYMMETRIES - 1)


def world(*rows):
    """Return the mask drawn in rows: ``#`` is tumour."""
    return np.array([[pixel == "#" for pixel in row] for row in rows])


@few
@given(masks)
def test_numbers_are_those_that_scikit_image_gives(mask):
    assert np.array_equal(number_tumours(mask)[0], skimage_label(mask, connectivity=mask.ndim))


@few
@given(masks)
def test_sizes_equal_the_areas_that_scikit_image_measures(mask):
    regions = regionprops(skimage_label(mask, connectivity=mask.ndim))
    assert sizes(mask).tolist() == [region.area for region in regions]


@few
@given(hnp.arrays(np.bool_, (5, 6)), index)
def test_sizes_do_not_change_when_a_label_is_turned(mask, turn):
    assert sorted(sizes(symmetry(mask, turn))) == sorted(sizes(mask))


def test_tumours_are_measured_line_by_line():
    label = world(
        "...##",
        "#...#",
        ".#...",
        "....#",
    )
    assert sizes(label).tolist() == [3, 2, 1]
    assert sizes(np.zeros((3, 3), bool)).tolist() == []
