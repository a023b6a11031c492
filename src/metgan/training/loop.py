"""The training loop: the same for a GAN and for a segmentor.

Readable from top to bottom on purpose; Lightning Fabric only gives device, precision and backward.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic

from torch import Tensor

from metgan.errors import DivergedError
from metgan.io import has_file, hold_folder
from metgan.models import LEAST_DICE
from metgan.progress import note, progress

from .checkpoint import BEST_CHECKPOINT, RunState
from .log import TrainingLog
from .phases import Material, Phase
from .schedule import Schedule, rate_factor
from .stepper import stepper_on

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class ValidationResult:
    """What validation found: the score that chooses the weights, and what it is made of."""

    score: float
    details: Mapping[str, float]

    @property
    def dice(self) -> float | None:
        """Pooled Dice of labels and reading; None where nothing was read, or no label holds a tumour."""
        return self.details.get("val_dice")


@dataclass(frozen=True)
class Training(Generic[Material]):
    """One run: phases, where their material comes from, and what happens at a validation.

    Parameters
    ----------
    material : callable
        Number of the first step to what the phases' losses take, step after step without end: within a
        context, which ends with the run, or where it breaks off.
    after_step : callable
        Told the step's number after each step (running averages).
    validate : callable
        Returns the result for the present weights.
    keep : callable
        Told the step and the result when its weights are to be used from now on.
    diagnose : callable or None
        Told the step and the Dice of a run that has not begun to place tumours after a third of its time;
        gives the reasons in words, or none where the run is too short to tell.
    keeps_last : bool
        Whether `keep` is told of every validation, or of those alone that are the best so far.
    cuda_graphs : bool
        Whether a CUDA device captures its steps: see `Engine`.
    """

    name: str
    folder: Path
    fabric: Fabric
    phases: list[Phase[Material]]
    material: Callable[[int], AbstractContextManager[Iterator[Material]]]
    after_step: Callable[[int], None]
    validate: Callable[[int], ValidationResult]
    keep: Callable[[int, ValidationResult], None]
    schedule: Schedule
    state: RunState
    columns: tuple[str, ...]
    diagnose: Callable[[int, float], list[str]] | None = None
    keeps_last: bool = False
    cuda_graphs: bool = False

    def run(self, *, resume: bool = False, steps: int | None = None) -> None:
        """Train to the end; log, validate and checkpoint on the way.

        With `resume`, go back to the folder's ``last.ckpt`` first; `steps` is the length that the run may
        have then, None where it keeps its own.

        Raises
        ------
        StorageError
            When another process trains into the folder.
        DivergedError
            When a loss or a weight becomes NaN or infinite.
        """
        with hold_folder(self.folder, f"training {self.name}"):
            if resume:
                self.state.load(self.folder, self.fabric.device, steps)
            first = self.state.step
            self.state.status.save(self.folder, self._end)
            start = self._go_on()
            while self.state.step < self._end:  # it went back to its best
                self._go_on(start)
            if self.state.step > first and self.state.status.stopped:
                note(f"the training of {self.folder} {self.state.status.stopped}")

    def _go_on(self, start: float | None = None) -> float:
        """Train to the end, or until the run goes back to an earlier step; returns when its clock started."""
        first, columns = self.state.step, ("seconds", "rate", *self.columns)
        stepper = stepper_on(self.fabric, self.phases, cuda_graphs=self.cuda_graphs)
        with (
            closing(TrainingLog(self.folder, columns, first)) as journal,
            self.material(first) as materials,
            progress(self.name, self._end, first) as advance,
        ):
            start = time.monotonic() - journal.seconds if start is None else start
            while (step := self.state.step) < self._end:
                losses = stepper.take(step, self._rate(step), next(materials))
                self.after_step(step)
                self.state.step = step + 1
                row, words = self._look_up(step + 1, losses)
                if row:
                    clock = {"seconds": time.monotonic() - start, "rate": self._rate(step)}
                    journal.write(step + 1, clock | row)
                if self._is_validation(step + 1):
                    self._save()  # after its row, so that no kill between them loses the row
                if self.state.step <= step:
                    break
                advance(words, self._end)
        return start

    @property
    def _end(self) -> int:
        return self.schedule.steps if self.state.status.end is None else self.state.status.end

    def _save(self) -> None:
        if self.state.status.may_return(self.state.step, self.schedule):
            self.state.save(self.folder, BEST_CHECKPOINT)
        if self.state.step == self._end:
            self.state.status.close(self.schedule)
        self.state.save(self.folder)
        self.state.status.save(self.folder, self._end)
        if self.state.status.end is not None or self.state.step == self._end:
            (self.folder / BEST_CHECKPOINT).unlink(missing_ok=True)

    def _look_up(self, done: int, losses: Mapping[str, Tensor]) -> tuple[dict[str, float], str]:
        """Return the log's row after `done` steps (empty between logged ones) and a few words."""
        is_validation = self._is_validation(done)
        if not is_validation and done % self.schedule.log_every:
            return {}, ""
        row = {name: float(loss) for name, loss in losses.items()}
        self._refuse_divergence(done, row)
        words = "loss: " + ", ".join(f"{name} {value:.3g}" for name, value in row.items())
        if is_validation:
            result = self.validate(done)
            row |= result.details
            self._refuse_divergence(done, {"validation": result.score})
            # of equals the later: it has learned longer
            if self.keeps_last or result.score >= self.state.best:
                self.state.best = result.score
                self.keep(done, result)
            self._decide(done, result)
        return row, words

    def _decide(self, done: int, result: ValidationResult) -> None:
        """Let a validation end the run early, or tell why it has not begun to place tumours."""
        status, has_best = self.state.status, has_file(self.folder / BEST_CHECKPOINT)
        if status.consider(done, result.score, result.dice, self.schedule, has_best=has_best):
            note(
                f"the training of {self.folder}: validation has become worse; it goes back to step "
                f"{status.back}, and ends at step {status.end}"
            )
            self.state.load(self.folder, self.fabric.device, name=BEST_CHECKPOINT)
            self.state.status = status
        if self.diagnose is None or status.diagnosis is not None or done < self.schedule.third:
            return
        status.diagnosis = []
        if result.dice is not None and result.dice < LEAST_DICE:
            status.diagnosis = self.diagnose(done, result.dice)
            if news := status.news():
                note("\n  - ".join(news))

    def _is_validation(self, done: int) -> bool:
        return done % self.schedule.validate_every == 0 or done == self._end

    def _rate(self, step: int) -> float:
        return self.schedule.rate * rate_factor(step, self._end, self.schedule.constant_share)

    def _refuse_divergence(self, step: int, losses: Mapping[str, float]) -> None:
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if bad:
            raise DivergedError(
                f"{', '.join(bad)} is not finite at step {step}",
                "finite losses and weights",
                "Start anew with --overwrite and a lower --learning-rate, or with --precision fp32",
            )
