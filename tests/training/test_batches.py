"""Batches come in the order of their steps, from any on, the same whoever cuts them; and no worker stays."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from metgan.data import Normalisation, Pair, Patches, View, cut_patch, fit_pairs
from metgan.errors import SettingError
from metgan.training import Engine
from metgan.training.batches import Batch, Batches, stack
from metgan.training.checkpoint import RunState
from metgan.training.engine import CUDA_WORKERS
from metgan.training.loop import Training, ValidationResult
from metgan.training.phases import Phase
from metgan.training.schedule import Schedule
from metgan.transforms import STRONG, Augmentation

from ..data.test_patches import UNITS, entry, flat_pairs, ramp_pairs, scan_pairs

FILLED = scan_pairs(5)
FILLED_UNITS = fit_pairs(FILLED)


def batches_of(pairs: list[Pair], units: Normalisation, workers: int = 0, **changes: object) -> Batches:
    return Batches(Patches(pairs, units, 12, 0, **changes), 2, workers=workers)  # type: ignore[arg-type]  # an augmentation


def same(first: Batch, second: Batch) -> bool:
    names = ("anatomy", "tumour", "label", "fill")
    both = [(getattr(first, name), getattr(second, name)) for name in names]
    return all(a is b is None or torch.equal(a, b) for a, b in both)


def first_of(batches: Batches, step: int, count: int) -> list[Batch]:
    with batches.since(step) as endless:
        return [*islice(endless, count)]


@pytest.fixture(params=["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def start_method(request: pytest.FixtureRequest) -> Iterator[str]:
    """How workers are started by default: forked on Linux, spawned on macOS and Windows."""
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(before, force=True)


def children() -> list[int]:
    """Processes that this one has started and that have not ended."""
    return [process.pid or 0 for process in multiprocessing.active_children()]


@pytest.mark.parametrize("augmentation", [None, STRONG])
@pytest.mark.parametrize("step", [0, 3])
def test_batches_from_a_step_on_are_those_of_the_steps(step: int, augmentation: Augmentation | None) -> None:
    batches = batches_of(FILLED, FILLED_UNITS, augmentation=augmentation)
    for number, batch in enumerate(first_of(batches, step, 4), step):
        assert same(batch, batches.at(number))
    assert not same(batches.at(0), batches.at(1))


def test_two_workers_give_the_batches_of_none_forked_or_spawned(start_method: str) -> None:
    expected = first_of(batches_of(FILLED, FILLED_UNITS, augmentation=STRONG), 2, 5)
    cut = first_of(batches_of(FILLED, FILLED_UNITS, workers=2, augmentation=STRONG), 2, 5)
    assert all(same(one, other) for one, other in zip(expected, cut, strict=True))
    assert expected[0].fill is not None


@pytest.mark.parametrize("workers", [0, 2])
def test_torchs_random_state_is_left_alone(workers: int) -> None:
    """It is part of a checkpoint, and a resumed run opens its batches once more than one that was not."""
    before = torch.get_rng_state()
    first_of(batches_of(FILLED, FILLED_UNITS, workers, augmentation=STRONG), 0, 2)
    assert torch.equal(torch.get_rng_state(), before)


class Failing(list[Pair]):
    """Pairs of which the third that is asked for cannot be had."""

    asked = 0

    def __getitem__(self, index: int) -> Pair:  # type: ignore[override]  # one at a time
        self.asked += 1
        if self.asked == 3:
            raise SettingError("a pair that is gone", "a pair", "Put it back")
        return super().__getitem__(index)


@pytest.mark.parametrize("end", [KeyboardInterrupt, ZeroDivisionError, None])
def test_workers_end_with_the_training_whatever_ends_it(end: type[BaseException] | None) -> None:
    batches, held = batches_of(FILLED, FILLED_UNITS, workers=2), None
    try:
        with batches.since(0) as endless:
            next(endless)
            assert len(children()) == 2
            if end is not None:
                raise end
    except BaseException as error:  # whatever it is
        held = error  # with its traceback, and all that stands in its frames
    assert type(held) is (end or type(None))
    assert not children()


def test_workers_end_where_a_pair_cannot_be_read_and_the_error_is_told() -> None:
    batches = batches_of(Failing(FILLED), FILLED_UNITS, workers=1)
    with pytest.raises(SettingError, match="a pair that is gone"):
        first_of(batches, 0, 9)
    assert not children()


INTERRUPTED = """
import multiprocessing, time
import numpy as np
from metgan.data import ChannelScale, Entry, Normalisation, Pair, Patches
from metgan.progress import heeding_interrupts, progress
from metgan.training.batches import Batches

image = np.zeros((8, 8), np.uint16)
scale = ChannelScale(0, 1, "uint16")
pair = Pair(Entry("a", "a", "", "", {}), image, image, image > 0)
patches = Patches([pair], Normalisation(scale, scale), 4, 0)
with heeding_interrupts(), Batches(patches, 1, workers=2).since(0) as endless:
    with progress("training", 10**6) as advance:
        for batch in endless:
            print(*(process.pid for process in multiprocessing.active_children()), flush=True)
            advance()
            time.sleep(0.01)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc which processes there are")
@pytest.mark.slow
@pytest.mark.parametrize("to_all", [True, False])
def test_an_interruption_ends_the_training_and_its_workers(to_all: bool) -> None:
    """A terminal sends Ctrl-C to all processes of a command, `kill -INT` to one."""
    started = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert started.stdout is not None
    workers = [int(pid) for pid in started.stdout.readline().split()]
    assert len(workers) == 2
    (os.killpg if to_all else os.kill)(started.pid, signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert started.returncode != 0
    assert errors.count("Traceback") == 1, errors
    assert errors.endswith("KeyboardInterrupt\n")
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def test_what_does_not_fill_a_last_batch_joins_the_next_epochs_first() -> None:
    batches = Batches(Patches(flat_pairs(5), UNITS, 4, 0), 3)
    seen = torch.cat([batch.anatomy[:, 0, 0, 0] for batch in first_of(batches, 0, 5)])
    numbers = ((seen + 1) * 5).round().int().view(3, 5)  # three epochs
    assert numbers.sort(1).values.tolist() == [[0, 1, 2, 3, 4]] * 3


def test_a_batch_is_a_stack_of_single_channel_patches() -> None:
    for augmentation in (None, STRONG):
        batch = batches_of(ramp_pairs(3, 16), UNITS, augmentation=augmentation).at(0)
        assert batch.anatomy.shape == batch.tumour.shape == batch.label.shape == (2, 1, 12, 12)
        assert batch.anatomy.dtype == batch.tumour.dtype == batch.label.dtype == torch.float32
        assert {*batch.label.unique().tolist()} <= {0.0, 1.0}
        assert batch.fill is batch.distortions is None


def test_distorted_batches_differ_from_plain_ones_each_patch_in_its_own_way() -> None:
    plain, strong = (batches_of(ramp_pairs(5, 16), UNITS, augmentation=a).at(3) for a in (None, STRONG))
    change = strong.tumour - plain.tumour
    assert (change.abs().amax((1, 2, 3)) > 0.01).all()
    assert not torch.allclose(change[0], change[1], atol=0.01)


def test_no_augmentation_at_all_is_one_that_changes_nothing() -> None:
    plain, still = (batches_of(FILLED, FILLED_UNITS, augmentation=a).at(3) for a in (None, Augmentation()))
    torch.testing.assert_close(plain.tumour, still.tumour, atol=1e-6, rtol=0)
    assert torch.equal(plain.label, still.label)
    assert plain.fill is not None
    assert still.fill is not None
    assert torch.equal(plain.fill, still.fill)


def test_the_fill_of_distorted_patches_is_its_constant_also_where_a_pixel_of_it_was_light() -> None:
    """Fill is found in the anatomy; a few of its pixels may be light in the tumour channel."""
    anatomy = np.full((16, 16), 1.5, np.float32)
    anatomy[:, :8] = 0
    tumour = np.where(anatomy == 0, 0, 1).astype(np.float32)
    tumour[0, 0] = 1.9
    units = replace(UNITS, fill=fit_pairs(FILLED[:1]).fill)
    pair = Pair(entry(0), anatomy, tumour, np.zeros((16, 16), bool))
    batch = Batches(Patches([pair], units, 16, 0, Augmentation(blur=0.5)), 1).at(0)
    assert batch.fill is not None
    assert batch.fill.any()
    assert (batch.tumour[batch.fill > 0] == -1).all()


def test_a_stack_keeps_the_order_of_its_patches() -> None:
    patches = [cut_patch(pair, View(0, 0, 5, 0), FILLED_UNITS) for pair in FILLED]
    batch = stack(patches)
    assert batch.fill is not None
    for k, patch in enumerate(patches):
        assert np.array_equal(batch.tumour[k, 0], patch.tumour)
        assert np.array_equal(batch.fill[k, 0], patch.fill)  # type: ignore[arg-type]  # there is fill


def test_workers_are_none_on_a_cpu_and_as_many_as_asked_for() -> None:
    assert Engine("cpu").resolved().workers == 0
    assert Engine("cpu", workers=3).resolved().workers == 3
    assert 1 < CUDA_WORKERS < 9
    with pytest.raises(SettingError, match="workers is -1"):
        Engine(workers=-1)


def learned(folder: Path, batches: Batches, stop_at: int | None = None, *, resume: bool = False) -> Tensor:
    """Train one layer on ten batches, or until it is interrupted at a step; return its weights."""
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Dropout(0.2))
    nn.init.zeros_(network[0].weight)
    nn.init.zeros_(network[0].bias)
    optimiser = torch.optim.Adam(network.parameters())

    def prepare(_: Batch, step: int) -> tuple[Tensor, ...]:
        if step == stop_at:
            raise KeyboardInterrupt
        return ()

    def losses(batch: Batch, _: object) -> dict[str, Tensor]:
        return {"loss": (network(batch.anatomy) - batch.tumour).abs().mean()}

    run = Training(
        name="toy",
        folder=folder,
        fabric=Engine(device="cpu", precision="fp32").fabric(),
        phases=[Phase("network", {"network": network}, optimiser, losses, prepare=prepare)],
        material=batches.since,
        after_step=lambda _: None,
        validate=lambda _: ValidationResult(0.0, {}),
        keep=lambda *_: None,
        schedule=Schedule(10, 0.01, 0.5, validate_every=2, log_every=1),
        state=RunState({"network": network}, {"network": optimiser}, [], {"method": "toy"}),
        columns=("loss",),
    )
    torch.manual_seed(0)
    run.run(resume=resume)
    return torch.cat([weight.detach().ravel() for weight in network.parameters()])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop_at", [5, 6])
def test_a_training_resumed_with_workers_equals_one_that_was_not_interrupted_and_had_none(
    tmp_path: Path, workers: int, stop_at: int
) -> None:
    """To the bit, with dropout from torch's own random numbers beside the batches."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole = learned(tmp_path / "whole", batches_of(FILLED, FILLED_UNITS, augmentation=STRONG))
    batches = batches_of(FILLED, FILLED_UNITS, workers, augmentation=STRONG)
    with pytest.raises(KeyboardInterrupt):
        learned(tmp_path / "cut", batches, stop_at)
    assert not children()
    assert torch.equal(learned(tmp_path / "cut", batches, resume=True), whole)
    assert not children()
    other = batches_of(FILLED[:4], FILLED_UNITS, augmentation=STRONG)
    (tmp_path / "other").mkdir()
    assert not torch.equal(learned(tmp_path / "other", other), whole)
