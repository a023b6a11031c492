"""New labelled pairs: from which sources, with which history, and the same whatever happened in between."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import Entry, PairSet, Split, part_of, read_label, read_table, write_pair
from metgan.errors import ArrayError, SettingError, StorageError
from metgan.labels import sizes
from metgan.synthesis import (
    Generation,
    Inpainter,
    LabelRecipe,
    Plan,
    compose_label,
    generate,
    load,
    plan_pair,
)
from metgan.types import AnyArray, Camera

HISTORY = {
    *("number", "anatomy_source", "label_sources", "label_orientations", "label_groups", "recipe", "seed"),
    *("model", "tumours", "tumour_pixels", "method", "metgan"),
}
CHANNELS = ("anatomy", "tumour", "label")


def entries(count: int) -> list[Entry]:
    return [Entry(f"pair-{k}", f"animal-{k}", "", "", {}) for k in range(count)]


def label_entry(folder: Path, name: str, label: AnyArray) -> Entry:
    image = np.arange(label.size, dtype=np.uint16).reshape(label.shape) + 1
    write_pair(folder, name, image, image, label)
    return Entry(name, f"animal-{name}", "liver", "", {c: folder / c / f"{name}.tif" for c in CHANNELS})


@pytest.fixture
def request_of(small_pairs: PairSet) -> Callable[..., Generation]:
    """A request for pairs from the small world's training part."""
    train = part_of(small_pairs.entries, "train", None)

    def request(count: int = 3, **changes: object) -> Generation:
        return replace(Generation(train, train, LabelRecipe(), count, 0), **changes)

    return request


@pytest.fixture(scope="module")
def six(painter: Inpainter, small_pairs: PairSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pairs, made without any interruption."""
    out = tmp_path_factory.mktemp("six")
    train = part_of(small_pairs.entries, "train", None)
    generate(painter, Generation(train, train, LabelRecipe(), 6, 0), out)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a pair set but hidden ones, by its path in it."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class PowerCut:
    """A painter that works until it has painted `after` images."""

    def __init__(self, painter: Inpainter, after: int) -> None:
        self.painter, self.left = painter, after
        self.card, self.fingerprint = painter.card, painter.fingerprint

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.painter.inpaint(anatomy, label)


# Plans


@given(st.integers(2, 8), st.integers(0, 10_000))
def test_every_anatomy_is_used_once_before_any_is_used_twice(count: int, seed: int) -> None:
    sources = entries(count)
    plans = [plan_pair(sources, sources, LabelRecipe(), seed, k) for k in range(2 * count)]
    for lap in (plans[:count], plans[count:]):
        assert Counter(plan.anatomy.name for plan in lap) == Counter(entry.name for entry in sources)


@given(st.integers(5, 8), st.integers(1, 4), st.integers(0, 10_000))
def test_no_pair_uses_its_own_label_or_one_label_twice(count: int, merged: int, seed: int) -> None:
    sources = entries(count)
    for number in range(2 * count):
        plan = plan_pair(sources, sources, LabelRecipe(merged), seed, number)
        names = [entry.name for entry in plan.labels]
        assert plan.anatomy.name not in names
        assert len(set(names)) == len(names) == merged


def test_labels_of_the_same_group_are_not_foreign_while_there_are_others() -> None:
    sources = [Entry(f"pair-{k}", f"animal-{k // 3}", "", "", {}) for k in range(6)]
    for number in range(60):
        plan = plan_pair(sources, sources, LabelRecipe(merged=2), 0, number)
        assert plan.anatomy.group not in {entry.group for entry in plan.labels}
    alone = sources[:3]
    plan = plan_pair(alone, alone, LabelRecipe(), 0, 0)
    assert plan.labels[0].name != plan.anatomy.name


def test_more_labels_than_there_are_foreign_ones_cannot_be_merged() -> None:
    sources = entries(3)
    with pytest.raises(SettingError, match=r"3 labels to merge onto pair-., and 2 that are not its own"):
        plan_pair(sources, sources, LabelRecipe(merged=3), 0, 0)


def test_over_many_pairs_every_foreign_label_and_orientation_comes_up() -> None:
    sources = entries(4)
    plans = [plan_pair(sources, sources, LabelRecipe(), 0, k) for k in range(400)]
    combinations = {(plan.anatomy.name, plan.labels[0].name) for plan in plans}
    assert len(combinations) == 4 * 3
    assert {plan.orientations[0] for plan in plans} == set(range(8))


def test_labels_stay_upright_when_asked_to() -> None:
    sources = entries(4)
    plans = [plan_pair(sources, sources, LabelRecipe(2, turned=False), 0, k) for k in range(20)]
    assert {plan.orientations for plan in plans} == {(0, 0)}


def test_another_seed_plans_other_pairs() -> None:
    sources = entries(6)
    plans = [[plan_pair(sources, sources, LabelRecipe(), seed, k) for k in range(6)] for seed in (0, 0, 1)]
    assert plans[0] == plans[1] != plans[2]


# Labels


@given(orientation=st.integers(0, 7))
def test_turning_a_label_keeps_its_tumours_and_their_areas(small_pairs: PairSet, orientation: int) -> None:
    entry = small_pairs.entries[0]
    label = read_label(entry.paths["label"])
    turned = compose_label(Plan(entry, (entry,), (orientation,)), label.shape)
    assert sorted(sizes(turned)) == sorted(sizes(label))
    assert (orientation == 0) == np.array_equal(turned, label)


def test_two_merged_labels_are_their_union(small_pairs: PairSet) -> None:
    first, second = small_pairs.entries[:2]
    one, other = (read_label(entry.paths["label"]) for entry in (first, second))
    merged = compose_label(Plan(first, (first, second), (0, 0)), one.shape)
    assert np.array_equal(merged, one | other)
    assert merged.sum() > max(one.sum(), other.sum())


@pytest.mark.parametrize("orientation", range(8))
def test_a_label_that_is_not_square_keeps_its_shape(tmp_path: Path, orientation: int) -> None:
    """
    . . . . . .
    . # # # . .
    . # . . . .
    . . . . . .
    """
    label = np.zeros((4, 6), bool)
    label[1, 1:4] = label[2, 1] = True
    entry = label_entry(tmp_path, "flat", label)
    turned = compose_label(Plan(entry, (entry,), (orientation,)), label.shape)
    images = [label, label[:, ::-1], label[::-1], label[::-1, ::-1]]
    assert any(np.array_equal(turned, image) for image in images)


@pytest.mark.parametrize(
    ("shape", "inside"), [((8, 8), True), ((4, 4), True), ((2, 8), True), ((1, 1), False)]
)
def test_a_label_of_another_size_is_fitted_about_its_centre(
    tmp_path: Path, shape: tuple[int, int], inside: bool
) -> None:
    """
    . . . . . .
    . . . . . .
    . . # # . .
    . . # # . .
    . . . . . .
    . . . . . .
    """
    label = np.zeros((6, 6), bool)
    label[2:4, 2:4] = True
    entry = label_entry(tmp_path, "dot", label)
    fitted = compose_label(Plan(entry, (entry,), (0,)), shape)
    assert fitted.shape == shape
    assert (fitted.sum() == 4) == inside
    middle = tuple(length // 2 for length in shape)
    assert fitted[middle]


def test_a_recipe_of_no_label_and_a_request_for_no_pair_are_refused(
    request_of: Callable[..., Generation],
) -> None:
    with pytest.raises(SettingError, match="merged=0"):
        LabelRecipe(0)
    with pytest.raises(SettingError, match="count=0"):
        request_of(0)


# Pairs


def test_a_pair_is_the_real_anatomy_with_a_foreign_label_and_the_painted_image(
    painter: Inpainter, small_pairs: PairSet, six: Path
) -> None:
    by_name = {entry.name: entry for entry in small_pairs}
    for pair in PairSet.open(six).read_all():
        history = pair.entry.history
        source = small_pairs.read(history["anatomy_source"])
        assert np.array_equal(pair.anatomy, source.anatomy)
        assert history["label_sources"] != source.entry.name
        plan = Plan(source.entry, (by_name[history["label_sources"]],), (int(history["label_orientations"]),))
        assert np.array_equal(pair.label, compose_label(plan, pair.label.shape))
        assert np.array_equal(pair.tumour, painter.inpaint(pair.anatomy, pair.label))
        assert not np.array_equal(pair.tumour, source.tumour)


def test_a_pair_tells_its_whole_history(painter: Inpainter, six: Path) -> None:
    rows = read_table(six)
    assert [row["name"] for row in rows] == [f"synthetic-{k:06d}" for k in range(6)]
    for number, row in enumerate(rows):
        assert row.keys() >= HISTORY
        assert row["number"] == str(number)
        assert row["group"] == row["label_groups"] == "animal-train"
        assert row["model"] == painter.fingerprint
        assert (row["recipe"], row["seed"], row["method"]) == ("merged=1 turned=True", "0", "metgan")
        label = read_label(six / "label" / f"{row['name']}.tif")
        assert (int(row["tumours"]), int(row["tumour_pixels"])) == (len(sizes(label)), label.sum())


def test_the_first_pairs_of_a_long_request_are_those_of_a_short_one(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    generate(painter, request_of(3), tmp_path)
    short, long = contents(tmp_path), contents(six)
    assert len(short) == 3 * 3 + 1
    table = short.pop("pairs.csv")
    assert long["pairs.csv"].startswith(table)
    assert all(long[name] == content for name, content in short.items())


def test_another_seed_gives_other_pairs(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    generate(painter, request_of(3, seed=1), tmp_path)
    other, first = contents(tmp_path), contents(six)
    assert any(first[name] != other[name] for name in other if name.startswith("label"))


def test_sources_are_those_of_the_part_that_was_asked_for(small_pairs: PairSet) -> None:
    names = [entry.name for entry in small_pairs]
    split = Split(tuple(names[:1]), tuple(names[1:2]), tuple(names[2:]))
    stated = part_of(small_pairs.entries, "train", None)
    assert [entry.name for entry in stated] == names[:5]
    assert [entry.name for entry in part_of(small_pairs.entries, "train", split)] == names[:1]
    assert len(part_of(small_pairs.entries, "all", split)) == 10


def test_labels_without_a_tumour_are_not_used(
    painter: Inpainter, request_of: Callable[..., Generation], tmp_path: Path
) -> None:
    empty = label_entry(tmp_path / "labels", "empty", np.zeros((64, 64), bool))
    dot = label_entry(tmp_path / "labels", "dot", np.eye(64, dtype=bool))
    pairs = generate(painter, request_of(4, labels=(empty, dot)), tmp_path / "out")
    assert {entry.history["label_sources"] for entry in pairs} == {"dot"}


def test_labels_that_are_all_empty_are_refused(
    painter: Inpainter, request_of: Callable[..., Generation], tmp_path: Path
) -> None:
    empty = label_entry(tmp_path / "labels", "empty", np.zeros((64, 64), bool))
    with pytest.raises(ArrayError, match="none of the 1 labels holds a tumour"):
        generate(painter, request_of(1, labels=(empty,)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_that_are_not_square_are_painted(painter: Inpainter, tmp_path: Path) -> None:
    labels = [np.zeros((48, 80), bool) for _ in range(2)]
    labels[0][5:9, 60:70] = labels[1][30:40, 3:5] = True
    sources: Sequence[Entry] = [
        label_entry(tmp_path / "in", name, label) for name, label in zip("ab", labels, strict=True)
    ]
    pairs = generate(painter, Generation(sources, sources, LabelRecipe(), 4, 0), tmp_path / "out")
    for pair in pairs.read_all():
        assert pair.tumour.shape == pair.label.shape == (48, 80)
        assert pair.label.sum() == labels["ab".index(pair.entry.history["label_sources"])].sum()


# Interruptions


@pytest.mark.parametrize("after", [0, 1, 4])
def test_pairs_made_in_two_goes_are_those_made_in_one(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path, after: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        generate(PowerCut(painter, after), request_of(6), tmp_path)  # type: ignore[arg-type]  # paints alike
    with pytest.raises(StorageError):  # half a set is not one
        PairSet.open(tmp_path)
    rest = PowerCut(painter, 6 - after)
    generate(rest, request_of(6), tmp_path)  # type: ignore[arg-type]  # likewise
    assert rest.left == 0  # finished pairs were not painted again
    assert contents(tmp_path) == contents(six)
    assert not (tmp_path / ".done.csv").exists()


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_note_that_a_kill_cut_short_does_not_count(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path, kept: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        generate(PowerCut(painter, 3), request_of(6), tmp_path)  # type: ignore[arg-type]  # paints alike
    notes = tmp_path / ".done.csv"
    *whole, last = notes.read_bytes().splitlines(keepends=True)
    notes.write_bytes(b"".join(whole) + last.rstrip()[:kept])
    (tmp_path / "tumour" / "synthetic-000002.tif").unlink()
    generate(painter, request_of(6), tmp_path)
    assert contents(tmp_path) == contents(six)


def test_what_a_killed_writer_left_is_not_taken_for_an_image(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    for name in (".synthetic-000003.tif.4711.part", ".synthetic-000099.tif.4711.part"):
        (tmp_path / "out" / "tumour" / name).write_bytes(b"half an image")
    assert len(PairSet.open(tmp_path / "out")) == 6
    generate(painter, request_of(6), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)


def test_a_finished_set_grows_into_a_larger_one(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    generate(painter, request_of(2), tmp_path)
    generate(painter, request_of(6), tmp_path)
    assert contents(tmp_path) == contents(six)


def test_a_finished_set_is_not_cut_down_to_a_smaller_one(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    with pytest.raises(StorageError, match="holds 6 pairs; expected at most 3"):
        generate(painter, request_of(3), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)
    assert len(PairSet.open(tmp_path / "out")) == 6


def test_a_set_is_not_resumed_with_other_sources(
    painter: Inpainter, request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    fewer = request_of(6).labels[:2]
    with pytest.raises(StorageError, match=r"pairs of label_.*Resume with the same settings"):
        generate(painter, request_of(7, labels=fewer), tmp_path / "out")
    with pytest.raises(StorageError, match=r"pairs of anatomy_source .*Resume with the same settings"):
        generate(painter, request_of(7, anatomies=fewer), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"seed": 1}, "seed 0; expected seed 1"), ({"recipe": LabelRecipe(2)}, "recipe merged=1 turned=True")],
)
def test_a_set_is_not_resumed_with_other_settings(
    painter: Inpainter,
    request_of: Callable[..., Generation],
    six: Path,
    tmp_path: Path,
    changes: dict[str, object],
    message: str,
) -> None:
    shutil.copytree(six, tmp_path / "out")
    with pytest.raises(StorageError, match=message):
        generate(painter, request_of(6, **changes), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)


def test_a_set_that_was_not_generated_is_not_added_to(
    painter: Inpainter, request_of: Callable[..., Generation], small_pairs: PairSet, tmp_path: Path
) -> None:
    shutil.copytree(small_pairs.root, tmp_path / "out")
    before = contents(tmp_path / "out")
    for count in (3, 20):
        with pytest.raises(StorageError):
            generate(painter, request_of(count), tmp_path / "out")
    assert contents(tmp_path / "out") == before


def test_a_set_is_not_resumed_with_another_model(
    save_run: Callable[..., Path], request_of: Callable[..., Generation], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    with pytest.raises(StorageError, match=r"pairs of model .*Resume with the same settings"):
        generate(load(save_run(seed=1), "cpu"), request_of(6), tmp_path / "out")
