"""The stream inside a loader: every pair once, whatever the workers, and in the ratio asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from metgan.data import PairSet, StoredPairs, part_of, write_pair
from metgan.errors import SettingError
from metgan.labels import Real
from metgan.synthesis import Gate, GenerationRequest, Inpainter, Mix, PairPlans, PairStream, Sample, generate
from metgan.types import AnyArray, Camera

from .conftest import Moody

pytestmark = pytest.mark.usefixtures("one_thread")
CROPPED = Mix(synthetic=0.5, crop=32)


def stream_of(inpainter: Inpainter, pairs: PairSet, mix: Mix, count: int = 6, seed: int = 0) -> PairStream:
    train = part_of(pairs.entries, "train", None)
    return PairStream(inpainter, GenerationRequest(train, train, Real(), count, seed), train, mix)


def contents(samples: Iterable[Sample]) -> list[bytes]:
    return [b"".join(sample[name].numpy().tobytes() for name in sorted(sample)) for sample in samples]


def loaded(stream: PairStream, workers: int) -> list[bytes]:
    return contents(DataLoader(stream, batch_size=None, num_workers=workers))


def test_two_workers_over_two_epochs_repeat_no_pair(inpainter: Inpainter, small_pairs: PairSet) -> None:
    stream = stream_of(inpainter, small_pairs, CROPPED)
    loader = DataLoader(stream, batch_size=None, num_workers=2)
    epochs = [contents(loader), contents(loader)]
    numbered = contents(stream.pair(number) for number in range(12))
    assert sorted(epochs[0]) == sorted(numbered[:6])
    assert sorted(epochs[1]) == sorted(numbered[6:])
    assert len(set(numbered)) == 12


@pytest.mark.slow
def test_spawned_workers_give_what_forked_ones_give(
    inpainter: Inpainter, small_pairs: PairSet, gate: Gate
) -> None:
    """As on macOS and Windows: workers are new interpreters, to which the stream is sent as a pickle."""
    train = part_of(small_pairs.entries, "train", None)
    stream = PairStream(inpainter, GenerationRequest(train, train, Real(), 4, 0), train, CROPPED, gate)
    numbered = contents(stream.pair(number) for number in range(4))
    loader = DataLoader(stream, batch_size=None, num_workers=2, multiprocessing_context="spawn")
    assert sorted(contents(loader)) == sorted(numbered)
    assert len(set(numbered)) == 4


def test_workers_that_stay_alive_go_on_counting(inpainter: Inpainter, small_pairs: PairSet) -> None:
    stream = stream_of(inpainter, small_pairs, CROPPED, count=4)
    loader = DataLoader(stream, batch_size=None, num_workers=2, persistent_workers=True)
    seen = [*contents(loader), *contents(loader)]
    assert sorted(seen) == sorted(contents(stream.pair(number) for number in range(8)))


def test_an_epoch_without_workers_is_that_of_two(inpainter: Inpainter, small_pairs: PairSet) -> None:
    alone = stream_of(inpainter, small_pairs, CROPPED, count=4)
    assert loaded(alone, 0) != loaded(alone, 0)  # the second epoch
    both = stream_of(inpainter, small_pairs, CROPPED, count=4)
    assert sorted(loaded(both, 2)) == sorted(contents(alone.pair(number) for number in range(4)))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_that_begins_at_a_later_epoch_goes_on_where_another_stopped(
    inpainter: Inpainter, small_pairs: PairSet, workers: int
) -> None:
    whole = stream_of(inpainter, small_pairs, CROPPED, count=4)
    train = part_of(small_pairs.entries, "train", None)
    resumed = PairStream(
        inpainter, GenerationRequest(train, train, Real(), 4, 0), train, CROPPED, first_epoch=1
    )
    epochs = [loaded(whole, workers) for _ in range(3)]
    assert [loaded(resumed, workers) for _ in range(2)] == epochs[1:]
    assert epochs[0] != epochs[1]


def test_a_stream_that_fed_two_workers_feeds_no_other_number(
    inpainter: Inpainter, small_pairs: PairSet
) -> None:
    stream = stream_of(inpainter, small_pairs, CROPPED, count=2)
    loaded(stream, 2)
    with pytest.raises(SettingError, match="1 workers for a stream that fed one with 2"):
        loaded(stream, 0)


def test_too_many_workers_are_refused_by_the_name_that_they_have_in_python(
    inpainter: Inpainter, small_pairs: PairSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of 1025 workers is made up: that many processes would be started before the first of them asks."""
    worker = SimpleNamespace(id=0, num_workers=1025)
    monkeypatch.setattr("metgan.synthesis.stream.get_worker_info", lambda: worker)
    stream = stream_of(inpainter, small_pairs, CROPPED, count=2)
    with pytest.raises(SettingError, match=r"num_workers=1025; expected 1024 at most.*smaller num_workers"):
        next(iter(stream))


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others(
    inpainter: Inpainter, small_pairs: PairSet
) -> None:
    first, again, other = (
        contents(stream_of(inpainter, small_pairs, CROPPED, seed=seed).pair(k) for k in range(4))
        for seed in (0, 0, 1)
    )
    assert first == again
    assert not set(first) & set(other)


@pytest.mark.parametrize(("share", "count"), [(0.0, 10), (0.25, 60), (1.0, 10)])
def test_real_and_painted_pairs_come_in_the_ratio_asked_for(
    inpainter: Inpainter, small_pairs: PairSet, share: float, count: int
) -> None:
    stream = stream_of(inpainter, small_pairs, Mix(share, turned=False), count=count)
    scale = inpainter.card.normalisation
    real = {scale.apply(pair.tumour, "tumour").tobytes() for pair in StoredPairs(small_pairs)}
    painted = [stream.pair(k)["tumour"].numpy().tobytes() not in real for k in range(count)]
    assert np.mean(painted) == pytest.approx(share, abs=0.17 if 0 < share < 1 else 0)


def test_painted_pairs_of_the_first_epoch_are_those_that_are_generated(
    inpainter: Inpainter, small_pairs: PairSet, tmp_path: Path
) -> None:
    train = part_of(small_pairs.entries, "train", None)
    request = GenerationRequest(train, train, Real(), 3, 0)
    stream = PairStream(inpainter, request, [], Mix(synthetic=1, turned=False))
    scale = inpainter.card.normalisation
    written = [*StoredPairs(generate(inpainter, request, tmp_path))]
    for pair, sample in zip(written, stream, strict=True):
        assert np.array_equal(sample["tumour"][0], scale.apply(pair.tumour, "tumour"))
        assert np.array_equal(sample["anatomy"][0], scale.apply(pair.anatomy, "anatomy"))
        assert np.array_equal(sample["label"][0], pair.label)


def test_a_whole_pair_is_the_one_that_a_sample_is_cut_from(
    inpainter: Inpainter, small_pairs: PairSet
) -> None:
    stream = stream_of(inpainter, small_pairs, Mix(turned=False))
    scale = inpainter.card.normalisation
    pairs = [stream.whole(k) for k in range(12)]
    for k, pair in enumerate(pairs):
        assert np.array_equal(stream.pair(k)["tumour"][0], scale.apply(pair.tumour, "tumour"))
        assert np.array_equal(stream.pair(k)["label"][0], pair.label)
    painted = [pair for pair in pairs if pair.entry.is_generated]
    assert 0 < len(painted) < 12
    train = {entry.name for entry in part_of(small_pairs.entries, "train", None)}
    assert {pair.entry.provenance["anatomy_source"] for pair in painted} <= train


def test_a_gate_draws_the_pairs_of_a_stream_again_as_it_does_those_of_a_set(
    inpainter: Inpainter, small_pairs: PairSet, wanted: GenerationRequest, gate: Gate, tmp_path: Path
) -> None:
    mix = Mix(synthetic=1, turned=False)

    def labels(gate: Gate | None) -> list[bytes]:
        moody = Moody(inpainter, small_pairs)  # its first attempt at a pair fails
        stream = PairStream(moody, wanted, [], mix, gate)  # type: ignore[arg-type]  # paints alike
        return [sample["label"].numpy().astype(bool).tobytes() for sample in stream]

    plans = PairPlans(wanted)
    attempts = [[plans.draw(number, k).label.tobytes() for number in range(4)] for k in range(2)]
    assert labels(None) == attempts[0]
    assert labels(gate) == attempts[1]
    moody = Moody(inpainter, small_pairs)
    written = generate(moody, wanted, tmp_path, gate)  # type: ignore[arg-type]  # paints alike
    assert labels(gate) == [pair.label.tobytes() for pair in StoredPairs(written)]


class Ruled:
    """Paints by a rule that holds in every pixel, so that no image can be shifted or turned unnoticed."""

    def __init__(self, inpainter: Inpainter) -> None:
        self.card, self.fingerprint, self.device = inpainter.card, inpainter.fingerprint, inpainter.device
        self.held_out = inpainter.held_out

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        return np.where(label, 600, (anatomy - 100) // 2 + 50).astype(np.uint16)

    def inpaint_all(self, images: Sequence[tuple[AnyArray, AnyArray]]) -> list[Camera]:
        return [self.inpaint(*image) for image in images]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("crop", [None, 16, 60])
def test_anatomy_tumour_and_label_of_a_sample_are_cut_and_turned_alike(
    inpainter: Inpainter, tmp_path: Path, crop: int | None, turned: bool
) -> None:
    """Images of noise, 24 x 40 pixels, in which the rule tells the tumour channel from the other two."""
    ruled, rng = Ruled(inpainter), np.random.default_rng(0)
    for name in ("a", "b", "c"):
        anatomy = rng.integers(100, 900, (24, 40)).astype(np.uint16)
        label = rng.random(anatomy.shape) < 0.3
        write_pair(tmp_path, name, anatomy, ruled.inpaint(anatomy, label), label)
    entries = PairSet.open(tmp_path).entries
    request = GenerationRequest(entries, entries, Real(), 24, 0)
    mix = Mix(0.5, crop, turned)
    stream = PairStream(ruled, request, entries, mix)  # type: ignore[arg-type]  # paints alike
    scale, seen = inpainter.card.normalisation, set(contents(stream))
    assert len(seen) > (3 if turned or crop else 1)
    for number in range(24):
        sample = stream.pair(number)
        shown = scale.undo(sample["anatomy"][0].numpy(), "anatomy")
        expected = ruled.inpaint(shown, sample["label"][0].numpy() > 0)
        assert np.array_equal(scale.undo(sample["tumour"][0].numpy(), "tumour"), expected)


@pytest.mark.parametrize("crop", [None, 24, 80])
def test_samples_are_tensors_in_range_that_carry_no_gradient(
    inpainter: Inpainter, small_pairs: PairSet, crop: int | None
) -> None:
    stream = stream_of(inpainter, small_pairs, Mix(crop=crop), count=4)
    batch = next(iter(DataLoader(stream, batch_size=4)))
    side = crop or 64
    for name in ("anatomy", "tumour", "label"):
        assert batch[name].shape == (4, 1, side, side)
        assert batch[name].dtype == torch.float32
        assert not batch[name].requires_grad
    assert batch["tumour"].min() >= -1
    assert batch["tumour"].max() <= 1
    assert {*batch["label"].unique().tolist()} <= {0, 1}


def test_all_eight_orientations_come_up(inpainter: Inpainter, small_pairs: PairSet) -> None:
    train = part_of(small_pairs.entries, "train", None)
    request = GenerationRequest(train, train, Real(), 1, 0)
    stream = PairStream(inpainter, request, train[:1], Mix(synthetic=0))
    assert len(set(contents(stream.pair(k) for k in range(80)))) == 8


def test_settings_that_make_no_sense_are_refused(inpainter: Inpainter, small_pairs: PairSet) -> None:
    for settings in ({"synthetic": 1.5}, {"crop": 0}, {"crop": 32.5}):
        with pytest.raises(SettingError):
            Mix(**settings)  # type: ignore[arg-type]  # whole numbers and shares
    train = part_of(small_pairs.entries, "train", None)
    request = GenerationRequest(train, train, Real(), 1, 0)
    with pytest.raises(SettingError, match="no real pairs"):
        PairStream(inpainter, request, [], Mix(0.9))
    with pytest.raises(SettingError, match="first_epoch=-1"):
        PairStream(inpainter, request, train, first_epoch=-1)
