"""Tumours set down in tissue."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats
from skimage.measure import label as skimage_label

from metgan.errors import ArrayError, SettingError
from metgan.labels import Spacing, grow, place, symmetry
from metgan.labels.placement import positions
from metgan.objects import cut_tumours

few = settings(max_examples=40, deadline=None)
seed = st.integers(0, 2**32)
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8))
shapes = masks.filter(lambda mask: mask.any())
SQUARE = np.ones((2, 2), bool)


def tumours_of(rng, count=6):
    """Return tumours of 1 to 30 pixels, compact to ragged."""
    return [grow(int(rng.integers(1, 31)), float(rng.uniform(0, 1)), rng) for _ in range(count)]


@few
@given(shapes, masks)
def test_positions_are_those_at_which_every_pixel_of_the_shape_is_free(shape, free):
    found = positions(shape, free)
    height, width = (max(have - need + 1, 0) for have, need in zip(free.shape, shape.shape, strict=True))
    assert found.shape == (height, width)
    for top, left in np.ndindex(height, width):
        window = free[top : top + shape.shape[0], left : left + shape.shape[1]]
        assert found[top, left] == window[shape].all()


def test_positions_in_a_large_image_are_exact():
    rng = np.random.default_rng(0)
    free = ndimage.gaussian_filter(rng.standard_normal((600, 500)), 20) > -0.02
    shape = grow(800, 0.5, rng)
    eroded = ndimage.binary_erosion(free, shape, origin=[-(side // 2) for side in shape.shape])
    found = positions(shape, free)
    assert found.any()
    assert np.array_equal(found, eroded[: found.shape[0], : found.shape[1]])


@few
@given(seed, st.integers(0, 5), st.integers(1, 4))
def test_tumours_lie_in_tissue_within_the_margin_and_apart(seed, margin, gap):
    rng = np.random.default_rng(seed)
    tissue = ndimage.gaussian_filter(rng.standard_normal((40, 50)), 5) > -0.05
    tumours = tumours_of(rng)
    placed = place(tumours, tissue, Spacing(margin, gap), rng)
    assert not placed.label[~tissue].any()
    inner = np.pad(np.ones((40 - 2 * margin, 50 - 2 * margin), bool), margin)
    assert not placed.label[~inner].any()
    numbered = skimage_label(placed.label, connectivity=2)
    assert numbered.max() == len(tumours) - placed.left_out
    for number in range(1, numbered.max() + 1):  # a chessboard distance of gap + 1: gap free pixels between
        away = ndimage.distance_transform_cdt(numbered != number, "chessboard")
        assert (away[(numbered > 0) & (numbered != number)] > gap).all()


@few
@given(seed)
def test_placed_tumours_keep_their_areas_and_shapes(seed):
    rng = np.random.default_rng(seed)
    tumours = tumours_of(rng, 3)
    placed = place(tumours, np.ones((60, 60), bool), Spacing(), rng)
    assert placed.left_out == 0
    assert sorted(one.tolist() for one in cut_tumours(placed.label)) == sorted(
        one.tolist() for one in tumours
    )


@few
@given(seed)
def test_the_same_seed_places_alike(seed):
    tumours = tumours_of(np.random.default_rng(seed))
    first, second = (
        place(tumours, np.ones((30, 30), bool), Spacing(), np.random.default_rng(seed)) for _ in range(2)
    )
    assert first.label.tobytes() == second.label.tobytes()
    assert first.left_out == second.left_out


def test_every_position_is_as_likely():
    """Tissue in which a square of 2 x 2 has five positions.

    ####.
    ####.
    ..##.
    ..##.
    """
    tissue = np.array([[1, 1, 1, 1, 0]] * 2 + [[0, 0, 1, 1, 0]] * 2, bool)
    rng, hits = np.random.default_rng(0), {}
    for _ in range(2000):
        label = place([SQUARE], tissue, Spacing(margin=0), rng).label
        corner = tuple(int(axis[0]) for axis in np.nonzero(label))
        hits[corner] = hits.get(corner, 0) + 1
    assert set(hits) == {(0, 0), (0, 1), (0, 2), (1, 2), (2, 2)}
    assert stats.chisquare(list(hits.values())).pvalue > 0.01


def test_the_only_position_is_found_in_a_large_image():
    hook = np.array([[1, 1, 1], [1, 0, 0]], bool)
    tissue = np.zeros((200, 200), bool)
    tissue[77:79, 123:126] = hook
    placed = place([hook], tissue, Spacing(), np.random.default_rng(0))
    assert np.array_equal(placed.label, tissue)
    assert place([symmetry(hook, 1)], tissue, Spacing(), np.random.default_rng(0)).left_out == 1


def test_what_does_not_fit_is_left_out_and_the_rest_is_placed():
    large, small = np.ones((9, 9), bool), np.ones((1, 1), bool)
    placed = place([large, small, large], np.ones((5, 5), bool), Spacing(), np.random.default_rng(0))
    assert placed.left_out == 2
    assert placed.label.sum() == 1


def test_a_room_is_filled_as_far_as_the_gap_allows():
    """Three pixels in a row of five, one free between each: at most #.#.# ."""
    row, pixel = np.ones((1, 5), bool), np.ones((1, 1), bool)
    rng = np.random.default_rng(0)
    counts = {int(place([pixel] * 5, row, Spacing(0, 1), rng).label.sum()) for _ in range(50)}
    assert counts == {2, 3}
    assert place([pixel] * 5, row, Spacing(0, 0), rng).label.all()
    assert place([pixel] * 5, row, Spacing(0, 9), rng).left_out == 4


def test_a_margin_wider_than_the_image_leaves_no_room():
    assert place([SQUARE], np.ones((6, 6), bool), Spacing(margin=9), np.random.default_rng(0)).left_out == 1
    assert place([SQUARE], np.ones((6, 6), bool), Spacing(margin=2), np.random.default_rng(0)).left_out == 0


def test_rows_without_tumour_around_a_shape_take_no_room():
    placed = place([np.pad(SQUARE, 5)], np.ones((2, 2), bool), Spacing(margin=0), np.random.default_rng(0))
    assert placed.label.all()


def test_neither_shapes_nor_tissue_are_changed():
    shape, tissue = SQUARE.copy(), np.ones((9, 9), bool)
    place([shape], tissue, Spacing(), np.random.default_rng(0))
    assert shape.all()
    assert tissue.all()


def test_what_is_no_mask_is_not_placed():
    with pytest.raises(ArrayError, match="tissue has dtype float64"):
        place([SQUARE], np.ones((9, 9)), Spacing(), np.random.default_rng(0))
    with pytest.raises(ArrayError, match="is empty"):
        place([~SQUARE], np.ones((9, 9), bool), Spacing(), np.random.default_rng(0))


@pytest.mark.parametrize("values", [{"margin": -1}, {"gap": -1}])
def test_negative_spacings_are_refused(values):
    with pytest.raises(SettingError, match=f"{next(iter(values))} is -1"):
        Spacing(**values)
