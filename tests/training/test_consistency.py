"""A segmentor that learns from unlabelled pairs: when, from what, and with which weights it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from metgan.data import Pair, PairSet, Patches
from metgan.io import load_state
from metgan.losses import weighted_cross_entropy
from metgan.models import MODEL_FILE, load_segmentor
from metgan.training import Engine, RunConfig, TrainConfig, TrainingData, load_data, read_log, train_segmentor
from metgan.training.batches import Batch, Batches
from metgan.training.checkpoint import CHECKPOINT
from metgan.training.consistency import COVERED, WEIGHT, Consistency, cut_mix, draw_box, segmentor_batches
from metgan.training.phases import segmentor_phases
from metgan.transforms import STRONG

pytestmark = pytest.mark.usefixtures("one_thread")
READING = TrainConfig(steps=6, batch_size=2, crop=48, learning_rate=2e-3, validations=2)


@pytest.fixture(scope="module")
def data(small_pairs: PairSet, scans: Path) -> TrainingData:
    """The small world, with the four scans beside it."""
    return load_data(small_pairs, 0, PairSet.open(scans).unlabelled)


def config(folder: Path = Path(), workers: int = 0, **changes: Any) -> RunConfig[TrainConfig]:
    engine = Engine(device="cpu", precision="fp32", workers=workers)
    return replace(RunConfig("segmentor", "small", READING, engine, 0, folder), **changes)


def consistency_of(data: TrainingData, **changes: Any) -> Consistency:
    segmentor: Any = Reading([0.0])
    return Consistency(segmentor, config(train=replace(READING, **changes)), data)


class Reading(nn.Module):
    """Gives these logits to the columns of any image, and remembers what it was shown."""

    def __init__(self, columns: Sequence[float]) -> None:
        super().__init__()
        self.columns = nn.Parameter(torch.tensor(columns))
        self.seen: list[Tensor] = []

    def forward(self, image: Tensor) -> Tensor:
        self.seen.append(image)
        return self.columns.expand_as(image)


def test_unlabelled_pairs_weigh_nothing_for_a_third_of_the_steps_then_more_and_more(
    data: TrainingData,
) -> None:
    """Of 300 steps: none up to step 100, half of it at 115, all of it from 130 on."""
    weights = [consistency_of(data, steps=300).weight(step) for step in range(300)]
    assert weights[:101] == [0.0] * 101
    assert weights[115] == pytest.approx(WEIGHT / 2)
    assert all(late > early for early, late in pairwise(weights[100:131]))
    assert weights[130:] == pytest.approx([WEIGHT] * 170)


def loss_of(consistency: Consistency, student: Reading, batch: Batch) -> float:
    """The loss once its weight has risen, without it."""
    prepared = consistency.prepare(batch, 10**6)
    return consistency(student, batch, prepared).item() / WEIGHT  # type: ignore[arg-type]  # a stand-in


def weak_batch(columns: int) -> Batch:
    """Two crops of noise with a distortion each, (2, 1, 1, columns)."""
    image = torch.rand(2, 1, 1, columns, generator=torch.Generator().manual_seed(0))
    return Batch(image, image, torch.zeros_like(image), None, torch.ones_like(image))


def test_what_the_teacher_is_sure_of_is_the_label_and_the_rest_is_not_counted(data: TrainingData) -> None:
    """Read as .99, .96, .94, .5, .06, .04, of which the first two are a tumour and the last is none.

    The student gives logit 0 to each: log 2 a pixel, 10 for a tumour's and 1 for the last. It gives 3 to what
    the teacher doubts, which must not matter.
    """
    read = torch.tensor([0.99, 0.96, 0.94, 0.5, 0.06, 0.04])
    consistency = consistency_of(data)
    consistency.ema.network = Reading(torch.logit(read).tolist())  # type: ignore[assignment]  # a stand-in
    for doubted in (0.0, 3.0):
        student = Reading([0.0, 1.0, doubted, doubted, doubted, 2.0])
        loss = loss_of(consistency, student, weak_batch(6))
        parts = 10 * np.log(2) + 10 * np.log1p(np.exp(-1.0)) + np.log1p(np.exp(2.0))
        assert loss == pytest.approx(parts / 21, rel=1e-5)
    doubtful = Reading([0.0] * 6)
    consistency.ema.network = doubtful  # type: ignore[assignment]
    assert loss_of(consistency, student, weak_batch(6)) == 0
    assert consistency.prepare(weak_batch(6), 0) == ()
    assert consistency(student, weak_batch(6), ()).item() == 0  # type: ignore[arg-type]


def test_the_teacher_reads_crops_as_they_are_and_the_segmentor_in_another_light_at_the_same_place(
    data: TrainingData,
) -> None:
    consistency = consistency_of(data)
    teacher, student = Reading([0.0]), Reading([0.0])
    consistency.ema.network = teacher  # type: ignore[assignment]
    batch = consistency.batches.at(0)
    loss_of(consistency, student, batch)
    (plain,), (changed,) = teacher.seen, student.seen
    assert torch.equal(plain, batch.tumour)
    assert not torch.equal(changed, plain)
    lit = batch.distorted(data.normalisation)
    kept = (changed == lit.tumour).flatten(1).float().mean(1)
    assert ((kept > 1 - COVERED[1] - 0.05) & (kept < 1)).all()  # all but the box of the other crop
    for first, second in zip(plain, lit.tumour, strict=True):  # its structures are where they were
        assert np.corrcoef(first.flatten(), second.flatten())[0, 1] > 0.5
    assert STRONG.bend > 0  # what the light alone is taken of would move them


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 20), st.integers(1, 20))
def test_the_same_box_of_image_label_and_mask_is_that_of_the_crop_before(
    seed: int, count: int, rows: int, columns: int
) -> None:
    """Every crop has its own number for light; a pixel tells whose it is, in all three alike."""
    numbers = torch.arange(count, dtype=torch.float32)[:, None, None, None]
    images = tuple((numbers + 10 * kind).expand(count, 1, rows, columns) for kind in range(3))
    before = [image.clone() for image in images]
    drawn = draw_box(rows, columns, np.random.default_rng(seed))
    mixed = tuple(cut_mix(image, drawn) for image in images)
    assert all(torch.equal(image, kept) for image, kept in zip(images, before, strict=True))
    covered = mixed[0] != images[0]
    assert covered.any()
    assert torch.equal(mixed[0], torch.where(covered, images[0].roll(1, 0), images[0]))
    for kind in (1, 2):
        assert torch.equal(mixed[kind], mixed[0] + 10 * kind)
    ys, xs = torch.nonzero(covered[0, 0], as_tuple=True)
    box = (ys.max() - ys.min() + 1) * (xs.max() - xs.min() + 1)
    assert (covered == covered[:1]).all()
    assert covered[0, 0].sum() == box
    if min(rows, columns) > 10:
        assert COVERED[0] - 0.02 <= box / (rows * columns) <= COVERED[1] + 0.05


def test_a_batch_of_one_crop_has_no_other_to_be_covered_by() -> None:
    image = torch.rand(1, 1, 8, 8)
    assert torch.equal(cut_mix(image, draw_box(8, 8, np.random.default_rng(0))), image)


def test_a_segmentor_of_labelled_pairs_alone_gets_no_others(data: TrainingData) -> None:
    bare = config().batches(replace(data, unlabelled=()))
    with segmentor_batches(bare, None, 3) as batches:
        first = next(batches)
    assert first.unlabelled is None
    assert torch.equal(first.labelled.tumour, bare.at(3).tumour)


@pytest.mark.parametrize("workers", [0, 2])
def test_unlabelled_crops_are_a_function_of_the_step_whatever_the_workers(
    data: TrainingData, workers: int
) -> None:
    run_config = config()
    unlabelled = Consistency(Reading([0.0]), run_config, data).batches  # type: ignore[arg-type]
    with segmentor_batches(run_config.batches(data), replace(unlabelled, workers=workers), 2) as batches:
        drawn = [next(batches) for _ in range(3)]
    for step, batch in enumerate(drawn, 2):
        assert batch.unlabelled is not None
        assert torch.equal(batch.unlabelled.tumour, unlabelled.at(step).tumour)
        assert batch.unlabelled.tumour.shape == batch.labelled.tumour.shape
        assert not torch.equal(batch.unlabelled.tumour, batch.labelled.tumour)


def test_ignored_pixels_of_a_labelled_pair_change_no_loss_of_a_segmentor(data: TrainingData) -> None:
    """The right half is ignored; there, light and label are what they like."""
    pairs, changed = [], []
    for pair in data.train:
        ignored = np.arange(pair.label.shape[1]) >= 32
        right = np.broadcast_to(ignored, pair.label.shape)
        pairs.append(replace(pair, ignored=right.copy()))
        changed.append(replace(pairs[-1], label=pair.label ^ right))
    student = Reading([0.5])
    losses = []
    for each in (pairs, changed, [replace(pair, ignored=None) for pair in changed]):
        batch = Batches(Patches(each, data.normalisation, 64, 0), 2).at(0)
        known = weighted_cross_entropy(student(batch.tumour), batch.label, batch.within)
        (phase,) = segmentor_phases(student, 1e-3)  # type: ignore[arg-type]
        with segmentor_batches(Batches(Patches(each, data.normalisation, 64, 0), 2), None, 0) as batches:
            losses.append(phase.losses(next(batches), ())["segmentation"].item())
        assert losses[-1] == known.item()
    assert losses[0] == losses[1] != losses[2]


class PowerCut(tuple[Pair, ...]):
    """Pairs that stop the run when they are read for the `after`-th time."""

    after: int
    read: int = 0

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        self.read += 1
        if self.read > self.after:
            raise KeyboardInterrupt
        return super().__getitem__(index)


def differing(first: Any, second: Any) -> bool:
    """Whether two nested states differ in any bit."""
    if isinstance(first, torch.Tensor):
        return not torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() != second.keys() or any(differing(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) != len(second) or any(map(differing, first, second))
    return bool(first != second)


@pytest.fixture(scope="module")
def finished(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    train_segmentor(config(folder), data)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_segmentor_that_is_cut_off_while_it_learns_from_unlabelled_pairs_equals_one_that_is_not(
    finished: Path, data: TrainingData, tmp_path: Path, workers: int
) -> None:
    """Six steps, validated at 3 and 6; two unlabelled ones are read a step, and the fifth step fails."""
    cut = PowerCut(data.unlabelled)
    cut.after = 2 * 4
    with pytest.raises(KeyboardInterrupt):
        train_segmentor(config(tmp_path), replace(data, unlabelled=cut))
    assert load_state(tmp_path / CHECKPOINT)["step"] == 3
    train_segmentor(config(tmp_path, workers, resume=True), data)
    assert (tmp_path / MODEL_FILE).read_bytes() == (finished / MODEL_FILE).read_bytes()
    assert not differing(load_state(tmp_path / CHECKPOINT), load_state(finished / CHECKPOINT))


@pytest.mark.slow
def test_the_average_is_kept_and_the_journal_has_what_unlabelled_pairs_cost(
    finished: Path, data: TrainingData, tmp_path: Path
) -> None:
    kept, card = load_segmentor(finished)
    modules = load_state(finished / CHECKPOINT)["modules"]
    for name, weight in kept.named_parameters():
        assert torch.equal(weight, modules["teacher"][name])
    assert any(not torch.equal(w, modules["segmentor"][name]) for name, w in kept.named_parameters())
    rows = read_log(finished / "journal.csv")
    assert [row["step"] for row in rows] == ["3", "6"]
    assert all(float(row["consistency"]) >= 0 for row in rows)
    assert card.groups_seen == ("animal-scan", "animal-train", "animal-val")
    plain = tmp_path / "plain"
    train_segmentor(config(plain), replace(data, unlabelled=()))
    assert "teacher" not in load_state(plain / CHECKPOINT)["modules"]
    assert "consistency" not in read_log(plain / "journal.csv")[0]


def test_other_unlabelled_pairs_are_another_run(data: TrainingData) -> None:
    none = replace(data, unlabelled=())
    one = replace(data, unlabelled=[*data.unlabelled][:1])
    assert len({data.checksum, none.checksum, one.checksum}) == 3
