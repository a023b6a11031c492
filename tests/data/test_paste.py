"""Pasted tumours bring their light, lie in tissue, touch nothing, and tell where they come from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import Entry, FillValues, Pair, paste
from metgan.errors import SettingError
from metgan.labels import find_tissue
from metgan.objects import cut_tumours, sizes

few = settings(max_examples=30, deadline=None)
SIDE = 40


def empty(name: str, level: int = 100) -> Pair:
    """A flat image of a level, in tissue at the left and nothing at the right."""
    anatomy = np.full((SIDE, SIDE), 2000, np.uint16)
    anatomy[:, SIDE // 2 :] = 10
    label = np.zeros((SIDE, SIDE), bool)
    return Pair(Entry(name, f"animal of {name}", "", "", {}), anatomy, np.full_like(anatomy, level), label)


def with_tumours(name: str, level: int, light: int) -> Pair:
    """Two tumours, of 3 x 3 and 2 x 4 pixels, as much brighter than the level."""
    pair = empty(name, level)
    pair.label[5:8, 5:8] = pair.label[20:22, 10:14] = True
    pair.tumour[pair.label] += light
    return pair


@few
@given(st.integers(0, 999))
def test_a_tumour_brings_the_light_it_adds_and_not_the_level_it_stood_on(seed: int) -> None:
    pasted = paste(empty("target", 100), with_tumours("giver", 700, 50), np.random.default_rng(seed))
    assert sorted(sizes(pasted.label)) == [8, 9]
    assert set(pasted.tumour[pasted.label]) == {150}
    assert set(pasted.tumour[~pasted.label]) == {100}


@few
@given(st.integers(0, 999))
def test_tumours_lie_in_tissue_apart_from_each_other_and_from_the_border(seed: int) -> None:
    target = with_tumours("target", 100, 50)
    pasted = paste(target, with_tumours("giver", 700, 50), np.random.default_rng(seed))
    assert sorted(sizes(pasted.label)) == [8, 8, 9, 9]
    assert len(cut_tumours(pasted.label)) == 4  # none reaches the border
    assert not (pasted.label & ~find_tissue(target.anatomy)).any()


def test_the_target_stays_as_it_was_and_the_history_names_both() -> None:
    target, giver = with_tumours("target", 100, 50), with_tumours("giver", 100, 50)
    before = target.tumour.copy(), target.label.copy()
    pasted = paste(target, giver, np.random.default_rng(0))
    np.testing.assert_array_equal(target.tumour, before[0])
    np.testing.assert_array_equal(target.label, before[1])
    assert pasted.entry.group == "animal of target"
    assert pasted.entry.provenance["label_groups"] == "animal of giver"
    assert pasted.entry.provenance["anatomy_source"] == "target"


def test_tumours_are_not_pasted_into_their_own_image() -> None:
    pair = with_tumours("one", 100, 50)
    with pytest.raises(SettingError, match="tumours of one to paste into itself"):
        paste(pair, pair, np.random.default_rng(0))


def test_places_and_turns_are_drawn() -> None:
    target, giver = empty("target"), with_tumours("giver", 100, 50)
    labels = {paste(target, giver, np.random.default_rng(seed)).label.tobytes() for seed in (0, 0, 1, 2)}
    assert len(labels) == 3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_light_beyond_the_cameras_range_is_clipped(dtype: type) -> None:
    giver, target = with_tumours("giver", 0, 200), empty("target", 100)
    cameras = [Pair(p.entry, p.anatomy, p.tumour.astype(dtype), p.label) for p in (target, giver)]
    pasted = paste(*cameras, np.random.default_rng(0))
    assert pasted.tumour.dtype == dtype
    assert pasted.tumour.max() == (255 if dtype is np.uint8 else 300)


def test_tumours_for_which_there_is_no_room_are_left_out() -> None:
    full = empty("target")
    full.label[1:-1, 1:-1] = True
    pasted = paste(full, with_tumours("giver", 100, 50), np.random.default_rng(0))
    np.testing.assert_array_equal(pasted.label, full.label)
    np.testing.assert_array_equal(pasted.tumour, full.tumour)


CONSTANTS = FillValues(0, 0, 2000, 100)
"""Of a set whose scans are filled in with 0; a small area of it says nothing in a single pair."""


def test_fill_of_the_set_gets_no_tumour_and_no_light() -> None:
    """All tissue but a strip is fill, in areas: a single pair of flat images cannot tell."""
    target = empty("target")
    target.anatomy[:, 3:18] = target.tumour[:, 3:18] = 0
    giver = with_tumours("giver", 100, 50)
    seen = [paste(target, giver, np.random.default_rng(seed), CONSTANTS) for seed in range(5)]
    assert not any(pair.label[:, 3:18].any() or pair.tumour[:, 3:18].any() for pair in seen)
    blind = [paste(target, giver, np.random.default_rng(seed)) for seed in range(5)]
    assert any(pair.tumour[:, 3:18].any() for pair in blind)


def test_light_is_not_measured_against_fill_of_the_set() -> None:
    """Beside each tumour are 3 x 3 pixels of fill and more: too few for a single pair to find them."""
    giver = empty("giver", 700)
    giver.label[5:8, 5:8] = True
    giver.tumour[:] = 700
    giver.anatomy[0:12, 10:20] = giver.tumour[0:12, 10:20] = 0
    giver.anatomy[8:14, 0:10] = giver.tumour[8:14, 0:10] = 0
    giver.anatomy[0:3, 0:10] = giver.tumour[0:3, 0:10] = 0
    giver.tumour[giver.label] = 750
    pasted = paste(empty("target", 100), giver, np.random.default_rng(0), CONSTANTS)
    assert set(pasted.tumour[pasted.label]) == {150}
    blind = paste(empty("target", 100), giver, np.random.default_rng(0))
    assert set(blind.tumour[blind.label]) != {150}


def test_what_the_label_of_the_target_says_nothing_of_stays_so_but_for_pasted_tumours() -> None:
    target = replace(empty("target"), ignored=np.ones((SIDE, SIDE), bool))
    pasted = paste(target, with_tumours("giver", 700, 50), np.random.default_rng(0))
    assert pasted.label.any()
    assert np.array_equal(pasted.ignored, ~pasted.label)
    known = paste(empty("target"), with_tumours("giver", 700, 50), np.random.default_rng(0))
    assert known.ignored is None
