"""Groups are never divided, whatever they hold; what the table states is kept to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import Entry, Split, draw_folds, draw_split, load_split, part_of, save_split, stated_split
from metgan.errors import SettingError, StorageError
from metgan.io import normal_form
from metgan.progress import listening

PARTS = ("train", "val", "test")
few = settings(max_examples=60, deadline=None)


def entry(name: str, group: str = "", organ: str = "", split: str = "") -> Entry:
    return Entry(name, group or name, organ, split, {})


@st.composite
def data_sets(draw: st.DrawFn) -> tuple[list[Entry], dict[str, bool]]:
    """Return entries of three or more groups, of any size, organ and label."""
    groups = [*range(draw(st.integers(3, 12)))]
    extra = draw(st.lists(st.sampled_from(groups), max_size=40))
    entries = [
        entry(f"pair-{k}", f"group-{group}", draw(st.sampled_from(["", "lung", "liver"])))
        for k, group in enumerate([*groups, *extra])
    ]
    return entries, {e.name: draw(st.booleans()) for e in entries}


@few
@given(data_sets(), st.integers(0, 9))
def test_a_drawn_split_divides_no_group_and_leaves_no_part_empty(
    world: tuple[list[Entry], dict[str, bool]], seed: int
) -> None:
    entries, with_tumour = world
    split = draw_split(entries, with_tumour, np.random.default_rng(seed))
    names = [name for part in PARTS for name in getattr(split, part)]
    assert sorted(names) == sorted(e.name for e in entries)
    assert all(getattr(split, part) for part in PARTS)
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        groups = [{e.group for e in entries if e.name in getattr(split, part)} for part in (one, other)]
        assert not groups[0] & groups[1]


@few
@given(data_sets(), st.integers(0, 9))
def test_the_same_seed_draws_the_same_split(world: tuple[list[Entry], dict[str, bool]], seed: int) -> None:
    one, other = (draw_split(*world, np.random.default_rng(seed)) for _ in range(2))
    assert one == other


def test_another_seed_draws_another_split() -> None:
    entries = [entry(f"{k:02d}") for k in range(30)]
    splits = {draw_split(entries, dict.fromkeys((e.name for e in entries), True), rng)
              for rng in map(np.random.default_rng, range(5))}  # fmt: skip
    assert len(splits) > 1


@pytest.mark.parametrize("seed", range(5))
def test_many_groups_come_close_to_70_10_20_in_every_stratum(seed: int) -> None:
    """Two hundred groups of four pairs; organs and tumours are shared out unevenly."""
    rng = np.random.default_rng(seed)
    entries = [
        entry(f"{g}-{k}", f"{g}", "lung" if rng.random() < 0.3 else "liver")
        for g in range(200)
        for k in range(4)
    ]
    with_tumour = {e.name: bool(rng.random() < 0.6) for e in entries}
    split = draw_split(entries, with_tumour, rng)
    total = Counter((e.organ, with_tumour[e.name]) for e in entries)
    for part, share in zip(PARTS, (0.7, 0.1, 0.2), strict=True):
        names = getattr(split, part)
        assert len(names) / len(entries) == pytest.approx(share, abs=0.03)
        held = Counter((e.organ, with_tumour[e.name]) for e in entries if e.name in set(names))
        for stratum, count in total.items():
            assert held[stratum] / count == pytest.approx(share, abs=0.05), (part, stratum)


def test_fewer_than_three_groups_are_refused_with_a_way_out() -> None:
    entries = [entry(f"{k}", f"mouse-{k % 2}") for k in range(8)]
    with pytest.raises(SettingError, match=r"2 groups \(mouse-0, mouse-1\); expected at least 3"):
        draw_split(entries, {e.name: True for e in entries}, np.random.default_rng(0))


def test_a_stated_split_is_kept_to() -> None:
    entries = [entry("c", "1", split="train"), entry("a", "1", split="train"),
               entry("b", "2", split="val"), entry("d", "3", split="test")]  # fmt: skip
    assert stated_split(entries) == Split(("a", "c"), ("b",), ("d",))


def test_an_empty_column_states_nothing() -> None:
    assert stated_split([entry("a"), entry("b")]) is None


@pytest.mark.parametrize(
    "words", [["train", "val", "testing"], ["train", "val", "test", ""], ["train", "test"]]
)
def test_unknown_words_and_missing_parts_are_refused_with_the_words_listed(words: list[str]) -> None:
    entries = [entry(f"{k}", split=word) for k, word in enumerate(words)]
    with pytest.raises(SettingError, match=r"the split column says .*expected train, val and test") as caught:
        stated_split(entries)
    assert all(repr(word) in str(caught.value) for word in words)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(min_size=1).map(normal_form), unique=True, min_size=3, max_size=9))
def test_a_saved_split_comes_back(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    path = tmp_path_factory.mktemp("split") / "splits.json"
    split = Split(tuple(names[2:]), (names[0],), (names[1],))
    save_split(split, path)
    assert load_split(path) == split


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"train": ["a"], "val": 3}', b"\xff\xfe"])
def test_a_damaged_split_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "splits.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"splits\.json cannot be read"):
        load_split(tmp_path / "splits.json")


def test_a_missing_split_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"there is no .*splits\.json"):
        load_split(tmp_path / "splits.json")


def test_a_part_goes_by_the_runs_split_then_by_the_table_then_takes_what_no_one_placed() -> None:
    entries = [entry("a", split="test"), entry("b", split="test"), entry("c", split="train"), entry("d")]
    split = Split(("a",), (), ("c",))

    def names(part: str, run: Split | None = split) -> list[str]:
        return [e.name for e in part_of(entries, part, run)]

    assert names("train") == ["a", "d"]
    assert names("test") == ["b", "c", "d"]
    assert names("all") == ["a", "b", "c", "d"]
    assert names("test", None) == ["a", "b", "d"]


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(SettingError, match="no image of part 'val' among 1"):
        part_of([entry("a", split="train")], "val", None)


def test_a_split_is_also_read_from_the_run_folder_that_holds_it(tmp_path):
    split = Split(("a",), ("b",), ("c",))
    save_split(split, tmp_path / "splits.json")
    assert load_split(tmp_path) == load_split(tmp_path / "splits.json") == split


@pytest.mark.parametrize("draw", ["split", "folds"])
def test_pairs_without_a_group_are_counted_where_parts_are_drawn(draw: str) -> None:
    def told(*entries: Entry) -> list[str]:
        notes: list[str] = []
        tumours, rng = {one.name: True for one in entries}, np.random.default_rng(0)
        with listening(lambda event: notes.append(str(event))):
            draw_split(entries, tumours, rng) if draw == "split" else draw_folds(entries, tumours, 3, rng)
        return notes

    grouped = [entry(f"pair-{k}", f"animal-{k}") for k in range(4)]
    assert told(*grouped) == []
    (text,) = told(*grouped, entry("pair-4"), entry("pair-5"))
    assert "of 6 labelled pairs 2 have no group" in text
