"""How far a run has come and what its validations have decided: part of its checkpoint, and ``status.json``.

A run folder tells by it whether its training is finished, without a look into the large checkpoint; the last
row of the log alone cannot, where a run may end early or has been lengthened.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from metgan.errors import StorageError
from metgan.io import has_file, write_json
from metgan.models import LEAST_DICE

from .schedule import Schedule

STATUS_FILE = "status.json"


@dataclass
class Status:
    """What has been decided in a run so far.

    Parameters
    ----------
    end : int or None
        Last step; in a checkpoint None until it is decided otherwise than by the longest length.
    scores : list of float
        Of the validations that early stopping looks at: from a third of the least length on, since the flat
        tissue of the first steps may be hard to surpass; and from the first that shows tumours in their place
        on, so that a run which has not begun to place any never passes for one that has come to a plateau.
    stopped : str
        Why it ended where it did; "" while it goes on, and where its length was fixed.
    former : list of str
        Lengths that it was planned for before it was given another, and how far it had come.
    diagnosis : list of str or None
        Why it has not begun to place tumours after a third of its time; empty where it has, or is too short
        to tell, None before.
    told : list of str
        Sentences of the diagnoses that it had with former lengths.
    back : int or None
        Step that it went back to, because validation had become worse since.
    """

    end: int | None = None
    scores: list[float] = field(default_factory=list)
    stopped: str = ""
    former: list[str] = field(default_factory=list)
    diagnosis: list[str] | None = None
    told: list[str] = field(default_factory=list)
    back: int | None = None

    def may_return(self, done: int, schedule: Schedule) -> bool:
        """Return whether the run, validated after `done` steps, may have to go back to this step later."""
        if schedule.early_stopping is None or self.end is not None:
            return False
        first, is_best = schedule.first_return, bool(self.scores) and self.scores[-1] == max(self.scores)
        return done == first or (done > first and is_best)

    def consider(
        self, done: int, score: float, dice: float | None, schedule: Schedule, *, has_best: bool = False
    ) -> bool:
        """Take in a validation after `done` steps, and end the run early where it has come to a plateau.

        Returns whether the run is to go back to step `back`, which it can if the checkpoint of its best
        validation is there.
        """
        if schedule.early_stopping is None or self.end is not None or done < schedule.third:
            return False
        if self.scores or dice is None or dice >= LEAST_DICE:
            self.scores.append(score)
        if not schedule.has_plateau(done, self.scores):
            return False
        start = schedule.return_from(done, self.scores) if has_best else done
        self.end = schedule.end_from(start)
        self.back = start if start < done else None
        return start < done

    def close(self, schedule: Schedule) -> None:
        """Note why a run that might have ended elsewhere has come to its end."""
        rule = schedule.early_stopping
        if rule is None:
            return
        if self.back is not None:
            self.stopped = (
                f"stopped at step {self.end}: validation had become worse, so that it went back to step "
                f"{self.back}"
            )
            return
        if self.end is not None:
            last, were = "validation", "was"
            if rule.patience > 1:
                last, were = f"{rule.patience} validations", "were"
            flat = round(self.end * schedule.constant_share)
            self.stopped = f"stopped at step {self.end}: the last {last} up to step {flat} {were} no better"
            return
        reached = f"reached the maximum of {schedule.steps} steps"
        longer = f"go on with --resume --steps {2 * schedule.steps}"
        if not self.scores:
            self.stopped = f"{reached} without placing tumours: {longer}"
        elif rule.finds_plateau(self.scores):
            self.stopped = f"{reached}: the last validations were no better"
        else:
            self.stopped = f"{reached}, still improving: {longer}"

    def lengthen(self, done: int, former: str) -> None:
        """Forget the end that was decided, and note the length that a run of `done` steps had."""
        self.told += self.diagnosis or []
        self.end, self.scores, self.stopped, self.diagnosis, self.back = None, [], "", None, None
        self.former.append(f"planned for {former}, given another length after step {done}")

    def news(self) -> list[str]:
        """Return the diagnosis without what was told before the run was given another length."""
        new = [sentence for sentence in self.diagnosis or [] if sentence not in self.told]
        again = len(self.diagnosis or []) - len(new)
        return [*new, "what was told before it was given this length still holds"] if again else new

    def save(self, folder: Path, end: int) -> None:
        """Write ``status.json`` of a run that is to end at step `end`."""
        write_json(folder / STATUS_FILE, {**asdict(self), "end": end})


def read_status(run: Path) -> Status | None:
    """Read ``status.json`` of a run (its folder, or a model in it); None where there is none."""
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
    """Return the step at which a run ends or has ended, as far as it is known; `steps` says its card."""
    status = read_status(run)
    return steps if status is None or status.end is None else status.end
