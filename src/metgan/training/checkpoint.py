"""The one object that makes a run resumable.

Batches and the draws of image pools are functions of seed and step, so the state is: weights, optimisers,
image pools, the average, torch's random state, the step, the best score so far and what validations decided.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeGuard

import torch
from torch import nn

from metgan.errors import StorageError
from metgan.io import load_state, refuse_infinite, save_state

from .image_pool import ImagePool
from .status import Status

CHECKPOINT = "last.ckpt"
"""Name of what a run goes on from, in its folder."""
BEST_CHECKPOINT = "best.ckpt"
"""Name of the same after the best validation of a run of open length, while it may have to go back to it."""
Identity = dict[str, str]
"""Everything that decides a run's bytes, by name."""
_MOST_STEPS: Final = 2**31 - 1
LENGTHS = ("steps", "epochs", "early_stopping")
"""Names of the settings that say how long a run is."""


@dataclass
class RunState:
    """Everything that changes while a run goes on."""

    modules: Mapping[str, nn.Module]
    optimisers: Mapping[str, torch.optim.Optimizer]
    image_pools: list[ImagePool]
    identity: Identity
    step: int = 0
    best: float = float("-inf")
    status: Status = field(default_factory=Status)

    def save(self, folder: Path, name: str = CHECKPOINT) -> None:
        """Write a checkpoint, all or nothing; weights that are not finite are refused."""
        for module in self.modules.values():
            refuse_infinite(folder / name, module.state_dict())
        state: dict[str, Any] = {
            "identity": dict(self.identity),
            "step": self.step,
            "best": self.best,
            "status": asdict(self.status),
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "histories": [history.state_dict() for history in self.image_pools],
            "random": torch.get_rng_state(),
        }
        save_state(folder / name, state)

    def load(
        self, folder: Path, device: torch.device, steps: int | None = None, name: str = CHECKPOINT
    ) -> None:
        """Go back to a checkpoint; `steps` and what is raised as for `load_checkpoint`."""
        state = load_checkpoint(folder, self.identity, steps, name)
        for part, module in self.modules.items():
            module.load_state_dict(state["modules"][part])
        for part, optimiser in self.optimisers.items():
            _load_optimiser(optimiser, state["optimisers"][part])
        for history, stored in zip(self.image_pools, state["histories"], strict=True):
            history.load_state_dict(stored, device)
        torch.set_rng_state(state["random"])
        self.step, self.best = state["step"], state["best"]
        self.status = Status(**state.get("status", {}))
        if _lengths(state["identity"]) != _lengths(self.identity):
            self.status.lengthen(self.step, describe_length(state["identity"]))


def _load_optimiser(optimiser: torch.optim.Optimizer, stored: dict[str, Any]) -> None:
    """Take the averages of a checkpoint. Rates and the like stay those of the run, on the device it is on."""
    groups = [
        {**mine, "params": theirs["params"]}
        for mine, theirs in zip(optimiser.param_groups, stored["param_groups"], strict=True)
    ]
    optimiser.load_state_dict({**stored, "param_groups": groups})


def load_checkpoint(
    folder: Path, identity: Identity, steps: int | None = None, name: str = CHECKPOINT
) -> dict[str, Any]:
    """Read a checkpoint of the run that `identity` names.

    `steps` is the length that the run is to have now, where it may differ from what it was written with; it
    must be a fixed one.

    Raises
    ------
    StorageError
        When it belongs to a run with other settings or another method, holds more steps, or says of how far
        it has come what cannot be.
    """
    path = folder / name
    state = load_state(path)
    _check_progress(path, state)
    stored = state.get("identity")
    theirs = stored if isinstance(stored, dict) else {}
    if steps is None or "early_stopping" in identity:
        check_identity(path, theirs, identity)
        return state
    check_identity(path, without_lengths(theirs), without_lengths(identity))
    if steps < state["step"]:
        raise StorageError(
            f"{path} holds {state['step']} steps; {steps} are asked for",
            "as many or more: a training is never shortened",
            "Ask for more with --steps, or train again with --overwrite or another --out",
        )
    return state


def _check_progress(path: Path, state: Mapping[str, Any]) -> None:
    """Refuse a checkpoint whose step, best score or decided end cannot be: training would end at once.

    Optimisers count their steps themselves (Adam does), so that a wrong step is found whatever it is.
    """
    step, best, status = state.get("step"), state.get("best"), state.get("status", {})
    if not _is_whole(step) or step < 0:
        raise _not_progress(path, f"step {step!r}", "a whole number, 0 or more")
    counted = _steps_of(state.get("optimisers"))
    if counted not in (None, step):
        raise _not_progress(path, f"step {step}", f"{counted}, which is what its optimisers have counted")
    if not isinstance(best, float) or not best < math.inf:
        raise _not_progress(path, f"best {best!r}", "the score of a validation")
    end = status.get("end") if isinstance(status, dict) else status
    if end is not None and not (_is_whole(end) and step <= end <= _MOST_STEPS):
        raise _not_progress(path, f"end {end!r}", f"a whole number from {step}, its step, on")
    if end == step and not status.get("stopped"):
        raise _not_progress(
            path, f"end {end}, its step, but not why it ended", "a recorded reason for stopping"
        )


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _steps_of(optimisers: object) -> int | None:
    """Return how many steps were taken by the weights that took the most; None where no optimiser counts."""
    if not isinstance(optimisers, dict):
        return None
    kept = [weight for optimiser in optimisers.values() for weight in optimiser.get("state", {}).values()]
    return max((int(weight["step"]) for weight in kept if "step" in weight), default=None)


def _not_progress(path: Path, given: str, expected: str) -> StorageError:
    remedy = "Copy the file again from its source, or train again with --overwrite"
    return StorageError(f"{path} says {given}", expected, remedy)


def without_lengths(identity: Identity, section: str = "") -> Identity:
    """Return an identity without the settings that say how long a run is; in an experiment's, of a section.

    Examples
    --------
    >>> without_lengths({"seed": "0", "training.steps": "9", "segmentor.steps": "9"}, "training.")
    {'seed': '0', 'segmentor.steps': '9'}
    """
    lengths = [section + name for name in LENGTHS]
    return {name: value for name, value in identity.items() if name not in lengths}


def describe_length(identity: Identity) -> str:
    """Say how long a run was to be.

    Examples
    --------
    >>> describe_length({"steps": "180", "epochs": "None"})
    '180 steps'
    >>> describe_length({"steps": "None", "epochs": "200", "early_stopping": "..."})
    'at most 200 epochs'
    """
    unit = "steps" if identity.get("steps", "None") != "None" else "epochs"
    words = f"{identity.get(unit, '?')} {unit}"
    return f"at most {words}" if "early_stopping" in identity else words


def _lengths(identity: Identity) -> Identity:
    return {name: identity[name] for name in LENGTHS if name in identity}


def check_identity(path: Path, theirs: Identity, mine: Identity) -> None:
    """Refuse to go on from a file that was written with other settings, `theirs`; name what differs, alone.

    A run's length is one of them wherever it may not be changed: in studies, whose runs are compared at the
    same length, and for a segmentor in the loop, which the generator beside it was trained with.

    Examples
    --------
    >>> check_identity(Path("last.ckpt"), {"seed": "0"}, {"seed": "0"})
    >>> check_identity(Path("last.ckpt"), {"seed": "0", "steps": "4"}, {"seed": "0", "steps": "9"})
    Traceback (most recent call last):
        ...
    metgan.errors.StorageError: last.ckpt was written with steps 4; expected steps 9, as asked for now. This \
training keeps the length that it was begun with: resume with that one, or start anew with --overwrite or \
another --out. Only what metgan train and metgan segmentor write to --out itself is made longer, with --steps.
    """
    differing = [name for name in {**mine, **theirs} if theirs.get(name) != mine.get(name)]
    if not differing:
        return
    remedy = (
        "Resume with the settings and the data that it was started with, or use --overwrite to start anew"
    )
    if all(name.rpartition(".")[2] in LENGTHS for name in differing):
        remedy = (
            "This training keeps the length that it was begun with: resume with that one, or start anew with "
            "--overwrite or another --out. Only what metgan train and metgan segmentor write to --out itself "
            "is made longer, with --steps"
        )
    raise StorageError(
        f"{path} was written with " + ", ".join(f"{name} {theirs.get(name, '?')}" for name in differing),
        ", ".join(f"{name} {mine.get(name, '?')}" for name in differing) + ", as asked for now",
        remedy,
    )
