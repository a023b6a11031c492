"""How long a run is, and the learning rate over it: constant, then linear to zero (paper, section 3).

What a run has to be trained for depends on the data, and nobody knows it beforehand. Its validations tell;
and since they are a function of settings and data, a run that was killed and resumed ends where an
uninterrupted one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metgan.errors import SettingError


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
class EarlyStopping:
    """End a run early, once validation no longer improves.

    The learning rate is constant until the plateau is found, then falls linearly to zero in the proportion
    of ``constant_share``: with 0.75, over a third of the steps so far. That is the schedule of
    a run of a fixed length which is known only then. Where no plateau is found in time, it is that of the
    longest run. Where validation has become worse, the run goes back to its best, and falls from there.

    Parameters
    ----------
    least : float
        The shortest run as a share of the longest, in (0, 1].
    patience : int
        Validations without improvement that make a plateau, 1 or more.
    tolerance : float
        What a score must rise by to count as improvement, 0 or more. Scores go up to about 1: see
        `metgan.training.validation`.

    Notes
    -----
    Scores of a GAN jump up and down by a few hundredths from one validation to the next. So no validation is
    compared with the one before: the best of the last ``patience`` is, with the best of all earlier ones. A
    bad one among them changes nothing, and a slow rise adds up over all of them. What it is
    open to is one lucky validation, which the next have to beat; hence a patience of several.
    """

    least: float = 1 / 3
    patience: int = 4
    tolerance: float = 0.01

    def __post_init__(self) -> None:
        if not (0 < self.least <= 1 and 1 <= self.patience <= 1_000_000 and 0 <= self.tolerance <= 100):
            raise SettingError(
                f"least={self.least}, patience={self.patience}, tolerance={self.tolerance} of early stopping",
                "a share in (0, 1], 1 to 1000000 validations, and 0 to 100",
                "Correct the value that is out of range",
            )

    def finds_plateau(self, scores: Sequence[float]) -> bool:
        """Return whether the last validations brought no improvement.

        Parameters
        ----------
        scores : sequence of float
            Of all validations so far, the oldest first. As many as ``patience`` or fewer show no plateau.

        Examples
        --------
        >>> rule = EarlyStopping(patience=2, tolerance=0.01)
        >>> rule.finds_plateau([0.1, 0.3]), rule.finds_plateau([0.1, 0.3, 0.2, 0.305])
        (False, True)
        >>> rule.finds_plateau([0.1, 0.3, 0.2, 0.32])
        False
        """
        if len(scores) <= self.patience:
            return False
        return max(scores[-self.patience :]) < max(scores[: -self.patience]) + self.tolerance

    def worse_for(self, scores: Sequence[float]) -> int:
        """Return how many validations ago a run was at its best, if it has become worse since; else 0.

        It has where the last validations, on average, lie below the best of all by more than the tolerance. A
        plateau that is level is no reason to go back: which of its validations is the best, is chance.

        Examples
        --------
        >>> rule = EarlyStopping(patience=2, tolerance=0.01)
        >>> rule.worse_for([0.1, 0.3, 0.29, 0.26]), rule.worse_for([0.1, 0.3, 0.29, 0.295])
        (2, 0)
        """
        recent, best = scores[-self.patience :], max(scores)
        return [*reversed(scores)].index(best) if sum(recent) / len(recent) < best - self.tolerance else 0


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

    def has_plateau(self, done: int, scores: Sequence[float]) -> bool:
        """Return whether a run has come to a plateau after `done` steps, and is to end.

        Only while the rate is constant, and only if the run gets its least length.

        Examples
        --------
        >>> schedule = Schedule(540, 1e-3, 0.75, 20, early_stopping=EarlyStopping(least=1 / 3, patience=2))
        >>> flat = [0.5, 0.5, 0.5]
        >>> schedule.has_plateau(300, flat), schedule.has_plateau(100, flat), schedule.has_plateau(420, flat)
        (True, False, False)
        """
        rule = self.early_stopping
        if rule is None or done >= round(self.steps * self.constant_share):
            return False
        return round(done / self.constant_share) >= self.least and rule.finds_plateau(scores)

    def end_from(self, step: int) -> int:
        """Return the last step of a run whose rate falls from `step` on, or from where the least length asks.

        Examples
        --------
        >>> schedule = Schedule(540, 1e-3, 0.75, 20, early_stopping=EarlyStopping(least=1 / 3))
        >>> schedule.end_from(300), schedule.end_from(80)
        (400, 180)
        """
        return max(self.least, round(step / self.constant_share))

    @property
    def first_return(self) -> int:
        """The first step that a run may go back to: up to the next validation, runs of any length are one."""
        return round(self.least * self.constant_share) // self.validate_every * self.validate_every

    def return_from(self, done: int, scores: Sequence[float]) -> int:
        """Return the step that a run on a plateau goes on from: `done`, or the best if it is worse since.

        Examples
        --------
        >>> schedule = Schedule(540, 1e-3, 0.75, 20, early_stopping=EarlyStopping(least=1 / 3, patience=2))
        >>> schedule.return_from(300, [0.5, 0.6, 0.4, 0.4]), schedule.return_from(300, [0.5, 0.5, 0.5])
        (260, 300)
        >>> schedule.return_from(160, [0.5, 0.6, 0.4, 0.4])  # from 120 to 135, nothing changes
        120
        """
        rule = self.early_stopping
        ago = 0 if rule is None else rule.worse_for(scores)
        return max(done - self.validate_every * ago, self.first_return) if ago else done
