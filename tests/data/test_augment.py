"""A view is one place and one orientation, the same for all images of a pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import View, draw_view

few = settings(max_examples=60, deadline=None)
SHAPES = st.tuples(st.integers(1, 14), st.integers(1, 14))


def coordinates(shape: tuple[int, int]) -> np.ndarray:
    """An image whose pixels say where they stand."""
    return np.arange(shape[0] * shape[1]).reshape(shape)


@few
@given(SHAPES, st.integers(1, 16), st.integers(0, 99))
def test_coordinates_travel_together_through_all_three_images(
    shape: tuple[int, int], size: int, seed: int
) -> None:
    where = coordinates(shape)
    rng = np.random.default_rng(seed)
    anatomy, tumour, label = rng.random(shape), rng.integers(0, 9, shape), rng.random(shape) < 0.5
    view = draw_view(shape, size, rng)
    seen = view.apply(where)
    assert seen.shape == (size, size)
    for image in (anatomy, tumour, label):
        np.testing.assert_array_equal(view.apply(image), image.ravel()[seen])
        assert view.apply(image).dtype == image.dtype


@few
@given(st.tuples(st.integers(5, 14), st.integers(5, 14)), st.integers(1, 5), st.integers(0, 99))
def test_a_view_of_a_large_image_shows_a_connected_crop_once(
    shape: tuple[int, int], size: int, seed: int
) -> None:
    view = draw_view(shape, size, np.random.default_rng(seed))
    seen = view.apply(coordinates(shape))
    rows, columns = np.unique(seen // shape[1]), np.unique(seen % shape[1])
    assert len(np.unique(seen)) == size * size
    assert [*rows] == [*range(view.top, view.top + size)]
    assert [*columns] == [*range(view.left, view.left + size)]


def test_the_eight_orientations_differ_and_all_are_drawn() -> None:
    image = coordinates((3, 3))
    pictures = {View(0, 0, 3, k).apply(image).tobytes() for k in range(8)}
    rng = np.random.default_rng(0)
    drawn = {draw_view((3, 3), 3, rng).apply(image).tobytes() for _ in range(200)}
    assert len(pictures) == 8
    assert drawn == pictures


def test_every_place_is_drawn_the_last_row_and_column_too() -> None:
    rng = np.random.default_rng(0)
    places = {(v.top, v.left) for v in (draw_view((5, 4), 3, rng) for _ in range(300))}
    assert places == {(top, left) for top in range(3) for left in range(2)}


def test_a_small_image_is_mirrored_at_its_far_edges_as_often_as_it_takes() -> None:
    assert View(0, 0, 5, 0).apply(np.array([[1, 2]])).tolist() == [[1, 2, 2, 1, 1]] * 5


def test_a_view_leaves_the_image_alone() -> None:
    image = coordinates((4, 4))
    seen = View(1, 1, 2, 0).apply(image)
    seen[:] = -1
    np.testing.assert_array_equal(image, coordinates((4, 4)))


@pytest.mark.parametrize("size", [3, 9])
def test_the_same_generator_draws_the_same_view(size: int) -> None:
    one, other = (draw_view((6, 6), size, np.random.default_rng(4)) for _ in range(2))
    assert one == other
