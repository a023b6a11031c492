"""The one object that makes a run resumable.

Batches and history draws are functions of seed and step, so the state is: weights, optimisers,
histories, the average, torch's random state, the step and the best score so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from metgan.errors import StorageError
from metgan.io import load_state, save_state

from .history import History
from .phases import Phase

CHECKPOINT = "last.ckpt"
Identity = dict[str, str]
"""Everything that decides a run's bytes, by name."""


@dataclass
class RunState:
    """Everything that changes while a run goes on."""

    modules: Mapping[str, nn.Module]
    optimisers: Mapping[str, torch.optim.Optimizer]
    histories: list[History]
    identity: Identity
    step: int = 0
    best: float = float("-inf")

    @classmethod
    def of(
        cls,
        modules: Mapping[str, nn.Module],
        phases: Sequence[Phase[Any]],
        histories: list[History],
        identity: Identity,
    ) -> RunState:
        """Give the state of a run at its beginning."""
        return cls(modules, {phase.name: phase.optimiser for phase in phases}, histories, identity)

    def save(self, folder: Path) -> None:
        """Write ``last.ckpt``, all or nothing."""
        state: dict[str, Any] = {
            "identity": dict(self.identity),
            "step": self.step,
            "best": self.best,
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "histories": [history.state_dict() for history in self.histories],
            "random": torch.get_rng_state(),
        }
        save_state(folder / CHECKPOINT, state)

    def load(self, folder: Path, device: torch.device) -> None:
        """Go back to ``last.ckpt``.

        Raises
        ------
        StorageError
            When it belongs to a run with other settings or another method.
        """
        state = load_checkpoint(folder, self.identity)
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for history, stored in zip(self.histories, state["histories"], strict=True):
            history.load_state_dict(stored, device)
        torch.set_rng_state(state["random"])
        self.step, self.best = state["step"], state["best"]


def load_checkpoint(folder: Path, identity: Identity) -> dict[str, Any]:
    """Read ``last.ckpt`` of the run that `identity` names.

    Raises
    ------
    StorageError
        When it belongs to a run with other settings or another method.
    """
    state = load_state(folder / CHECKPOINT)
    theirs = state.get("identity")
    if theirs != identity:
        raise _of_another_run(folder / CHECKPOINT, theirs if isinstance(theirs, dict) else {}, identity)
    return state


def _of_another_run(path: Path, theirs: Identity, mine: Identity) -> StorageError:
    """Name the settings that differ, and those alone."""
    differing = [name for name in {**mine, **theirs} if theirs.get(name) != mine.get(name)]
    return StorageError(
        f"{path} was written with " + ", ".join(f"{name} {theirs.get(name, '?')}" for name in differing),
        ", ".join(f"{name} {mine.get(name, '?')}" for name in differing) + ", as asked for now",
        "Resume with the settings and the data that it was started with, or use --overwrite to start anew",
    )
