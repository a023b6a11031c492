"""Regions in any number of dimensions agree with numpy's slicing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.errors import ArrayError
from metgan.images import Region

SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


@st.composite
def slices(draw: st.DrawFn, length: int) -> slice:
    first = draw(st.integers(0, length - 1))
    return slice(first, draw(st.integers(first + 1, length)), draw(st.integers(1, 3)))


@given(st.data(), SHAPES)
def test_a_part_of_a_region_is_found_in_the_array_of_the_region_alone(
    data: st.DataObject, shape: tuple[int, ...]
) -> None:
    whole = np.arange(np.prod(shape)).reshape(shape)
    region = Region(shape, tuple(data.draw(slices(length)) for length in shape))
    part = whole[region.index]
    assert region.shape == part.shape
    inner = tuple(data.draw(slices(length)) for length in part.shape)
    asked = []
    for own, wanted, length in zip(region.index, inner, shape, strict=True):
        places = range(length)[own][wanted]
        asked.append(slice(places[0], places[-1] + 1, places.step))
    np.testing.assert_array_equal(part[region.place(asked)], whole[tuple(asked)])
    first = tuple(side.start for side in asked)
    assert part[region.place(first)] == whole[first]


@given(st.data(), SHAPES)
def test_a_region_covers_what_lies_in_it(data: st.DataObject, shape: tuple[int, ...]) -> None:
    one, other = (Region(shape, tuple(data.draw(slices(length)) for length in shape)) for _ in range(2))
    mine, theirs = (np.zeros(shape, bool) for _ in range(2))
    mine[one.index], theirs[other.index] = True, True
    assert one.covers(other) == bool((mine | ~theirs).all())
    assert Region.all_of(shape).covers(one)


def test_slices_that_are_not_one_per_axis_make_no_region() -> None:
    with pytest.raises(ArrayError, match="2 slices"):
        Region((3, 4, 5), (slice(None), slice(None)))
