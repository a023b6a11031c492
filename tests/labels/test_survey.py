"""Labels in numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label as skimage_label
from skimage.measure import regionprops

from metgan.errors import ArrayError
from metgan.labels import Quartiles, survey

few = settings(max_examples=50, deadline=None)


def test_a_label_is_counted_and_measured_by_hand():
    """Three tumours; the centres of the first two are 4 apart, of the last two 3.

    ##.....
    ##..#..
    .......
    .......
    ....#..
    """
    label = np.zeros((5, 7), bool)
    label[:2, :2] = label[1, 4] = label[4, 4] = True
    found = survey([label, np.zeros((4, 4), bool)])
    assert (found.images, found.tumours) == (2, 3)
    assert found.counts == Quartiles(0.75, 1.5, 2.25)
    assert found.areas == Quartiles(1.0, 1.0, 2.5)
    assert found.distances == Quartiles.of([3, 3, np.hypot(0.5, 3.5)])


@few
@given(st.lists(hnp.arrays(np.bool_, (9, 8)), min_size=1, max_size=3))
def test_a_survey_agrees_with_scikit_image(labels):
    counts, areas, distances = [], [], []
    for label in labels:
        regions = regionprops(skimage_label(label, connectivity=2))
        centres = np.array([region.centroid for region in regions]).reshape(-1, 2)
        apart = np.linalg.norm(centres[:, None] - centres, axis=-1)
        np.fill_diagonal(apart, np.inf)
        counts.append(len(regions))
        areas += [region.area for region in regions]
        distances += apart.min(axis=0).tolist() if len(regions) > 1 else []
    found = survey(labels)
    for ours, theirs in ((found.counts, counts), (found.areas, areas), (found.distances, distances)):
        expected = np.percentile(theirs, [25, 50, 75]) if theirs else [np.nan] * 3
        np.testing.assert_allclose([ours.lower, ours.median, ours.upper], expected, atol=1e-9)


def test_no_neighbours_have_no_distance():
    found = survey([np.ones((2, 2), bool)])
    assert np.isnan(found.distances.median)
    assert found.areas.median == 4
    assert np.isnan(survey([]).counts.median)


def test_an_instance_map_is_not_surveyed():
    with pytest.raises(ArrayError, match="label has dtype int64"):
        survey([np.ones((2, 2), np.int64)])
