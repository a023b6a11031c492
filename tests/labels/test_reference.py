"""What is learned from a few real labels."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.errors import ArrayError, SettingError
from metgan.labels.reference import MOST_LABELS, look_at


def label_of(count):
    """Return a label of `count` whole tumours of `count` pixels, and of one more that the border cuts."""
    label = np.zeros((3 * count + 3, count + 2), bool)
    label[1 : 3 * count : 3, 1 : count + 1] = True
    label[-1, 0] = True
    return label


def test_counts_include_cut_tumours_and_shapes_do_not():
    found = look_at([label_of(2), label_of(3)], np.random.default_rng(0))
    assert dict(zip(found.sources, found.counts, strict=True)) == {0: 3, 1: 4}
    assert sorted(found.owners) == [0, 0, 1, 1, 1]
    for shape, owner in zip(found.shapes, found.owners, strict=True):
        assert shape.tolist() == [[True] * (owner + 2)]


def test_no_more_labels_are_looked_at_than_the_most():
    labels = [label_of(1)] * (3 * MOST_LABELS)
    found = look_at(labels, np.random.default_rng(0))
    assert len(set(found.sources)) == MOST_LABELS
    assert len(look_at(labels, np.random.default_rng(0), most=1).sources) == 1


def test_each_label_is_looked_at_first_as_often():
    rng = np.random.default_rng(0)
    first = [look_at([label_of(1)] * 4, rng).sources[0] for _ in range(800)]
    assert min(np.bincount(first, minlength=4)) > 150


def test_nothing_is_learned_from_no_labels_or_empty_ones():
    with pytest.raises(SettingError, match="no labels to learn from"):
        look_at([], np.random.default_rng(0))
    with pytest.raises(ArrayError, match="label 0 is empty"):
        look_at([np.zeros((3, 3), bool)], np.random.default_rng(0))
