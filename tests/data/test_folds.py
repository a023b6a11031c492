"""Folds test on every pair once, divide no group, and balance what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import Entry, draw_folds
from metgan.errors import SettingError

few = settings(max_examples=60, deadline=None)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Entry], dict[str, bool], int]:
    """Return entries of four or more groups, and a number of folds that leaves two groups beside each."""
    count = draw(st.integers(4, 10))
    homes = [*range(count), *draw(st.lists(st.integers(0, count - 1), max_size=30))]
    organs = st.sampled_from(["lung", "liver"])
    entries = [Entry(f"{k}", f"animal-{home}", draw(organs), "test", {}) for k, home in enumerate(homes)]
    return entries, {entry.name: draw(st.booleans()) for entry in entries}, draw(st.integers(3, count))


@few
@given(worlds(), st.integers(0, 9))
def test_every_pair_is_tested_on_once_and_no_group_is_divided(
    world: tuple[list[Entry], dict[str, bool], int], seed: int
) -> None:
    entries, with_tumour, count = world
    try:
        folds = draw_folds(entries, with_tumour, count, np.random.default_rng(seed))
    except SettingError as error:  # a fold of all groups but one
        assert "beside which there is 1 group" in str(error)  # noqa: PT017  # the other case of a property
        return
    assert len(folds) == count
    assert sorted(name for fold in folds for name in fold.test) == sorted(e.name for e in entries)
    for fold in folds:
        parts = [
            frozenset(e.group for e in entries if e.name in names)
            for names in (fold.train, fold.val, fold.test)
        ]
        assert all(parts)
        assert sum(map(len, parts)) == len(frozenset.union(*parts))


def test_folds_hold_alike_many_pairs_of_each_organ_with_and_without_tumour() -> None:
    strata = [(organ, tumour) for organ in ("lung", "liver") for tumour in (True, False)] * 10
    entries = [Entry(f"{k:02d}", f"{k:02d}", organ, "", {}) for k, (organ, _) in enumerate(strata)]
    with_tumour = {entry.name: tumour for entry, (_, tumour) in zip(entries, strata, strict=True)}
    for fold in draw_folds(entries, with_tumour, 5, np.random.default_rng(0)):
        tested = [(entry.organ, with_tumour[entry.name]) for entry in entries if entry.name in fold.test]
        assert all(tested.count(stratum) == 2 for stratum in set(strata))
        assert (len(fold.train), len(fold.val)) == (28, 4)


def test_the_seed_draws_the_folds() -> None:
    entries = [Entry(f"{k:02d}", f"{k:02d}", "", "", {}) for k in range(20)]
    with_tumour = {entry.name: True for entry in entries}
    one, again, other = (draw_folds(entries, with_tumour, 4, np.random.default_rng(k)) for k in (0, 0, 1))
    assert one == again
    assert one != other


@pytest.mark.parametrize(("groups", "count"), [(5, 1), (2, 3), (2, 2)])
def test_folds_that_leave_nothing_to_train_on_are_refused(groups: int, count: int) -> None:
    entries = [Entry(f"{k}", f"{k}", "", "", {}) for k in range(groups)]
    with pytest.raises(SettingError, match="fold"):
        draw_folds(entries, {entry.name: True for entry in entries}, count, np.random.default_rng(0))
