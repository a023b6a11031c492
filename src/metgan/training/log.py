"""What happened in a run, one row per logged step, readable by any spreadsheet while it runs."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metgan.io import append_text, has_file, replacing

from .status import planned_steps

if importlib.util.find_spec("tensorboard"):  # an optional extra
    from torch.utils.tensorboard import SummaryWriter


LOG_FILE = "journal.csv"
"""Name of a run's log."""


class TrainingLog:
    """``journal.csv``, and TensorBoard events beside it where tensorboard is installed.

    ``seconds`` is how long the run had trained by the last row that was kept.

    Columns are fixed when it is opened. Rows go to disk as they come; those after the step of a
    resumed checkpoint are taken back first, since they will be written again.
    """

    def __init__(self, folder: Path, columns: tuple[str, ...], step: int) -> None:
        self.path = folder / LOG_FILE
        self.columns = ("step", *columns)
        kept = [row for row in read_log(self.path) if int(row["step"]) <= step]
        with replacing(self.path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)
        self.seconds = float(kept[-1]["seconds"]) if kept else 0.0
        self._events = None
        if importlib.util.find_spec("tensorboard"):
            self._events = SummaryWriter(str(folder / "events"), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Append the row of one step; missing columns stay empty."""
        row = {"step": step} | {name: f"{value:.6g}" for name, value in values.items()}
        line = io.StringIO(newline="")
        csv.DictWriter(line, self.columns, restval="").writerow(row)
        append_text(self.path, line.getvalue())
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what TensorBoard's events still hold back."""
        if self._events is not None:
            self._events.close()


def last_step(run: Path) -> int | None:
    """Return the last logged step of a run (its folder, or a model in it); None where there is no log."""
    rows = read_log((run if run.is_dir() else run.parent) / LOG_FILE)
    return int(rows[-1]["step"]) if rows else None


def stopped_at(run: Path, steps: int) -> int | None:
    """Return the last step of a training that was stopped; None for a finished or unknown one.

    `steps` is its length by the model's card, which holds where the folder has no ``status.json``.
    """
    last = last_step(run)
    return last if last is not None and last < planned_steps(run, steps) else None


def trained_seconds(run: Path) -> float:
    """Return the seconds that a run has trained, without the pauses; 0 without a log."""
    rows = read_log(run / LOG_FILE)
    return float(rows[-1]["seconds"]) if rows else 0.0


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read the complete rows of a log as text; none when there is no file.

    A row that was being written when the process was killed has no end of line, and is left out.
    """
    if not has_file(path):
        return []
    with path.open(newline="", encoding="utf-8") as file:
        whole = [line for line in file if line.endswith("\n")]
    return [*csv.DictReader(whole)]
