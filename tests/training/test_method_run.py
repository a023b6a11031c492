"""Whole small trainings: what they write, from what, and that they can be repeated and resumed to the bit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import update_bn

from metgan.data import Pair, PairSet, Split, StoredPairs, load_split, read_table, write_pair, write_table
from metgan.errors import ArrayError, LeakageError, StorageError
from metgan.io import load_state, save_state
from metgan.methods import IntensityAugment, find_method
from metgan.models import MODEL_FILE, load_segmentor, read_card
from metgan.progress import listening
from metgan.training import (
    SEGMENTOR_FOLDER,
    EarlyStopping,
    Engine,
    GanTrainConfig,
    MethodTraining,
    RunConfig,
    TrainConfig,
    TrainingData,
    load_data,
    load_training_data,
    read_log,
    read_status,
    split_pairs,
    train_method,
    train_segmentor,
)
from metgan.training.checkpoint import CHECKPOINT
from metgan.training.segmentor_run import BATCH_NORM_BATCHES

pytestmark = pytest.mark.usefixtures("one_thread")
EXACT = Engine(device="cpu", precision="fp32")
READING = TrainConfig(steps=4, batch_size=2, crop=48, learning_rate=2e-3, validations=2)
PAINTING = GanTrainConfig(steps=4, batch_size=1, crop=64, pool_size=1, ema_decay=0.9, validations=2)
METGAN = find_method("metgan")
SETTLING = 8 * BATCH_NORM_BATCHES


@pytest.fixture(scope="module")
def data(small_pairs: PairSet) -> TrainingData:
    return load_training_data(small_pairs, split_pairs(small_pairs, seed=0))


@dataclass(frozen=True)
class Uninterrupted:
    """Finished runs to compare others with."""

    segmentor: Path
    metgan: Path


@pytest.fixture(scope="module")
def finished(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    root = tmp_path_factory.mktemp("finished")
    segmentor = reader_config(root / SEGMENTOR_FOLDER)
    train_segmentor(segmentor, data)
    paint = generator_config(root / "metgan")
    train_method(paint, data, METGAN, segmentor.folder)
    return Uninterrupted(segmentor.folder, paint.folder)


@pytest.fixture(scope="module")
def long_enough(
    finished: Uninterrupted, data: TrainingData, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The finished MetGAN trained where 4 steps are enough to judge it."""
    run = tmp_path_factory.mktemp("long-enough")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metgan.training.method_run.least_steps", lambda preset, pairs: 4)
        train_method(generator_config(run), data, METGAN, finished.segmentor)
    return run


def reader_config(folder: Path, **changes: Any) -> RunConfig:
    folder.mkdir(exist_ok=True)
    return replace(RunConfig("segmentor", "small", READING, EXACT, 0, folder), **changes)


def generator_config(folder: Path, **changes: Any) -> RunConfig:
    folder.mkdir(exist_ok=True)
    return replace(RunConfig("metgan", "small", PAINTING, EXACT, 0, folder), **changes)


def model(folder: Path) -> bytes:
    return (folder / MODEL_FILE).read_bytes()


def steps_of(folder: Path) -> list[str]:
    return [row["step"] for row in read_log(folder / "journal.csv")]


class PowerCut(tuple[Pair, ...]):
    """Training pairs that stop the run when they are read for the `after`-th time."""

    after: int
    read: int = 0

    def __new__(cls, pairs: Sequence[Pair], after: int) -> PowerCut:
        cut = super().__new__(cls, pairs)
        cut.after = after
        return cut

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        self.read += 1
        if self.read > self.after:
            raise KeyboardInterrupt
        return super().__getitem__(index)


def cut(data: TrainingData, config: TrainConfig, steps: int, looks: int = 0) -> TrainingData:
    """The same data, with a power cut after so many steps; validations read `looks` training pairs each."""
    every = config.validate_every(len(data.train))
    return replace(data, train=PowerCut(data.train, steps * config.batch_size + steps // every * looks))


def differing(first: Any, second: Any, where: str = "") -> list[str]:
    """Places in two nested states that are not equal to the bit."""
    if isinstance(first, torch.Tensor):
        return [] if torch.equal(first, second) else [where]
    if isinstance(first, Mapping):
        assert first.keys() == second.keys()
        return [place for key in first for place in differing(first[key], second[key], f"{where}/{key}")]
    if isinstance(first, list | tuple):
        assert len(first) == len(second)
        pairs = enumerate(zip(first, second, strict=True))
        return [place for k, (a, b) in pairs for place in differing(a, b, f"{where}/{k}")]
    return [] if first == second else [where]


def checkpoint(folder: Path) -> dict[str, Any]:
    return load_state(folder / CHECKPOINT)


def test_a_kept_segmentor_has_the_statistics_of_whole_images(
    finished: Uninterrupted, data: TrainingData
) -> None:
    """They are those that its own weights give on crops as large as an image, and no average of the past."""
    segmentor, _ = load_segmentor(finished.segmentor)
    kept = {name: value.clone() for name, value in segmentor.state_dict().items() if "running" in name}
    wide = reader_config(finished.segmentor).whole_batches(data)
    assert wide.at(0).tumour.shape[2:] == (64, 64)
    update_bn((wide.at(k).tumour for k in range(BATCH_NORM_BATCHES)), segmentor)
    assert kept
    now = segmentor.state_dict()
    assert all(torch.allclose(now[name], value, atol=1e-4) for name, value in kept.items())


def test_fresh_pairs_are_what_batches_are_drawn_from_and_part_of_what_is_trained_on(
    data: TrainingData,
) -> None:
    bright = [replace(pair, tumour=np.full_like(pair.tumour, 60_000)) for pair in data.train]
    fresh = replace(data, fresh=bright)
    run_config = RunConfig("segmentor", "small", READING, EXACT, 0, Path())
    assert (run_config.batches(fresh).at(0).tumour == 1).all()
    assert (run_config.batches(data).at(0).tumour < 1).any()
    assert fresh.tumour_share == data.tumour_share
    assert len({data.checksum, fresh.checksum, replace(data, fresh=bright[:1]).checksum}) == 3


@pytest.mark.slow
def test_the_same_seed_trains_a_segmentor_of_the_same_bytes(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    train_segmentor(reader_config(tmp_path / "again"), data)
    train_segmentor(reader_config(tmp_path / "other", seed=1), data)
    assert model(tmp_path / "again") == model(finished.segmentor)
    weights = [checkpoint(run)["modules"] for run in (tmp_path / "other", finished.segmentor)]
    assert differing(*weights)


@pytest.mark.slow
def test_the_same_seed_trains_a_metgan_of_the_same_bytes(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    torch.rand(3)  # random numbers drawn elsewhere must not matter
    train_method(generator_config(tmp_path / "again"), data, METGAN, finished.segmentor)
    assert model(tmp_path / "again") == model(finished.metgan)
    short = replace(PAINTING, steps=1, validations=1)
    train_method(generator_config(tmp_path / "other", train=short, seed=1), data, METGAN, finished.segmentor)
    weights = [checkpoint(run)["modules"] for run in (tmp_path / "other", finished.metgan)]
    assert differing(*weights)


def test_training_leaves_the_random_numbers_of_the_caller_alone(data: TrainingData, tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    train_segmentor(reader_config(tmp_path / "run", train=replace(READING, steps=1)), data)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [2, 3])
def test_a_segmentor_resumed_after_a_power_cut_equals_an_uninterrupted_one(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path, steps: int
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_segmentor(reader_config(folder), cut(data, READING, steps, SETTLING))
    assert checkpoint(folder)["step"] == 2
    assert differing(checkpoint(folder), checkpoint(finished.segmentor))
    train_segmentor(reader_config(folder, resume=True), data)
    assert model(folder) == model(finished.segmentor)
    assert differing(checkpoint(folder), checkpoint(finished.segmentor)) == []
    assert steps_of(folder) == steps_of(finished.segmentor) == ["2", "4"]


@pytest.mark.slow
def test_a_metgan_resumed_after_a_power_cut_equals_an_uninterrupted_one(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_method(generator_config(folder), cut(data, PAINTING, 3), METGAN, finished.segmentor)
    assert checkpoint(folder)["step"] == 2
    train_method(generator_config(folder, resume=True), data, METGAN, finished.segmentor)
    assert model(folder) == model(finished.metgan)
    assert differing(checkpoint(folder), checkpoint(finished.metgan)) == []
    assert steps_of(folder) == steps_of(finished.metgan) == ["2", "4"]


def without_tumours(data: TrainingData) -> TrainingData:
    """The same with empty validation labels, so that a score without a Dice decides when a run ends."""
    return replace(data, val=[replace(pair, label=pair.label & False) for pair in data.val])


@pytest.mark.slow
@pytest.mark.parametrize("steps", [2, 4])
def test_a_metgan_of_an_open_length_resumed_after_a_power_cut_equals_an_uninterrupted_one(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path, steps: int
) -> None:
    """No rise is ever enough, so that step 2 is a plateau and 4 the end; the cut is before it or after."""
    whole, folder = tmp_path / "whole", tmp_path / "cut"
    rule = EarlyStopping(least=0.1, patience=1, tolerance=9.0)
    config = replace(PAINTING, steps=20, validations=20, early_stopping=rule)
    bare = without_tumours(data)
    train_method(generator_config(whole, train=config), bare, METGAN, finished.segmentor)
    assert steps_of(whole) == ["1", "2", "3", "4"]
    with pytest.raises(KeyboardInterrupt):
        train_method(
            generator_config(folder, train=config), cut(bare, config, steps - 1), METGAN, finished.segmentor
        )
    assert steps_of(folder)[-1] == str(steps - 1)
    train_method(generator_config(folder, train=config, resume=True), bare, METGAN, finished.segmentor)
    assert model(folder) == model(whole)
    assert differing(checkpoint(folder), checkpoint(whole)) == []


@pytest.mark.slow
def test_a_metgan_that_goes_back_to_its_best_equals_one_that_never_went_on(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    """What is validated is as flat as what a fresh generator generates: all that it learns makes it worse."""
    rule = EarlyStopping(least=0.05, patience=1, tolerance=0.0)
    config = replace(PAINTING, steps=20, validations=20, learning_rate=1e-3, early_stopping=rule)
    bare, back, straight = without_tumours(data), tmp_path / "back", tmp_path / "straight"
    start = bare.normalisation.undo(np.full(bare.val[0].label.shape, bare.start("tumour")), "tumour")
    bare = replace(bare, val=tuple(replace(pair, tumour=start) for pair in bare.val))
    train_method(generator_config(back, train=config), bare, METGAN, finished.segmentor)
    status = read_status(back)
    assert status is not None
    assert (status.back, status.end) == (1, 2)
    fixed = replace(config, steps=2, validations=2, early_stopping=None)
    train_method(generator_config(straight, train=fixed), bare, METGAN, finished.segmentor)
    assert steps_of(back) == steps_of(straight)
    states = [checkpoint(folder) for folder in (back, straight)]
    parts = ("modules", "optimisers", "histories", "random")
    assert differing(*({part: state[part] for part in parts} for state in states)) == []
    samples = [{path.name for path in (run / "samples").iterdir()} for run in (back, straight)]
    assert samples[0] == samples[1]


@pytest.mark.slow
def test_a_lengthened_metgan_keeps_what_it_had_learned_and_one_that_is_cut_equals_it(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    folders = [Path(shutil.copytree(finished.metgan, tmp_path / name)) for name in ("whole", "cut")]
    longer = [
        generator_config(folder, train=replace(PAINTING, steps=6, validations=6), resume=True, lengthen=True)
        for folder in folders
    ]
    with pytest.raises(StorageError, match="written with validations 2; expected validations 6"):
        train_method(longer[0], data, METGAN, finished.segmentor)
    longer = [replace(run_config, train=replace(PAINTING, steps=6)) for run_config in longer]
    train_method(longer[0], data, METGAN, finished.segmentor)
    with pytest.raises(KeyboardInterrupt):
        train_method(longer[1], cut(data, PAINTING, 1), METGAN, finished.segmentor)
    train_method(longer[1], data, METGAN, finished.segmentor)
    assert steps_of(folders[0]) == steps_of(folders[1]) == ["2", "4", "6"]
    assert model(folders[0]) == model(folders[1])
    assert differing(*(checkpoint(folder) for folder in folders)) == []


def test_a_metgan_that_places_no_tumours_says_why_in_its_status(long_enough: Path) -> None:
    """After 2 of 4 steps, the first validation after a third."""
    status = read_status(long_enough)
    assert status is not None
    opening, *reasons, advice = status.diagnosis or ["", ""]
    assert opening.startswith("after 2 steps tumours are not yet placed")
    assert any(reason.startswith("5 of 5 training crops") for reason in reasons)
    assert advice.startswith("more steps change neither data nor segmentor")  # they are the reason


def test_a_metgan_of_too_few_steps_is_not_diagnosed(finished: Uninterrupted) -> None:
    status = read_status(finished.metgan)
    assert status is not None
    assert status.diagnosis == []


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["optimisers", "modules"])
def test_a_run_resumed_from_half_a_checkpoint_would_differ(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path, lost: str
) -> None:
    folder, fresh = tmp_path / "run", tmp_path / "fresh"
    with pytest.raises(KeyboardInterrupt):
        train_segmentor(reader_config(folder), cut(data, READING, 3, SETTLING))
    train_segmentor(reader_config(fresh, train=replace(READING, steps=2, learning_rate=1e-9)), data)
    state = checkpoint(folder)
    state[lost] = checkpoint(fresh)[lost]
    save_state(folder / CHECKPOINT, state)
    train_segmentor(reader_config(folder, resume=True), data)
    weights = [checkpoint(run)["modules"] for run in (folder, finished.segmentor)]
    assert differing(*weights)


def test_a_finished_run_is_not_trained_on(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished.segmentor, folder)
    train_segmentor(reader_config(folder, resume=True), cut(data, READING, 0))  # reading a pair would stop it
    assert model(folder) == model(finished.segmentor)


def test_a_run_is_not_resumed_with_other_settings(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished.segmentor, folder)
    run_config = reader_config(folder, resume=True)
    fewer = replace(data, train=data.train[1:])
    for other, pairs in (
        (replace(run_config, seed=1), data),
        (replace(run_config, train=replace(READING, learning_rate=1e-3)), data),
        (run_config, fewer),
    ):
        with pytest.raises(StorageError, match="Resume with the settings"):
            train_segmentor(other, pairs)
    train_segmentor(run_config, data)  # the same are taken


@pytest.mark.slow
@pytest.mark.parametrize("change", ["segmentor", "validation part"])
def test_a_run_is_not_resumed_with_another_segmentor_or_validation_part(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path, change: str
) -> None:
    folder, segmentor = tmp_path / "run", finished.segmentor
    shutil.copytree(finished.metgan, folder)
    if change == "segmentor":
        segmentor = tmp_path / "another"
        train_segmentor(reader_config(segmentor, seed=1, train=replace(READING, steps=1)), data)
    else:
        data = replace(data, train=data.train[:-1], val=[data.train[-1], *data.val])
    with pytest.raises(StorageError):
        train_method(generator_config(folder, resume=True), data, METGAN, segmentor)


def test_a_generator_takes_over_the_normalisation_of_its_segmentor(
    finished: Uninterrupted, small_pairs: PairSet, data: TrainingData, tmp_path: Path
) -> None:
    split = data.split
    swapped = load_training_data(small_pairs, Split(split.val, split.train, split.test))
    assert swapped.normalisation != data.normalisation
    run_config = generator_config(tmp_path / "run", train=replace(PAINTING, steps=1, validations=1))
    train_method(run_config, swapped, METGAN, finished.segmentor)
    assert read_card(tmp_path / "run").normalisation == data.normalisation
    assert read_card(finished.segmentor).normalisation == data.normalisation


def test_a_segmentor_that_saw_a_test_group_is_refused(
    finished: Uninterrupted, small_pairs: PairSet, data: TrainingData, tmp_path: Path
) -> None:
    split = data.split
    turned = load_training_data(small_pairs, Split(split.test, split.val, split.train))
    with pytest.raises(LeakageError, match=r"segmentor for training has seen 1 test groups.*animal-train"):
        train_method(generator_config(tmp_path / "run"), turned, METGAN, finished.segmentor)
    assert not [*(tmp_path / "run").iterdir()]


def test_a_model_says_which_groups_it_saw_and_at_which_step_it_was_kept(finished: Uninterrupted) -> None:
    for run, kind in ((finished.segmentor, "segmentor"), (finished.metgan, "generator")):
        card = read_card(run)
        assert (card.kind, card.preset, card.seed) == (kind, "small", 0)
        assert card.groups_seen == ("animal-train", "animal-val")
        assert str(card.step) in steps_of(run)


def test_a_model_says_how_well_it_did_on_the_validation_part(finished: Uninterrupted) -> None:
    for run in (finished.segmentor, finished.metgan):
        card = read_card(run)
        kept = next(row for row in read_log(run / "journal.csv") if row["step"] == str(card.step))
        assert card.val_dice == pytest.approx(float(kept["val_dice"]), rel=1e-5)


def test_a_model_says_its_validation_error_and_that_of_a_flat_image_unless_it_is_too_short_to_judge(
    finished: Uninterrupted, long_enough: Path, data: TrainingData
) -> None:
    """The flat image has the mean of the training part."""
    short = read_card(finished.metgan)
    assert (short.val_mae, short.val_flat_mae) == (None, None)
    card, last = read_card(long_enough), read_log(long_enough / "journal.csv")[-1]
    real = np.array([data.normalisation.apply(pair.tumour, "tumour") for pair in data.val])
    assert card.val_mae == pytest.approx(float(last["val_mae"]), rel=1e-5)
    assert card.val_flat_mae == pytest.approx(np.abs(real - data.mean("tumour")).mean(), rel=1e-5)


def test_without_a_validation_tumour_a_model_says_nothing_of_it(data: TrainingData, tmp_path: Path) -> None:
    train_segmentor(reader_config(tmp_path / "run"), without_tumours(data))
    assert read_card(tmp_path / "run").val_dice is None
    assert not any(row["val_dice"] for row in read_log(tmp_path / "run" / "journal.csv"))


def test_a_run_of_metgan_shows_its_validation_pictures_and_every_term(finished: Uninterrupted) -> None:
    pictures = sorted((finished.metgan / "samples").iterdir())
    assert [path.name for path in pictures] == ["step-0000002.png", "step-0000004.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    first, *_ = read_log(finished.metgan / "journal.csv")
    terms = {
        "adversarial",
        "cycle",
        "segmentation",
        "paired",
        "structure",
        "discriminator_tumour",
        "discriminator_anatomy",
    }
    assert terms | {"val_dice", "val_mae", "val_ssim"} <= {name for name, text in first.items() if text}


@pytest.mark.slow
def test_a_training_without_a_segmentor_trains_one_of_its_own_first(
    small_pairs: PairSet, data: TrainingData, tmp_path: Path
) -> None:
    short, brief = (replace(config, steps=1, validations=1) for config in (PAINTING, READING))
    MethodTraining(METGAN, generator_config(tmp_path / "run", train=short), data, brief).run()
    assert read_card(tmp_path / "run").kind == "generator"
    assert read_card(tmp_path / "run" / SEGMENTOR_FOLDER).kind == "segmentor"
    assert load_split(tmp_path / "run" / "splits.json") == data.split


def test_images_below_the_minimum_of_the_network_are_refused_at_once(
    small_pairs: PairSet, data: TrainingData, tmp_path: Path
) -> None:
    corners = [
        replace(p, anatomy=p.anatomy[:24], tumour=p.tumour[:24], label=p.label[:24]) for p in data.train
    ]
    with pytest.raises(ArrayError, match=r"smallest image side is 24\); expected at least 32"):
        train_segmentor(reader_config(tmp_path / "run"), replace(data, train=corners))


def test_a_pair_that_is_made_of_a_test_group_is_not_trained_on(small_pairs: PairSet, tmp_path: Path) -> None:
    root = Path(shutil.copytree(small_pairs.root, tmp_path / "pairs"))
    split = split_pairs(small_pairs, seed=0)
    rows = read_table(root)
    for column, group in (("label_groups", "animal-test"), ("background_group", "animal-test")):
        changed = [{**row, column: group if row["name"] == split.train[0] else ""} for row in rows]
        write_table(root, changed)
        with pytest.raises(LeakageError, match="shares group 'animal-test' with the test part"):
            load_training_data(PairSet.open(root), split)
    another = {split.train[0]: "another animal"}
    write_table(root, [{**row, "label_groups": another.get(row["name"], "")} for row in rows])
    assert "another animal" in load_training_data(PairSet.open(root), split).groups_seen


def test_a_curriculum_without_any_training_tumour_is_refused(small_pairs: PairSet, tmp_path: Path) -> None:
    for pair in StoredPairs(small_pairs):
        write_pair(tmp_path, pair.entry.name, pair.anatomy, pair.tumour, pair.label & False)
    shutil.copy(small_pairs.root / "pairs.csv", tmp_path)
    empty = PairSet.open(tmp_path)
    with pytest.raises(ArrayError, match="none of the 5 training labels"):
        load_training_data(empty, split_pairs(empty, seed=0))


@pytest.mark.slow
def test_each_light_reaches_its_player_and_no_other(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    """The losses of the first step, from the same weights: what did not see the light did not change."""

    def first_losses(name: str, **lights: IntensityAugment) -> dict[str, str]:
        config = replace(
            PAINTING,
            steps=1,
            epochs=None,
            **{"discriminator_augment": IntensityAugment(), "anatomy_augment": IntensityAugment()},
        )
        run_config = generator_config(tmp_path / name, train=replace(config, **lights))  # type: ignore[arg-type]  # lights
        train_method(run_config, data, METGAN, finished.segmentor)
        return read_log(run_config.folder / "journal.csv")[0]

    plain = first_losses("plain")
    judged = first_losses("judged", discriminator_augment=IntensityAugment(brightness=0.9))
    painted = first_losses("painted", anatomy_augment=IntensityAugment(brightness=0.9))
    names = ("adversarial", "cycle", "paired", "segmentation")
    assert [judged[name] == plain[name] for name in names] == [False, True, True, True]
    assert painted["paired"] != plain["paired"]
    assert painted["cycle"] != plain["cycle"]


def test_a_run_with_other_terms_is_not_gone_on_with(
    finished: Uninterrupted, data: TrainingData, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished.metgan, tmp_path / "run")
    other = replace(METGAN, terms=METGAN.terms[:-1])
    with pytest.raises(StorageError, match="was written with terms"):
        train_method(generator_config(folder, resume=True), data, other, finished.segmentor)


def test_labels_that_cover_most_of_the_training_part_are_told_of(
    small_pairs: PairSet, tmp_path: Path
) -> None:
    def told(pairs: PairSet) -> list[str]:
        notes: list[str] = []
        with listening(lambda event: notes.append(str(event))):
            load_data(pairs, seed=0)
        return [text for text in notes if "inverted" in text]

    assert told(small_pairs) == []
    for pair in StoredPairs(small_pairs):
        write_pair(tmp_path, pair.entry.name, pair.anatomy, pair.tumour, ~pair.label)
    shutil.copy(small_pairs.root / "pairs.csv", tmp_path)
    (text,) = told(PairSet.open(tmp_path))
    assert re.search(r"cover more than 50% of the pixels", text)
