"""New labelled pairs: from which sources, with which history, and the same whatever happened in between."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from metgan.data import Entry, PairSet, Split, StoredPairs, part_of, read_label, read_table, write_pair
from metgan.errors import ArrayError, StorageError
from metgan.labels import Grown, Merged, Real, SizeDistribution, find_tissue, symmetry
from metgan.objects import sizes
from metgan.synthesis import (
    CONTACT_SHEET,
    Background,
    Contrast,
    GenerationRequest,
    Inpainter,
    Noise,
    PairPlans,
    generate,
    generate_pair,
    load,
)
from metgan.types import AnyArray, Camera

HISTORY = {
    *("number", "anatomy_source", "label_sources", "label_orientations", "label_groups", "recipe", "seed"),
    *(
        "model",
        "drawn_from",
        "tumours",
        "tumour_pixels",
        "own_tumours",
        "labelled_by",
        "left_out",
        "method",
        "metgan",
    ),
    *("limits", "recall", "false_area", "contrast", "nearest", "light", "attempts", "gate", "rejected"),
}
CHANNELS = ("anatomy", "tumour", "label")

pytestmark = pytest.mark.usefixtures("one_thread")


def label_entry(folder: Path, name: str, label: AnyArray) -> Entry:
    image = np.arange(label.size, dtype=np.uint16).reshape(label.shape) + 1
    write_pair(folder, name, image, image, label)
    return Entry(name, f"animal-{name}", "liver", "", {c: folder / c / f"{name}.tif" for c in CHANNELS})


@pytest.fixture
def request_of(small_pairs: PairSet) -> Callable[..., GenerationRequest]:
    """A request for pairs from the small world's training part."""
    train = part_of(small_pairs.entries, "train", None)

    def request(count: int = 3, **changes: object) -> GenerationRequest:
        return replace(GenerationRequest(train, train, Real(), count, 0), **changes)

    return request


@pytest.fixture(scope="module")
def six(inpainter: Inpainter, small_pairs: PairSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pairs, made without any interruption."""
    out = tmp_path_factory.mktemp("six")
    train = part_of(small_pairs.entries, "train", None)
    generate(inpainter, GenerationRequest(train, train, Real(), 6, 0), out)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a pair set but hidden ones, by its path in it."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class PowerCut:
    """A generator that works until it has painted `after` images."""

    def __init__(self, inpainter: Inpainter, after: int) -> None:
        self.inpainter, self.left = inpainter, after
        self.card, self.fingerprint, self.filled = inpainter.card, inpainter.fingerprint, inpainter.filled
        self.held_out = inpainter.held_out
        self.device = inpainter.device

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.inpainter.inpaint(anatomy, label)

    def inpaint_all(self, images: Sequence[tuple[AnyArray, AnyArray]]) -> list[Camera]:
        return [self.inpaint(*image) for image in images]


# Pairs


def test_a_pair_is_the_real_anatomy_with_a_foreign_label_and_the_painted_image(
    inpainter: Inpainter, small_pairs: PairSet, six: Path
) -> None:
    by_name = {entry.name: entry for entry in small_pairs}
    for pair in StoredPairs(PairSet.open(six)):
        provenance = pair.entry.provenance
        source = small_pairs.read(provenance["anatomy_source"])
        assert np.array_equal(pair.anatomy, source.anatomy)
        assert provenance["label_sources"] != source.entry.name
        foreign = read_label(by_name[provenance["label_sources"]].paths["label"])
        assert np.array_equal(pair.label, symmetry(foreign, int(provenance["label_orientations"])))
        assert np.array_equal(pair.tumour, inpainter.inpaint(pair.anatomy, pair.label))
        assert not np.array_equal(pair.tumour, source.tumour)


def test_a_pair_tells_its_whole_history(inpainter: Inpainter, six: Path) -> None:
    rows = read_table(six)
    assert [row["name"] for row in rows] == [f"synthetic-{k:06d}" for k in range(6)]
    for number, row in enumerate(rows):
        assert row.keys() >= HISTORY
        assert row["number"] == str(number)
        assert row["group"] == row["label_groups"] == "animal-train"
        assert row["model"] == inpainter.fingerprint
        assert (row["recipe"], row["seed"], row["method"]) == ("real turned=True", "0", "metgan")
        label = read_label(six / "label" / f"{row['name']}.tif")
        assert (int(row["tumours"]), int(row["tumour_pixels"])) == (len(sizes(label)), label.sum())


def test_the_first_pairs_of_a_long_request_are_those_of_a_short_one(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    generate(inpainter, request_of(3), tmp_path)
    short, long = contents(tmp_path), contents(six)
    assert len(short) == 3 * 3 + 2
    table, picture = short.pop("pairs.csv"), short.pop(CONTACT_SHEET)
    assert picture != long[CONTACT_SHEET]  # of three pairs and of six
    assert long["pairs.csv"].startswith(table)
    assert all(long[name] == content for name, content in short.items())


def test_another_seed_gives_other_pairs(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    generate(inpainter, request_of(3, seed=1), tmp_path)
    other, first = contents(tmp_path), contents(six)
    assert any(first[name] != other[name] for name in other if name.startswith("label"))


def test_sources_are_those_of_the_part_that_was_asked_for(small_pairs: PairSet) -> None:
    names = [entry.name for entry in small_pairs]
    split = Split(tuple(names[5:7]), tuple(names[:5]), tuple(names[7:]))
    stated = part_of(small_pairs.entries, "train", None)
    assert [entry.name for entry in stated] == names[:5]
    assert [entry.name for entry in part_of(small_pairs.entries, "train", split)] == names[5:7]
    assert len(part_of(small_pairs.entries, "all", split)) == 10


def test_labels_without_a_tumour_are_not_used(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], tmp_path: Path
) -> None:
    empty = label_entry(tmp_path / "labels", "empty", np.zeros((64, 64), bool))
    dot = label_entry(tmp_path / "labels", "dot", np.eye(64, dtype=bool))
    pairs = generate(inpainter, request_of(4, labels=(empty, dot)), tmp_path / "out")
    assert {entry.provenance["label_sources"] for entry in pairs} == {"dot"}


def test_labels_that_are_all_empty_are_refused(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], tmp_path: Path
) -> None:
    empty = label_entry(tmp_path / "labels", "empty", np.zeros((64, 64), bool))
    with pytest.raises(ArrayError, match="none of the 1 labels holds a tumour"):
        generate(inpainter, request_of(1, labels=(empty,)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_that_are_not_square_are_painted(inpainter: Inpainter, tmp_path: Path) -> None:
    labels = [np.zeros((48, 80), bool) for _ in range(2)]
    labels[0][5:9, 60:70] = labels[1][30:40, 3:5] = True
    sources: Sequence[Entry] = [
        label_entry(tmp_path / "in", name, label) for name, label in zip("ab", labels, strict=True)
    ]
    pairs = generate(inpainter, GenerationRequest(sources, sources, Real(), 4, 0), tmp_path / "out")
    for pair in StoredPairs(pairs):
        assert pair.tumour.shape == pair.label.shape == (48, 80)
        assert pair.label.sum() == labels["ab".index(pair.entry.provenance["label_sources"])].sum()


def test_simulated_tumours_lie_in_tissue_and_need_no_label(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], tmp_path: Path
) -> None:
    recipe = Grown(SizeDistribution(20, 0.5, 10, 40), counts=(1, 3))
    pairs = generate(inpainter, request_of(4, labels=(), recipe=recipe), tmp_path)
    for pair in StoredPairs(pairs):
        assert not pair.label[~find_tissue(pair.anatomy)].any()
        provenance = pair.entry.provenance
        assert (provenance["label_sources"], provenance["label_groups"], provenance["left_out"]) == (
            "",
            "",
            "0",
        )
        assert 1 <= int(provenance["tumours"]) <= 3


# Batches and threads


@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (3, 1), (8, 1), (2, 2), (1, 3)])
def test_pairs_are_the_same_in_batches_of_any_size_and_on_any_number_of_threads(
    inpainter: Inpainter,
    request_of: Callable[..., GenerationRequest],
    six: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    threads: int,
) -> None:
    modules = (sys.modules[f"metgan.{name}"] for name in ("synthesis.generate", "models.predict"))
    for module, most in zip(modules, (batch, max(batch, 2)), strict=True):
        monkeypatch.setattr(module, "MOST_IMAGES", most)
    torch.set_num_threads(threads)
    try:
        generate(inpainter, request_of(6), tmp_path)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(1)  # as the module has it
    assert contents(tmp_path) == contents(six)


@pytest.mark.slow
@pytest.mark.usefixtures("one_by_one")
def test_an_anatomy_without_tumours_and_the_background_of_a_donor_are_painted_once(
    inpainter: Inpainter, small_pairs: PairSet
) -> None:
    train = part_of(small_pairs.entries, "train", None)
    steps = (Contrast((1.5, 2.0)), Background(Noise(0.2, 1.0), train))
    asked = GenerationRequest(train, train, Merged(2), 9, 0, steps)
    counting, plans = PowerCut(inpainter, 1000), PairPlans(asked)
    made = [generate_pair(counting, plans, number, None) for number in range(9)]  # type: ignore[arg-type]
    donors = {pair.plan.donor.name for pair in made if pair.plan.donor is not None}
    assert 1000 - counting.left == 9 + len({pair.plan.source.name for pair in made}) + len(donors)
    for number, pair in enumerate(made):  # and are what they are for a pair by itself
        alone = generate_pair(inpainter, PairPlans(asked), number, None)
        assert np.array_equal(pair.tumour, alone.tumour)
    other = PowerCut(inpainter, 1000)  # another generator paints its own
    generate_pair(other, plans, 0, None)  # type: ignore[arg-type]  # paints alike
    assert other.left == 1000 - 3


# Interruptions


@pytest.mark.parametrize("after", [0, 1, 4])
@pytest.mark.usefixtures("one_by_one")
def test_pairs_made_in_two_goes_are_those_made_in_one(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path, after: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        generate(PowerCut(inpainter, after), request_of(6), tmp_path)  # type: ignore[arg-type]  # paints alike
    with pytest.raises(StorageError):  # half a set is not one
        PairSet.open(tmp_path)
    rest = PowerCut(inpainter, 6 - after)
    generate(rest, request_of(6), tmp_path)  # type: ignore[arg-type]  # likewise
    assert rest.left == 0  # finished pairs were not painted again
    assert contents(tmp_path) == contents(six)
    assert not (tmp_path / ".done.csv").exists()


@pytest.mark.usefixtures("one_by_one")
def test_a_set_that_another_version_began_is_refused_and_keeps_its_notes(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        generate(PowerCut(inpainter, 3), request_of(6), tmp_path)  # type: ignore[arg-type]  # paints alike
    notes = tmp_path / ".done.csv"
    notes.write_text(notes.read_text().replace("background_group", "a_former_column"))
    before = notes.read_text()
    with pytest.raises(StorageError, match="another version of metgan has begun"):
        generate(inpainter, request_of(6), tmp_path)
    assert notes.read_text() == before


@pytest.mark.parametrize("kept", [1, 20, -1])
@pytest.mark.usefixtures("one_by_one")
def test_a_note_that_a_kill_cut_short_does_not_count(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path, kept: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        generate(PowerCut(inpainter, 3), request_of(6), tmp_path)  # type: ignore[arg-type]  # paints alike
    notes = tmp_path / ".done.csv"
    *whole, last = notes.read_bytes().splitlines(keepends=True)
    notes.write_bytes(b"".join(whole) + last.rstrip()[:kept])
    (tmp_path / "tumour" / "synthetic-000002.tif").unlink()
    generate(inpainter, request_of(6), tmp_path)
    assert contents(tmp_path) == contents(six)


def test_what_a_killed_writer_left_is_not_taken_for_an_image(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    for name in (".synthetic-000003.tif.4711.part", ".synthetic-000099.tif.4711.part"):
        (tmp_path / "out" / "tumour" / name).write_bytes(b"half an image")
    assert len(PairSet.open(tmp_path / "out")) == 6
    generate(inpainter, request_of(6), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)


def test_a_finished_set_grows_into_a_larger_one(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    generate(inpainter, request_of(2), tmp_path)
    generate(inpainter, request_of(6), tmp_path)
    assert contents(tmp_path) == contents(six)


def test_a_finished_set_is_not_cut_down_to_a_smaller_one(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    with pytest.raises(StorageError, match="holds 6 pairs; expected at most 3"):
        generate(inpainter, request_of(3), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)
    assert len(PairSet.open(tmp_path / "out")) == 6


def test_a_set_is_not_resumed_with_other_sources(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    fewer = request_of(6).labels[:2]
    with pytest.raises(StorageError, match=r"pairs of drawn_from .*Resume with the same settings"):
        generate(inpainter, request_of(7, labels=fewer), tmp_path / "out")
    with pytest.raises(StorageError, match=r"pairs of drawn_from .*Resume with the same settings"):
        generate(inpainter, request_of(7, anatomies=fewer), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"seed": 1}, "seed 0; expected seed 1"), ({"recipe": Merged(2)}, "recipe real turned=True")],
)
def test_a_set_is_not_resumed_with_other_settings(
    inpainter: Inpainter,
    request_of: Callable[..., GenerationRequest],
    six: Path,
    tmp_path: Path,
    changes: dict[str, object],
    message: str,
) -> None:
    shutil.copytree(six, tmp_path / "out")
    with pytest.raises(StorageError, match=message):
        generate(inpainter, request_of(6, **changes), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(six)


def test_a_set_that_was_not_generated_is_not_added_to(
    inpainter: Inpainter, request_of: Callable[..., GenerationRequest], small_pairs: PairSet, tmp_path: Path
) -> None:
    shutil.copytree(small_pairs.root, tmp_path / "out")
    before = contents(tmp_path / "out")
    for count in (3, 20):
        with pytest.raises(StorageError):
            generate(inpainter, request_of(count), tmp_path / "out")
    assert contents(tmp_path / "out") == before


def test_a_set_is_not_resumed_with_another_model(
    save_run: Callable[..., Path], request_of: Callable[..., GenerationRequest], six: Path, tmp_path: Path
) -> None:
    shutil.copytree(six, tmp_path / "out")
    with pytest.raises(StorageError, match=r"pairs of model .*Resume with the same settings"):
        generate(load(save_run(seed=1), "cpu"), request_of(6), tmp_path / "out")
