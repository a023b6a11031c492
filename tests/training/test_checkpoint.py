"""A checkpoint that says of how far it has come what cannot be is refused, by the name of what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from metgan.errors import StorageError
from metgan.io import load_state, save_state
from metgan.training.checkpoint import CHECKPOINT, RunState
from metgan.training.status import Status

IDENTITY = {"method": "toy"}
STEPS = 5
NAN, INF = float("nan"), float("inf")
State = dict[str, Any]


def fresh() -> tuple[nn.Module, torch.optim.Optimizer, RunState]:
    network = nn.Linear(1, 1)
    optimiser = torch.optim.Adam(network.parameters())
    return network, optimiser, RunState({"network": network}, {"network": optimiser}, [], dict(IDENTITY))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of five steps of Adam that is to end at step 9."""
    network, optimiser, state = fresh()
    for _ in range(STEPS):
        optimiser.zero_grad()
        network(torch.ones(1, 1)).sum().backward()
        optimiser.step()
    state.step, state.best, state.status = STEPS, 0.5, Status(end=9, scores=[0.5])
    state.save(tmp_path)
    return tmp_path


def load(run: Path) -> RunState:
    state = fresh()[2]
    state.load(run, torch.device("cpu"))
    return state


def mistype(run: Path, change: Callable[[State], object]) -> None:
    state = load_state(run / CHECKPOINT)
    change(state)
    save_state(run / CHECKPOINT, state)


def test_what_a_run_has_saved_is_taken_up(run: Path) -> None:
    state = load(run)
    assert (state.step, state.best, state.status.end) == (STEPS, 0.5, 9)
    mistype(run, lambda state: state.update(best=-INF))  # before the first validation that counts
    assert load(run).best == -INF


@pytest.mark.parametrize("step", [10**9, STEPS + 1, STEPS - 1, 0, -1, "5", 5.0, NAN, INF, None, True, [5]])
def test_a_step_that_was_not_taken_is_refused(run: Path, step: object) -> None:
    mistype(run, lambda state: state.update(step=step))
    with pytest.raises(StorageError, match=r"last\.ckpt says step .*; expected .*--overwrite"):
        load(run)


@pytest.mark.parametrize("best", [NAN, INF, "0.5", None])
def test_a_best_score_that_none_could_beat_is_refused(run: Path, best: object) -> None:
    mistype(run, lambda state: state.update(best=best))
    with pytest.raises(StorageError, match=r"last\.ckpt says best "):
        load(run)


@pytest.mark.parametrize("end", [STEPS - 1, 0, -1, 10**10, "9", 9.5, NAN])
def test_an_end_that_lies_behind_or_is_no_step_is_refused(run: Path, end: object) -> None:
    mistype(run, lambda state: state["status"].update(end=end))
    with pytest.raises(StorageError, match=r"last\.ckpt says end "):
        load(run)


def test_an_end_at_the_very_step_is_taken_only_from_a_run_that_told_why_it_ended(run: Path) -> None:
    mistype(run, lambda state: state["status"].update(end=STEPS))
    with pytest.raises(StorageError, match="but not why it ended"):
        load(run)
    mistype(run, lambda state: state["status"].update(stopped="stopped at step 5: no better validation"))
    assert load(run).status.end == STEPS


def test_a_missing_step_is_refused(run: Path) -> None:
    mistype(run, lambda state: state.pop("step"))
    with pytest.raises(StorageError, match="says step None"):
        load(run)


TENSOR = torch.tensor(0.25)


@pytest.mark.parametrize(("stored", "own"), [(TENSOR, 0.5), (0.5, TENSOR), (TENSOR, TENSOR + 1)])
def test_an_optimiser_keeps_its_own_rate_and_takes_the_averages(
    tmp_path: Path, stored: float | torch.Tensor, own: float | torch.Tensor
) -> None:
    """Steps that are captured have their rate in a tensor on the device; elsewhere it is a number."""

    def run(rate: float | torch.Tensor) -> tuple[RunState, nn.Linear, torch.optim.Optimizer]:
        network = nn.Linear(2, 1)
        optimiser = torch.optim.Adam(network.parameters(), lr=rate, foreach=False)
        return RunState({"network": network}, {"network": optimiser}, [], {}), network, optimiser

    def step(network: nn.Linear, optimiser: torch.optim.Optimizer) -> None:
        network(torch.ones(2)).sum().backward()
        optimiser.step()

    state, network, first = run(stored)
    step(network, first)
    state.step = 1
    state.save(tmp_path)
    other, loaded, second = run(own)
    other.load(tmp_path, torch.device("cpu"))
    (rate,) = (group["lr"] for group in second.param_groups)
    assert type(rate) is type(own)
    assert rate == own
    assert [each["exp_avg"].tolist() for each in second.state.values()] == [
        each["exp_avg"].tolist() for each in first.state.values()
    ]
    before = loaded.weight.detach().clone()
    step(loaded, second)  # of equal gradients each of Adam's steps is as long as the rate
    assert (before - loaded.weight).tolist() == [pytest.approx([float(own)] * 2, rel=1e-4)]
    assert {int(each["step"]) for each in second.state.values()} == {2}
