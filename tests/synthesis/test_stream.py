"""The stream inside a loader: every pair once, whatever the workers, and in the ratio asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from metgan.data import PairSet, part_of
from metgan.errors import SettingError
from metgan.labels import Real
from metgan.synthesis import Generation, Inpainter, Mix, PairStream, Sample, generate

pytestmark = pytest.mark.usefixtures("one_thread")
CROPPED = Mix(synthetic=0.5, crop=32)


def stream_of(painter: Inpainter, pairs: PairSet, mix: Mix, count: int = 6, seed: int = 0) -> PairStream:
    train = part_of(pairs.entries, "train", None)
    return PairStream(painter, Generation(train, train, Real(), count, seed), train, mix)


def contents(samples: Iterable[Sample]) -> list[bytes]:
    return [b"".join(sample[name].numpy().tobytes() for name in sorted(sample)) for sample in samples]


def loaded(stream: PairStream, workers: int) -> list[bytes]:
    return contents(DataLoader(stream, batch_size=None, num_workers=workers))


def test_two_workers_over_two_epochs_repeat_no_pair(painter: Inpainter, small_pairs: PairSet) -> None:
    stream = stream_of(painter, small_pairs, CROPPED)
    loader = DataLoader(stream, batch_size=None, num_workers=2)
    epochs = [contents(loader), contents(loader)]
    numbered = contents(stream.pair(number) for number in range(12))
    assert sorted(epochs[0]) == sorted(numbered[:6])
    assert sorted(epochs[1]) == sorted(numbered[6:])
    assert len(set(numbered)) == 12


def test_workers_that_stay_alive_go_on_counting(painter: Inpainter, small_pairs: PairSet) -> None:
    stream = stream_of(painter, small_pairs, CROPPED, count=4)
    loader = DataLoader(stream, batch_size=None, num_workers=2, persistent_workers=True)
    seen = [*contents(loader), *contents(loader)]
    assert sorted(seen) == sorted(contents(stream.pair(number) for number in range(8)))


def test_an_epoch_without_workers_is_that_of_two(painter: Inpainter, small_pairs: PairSet) -> None:
    alone = stream_of(painter, small_pairs, CROPPED, count=4)
    assert loaded(alone, 0) != loaded(alone, 0)  # the second epoch
    both = stream_of(painter, small_pairs, CROPPED, count=4)
    assert sorted(loaded(both, 2)) == sorted(contents(alone.pair(number) for number in range(4)))


def test_a_stream_that_fed_two_workers_feeds_no_other_number(
    painter: Inpainter, small_pairs: PairSet
) -> None:
    stream = stream_of(painter, small_pairs, CROPPED, count=2)
    loaded(stream, 2)
    with pytest.raises(SettingError, match="1 workers for a stream that fed one with 2"):
        loaded(stream, 0)


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others(
    painter: Inpainter, small_pairs: PairSet
) -> None:
    first, again, other = (
        contents(stream_of(painter, small_pairs, CROPPED, seed=seed).pair(k) for k in range(4))
        for seed in (0, 0, 1)
    )
    assert first == again
    assert not set(first) & set(other)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_real_and_painted_pairs_come_in_the_ratio_asked_for(
    painter: Inpainter, small_pairs: PairSet, share: float
) -> None:
    stream = stream_of(painter, small_pairs, Mix(share, turned=False), count=60)
    scale = painter.card.normalisation
    real = {scale.apply(pair.tumour, "tumour").tobytes() for pair in small_pairs.read_all()}
    painted = [stream.pair(k)["tumour"].numpy().tobytes() not in real for k in range(60)]
    assert np.mean(painted) == pytest.approx(share, abs=0.17 if 0 < share < 1 else 0)


def test_painted_pairs_of_the_first_epoch_are_those_that_are_generated(
    painter: Inpainter, small_pairs: PairSet, tmp_path: Path
) -> None:
    train = part_of(small_pairs.entries, "train", None)
    request = Generation(train, train, Real(), 3, 0)
    stream = PairStream(painter, request, [], Mix(synthetic=1, turned=False))
    scale = painter.card.normalisation
    written = generate(painter, request, tmp_path).read_all()
    for pair, sample in zip(written, stream, strict=True):
        assert np.array_equal(sample["tumour"][0], scale.apply(pair.tumour, "tumour"))
        assert np.array_equal(sample["anatomy"][0], scale.apply(pair.anatomy, "anatomy"))
        assert np.array_equal(sample["label"][0], pair.label)


def test_a_whole_pair_is_the_one_that_a_sample_is_cut_from(painter: Inpainter, small_pairs: PairSet) -> None:
    stream = stream_of(painter, small_pairs, Mix(turned=False))
    scale = painter.card.normalisation
    pairs = [stream.whole(k) for k in range(12)]
    for k, pair in enumerate(pairs):
        assert np.array_equal(stream.pair(k)["tumour"][0], scale.apply(pair.tumour, "tumour"))
        assert np.array_equal(stream.pair(k)["label"][0], pair.label)
    painted = [pair for pair in pairs if pair.entry.is_generated]
    assert 0 < len(painted) < 12
    train = {entry.name for entry in part_of(small_pairs.entries, "train", None)}
    assert {pair.entry.history["anatomy_source"] for pair in painted} <= train


@pytest.mark.parametrize("crop", [None, 24, 80])
def test_samples_are_tensors_in_range_that_carry_no_gradient(
    painter: Inpainter, small_pairs: PairSet, crop: int | None
) -> None:
    stream = stream_of(painter, small_pairs, Mix(crop=crop), count=4)
    batch = next(iter(DataLoader(stream, batch_size=4)))
    side = crop or 64
    for name in ("anatomy", "tumour", "label"):
        assert batch[name].shape == (4, 1, side, side)
        assert batch[name].dtype == torch.float32
        assert not batch[name].requires_grad
    assert batch["tumour"].min() >= -1
    assert batch["tumour"].max() <= 1
    assert {*batch["label"].unique().tolist()} <= {0, 1}


def test_all_eight_orientations_come_up(painter: Inpainter, small_pairs: PairSet) -> None:
    train = part_of(small_pairs.entries, "train", None)
    request = Generation(train, train, Real(), 1, 0)
    stream = PairStream(painter, request, train[:1], Mix(synthetic=0))
    assert len(set(contents(stream.pair(k) for k in range(80)))) == 8


def test_settings_that_make_no_sense_are_refused(painter: Inpainter, small_pairs: PairSet) -> None:
    for settings in ({"synthetic": 1.5}, {"crop": 0}):
        with pytest.raises(SettingError):
            Mix(**settings)  # type: ignore[arg-type]  # whole numbers and shares
    train = part_of(small_pairs.entries, "train", None)
    with pytest.raises(SettingError, match="no real pairs"):
        PairStream(painter, Generation(train, train, Real(), 1, 0), [], Mix(0.9))
