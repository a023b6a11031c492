"""What the gate did, as columns of ``pairs.csv``, and summed up in ``gate.json``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from metgan.data import Entry
from metgan.io import write_json

from .gate import Painted

GATE_FILE = "gate.json"
"""Name of the summary in a generated pair set."""

PASSED = "passed"
"""What the column ``gate`` says of a pair that passed."""
_FAILED, _OFF = "failed", "off"


def gate_columns(painted: Painted) -> dict[str, object]:
    """Give the columns of a pair; scores are empty where they are undefined or there was no gate."""
    scores = asdict(painted.scores) if painted.scores else dict.fromkeys(_SCORES, math.nan)
    state = _OFF if painted.scores is None else PASSED
    return {
        **{name: "" if math.isnan(value) else f"{value:.6g}" for name, value in scores.items()},
        "attempts": painted.attempts,
        "gate": f"{_FAILED}: {', '.join(painted.faults)}" if painted.faults else state,
        "fallen": ";".join("+".join(names) for names in painted.fallen),
    }


@dataclass(frozen=True)
class GateSummary:
    """How many pairs and attempts passed, and why the others did not.

    Parameters
    ----------
    pairs : int
    passed : int
        Pairs that passed; the others were kept though every attempt failed.
    attempts : int
    fallen : int
        Attempts that failed.
    reasons : mapping of str to int
        Attempts that failed by each score; one may fail by several.

    Examples
    --------
    >>> print(GateSummary(99, 97, 121, 24, {"recall": 20, "contrast": 6}))
    97 of 99 pairs passed the gate, 2 kept though they failed; 24 of 121 attempts fell: recall 20, contrast 6
    """

    pairs: int
    passed: int
    attempts: int
    fallen: int
    reasons: Mapping[str, int]

    def __str__(self) -> str:
        kept = self.pairs - self.passed
        reasons = ", ".join(f"{name} {count}" for name, count in self.reasons.items())
        return (
            f"{self.passed} of {self.pairs} pairs passed the gate"
            + (f", {kept} kept though they failed" if kept else "")
            + f"; {self.fallen} of {self.attempts} attempts fell"
            + (f": {reasons}" if reasons else "")
        )


def sum_up(pairs: Iterable[Entry]) -> GateSummary | None:
    """Sum up a generated set's table; None where a pair saw no gate."""
    rows = [entry.history for entry in pairs]
    if any(row.get("gate", _OFF) == _OFF for row in rows):
        return None
    fallen = [attempt for row in rows for attempt in row["fallen"].split(";") if attempt]
    counts = Counter(name for attempt in fallen for name in attempt.split("+"))
    return GateSummary(
        len(rows),
        sum(row["gate"] == PASSED for row in rows),
        sum(int(row["attempts"]) for row in rows),
        len(fallen),
        {name: counts[name] for name in _SCORES if counts[name]},
    )


def save_summary(pairs: Iterable[Entry], out: Path) -> None:
    """Write the summary into the folder of a generated set that came through a gate."""
    summary = sum_up(pairs)
    if summary is not None:
        write_json(out / GATE_FILE, asdict(summary))


_SCORES = ("recall", "false_area", "contrast", "nearest", "light")
