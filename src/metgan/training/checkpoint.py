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
_LENGTHS = ("steps", "epochs")


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
    check_identity(folder / CHECKPOINT, theirs if isinstance(theirs, dict) else {}, identity)
    return state


def check_identity(path: Path, theirs: Identity, mine: Identity) -> None:
    """Refuse to go on from a file that was written with other settings; name those that differ, alone.

    A run's length is one of them, also once it is finished: the learning rate is laid out over it, so a
    longer run would have been another from the middle on.

    Parameters
    ----------
    path : Path
        The file.
    theirs, mine : dict of str
        The settings that it was written with, and those of now.

    Raises
    ------
    StorageError
        When they differ.

    Examples
    --------
    >>> check_identity(Path("last.ckpt"), {"seed": "0"}, {"seed": "0"})
    >>> check_identity(Path("last.ckpt"), {"seed": "0", "steps": "4"}, {"seed": "0", "steps": "9"})
    Traceback (most recent call last):
        ...
    metgan.errors.StorageError: last.ckpt was written with steps 4; expected steps 9, as asked for now. A \
training, finished or not, cannot be made longer or shorter, since its learning rate is laid out over its \
length: resume with the length it has, or train anew with --overwrite or another --out.
    """
    differing = [name for name in {**mine, **theirs} if theirs.get(name) != mine.get(name)]
    if not differing:
        return
    remedy = (
        "Resume with the settings and the data that it was started with, or use --overwrite to start anew"
    )
    if all(name.rpartition(".")[2] in _LENGTHS for name in differing):
        remedy = (
            "A training, finished or not, cannot be made longer or shorter, since its learning rate is "
            "laid out over its length: resume with the length it has, or train anew with --overwrite or "
            "another --out"
        )
    raise StorageError(
        f"{path} was written with " + ", ".join(f"{name} {theirs.get(name, '?')}" for name in differing),
        ", ".join(f"{name} {mine.get(name, '?')}" for name in differing) + ", as asked for now",
        remedy,
    )
