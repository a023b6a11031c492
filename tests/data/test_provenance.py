"""Several names in one cell, read again as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metgan.data import join_names, split_names


@given(st.lists(st.text(min_size=1)))
def test_names_of_any_characters_are_read_as_they_were_written(names: list[str]) -> None:
    assert split_names(join_names(names)) == names


def test_names_with_spaces_stay_readable() -> None:
    assert join_names(["mouse 1", "mouse 2"]) == "mouse 1;mouse 2"
