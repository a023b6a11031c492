"""Recipes that set single tumours down inside tissue."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import label as skimage_label

from metgan.errors import ArrayError, SettingError
from metgan.labels import Bank, Grown, SizeDistribution, Spacing, Variation, grow, place
from metgan.objects import cut_tumours, sizes

few = settings(max_examples=25, deadline=None)
seed = st.integers(0, 2**32)
UNCHANGED = Variation(scale=(1, 1), elastic=0.0)
MATCHED = [Bank(), Grown()]


def labels_of(counts, shape=(64, 64)):
    """Return one label per count, with so many tumours of 5 to 40 pixels."""
    rng = np.random.default_rng(3)
    tumours = [[grow(int(rng.integers(5, 41)), 0.2, rng) for _ in range(count)] for count in counts]
    return [place(some, np.ones(shape, bool), Spacing(), rng).label for some in tumours]


def tissue_of(seed, shape=(96, 80)):
    """Return blotchy tissue."""
    return ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 8) > -0.05


@few
@given(seed, st.sampled_from(MATCHED))
def test_tumours_lie_in_tissue_within_the_margin_and_are_counted(seed, recipe):
    labels, tissue = labels_of([1, 2, 5]), tissue_of(seed)
    drawn = recipe.draw(labels, tissue, np.random.default_rng(seed))
    assert drawn.label.shape == tissue.shape
    assert not drawn.label[~tissue].any()
    assert drawn.label.sum() == drawn.label[1:-1, 1:-1].sum()
    assert skimage_label(drawn.label, connectivity=2).max() + drawn.left_out in {1, 2, 5}
    assert drawn.orientations == ()


@pytest.mark.parametrize("recipe", [*MATCHED, Bank(counts=(2, 4)), Grown(SizeDistribution(9, 0, 9, 9))])
def test_the_same_seed_gives_the_same_label(recipe):
    labels, tissue = labels_of([1, 2, 5]), tissue_of(0)
    first, second = (recipe.draw(labels, tissue, np.random.default_rng(5)) for _ in range(2))
    assert first.label.tobytes() == second.label.tobytes()
    assert (first.sources, first.left_out) == (second.sources, second.left_out)
    other = recipe.draw(labels, tissue, np.random.default_rng(6))
    assert not np.array_equal(first.label, other.label)


@pytest.mark.parametrize("recipe", MATCHED)
def test_the_number_of_tumours_is_that_of_real_labels_as_often(recipe):
    labels, tissue, rng = labels_of([1, 1, 1, 4]), np.ones((96, 96), bool), np.random.default_rng(0)
    counts = [len(sizes(recipe.draw(labels, tissue, rng).label)) for _ in range(200)]
    assert set(counts) == {1, 4}
    assert 0.15 < np.mean(np.array(counts) == 4) < 0.35


@pytest.mark.parametrize("make", [Bank, Grown])
def test_the_number_of_tumours_can_be_set(make):
    labels, tissue, rng = labels_of([1, 1]), np.ones((96, 96), bool), np.random.default_rng(0)
    recipe = make(counts=(2, 4))
    counts = [len(sizes(recipe.draw(labels, tissue, rng).label)) for _ in range(60)]
    assert set(counts) == {2, 3, 4}


@few
@given(seed)
def test_banked_tumours_are_real_ones_and_the_history_names_their_labels(seed):
    labels = labels_of([1, 2, 3])
    recipe = Bank(UNCHANGED, counts=(2, 2))
    drawn = recipe.draw(labels, np.ones((96, 96), bool), np.random.default_rng(seed))
    areas = {k: sizes(label).tolist() for k, label in enumerate(labels)}
    known = [area for k in drawn.sources for area in areas[k]]
    assert all(area in known for area in sizes(drawn.label).tolist())
    assert 1 <= len(drawn.sources) <= 2


def test_each_banked_tumour_is_used_once_before_any_is_used_twice():
    labels, rng = labels_of([2, 3]), np.random.default_rng(0)
    real = sorted(area for label in labels for area in sizes(label).tolist())
    for epochs_ in (1, 2):
        recipe = Bank(UNCHANGED, counts=(5 * epochs_, 5 * epochs_))
        drawn = recipe.draw(labels, np.ones((150, 150), bool), rng)
        assert sorted(sizes(drawn.label).tolist()) == sorted(real * epochs_)
        assert drawn.sources == (0, 1)


@few
@given(seed)
def test_matched_sizes_lie_between_the_smallest_and_the_largest_real_tumour(seed):
    labels = labels_of([3, 4])
    areas = [int(shape.sum()) for label in labels for shape in cut_tumours(label)]
    drawn = Grown().draw(labels, np.ones((96, 96), bool), np.random.default_rng(seed))
    assert drawn.sources == (0, 1)
    assert min(areas) <= sizes(drawn.label).min()
    assert sizes(drawn.label).max() <= max(areas)


def test_grown_tumours_of_set_sizes_and_number_need_no_label():
    recipe = Grown(SizeDistribution(30, 0.0, 30, 30), counts=(3, 3))
    drawn = recipe.draw([], np.ones((64, 64), bool), np.random.default_rng(0))
    assert sizes(drawn.label).tolist() == [30, 30, 30]
    assert drawn.sources == ()


def test_only_the_label_whose_count_is_copied_is_read_where_sizes_are_set():
    labels = labels_of([2, 2, 2])
    drawn = Grown(SizeDistribution(9, 0, 9, 9)).draw(
        labels, np.ones((64, 64), bool), np.random.default_rng(0)
    )
    assert len(drawn.sources) == 1
    assert sizes(drawn.label).tolist() == [9, 9]


def test_what_has_no_room_is_left_out():
    recipe = Grown(SizeDistribution(9, 0.0, 9, 9), counts=(8, 8))
    drawn = recipe.draw([], np.ones((9, 9), bool), np.random.default_rng(0))
    found = len(sizes(drawn.label))
    assert 1 <= found < 8
    assert found + drawn.left_out == 8


def test_the_largest_tumour_is_placed_first():
    """In a room of 5 x 5 a square of 9 fits only before any single pixel takes its place."""
    label = np.zeros((9, 9), bool)
    label[1:4, 1:4] = label[5, 5] = label[7, 7] = label[5, 2] = label[7, 2] = True
    recipe = Bank(UNCHANGED, Spacing(margin=1))
    for seed in range(20):
        drawn = recipe.draw([label], np.ones((5, 5), bool), np.random.default_rng(seed))
        assert drawn.label.sum() == 9
        assert drawn.left_out == 4


CUT = np.array([[True, False, False]] * 3)


@pytest.mark.parametrize(
    ("recipe", "labels", "tissue", "error", "message"),
    [
        (Bank(), [], np.ones((9, 9), bool), SettingError, "no labels to learn from"),
        (Grown(), [], np.ones((9, 9), bool), SettingError, "no labels to learn from"),
        (Grown(counts=(1, 1)), [], np.ones((9, 9), bool), SettingError, "no labels to learn from"),
        (Bank(), [CUT], np.ones((9, 9), bool), ArrayError, "each tumour of 1 labels touches the border"),
        (Grown(), [CUT], np.ones((9, 9), bool), ArrayError, "no areas"),
        (Bank(), labels_of([1]), np.zeros((9, 9), bool), ArrayError, r"of \(9, 9\), has no tissue"),
        (Grown(), labels_of([1]), np.zeros((9, 9), bool), ArrayError, "has no tissue"),
        (Bank(), labels_of([2]), np.ones((3, 3), bool), ArrayError, "none of 2 tumours, the smallest of"),
        (Grown(), labels_of([2]), np.ones((3, 3), bool), ArrayError, "into 9 pixels of tissue with margin=1"),
        (Bank(), [np.zeros((9, 9), bool)], np.ones((9, 9), bool), ArrayError, "label 0 is empty"),
        (Grown(), labels_of([1]), np.ones((9, 9)), ArrayError, "tissue has dtype float64"),
    ],
)
def test_what_cannot_be_drawn_is_refused(recipe, labels, tissue, error, message):
    with pytest.raises(error, match=message):
        recipe.draw(labels, tissue, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "values", "message"),
    [
        (Bank, {"counts": (0, 2)}, r"counts are \(0, 2\)"),
        (Grown, {"counts": (3, 2)}, r"counts are \(3, 2\)"),
        (Grown, {"infiltration": (0.5, 0.2)}, r"infiltration is \(0.5, 0.2\)"),
        (Grown, {"infiltration": (0, 1.5)}, r"infiltration is \(0, 1.5\)"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, values, message):
    with pytest.raises(SettingError, match=message):
        make(**values)
