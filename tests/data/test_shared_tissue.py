"""Which crops show the same tissue: as by comparing each with each, in far fewer comparisons."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data.shared_tissue import Place, find_overlap

OWNERS = [("a", "train"), ("b", "train"), ("a", "test")]


def one_by_one(old: list[Place], new: list[Place]) -> bool:
    return any(
        one.scan == other.scan and one.owner != other.owner and one.overlaps(other)
        for one, other in product(old, new)
    )


@st.composite
def places(draw: st.DrawFn) -> Place:
    is_cube, corner = draw(st.booleans()), tuple(draw(st.integers(0, 24)) for _ in "ZYX")
    scan, owner = draw(st.sampled_from("st")), draw(st.sampled_from(OWNERS))
    return Place(
        scan, owner, "", is_cube, (corner[0] * is_cube, corner[1], corner[2]), draw(st.integers(1, 7))
    )


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(places(), max_size=6), st.lists(places(), max_size=6))
def test_an_overlap_is_found_where_comparing_each_with_each_finds_one(
    old: list[Place], new: list[Place]
) -> None:
    found = find_overlap(old, new)
    assert (found is not None) == one_by_one(old, new)
    assert found is None or (found[0] in old and found[1] in new and one_by_one([found[0]], [found[1]]))


def cubes(first: int, part: str, count: int = 16) -> list[Place]:
    """Cubes of 8 voxels side by side, in all planes and rows of some columns; each a group of its own."""
    corners = product(range(0, 8 * count, 8), range(0, 8 * count, 8), range(first, first + 8 * count, 8))
    return [Place("s", (f"g{corner}", part), "", True, corner, 8) for corner in corners]


def test_thousands_of_cubes_are_compared_with_their_neighbours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    overlaps = Place.overlaps
    monkeypatch.setattr(Place, "overlaps", lambda one, other: compared.append(1) or overlaps(one, other))
    old, new = cubes(0, "train"), cubes(8 * 16 + 3, "test")
    assert find_overlap(old, new) is None
    assert len(old) == len(new) == 4096
    assert len(compared) < 27 * len(new)
    flat = [Place("s", ("f", "train"), "", False, (0, y, 8 * 16 + 3), 8) for y in range(0, 128, 8)]
    assert find_overlap([*old, *flat], new) is not None
