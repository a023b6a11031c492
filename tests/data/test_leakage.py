"""A pair is known by name, group, sources and pixels, whatever it is called."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from metgan.data import (
    Entry,
    HeldOut,
    PairSet,
    Split,
    held_out_of,
    load_split,
    part_of,
    parts_of,
    refuse_shared,
    save_split,
    write_pair,
)
from metgan.errors import LeakageError
from metgan.images import write_image

SPLIT = Split(("a",), ("b",), ("Mäuse 3",))


def entry(name: str, group: str = "", split: str = "", **provenance: str) -> Entry:
    return Entry(name, group or name, "", split, {}, provenance)


def pair(root: Path, name: str, seed: int) -> Entry:
    """Write a pair of noise with a label of 40 pixels; the same seed gives the same pixels."""
    anatomy, tumour = np.random.default_rng(seed).integers(0, 60000, (2, 8, 9)).astype(np.uint16)
    write_pair(root, name, anatomy, tumour, np.arange(72).reshape(8, 9) < 40)
    return next(e for e in PairSet.open(root) if e.name == name)


@pytest.mark.parametrize(
    ("smuggled", "found"),
    [
        (entry("Mäuse 3", "else"), ["pair 'Mäuse 3'"]),
        (entry(unicodedata.normalize("NFD", " MÄUSE3 "), "else"), ["pair 'Mäuse 3'"]),
        (entry("new", "dog 1"), ["group 'Dog 1'"]),
        (entry("new", "dog\u00a01\u200b"), ["group 'Dog 1'"]),
        (entry("new", "x", anatomy_source="mäuse 3"), ["pair 'Mäuse 3'"]),
        (entry("new", "x", label_sources="y;Mäuse 3"), ["pair 'Mäuse 3'"]),
        (entry("new", "x", background_source="Mäuse 3"), ["pair 'Mäuse 3'"]),
        (entry("new", "x", label_groups="y;dog 1"), ["group 'Dog 1'"]),
        (entry("new", "x", background_group="dog1"), ["group 'Dog 1'"]),
        (entry("new", "x", label_groups="y;dog 11"), []),
        (entry("Mäuse 33", "Dog 2"), []),
    ],
)
def test_a_test_pair_is_recognised_by_any_spelling_and_in_any_source(
    smuggled: Entry, found: list[str]
) -> None:
    assert HeldOut.of([entry("Mäuse 3", "Dog 1")]).found_in(smuggled) == found


def test_a_copied_image_is_recognised_in_any_format_and_a_new_one_is_not(tmp_path: Path) -> None:
    tested = HeldOut.of([pair(tmp_path / "set", "tested", seed=0)])
    copy = pair(tmp_path / "copy", "new", seed=0)
    assert tested.found_in(copy) == [f"the pixels of its {c}" for c in ("anatomy", "tumour")]
    image = PairSet.open(tmp_path / "copy").read("new").anatomy
    write_image(tmp_path / "new.png", image)
    assert tested.found_in(Entry("new", "new", "", "", {"anatomy": tmp_path / "new.png"}))
    image[0, 0] += 1
    write_image(tmp_path / "new.png", image)
    assert not tested.found_in(Entry("new", "new", "", "", {"anatomy": tmp_path / "new.png"}))


def test_labels_of_one_brush_and_crops_of_fill_alone_are_alike_in_any_animal(tmp_path: Path) -> None:
    tested = HeldOut.of([pair(tmp_path / "set", "tested", seed=0)])
    assert not tested.found_in(pair(tmp_path / "other", "new", seed=1))
    black, none = np.zeros((2, 8, 9), np.uint16), np.zeros((8, 9), bool)
    for name in ("one", "other"):
        write_pair(tmp_path / "black", name, *black, none)
    one, other = PairSet.open(tmp_path / "black")
    assert not HeldOut.of([one]).found_in(other)


@pytest.mark.parametrize(
    ("part", "other", "told"),
    [("train", "test", "test part"), ("val", "test", "test part"), ("train", "val", "validation part")],
)
def test_no_two_parts_share_a_group_a_pair_or_a_source(part: str, other: str, told: str) -> None:
    innocent = {"train": [entry("a")], "val": [entry("b")], "test": [entry("c")]}
    assert refuse_shared(innocent).names == {"c"}
    (held,) = innocent[other]
    for smuggled in (held, entry("new", held.group), entry("new", "x", label_sources=held.name)):
        with pytest.raises(LeakageError, match=told):
            refuse_shared({**innocent, part: [*innocent[part], smuggled]})


def test_a_test_pair_made_of_training_pairs_is_refused_too() -> None:
    made = entry("made", "x", model="1f6c", label_sources="a")
    with pytest.raises(LeakageError, match="shares pair 'a' with the test part"):
        refuse_shared({"train": [entry("a")], "val": [], "test": [made]})


@pytest.mark.parametrize("part", ["train", "val"])
def test_what_comes_through_the_door_of_a_part_is_not_of_the_test_part(part: str) -> None:
    known = Split(SPLIT.train, SPLIT.val, SPLIT.test, HeldOut(groups=frozenset({"mouse 3"})))
    fresh = entry("fresh")
    assert fresh in part_of([entry("a"), entry("b"), entry("mäuse3"), fresh], part, known)
    for smuggled in (entry("fresh", "Mouse3"), entry("fresh", "x", anatomy_source="mäuse 3")):
        with pytest.raises(LeakageError, match=r"with the test part.*--part all"):
            part_of([entry("a"), entry("b"), smuggled], part, known)
        assert smuggled in part_of([smuggled], "all", known)
        assert smuggled in part_of([smuggled], "test", known)


def test_the_part_of_an_image_goes_by_the_split_in_any_spelling_then_by_the_table() -> None:
    given = [entry("A"), entry("MÄUSE 3", split="train"), entry("d", split="val"), entry("e")]
    assert parts_of(given, SPLIT) == ["train", "test", "val", ""]
    assert parts_of(given, None) == ["", "train", "val", ""]


def test_a_split_made_by_hand_learns_groups_and_pixels_from_the_images(tmp_path: Path) -> None:
    tested = pair(tmp_path, "c", seed=0)
    known = held_out_of([tested, entry("a")], Split(("a",), ("b",), ("C",)))
    assert (known.names, known.groups, len(known.images)) == ({"c", "C"}, {"c"}, 2)


def test_what_is_held_out_is_saved_with_the_split(tmp_path: Path) -> None:
    held_out = HeldOut(frozenset({"c", "d"}), frozenset({"Mäuse 3"}), frozenset({"0f"}))
    save_split(Split(("a",), ("b",), ("c",), held_out), tmp_path / "splits.json")
    assert load_split(tmp_path).held_out == held_out


def test_an_image_that_no_table_puts_into_a_part_is_of_that_of_its_group() -> None:
    entries = [entry("a", "dog 1"), entry("b", "Dog 2"), entry("new", "DOG1"), entry("other", "dog 3")]
    split = Split(("b",), (), ("a",))
    assert parts_of(entries, split) == ["test", "train", "test", ""]
    assert parts_of(entries, None) == [""] * 4
    stated = [entry("a", "dog 1", "val"), entry("new", "dog 1")]
    assert parts_of(stated, None) == ["val", "val"]


def test_an_unlabelled_image_of_a_test_group_is_not_handed_out_for_training() -> None:
    entries = [entry("a", "dog 1"), entry("b", "dog 2"), entry("new", "dog 1"), entry("other", "dog 3")]
    split = Split(("b",), (), ("a",))
    assert [e.name for e in part_of(entries, "train", split)] == ["b", "other"]
    assert [e.name for e in part_of(entries, "test", split)] == ["a", "new", "other"]
