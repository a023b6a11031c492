"""How long a run is, and the learning rate over it: constant, then linear to zero (paper, section 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .early_stopping import EarlyStopping


def rate_factor(step: int, steps: int, constant_share: float) -> float:
    """Return the factor on the learning rate at `step`, in (0, 1].

    Examples
    --------
    >>> [rate_factor(step, 8, 0.5) for step in (0, 4, 5, 7)]
    [1.0, 1.0, 0.75, 0.25]
    """
    constant = round(steps * constant_share)
    if step < constant:
        return 1.0
    return (steps - step) / (steps - constant)


@dataclass(frozen=True)
class Schedule:
    """How long a run is and how often it looks up.

    ``steps`` is its length; with early stopping, the longest that it may have.
    """

    steps: int
    rate: float
    constant_share: float
    validate_every: int
    log_every: int = 10
    early_stopping: EarlyStopping | None = None

    @property
    def least(self) -> int:
        """Steps that the run has at any rate."""
        return self.steps if self.early_stopping is None else round(self.steps * self.early_stopping.least)

    @property
    def third(self) -> int:
        """A third of the least length: validations count from there on, and one without tumours is late."""
        return math.ceil(self.least / 3)

    def end_after(self, done: int, scores: Sequence[float]) -> int | None:
        """Return the last step of a run that has come to a plateau after `done` steps; None where it has not.

        Only while the rate is constant, and only if the run gets its least length.

        Examples
        --------
        >>> schedule = Schedule(540, 1e-3, 0.75, 20, early_stopping=EarlyStopping(least=1 / 3, patience=2))
        >>> flat = [0.5, 0.5, 0.5]
        >>> schedule.end_after(300, flat), schedule.end_after(100, flat), schedule.end_after(420, flat)
        (400, None, None)
        """
        if self.early_stopping is None or done >= round(self.steps * self.constant_share):
            return None
        end = round(done / self.constant_share)
        return end if end >= self.least and self.early_stopping.finds_plateau(scores) else None
