"""Pairs on the disk: each file is read a stated number of times, and kept as long as there is room."""

from __future__ import annotations

import pickle
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from metgan.data import (
    JoinedPairs,
    Pair,
    PairSet,
    PairView,
    StoredPairs,
    entries_of,
    fit_pairs,
    read_pair,
    write_pair,
    write_table,
)
from metgan.data.entry import CHANNELS
from metgan.errors import SettingError
from metgan.training import TrainingData, load_training_data, split_pairs
from metgan.workflows.facts import pair_facts

COUNT, SIDE = 9, 64
PIXELS = SIDE**2
PAIR_BYTES = 6 * PIXELS  # two channels of 16 bits, the label and the mask of fill
_listening: list[Counter[str]] = []


def _hear(event: str, args: tuple[object, ...]) -> None:
    if event == "open" and isinstance(args[0], str | Path):
        for opened in _listening:
            opened[str(args[0])] += 1


sys.addaudithook(_hear)


@contextmanager
def reads(root: Path) -> Iterator[Counter[str]]:
    """Count, by channel and name, how often each image is read within the block."""
    opened: Counter[str] = Counter()
    _listening.append(opened)
    counted: Counter[str] = Counter()
    try:
        yield counted
    finally:
        _listening.remove(opened)
        for path, number in opened.items():
            if Path(path).suffix == ".tif" and Path(path).is_relative_to(root):
                counted[f"{Path(path).parent.name}/{Path(path).stem}"] += number


@pytest.fixture
def pairs(tmp_path: Path) -> PairSet:
    """Nine pairs of as many animals, named 0 to 8, of which each shows a tumour; no split is stated."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(COUNT):
        anatomy, tumour = (np.rint(rng.normal(500, 30, (SIDE, SIDE))).astype(np.uint16) for _ in range(2))
        label = np.zeros((SIDE, SIDE), bool)
        label[20:26, 20 : 21 + number] = True
        write_pair(tmp_path, str(number), anatomy, tumour + 900 * label.astype(np.uint16), label)
        rows.append({"name": str(number), "group": f"mouse-{number}", "organ": "", "split": ""})
    write_table(tmp_path, rows)
    return PairSet.open(tmp_path)


def each_file(pairs: PairSet, times: int, names: Sequence[str] | None = None) -> dict[str, int]:
    names = [entry.name for entry in pairs] if names is None else names
    return {f"{channel}/{name}": times for channel in CHANNELS for name in names}


def same(one: Pair, other: Pair) -> bool:
    return one.entry == other.entry and all(
        np.array_equal(getattr(one, channel), getattr(other, channel)) for channel in CHANNELS
    )


def test_a_set_that_fits_is_read_once_and_equals_the_files(pairs: PairSet) -> None:
    with reads(pairs.root) as counted:
        stored = StoredPairs(pairs)
        assert not counted
        for _ in range(3):
            found = [*stored]
    assert counted == each_file(pairs, 1)
    assert all(same(pair, read_pair(entry)) for pair, entry in zip(found, pairs, strict=True))


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (PAIR_BYTES - 1, 0), (4 * PAIR_BYTES, 4)])
def test_of_a_set_that_does_not_fit_the_first_stay_and_the_others_are_read_anew(
    pairs: PairSet, room: int, kept: int
) -> None:
    stored = StoredPairs(pairs, room)
    with reads(pairs.root) as counted:
        for _ in range(3):
            assert [pair.entry.name for pair in stored] == [entry.name for entry in pairs]
    names = [entry.name for entry in pairs]
    assert counted == each_file(pairs, 1, names[:kept]) | each_file(pairs, 3, names[kept:])


def test_less_than_no_memory_is_refused() -> None:
    with pytest.raises(SettingError, match="cache_bytes=-1"):
        StoredPairs([], -1)


def test_a_copy_for_another_process_leaves_the_pixels_behind(pairs: PairSet) -> None:
    stored = StoredPairs(pairs)
    assert [*stored]
    carried = pickle.dumps(stored)
    assert len(carried) < PAIR_BYTES
    assert all(same(one, other) for one, other in zip(pickle.loads(carried), stored, strict=True))


def test_places_count_from_either_end_and_slices_read_nothing(pairs: PairSet) -> None:
    stored = StoredPairs(pairs)
    with reads(pairs.root) as counted:
        part = stored[2:7:2]
        assert [entry.name for entry in entries_of(part)] == ["2", "4", "6"]
        assert not counted
    assert (part[-1].entry.name, stored[-9].entry.name, part[1:][0].entry.name) == ("6", "0", "4")
    for place in (9, -10):
        with pytest.raises(IndexError):
            stored[place]


def test_joined_and_chosen_pairs_are_those_of_their_parts(pairs: PairSet) -> None:
    stored = StoredPairs(pairs)
    joined = JoinedPairs(PairView(stored, [3, 1]), [*stored[:2]])
    assert [pair.entry.name for pair in joined] == ["3", "1", "0", "1"]
    assert [entry.name for entry in joined.entries] == ["3", "1", "0", "1"]
    swapped = PairView(stored, [0, 1, 2], [1, 0, 2])
    assert [int(pair.label.sum()) for pair in swapped] == [6 * 2, 6 * 1, 6 * 3]
    assert same(swapped[2], stored[2])


def measure(data: TrainingData) -> list[float]:
    """Ask for all that a training asks for."""
    channels = ("anatomy", "tumour")
    facts = [data.mean(channel) for channel in channels] + [data.start(channel) for channel in channels]
    return [*facts, data.tumour_share, data.smallest_side, data.checksum, len(data.validated(4))]


def test_a_small_set_is_read_to_split_it_to_compare_its_parts_and_once_more_to_train_on_it(
    pairs: PairSet,
) -> None:
    with reads(pairs.root) as counted:
        split = split_pairs(pairs, 0)
        assert len(split.train) + len(split.val) + len(split.test) == COUNT
        data = load_training_data(pairs, split)
        for _ in range(2):
            measure(data)
            measure(data.in_units_of(data.normalisation))
            assert [*data.train, *data.val]
    once = each_file(pairs, 1)
    compared = {file: times for file, times in once.items() if not file.startswith("label/")}
    used = each_file(pairs, 1, [*split.train, *split.val])
    assert counted == Counter(once) + Counter(compared) + Counter(used)


def test_without_memory_all_is_the_same_and_five_passes_measure_it(pairs: PairSet) -> None:
    """Of the normalisation, the survey, the surroundings of tumours, and two checksums."""
    split = split_pairs(pairs, 0)
    kept = load_training_data(pairs, split)
    train, val = (StoredPairs(pairs.select(names), 0) for names in (split.train, split.val))
    with reads(pairs.root) as counted:
        units = fit_pairs(train)
        data = TrainingData(train, val, split, units, kept.groups_seen)
        found = measure(data)
        moved = data.in_units_of(units)
        assert moved.checksum == moved.checksum == kept.checksum
        assert moved.mean("tumour") == kept.mean("tumour")
    assert found == measure(kept)
    passes = dict.fromkeys(split.train, 5) | dict.fromkeys(split.val, 4)  # survey, sums, validated
    passes[split.train[0]] += 1  # asked for its dtype
    passes[split.val[0]] += 1
    assert counted == {f"{channel}/{name}": n for name, n in passes.items() for channel in CHANNELS}


def test_info_reads_each_image_once_and_forty_for_their_registration(pairs: PairSet) -> None:
    with reads(pairs.root) as counted:
        facts = pair_facts(pairs)
    assert counted == each_file(pairs, 2)
    assert facts["pairs"] == "9, 9 with a tumour"
    assert facts["tumours"] == "9, 6 to 54 pixels, median 30"
