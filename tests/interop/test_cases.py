"""Pair sets put together: every pair once, under one name, and no tissue in two parts."""

from __future__ import annotations

import pytest

from metgan.data import PairSet, Split
from metgan.errors import LeakageError, SettingError
from metgan.interop import Case, gather_cases

from .conftest import REAL, WriteSet, painted, row


def parts(cases: tuple[Case, ...]) -> dict[str, str]:
    return {case.name: case.part for case in cases}


def test_the_table_says_which_part_a_real_pair_is_in_and_generated_ones_train(
    real: PairSet, generated: PairSet
) -> None:
    assert parts(gather_cases([real, generated])) == {
        "a": "train",
        "b": "train",
        "c": "val",
        "d": "test",
        "synthetic-0": "train",
        "synthetic-1": "train",
    }


def test_a_runs_split_overrules_the_table_of_the_set_that_it_was_made_for(
    real: PairSet, generated: PairSet
) -> None:
    split = Split(("d",), ("a", "b"), ("c",))
    with pytest.raises(LeakageError, match="'mouse 1' with the validation part"):
        gather_cases([real, generated], split)
    assert parts(gather_cases([real], split)) == {"a": "val", "b": "val", "c": "test", "d": "train"}


@pytest.mark.parametrize(
    ("names", "sets"), [(("a", "stranger"), ("real",)), (("a", "b"), ("real", "twin"))], ids=["none", "two"]
)
def test_a_split_that_fits_no_set_or_two_is_refused(
    real: PairSet, write_set: WriteSet, names: tuple[str, str], sets: tuple[str, ...]
) -> None:
    given = [real if name == "real" else write_set(name, REAL) for name in sets]
    with pytest.raises(SettingError, match=f"which {len(sets) - 1 and 2} of {len(sets)} pair sets hold"):
        gather_cases(given, Split(names, (), ()))


def test_names_that_two_sets_share_get_the_number_of_their_set(real: PairSet, write_set: WriteSet) -> None:
    other = write_set("other", [painted("a", "mouse 1", "mouse 1"), painted("1-a", "mouse 1", "mouse 1")])
    names = [case.name for case in gather_cases([real, other])]
    assert names == ["1-a", "1-b", "1-c", "1-d", "2-1-a", "2-a"]


def test_names_that_are_one_file_on_a_mac_or_on_windows_get_the_number_of_their_set(
    real: PairSet, write_set: WriteSet
) -> None:
    other = write_set("other", [painted("A", "mouse 1", "mouse 1")])
    names = [case.name for case in gather_cases([real, other])]
    assert names == ["1-a", "1-b", "1-c", "1-d", "2-A"]
    sets = [write_set(name, [painted(name, "mouse 1", "mouse 1")]) for name in ("p1", "p01")]
    assert [case.name for case in gather_cases(sets)] == ["p1", "p01"]  # two files anywhere


@pytest.mark.parametrize(
    ("group", "label_groups", "background", "held_out"),
    [
        ("mouse 3", "mouse 1", "", "'mouse 3'.* with the test part"),
        ("mouse 1", "mouse 1;mouse 3", "", "'mouse 3'.* with the test part"),
        ("mouse 1", "mouse 2", "", "'mouse 2' with the validation part"),
        ("mouse 1", "mouse 1", "mouse 3", "'mouse 3'.* with the test part"),
    ],
)
def test_a_pair_painted_from_held_out_tissue_is_refused(
    real: PairSet, write_set: WriteSet, group: str, label_groups: str, background: str, held_out: str
) -> None:
    pair = painted("synthetic", group, label_groups) | {"background_group": background}
    with pytest.raises(LeakageError, match=held_out):
        gather_cases([real, write_set("leaking", [pair])])


def test_a_group_whose_name_only_begins_alike_is_no_leak(real: PairSet, write_set: WriteSet) -> None:
    near = write_set("near", [painted("synthetic", "mouse 1", "mouse 31;mouse 1")])
    assert parts(gather_cases([real, near]))["synthetic"] == "train"


@pytest.mark.parametrize(
    ("group", "split", "says"),
    [
        ("mouse 3", "train", "for training shares group 'mouse 3' with the test part"),
        ("mouse 1", "test", "for training shares group 'mouse 1' with the test part"),
        ("mouse 3", "val", "for validation shares group 'mouse 3' with the test part"),
        ("mouse 1", "val", "for training shares group 'mouse 1' with the validation part"),
    ],
)
def test_an_animal_in_two_parts_of_two_sets_is_refused(
    real: PairSet, write_set: WriteSet, group: str, split: str, says: str
) -> None:
    with pytest.raises(LeakageError, match=says):
        gather_cases([real, write_set("more", [row("e", group, split)])])


def test_an_animal_that_two_sets_spell_in_two_ways_is_one(real: PairSet, write_set: WriteSet) -> None:
    with pytest.raises(LeakageError, match="shares group 'mouse 3' with the test part"):
        gather_cases([real, write_set("more", [row("e", "Mouse 3", "train")])])


def test_another_animal_in_a_second_set_is_welcome(real: PairSet, write_set: WriteSet) -> None:
    assert parts(gather_cases([real, write_set("more", [row("e", "mouse 4", "test")])]))["e"] == "test"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (row("e", "mouse 4"), "pair e of .* is in no part; expected one of train, val, test. .*--split"),
        (row("e", "mouse 4", "holdout"), "is in part 'holdout'"),
        (painted("e", "mouse 4", "mouse 1", "test"), "generated pair e of .* is in part 'test'"),
    ],
)
def test_a_pair_without_a_part_is_refused_and_so_is_a_generated_one_for_testing(
    real: PairSet, write_set: WriteSet, content: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingError, match=says):
        gather_cases([real, write_set("more", [content])])


def test_a_set_that_is_given_twice_is_refused(real: PairSet) -> None:
    with pytest.raises(SettingError, match="given twice"):
        gather_cases([real, PairSet.open(real.root.parent / "real" / ".." / "real")])


def test_nothing_to_train_on_is_refused(write_set: WriteSet) -> None:
    with pytest.raises(SettingError, match="no pair is in part 'train'"):
        gather_cases([write_set("held out", [row("e", "mouse 4", "test")])])
