"""Recipes that keep whole labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.errors import ArrayError, SettingError
from metgan.labels import File, Merged, Real, symmetry
from metgan.labels.kept import fit

few = settings(max_examples=40, deadline=None)
seed = st.integers(0, 2**32)


def labels_of(count, shape=(12, 12)):
    """Return labels of one tumour each, all different."""
    rng = np.random.default_rng(7)
    labels = []
    for _ in range(count):
        label = np.zeros(shape, bool)
        top, left = rng.integers(1, shape[0] - 5), rng.integers(1, shape[1] - 5)
        label[top : top + 4, left : left + 3] = True
        label[top, left] = False
        labels.append(label)
    return labels


@few
@given(seed, st.integers(1, 4))
def test_the_history_tells_how_a_merged_label_was_made(seed, count):
    labels = labels_of(6)
    drawn = Merged(count).draw(labels, np.ones((12, 12), bool), np.random.default_rng(seed))
    assert len(set(drawn.sources)) == len(drawn.orientations) == count
    parts = zip(drawn.sources, drawn.orientations, strict=True)
    assert np.array_equal(drawn.label, np.any([symmetry(labels[k], turn) for k, turn in parts], axis=0))


@few
@given(seed)
def test_a_real_label_keeps_its_area_and_is_one_of_the_real_ones_turned(seed):
    labels = labels_of(6)
    drawn = Real().draw(labels, np.ones((12, 12), bool), np.random.default_rng(seed))
    assert drawn.label.sum() == 11
    assert np.array_equal(drawn.label, symmetry(labels[drawn.sources[0]], drawn.orientations[0]))
    alike = Real(turned=False).draw(labels, np.ones((12, 12), bool), np.random.default_rng(seed))
    assert np.array_equal(alike.label, labels[alike.sources[0]])


@pytest.mark.parametrize("recipe", [Real(), Merged(3), File(turned=True)])
def test_the_same_seed_gives_the_same_label(recipe):
    labels, tissue = labels_of(6), np.ones((12, 12), bool)
    first, second = (recipe.draw(labels, tissue, np.random.default_rng(5)) for _ in range(2))
    assert first.label.tobytes() == second.label.tobytes()
    assert (first.sources, first.orientations) == (second.sources, second.orientations)


def test_all_labels_and_orientations_are_drawn():
    rng, labels = np.random.default_rng(0), labels_of(3)
    drawn = [Real().draw(labels, np.ones((12, 12), bool), rng) for _ in range(300)]
    assert len({(one.sources, one.orientations) for one in drawn}) == 24


def test_whole_labels_stay_where_they_were_drawn_whatever_the_tissue():
    drawn = Real(turned=False).draw(labels_of(1), np.zeros((12, 12), bool), np.random.default_rng(0))
    assert np.array_equal(drawn.label, labels_of(1)[0])


@few
@given(seed)
def test_a_label_that_is_not_square_is_not_turned_by_a_quarter(seed):
    labels, tissue = labels_of(1, (10, 14)), np.ones((10, 14), bool)
    drawn = Real().draw(labels, tissue, np.random.default_rng(seed))
    assert drawn.orientations[0] in {0, 2, 4, 6}
    assert drawn.label.sum() == 11
    assert np.array_equal(drawn.label, symmetry(labels[0], drawn.orientations[0]))


def test_a_label_of_another_size_is_cut_or_padded_about_its_centre():
    label = np.zeros((4, 4), bool)
    label[1:3, 1:3] = True
    assert np.array_equal(fit(label, (2, 2)), np.ones((2, 2), bool))
    assert np.array_equal(fit(label, (6, 2)), np.pad(np.ones((2, 2), bool), ((2, 2), (0, 0))))


def test_a_label_whose_tumours_are_cut_away_is_refused():
    label = np.zeros((12, 12), bool)
    label[0, 0] = True
    with pytest.raises(ArrayError, match=r"labels \[0\] lie outside an image of \(4, 4\)"):
        Real().draw([label], np.ones((4, 4), bool), np.random.default_rng(0))


def test_no_more_labels_are_read_than_are_used():
    class Lazy(list):
        read = 0

        def __getitem__(self, index):
            self.read += 1
            return super().__getitem__(index)

    for recipe, count in ((Real(), 1), (Merged(3), 3), (File(), 1)):
        labels = Lazy(labels_of(6))
        recipe.draw(labels, np.ones((12, 12), bool), np.random.default_rng(0))
        assert labels.read == count


@pytest.mark.parametrize(
    ("recipe", "labels", "error", "message"),
    [
        (Real(), [], SettingError, "1 labels to merge, and 0 to choose from"),
        (Merged(3), labels_of(2), SettingError, "3 labels to merge, and 2 to choose from"),
        (File(), [], SettingError, "no masks to choose from"),
        (Real(), [np.zeros((12, 12), bool)], ArrayError, "label 0 is empty"),
        (File(), [np.zeros((12, 12), bool)], ArrayError, "label 0 is empty"),
        (File(), [np.ones((12, 11), bool)], ArrayError, r"label 0 has shape \(12, 11\) for an anatomy of"),
        (File(), [np.ones((12, 12), np.uint8)], ArrayError, "label 0 has dtype uint8"),
    ],
)
def test_what_cannot_be_drawn_is_refused(recipe, labels, error, message):
    with pytest.raises(error, match=message):
        recipe.draw(labels, np.ones((12, 12), bool), np.random.default_rng(0))


def test_no_label_at_all_cannot_be_merged():
    with pytest.raises(SettingError, match="count is 0"):
        Merged(0)


def test_own_masks_are_taken_as_they_are_and_copied():
    own = labels_of(1)[0]
    drawn = File().draw([own], np.ones((12, 12), bool), np.random.default_rng(0))
    assert np.array_equal(drawn.label, own)
    drawn.label[:] = True
    assert own.sum() == 11
