"""How far a run has come and what its validations have decided: part of its checkpoint, and ``status.json``.

A run folder tells by it whether its training is finished, without a look into the large checkpoint; the last
row of the journal alone cannot, where a run may end early or has been lengthened.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from metgan.errors import StorageError
from metgan.io import has_file, write_json
from metgan.models import LEAST_DICE

from .schedule import Pace

STATUS_FILE = "status.json"


@dataclass
class Status:
    """What has been decided in a run so far.

    Parameters
    ----------
    end : int or None
        Last step; in a checkpoint None until it is decided otherwise than by the longest length.
    scores : list of float
        Of the validations that early stopping looks at: from the first that shows tumours in their place on,
        so that a run which has not begun to place any never passes for one that has come to a plateau.
    stopped : str
        Why it ended where it did; "" while it goes on, and where its length was fixed.
    former : list of str
        Lengths that it was planned for before it was given another, and how far it had come.
    diagnosis : list of str or None
        Why it has not begun to place tumours after a third of its time; empty where it has, None before.
    settled : bool
        Whether there was a validation that counts: see `settle`.
    """

    end: int | None = None
    scores: list[float] = field(default_factory=list)
    stopped: str = ""
    former: list[str] = field(default_factory=list)
    diagnosis: list[str] | None = None
    settled: bool = False

    def settle(self, done: int, pace: Pace) -> bool:
        """Return whether this validation, after `done` steps, is the first that counts.

        In its first steps a generator paints flat tissue. Where the validated animals happen to be stained
        like the average of those that are trained on, no later weights have a smaller error; the tumours of
        such early weights are dim (docs/results.md). So they are kept only until there are others.

        Examples
        --------
        >>> status, pace = Status(), Pace(90, 1e-3, 0.5, validate_every=20)
        >>> [status.settle(done, pace) for done in (20, 40, 60)]
        [False, True, False]
        """
        if self.settled or done < pace.third:
            return False
        self.settled = True
        self.scores = []
        return True

    def consider(self, done: int, score: float, dice: float | None, pace: Pace) -> None:
        """Take in a validation after `done` steps, and end the run early where it has come to a plateau."""
        if pace.early_stopping is None or self.end is not None:
            return
        if self.scores or dice is None or dice >= LEAST_DICE:
            self.scores.append(score)
        self.end = pace.end_after(done, self.scores)

    def close(self, pace: Pace) -> None:
        """Note why a run that might have ended elsewhere has come to its end."""
        rule = pace.early_stopping
        if rule is None:
            return
        if self.end is not None:
            looks = "1 look" if rule.patience == 1 else f"{rule.patience} looks"
            flat = round(self.end * pace.constant_share)
            self.stopped = f"stopped at step {self.end}: no better validation for {looks} at step {flat}"
            return
        state = "still improving" if self.scores else "without placing tumours"
        self.stopped = (
            f"reached the most steps of {pace.steps}, {state}: go on with --resume --steps {2 * pace.steps}"
        )

    def lengthen(self, done: int, former: str) -> None:
        """Forget the end that was decided, and note the length that a run of `done` steps had."""
        self.end, self.scores, self.stopped = None, [], ""
        self.former.append(f"planned for {former}, given another length after step {done}")

    def save(self, folder: Path, end: int) -> None:
        """Write ``status.json`` of a run that is to end at step `end`."""
        write_json(folder / STATUS_FILE, {**asdict(self), "end": end})


def read_status(run: Path) -> Status | None:
    """Read ``status.json``; None where there is none, as in runs from before it was written.

    Parameters
    ----------
    run : path
        Run folder, or a model file in one.
    """
    path = (run if run.is_dir() else run.parent) / STATUS_FILE
    if not has_file(path):
        return None
    try:
        return Status(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise StorageError(
            f"{path} cannot be read ({error})",
            "the status of a training as metgan wrote it",
            "Delete it, and write it anew with metgan train ... --resume",
        ) from error


def planned_steps(run: Path, steps: int) -> int:
    """Give the step at which a run ends or has ended, as far as it is known; `steps` says its card."""
    status = read_status(run)
    return steps if status is None or status.end is None else status.end
