"""Single tumours cut out of labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from skimage.measure import label as skimage_label
from skimage.measure import regionprops
from skimage.segmentation import clear_border

from metgan.errors import ArrayError
from metgan.objects import cut_tumours
from metgan.objects.components import tight

few = settings(max_examples=50, deadline=None)


@few
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_whole_tumours_are_those_that_scikit_image_finds_away_from_the_border(label):
    inner = clear_border(skimage_label(label, connectivity=2))
    expected = [region.image.tolist() for region in regionprops(inner)]
    assert [shape.tolist() for shape in cut_tumours(label)] == expected


def test_a_neighbour_within_the_same_rectangle_is_not_cut_out_with_a_tumour():
    """One tumour is an L, and the other lies in its elbow.

    ......
    .#..#.
    .#....
    .####.
    ......
    """
    label = np.zeros((5, 6), bool)
    label[1:4, 1] = label[3, 1:5] = label[1, 4] = True
    assert [int(shape.sum()) for shape in cut_tumours(label)] == [6, 1]


@few
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)))
def test_a_tight_mask_has_all_pixels_and_tumour_on_each_side(mask):
    if not mask.any():
        with pytest.raises(ArrayError, match="is empty"):
            tight(mask)
        return
    small = tight(mask)
    assert small.sum() == mask.sum()
    assert all(side.any() for side in (small[0], small[-1], small[:, 0], small[:, -1]))


def test_a_stack_is_not_cut():
    with pytest.raises(ArrayError, match=r"label has dtype bool and shape \(2, 2, 2\)"):
        cut_tumours(np.ones((2, 2, 2), bool))
    with pytest.raises(ArrayError, match="label has dtype int64"):
        cut_tumours(np.ones((2, 2), np.int64))
