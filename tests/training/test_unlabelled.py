"""Unlabelled pairs in a run: nothing of what is tested among them, and what a method makes of them."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from metgan.data import (
    Entry,
    Pair,
    PairSet,
    StoredPairs,
    entries_of,
    read_label,
    read_pair,
    write_pair,
    write_table,
)
from metgan.errors import ArrayError, LeakageError, SettingError, StorageError
from metgan.io import fingerprint
from metgan.methods import find_method
from metgan.models import LABELLED_BY, MODEL_FILE, load_segmentor, read_card
from metgan.training import (
    Engine,
    GanTrainConfig,
    MethodTraining,
    RunConfig,
    TrainConfig,
    TrainingData,
    load_data,
    load_training_data,
    split_pairs,
    train_segmentor,
    with_pseudo_labels,
)
from metgan.training.segmentor_run import check_segmentor_config
from metgan.training.session import PSEUDO_LABELS
from metgan.training.stepper import Stepper
from metgan.training.validation import ValidationSet, validate_segmentor

pytestmark = pytest.mark.usefixtures("one_thread")
EXACT = Engine(device="cpu", precision="fp32")
READING = TrainConfig(steps=3, batch_size=2, crop=48, learning_rate=2e-3, validations=1)
PAINTING = GanTrainConfig(steps=2, batch_size=2, crop=64, pool_size=1, ema_decay=0.9, validations=2)

Rows = list[dict[str, str]]


def write_scans(root: Path, rows: Rows, like: Path | None = None) -> tuple[Entry, ...]:
    """Write unlabelled pairs of noise with these rows; a ``copy`` has the pixels of the last in `like`."""
    for number, row in enumerate(rows):
        anatomy, tumour = np.random.default_rng(number).integers(0, 60000, (2, 64, 64)).astype(np.uint16)
        if row["name"] == "copy" and like is not None:
            tested = PairSet.open(like).read(PairSet.open(like).entries[-1].name)
            anatomy, tumour = tested.anatomy, tested.tumour
        write_pair(root, row["name"], anatomy, tumour, None)
    write_table(root, [{"organ": "lung"} | row for row in rows])
    return PairSet.open(root).unlabelled


def row(name: str, group: str = "animal-scan", split: str = "") -> dict[str, str]:
    return {"name": name, "group": group, "split": split}


def names_of(data: TrainingData) -> list[str]:
    return [entry.name for entry in entries_of(data.unlabelled)]


@pytest.mark.parametrize(
    "hidden",
    [
        row("x", "animal-test"),
        row("x", "Animal-Test"),
        row("x", "animal-val"),
        row("x", split="test"),
        row("x", split="val"),
        row("copy", "another"),
    ],
    ids=["group", "spelling", "validation group", "split", "validation split", "pixels"],
)
def test_an_unlabelled_pair_of_what_is_tested_or_validated_is_not_learned_from_and_counted(
    small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], hidden: dict[str, str]
) -> None:
    rows = [row("a", "other"), row("b", "other"), hidden]
    data = load_data(PairSet.open(small_world), 0, write_scans(tmp_path, rows, small_world))
    assert names_of(data) == ["a", "b"]
    assert "1 of 3 unlabelled pairs are of the validation or test part: left out" in capsys.readouterr().err
    assert data.groups_seen == ("animal-train", "animal-val", "other")


def test_what_shares_a_group_with_an_unlabelled_test_pair_is_of_the_test_part_too(
    small_world: Path, tmp_path: Path
) -> None:
    rows = [row("a", "mouse 7"), row("b", "mouse 7", "test"), row("c", "mouse 8")]
    data = load_data(PairSet.open(small_world), 0, write_scans(tmp_path, rows))
    assert names_of(data) == ["c"]
    assert "mouse 7" in data.split.held_out.groups


def test_training_pairs_of_a_group_that_an_unlabelled_pair_calls_a_test_group_are_refused(
    small_world: Path, tmp_path: Path
) -> None:
    more = write_scans(tmp_path, [row("a", "animal-train", "test")])
    with pytest.raises(LeakageError, match="group 'animal-train' with the test part"):
        load_data(PairSet.open(small_world), 0, more)


def test_a_runs_split_decides_over_what_the_table_says(small_world: Path) -> None:
    """The labelled pairs themselves, given as unlabelled: those of the training part may be learned from."""
    pairs = PairSet.open(small_world)
    split = split_pairs(pairs, 0)
    data = load_training_data(pairs, split, pairs.entries)
    assert names_of(data) == list(split.train)
    assert not any(entry.is_labelled for entry in entries_of(data.unlabelled))
    assert all(pair.ignored is not None and pair.ignored.all() for pair in data.unlabelled)


def test_the_unlabelled_pairs_of_a_set_are_learned_from_and_measured_nowhere(
    small_world: Path, small_pairs: PairSet, scans: Path
) -> None:
    unlabelled = PairSet.open(scans).unlabelled
    whole = replace(small_pairs, unlabelled=unlabelled)
    data, bare = load_data(whole, 0), load_data(small_pairs, 0)
    assert names_of(data) == [entry.name for entry in unlabelled]
    assert data.normalisation == bare.normalisation
    assert (data.tumour_share, data.mean("tumour")) == (bare.tumour_share, bare.mean("tumour"))
    assert entries_of(data.drawn) == entries_of(bare.drawn)
    assert data.split == bare.split


def test_two_unlabelled_pairs_of_one_name_are_refused(small_pairs: PairSet, scans: Path) -> None:
    unlabelled = PairSet.open(scans).unlabelled
    whole = replace(small_pairs, unlabelled=unlabelled)
    with pytest.raises(SettingError, match=r"4 names of unlabelled pairs in two pair sets \(scan-0,"):
        load_data(whole, 0, unlabelled)


def test_an_unlabelled_pair_of_another_dtype_is_refused_before_a_training(
    small_pairs: PairSet, tmp_path: Path
) -> None:
    image = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) % 251
    write_pair(tmp_path, "dim", image.astype(np.uint8), image.astype(np.uint8), None)
    with pytest.raises(ArrayError, match="dim tumour"):
        load_data(small_pairs, 0, PairSet.open(tmp_path).unlabelled)


def test_unlabelled_pairs_are_looked_at_one_at_a_time(
    small_pairs: PairSet, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no room to keep any, none is in memory once the next is read."""
    alive: list[weakref.ref[Pair]] = []
    most = 0

    def read(entry: Entry) -> Pair:
        nonlocal most
        pair = read_pair(entry)
        alive.append(weakref.ref(pair))
        most = max(most, sum(one() is not None for one in alive))
        return pair

    monkeypatch.setattr("metgan.data.stored_pairs.read_pair", read)
    monkeypatch.setattr("metgan.data.stored_pairs.StoredPairs.__init__", keep_nothing)
    load_data(small_pairs, 0, PairSet.open(scans).unlabelled)
    assert len(alive) > len(small_pairs)
    assert most <= 2


def keep_nothing(self: StoredPairs, entries: Iterable[Entry], cache_bytes: int = 0) -> None:
    """Begin `StoredPairs` with no room for any pair."""
    self._entries, self._cache_bytes, self._kept, self._free = tuple(entries), 0, {}, 0


def test_a_segmentor_counts_the_groups_of_unlabelled_pairs_among_those_that_it_has_seen(
    small_pairs: PairSet, scans: Path, trained: MethodTraining
) -> None:
    _, card = load_segmentor(trained.run_config.folder / "segmentor")
    assert "animal-scan" in card.groups_seen
    with pytest.raises(LeakageError, match="animal-scan"):
        card.refuse_to_have_seen(["animal-scan"], "testing")
    assert "animal-scan" in read_card(trained.run_config.folder).groups_seen


def training(folder: Path, data: TrainingData, *, resume: bool = False) -> MethodTraining:
    run_config = RunConfig("metgan", "small", PAINTING, EXACT, 0, folder, resume)
    return MethodTraining(find_method("metgan"), run_config, data, READING)


@pytest.fixture(scope="module")
def data(small_pairs: PairSet, scans: Path) -> TrainingData:
    return load_data(small_pairs, 0, PairSet.open(scans).unlabelled)


@pytest.fixture(scope="module")
def trained(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> MethodTraining:
    done = training(tmp_path_factory.mktemp("metgan"), data)
    done.run()
    return done


def test_a_run_keeps_what_its_segmentor_is_sure_of_in_unlabelled_pairs(trained: MethodTraining) -> None:
    """Outside the training set, where `metgan info` and others look for nothing."""
    folder = trained.run_config.folder
    names = [f"scan-{k}.tif" for k in range(4)]
    for kind in ("label", "ignore"):
        assert sorted(path.name for path in (folder / PSEUDO_LABELS / kind).iterdir()) == names
    label, ignored = (
        read_label(folder / PSEUDO_LABELS / kind / "scan-0.tif") for kind in ("label", "ignore")
    )
    assert not (label & ignored).any()


def test_a_method_learns_from_pseudo_labelled_pairs_beside_the_labelled_ones(
    trained: MethodTraining, data: TrainingData
) -> None:
    labelled = with_pseudo_labels(trained.run_config, trained.data, trained.run_config.folder / "segmentor")
    assert [e.name for e in entries_of(labelled.drawn)] == [
        *(entry.name for entry in entries_of(data.train)),
        *(entry.name for entry in entries_of(data.unlabelled)),
    ]
    weights = fingerprint(trained.run_config.folder / "segmentor" / MODEL_FILE)
    assert {e.provenance.get(LABELLED_BY) for e in entries_of(labelled.pseudo_labelled)} == {weights}
    batch = replace(trained.run_config, folder=Path()).batches(labelled).at(0)
    assert labelled.checksum == data.checksum
    assert batch.tumour.shape == (2, 1, 64, 64)


def test_a_segmentor_does_not_go_on_with_other_pseudo_labelled_pairs_than_it_had(
    data: TrainingData, tmp_path: Path
) -> None:
    """No other network decides them that its checkpoint knows of."""
    known = data.train[0]
    entry = replace(known.entry, name="scan", provenance={LABELLED_BY: "0123"})
    of = replace(data, unlabelled=(), pseudo_labelled=[replace(known, entry=entry)])
    run_config = RunConfig("segmentor", "small", READING, EXACT, 0, tmp_path)
    train_segmentor(run_config, of)
    resumed = replace(run_config, resume=True)
    train_segmentor(resumed, of)  # as it was: goes on
    other = replace(of, pseudo_labelled=[replace(known, entry=entry, label=~known.label)])
    for changed in (other, replace(of, pseudo_labelled=())):
        with pytest.raises(StorageError, match="pseudo-labels"):
            check_segmentor_config(resumed, changed)
        with pytest.raises(StorageError, match="pseudo-labels"):
            train_segmentor(resumed, changed)


@pytest.mark.slow
def test_a_metgan_with_unlabelled_pairs_that_is_cut_off_equals_one_that_is_not(
    trained: MethodTraining, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off in its second step, after the first of two validations."""

    def stop(self: Stepper[Any], step: int, rate: float, material: object) -> dict[str, torch.Tensor]:
        if len(self.phases) == 2 and step == 1:  # of MetGAN: a segmentor has one phase
            raise KeyboardInterrupt
        return take_before(self, step, rate, material)

    take_before = Stepper.take
    with monkeypatch.context() as patch:
        patch.setattr(Stepper, "take", stop)
        with pytest.raises(KeyboardInterrupt):
            training(tmp_path, data).run()
    training(tmp_path, data, resume=True).run()
    for file in (MODEL_FILE, f"segmentor/{MODEL_FILE}", f"{PSEUDO_LABELS}/label/scan-2.tif"):
        assert (tmp_path / file).read_bytes() == (trained.run_config.folder / file).read_bytes()


def test_a_method_without_a_segmentor_leaves_unlabelled_pairs_out_and_says_so(
    data: TrainingData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_config = RunConfig("pix2pix", "small", PAINTING, EXACT, 0, tmp_path)
    assert MethodTraining(find_method("pix2pix"), run_config, data, READING)  # it can be trained all the same
    left = with_pseudo_labels(run_config, data, None)
    assert "4 unlabelled pairs are left out: no segmentor labels them" in capsys.readouterr().err
    assert entries_of(left.drawn) == entries_of(data.train)


class AllTumour(nn.Module):
    """Reads a tumour everywhere."""

    stride = 1

    def forward(self, image: Tensor) -> Tensor:
        return torch.full_like(image, 9.0)


def test_pixels_of_which_a_validation_label_says_nothing_count_in_no_dice(data: TrainingData) -> None:
    """Where all but the tumours is ignored, a reading of tumour everywhere is right."""
    pairs = [pair for pair in data.val if pair.label.any()]
    partly = [replace(pair, ignored=~pair.label) for pair in pairs]
    device, reader = torch.device("cpu"), AllTumour()
    whole, known = (
        validate_segmentor(reader, ValidationSet.of(data, device, some)).score  # type: ignore[arg-type]
        for some in (pairs, partly)
    )
    assert whole < 0.5
    assert known == 1
