"""Labels checked, thresholded and turned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.errors import ArrayError, SettingError
from metgan.labels import SYMMETRIES, binarise, check_binary, symmetry

few = settings(max_examples=50, deadline=None)
mask = hnp.arrays(np.bool_, (5, 6))
stack = st.lists(mask, min_size=1, max_size=4)
index = st.integers(0, SYMMETRIES - 1)
CORNERS = np.array([[1, 2, 3], [4, 5, 6]])


def world(*rows):
    """Return the mask drawn in rows: ``#`` is tumour."""
    return np.array([[pixel == "#" for pixel in row] for row in rows])


@few
@given(mask, st.sampled_from([np.bool_, np.uint8, np.int16, np.float32]), st.integers(1, 127))
def test_two_values_of_any_kind_are_read_back_as_the_mask(mask, dtype, value):
    read = check_binary(mask.astype(dtype) * np.asarray(value, dtype))
    assert read.dtype == np.bool_
    assert np.array_equal(read, mask)


def test_checking_a_mask_gives_a_new_one():
    label = world("#.")
    check_binary(label)[:] = True
    assert label.tolist() == [[True, False]]


@pytest.mark.parametrize("shape", [(0, 3), (4, 5), (2, 3, 4)])
def test_a_label_without_tumours_is_a_label(shape):
    read = check_binary(np.zeros(shape, np.uint8))
    assert read.shape == shape
    assert not read.any()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2], r"m\.tif has values \{0, 1, 2\}; expected a binary mask"),
        ([1, 2], r"m\.tif has values \{1, 2\}"),
        ([0.0, 0.25, 1.0], r"m\.tif has values \{0, 0\.25, 1\}"),
        ([0, -1], r"m\.tif has values \{-1, 0\}"),
        ([-1, 1], r"m\.tif has values \{-1, 1\}"),
        (range(300), r"m\.tif has values \{0, 1, 2, 3, 4, \.\.\.\}"),
        ([0, np.nan], r"m\.tif has 1 values of nan or infinity"),
        ([0, np.inf], r"m\.tif has 1 values of nan or infinity"),
        ([0, 1j], r"m\.tif has dtype complex128"),
    ],
)
def test_anything_but_two_values_is_refused_by_name(values, message):
    with pytest.raises(ArrayError, match=message):
        check_binary(np.array([values]), "m.tif")


@few
@given(hnp.arrays(np.int16, (4, 5)), st.integers(-300, 300))
def test_a_pixel_is_tumour_exactly_when_it_is_above_the_threshold(label, above):
    expected = [[value > above for value in row] for row in label.tolist()]
    assert binarise(label, above).tolist() == expected


def test_a_threshold_given_no_value_is_zero_and_is_outside():
    assert binarise(np.array([[-1, 0, 1, 2]])).tolist() == [[False, False, True, True]]
    assert binarise(np.array([[0.5, 0.6]]), above=0.5).tolist() == [[False, True]]


def test_a_label_with_nan_is_not_thresholded():
    with pytest.raises(ArrayError, match="label has 2 values of nan or infinity"):
        binarise(np.array([[0, np.nan, np.nan]]))


def test_the_eight_symmetries_are_drawn_in_their_stated_order():
    drawn = [symmetry(CORNERS, k).tolist() for k in range(8)]
    assert drawn == [
        [[1, 2, 3], [4, 5, 6]],
        [[3, 6], [2, 5], [1, 4]],
        [[6, 5, 4], [3, 2, 1]],
        [[4, 1], [5, 2], [6, 3]],
        [[3, 2, 1], [6, 5, 4]],
        [[1, 4], [2, 5], [3, 6]],
        [[4, 5, 6], [1, 2, 3]],
        [[6, 3], [5, 2], [4, 1]],
    ]


def test_the_eight_symmetries_are_a_group():
    square = np.arange(9).reshape(3, 3)
    names = {symmetry(square, k).tobytes(): k for k in range(8)}
    assert len(names) == 8
    table = [[names[symmetry(symmetry(square, a), b).tobytes()] for b in range(8)] for a in range(8)]
    for row, column in zip(table, np.transpose(table).tolist(), strict=True):
        assert sorted(row) == sorted(column) == list(range(8))
    assert table[0] == list(range(8))
    assert [row.index(0) for row in table] == [0, 3, 2, 1, 4, 5, 6, 7]


@few
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=4, max_side=5)), index)
def test_a_stack_is_turned_image_by_image(images, turn):
    turned = symmetry(images, turn)
    for place in np.ndindex(images.shape[:-2]):
        assert np.array_equal(turned[place], symmetry(images[place], turn))


@pytest.mark.parametrize("turn", range(8))
def test_a_turned_image_is_a_contiguous_copy(turn):
    image = np.zeros((3, 4), np.float32)
    turned = symmetry(image, turn)
    assert turned.flags.c_contiguous
    assert turned.dtype == image.dtype
    turned[:] = 1
    assert not image.any()


@pytest.mark.parametrize("turn", [-1, 8])
def test_a_ninth_symmetry_is_refused(turn):
    with pytest.raises(SettingError, match="0 to 7"):
        symmetry(CORNERS, turn)


def test_a_line_cannot_be_turned():
    with pytest.raises(ArrayError, match="axes"):
        symmetry(np.arange(3), 0)
