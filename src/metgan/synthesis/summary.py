"""What became of a generated set: what the gate did, which tumours are seen, which contrasts reached."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from metgan.data import Entry, read_channel, read_label, split_names
from metgan.io import write_json

from .gate import GatedPair

GATE_FILE = "gate.json"
"""Name of the summary in a generated pair set."""

PASSED = "passed"
"""What the column ``gate`` says of a pair that passed."""
_FAILED, _OFF = "failed", "off"


def gate_columns(generated: GatedPair) -> dict[str, object]:
    """Return the columns of a pair; scores are empty where they are undefined or there was no gate."""
    scores = asdict(generated.scores) if generated.scores else dict.fromkeys(_SCORES, math.nan)
    state = _OFF if generated.scores is None else PASSED
    return {
        **{name: "" if math.isnan(value) else f"{value:.6g}" for name, value in scores.items()},
        "attempts": generated.attempts,
        "gate": f"{_FAILED}: {', '.join(generated.faults)}" if generated.faults else state,
        "rejected": ";".join("+".join(names) for names in generated.rejected),
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
    rejected : int
        Attempts that failed.
    reasons : mapping of str to int
        Attempts that failed by each score; one may fail by several.

    Examples
    --------
    >>> print(GateSummary(99, 97, 121, 24, {"recall": 20, "contrast": 6}))
    97 of 99 pairs passed the gate, 2 kept though they failed; 24 of 121 attempts were rejected: \
recall 20, contrast 6
    """

    pairs: int
    passed: int
    attempts: int
    rejected: int
    reasons: Mapping[str, int]

    def __str__(self) -> str:
        kept = self.pairs - self.passed
        reasons = ", ".join(f"{name} {count}" for name, count in self.reasons.items())
        return (
            f"{self.passed} of {self.pairs} pairs passed the gate"
            + (f", {kept} kept though they failed" if kept else "")
            + f"; {self.rejected} of {self.attempts} attempts were rejected"
            + (f": {reasons}" if reasons else "")
        )


def sum_up(pairs: Iterable[Entry]) -> GateSummary | None:
    """Sum up a generated set's table; None where a pair saw no gate."""
    rows = [entry.provenance for entry in pairs]
    if any(row.get("gate", _OFF) == _OFF for row in rows):
        return None
    rejected = [attempt for row in rows for attempt in row["rejected"].split(";") if attempt]
    counts = Counter(name for attempt in rejected for name in attempt.split("+"))
    return GateSummary(
        len(rows),
        sum(row["gate"] == PASSED for row in rows),
        sum(int(row["attempts"]) for row in rows),
        len(rejected),
        {name: counts[name] for name in _SCORES if counts[name]},
    )


def save_summary(pairs: Iterable[Entry], out: Path) -> None:
    """Write the summary into the folder of a generated set that came through a gate."""
    summary = sum_up(pairs)
    if summary is not None:
        write_json(out / GATE_FILE, asdict(summary))


@dataclass(frozen=True)
class UnseenSummary:
    """How many tumours that were inserted into unlabelled scans are not seen by who labelled these.

    Parameters
    ----------
    inserted : int
    unseen : int
        Of these, those that no label shows.

    Examples
    --------
    >>> print(UnseenSummary(40, 3))
    3 of 40 inserted tumours are too dim for the segmentor that labelled the scans: in ignore/, not in label/
    """

    inserted: int
    unseen: int

    def __str__(self) -> str:
        return (
            f"{self.unseen} of {self.inserted} inserted tumours are too dim for the segmentor that labelled "
            "the scans: in ignore/, not in label/"
        )


def sum_up_unseen(pairs: Iterable[Entry]) -> UnseenSummary | None:
    """Count inserted tumours of a generated set by their table; None where no segmentor was asked."""
    rows = [entry.provenance for entry in pairs if entry.provenance.get("unseen")]
    unseen = sum(int(row["unseen"]) for row in rows)
    shown = sum(int(row["tumours"]) - int(row["own_tumours"]) for row in rows)
    return UnseenSummary(shown + unseen, unseen) if rows else None


FAR_OFF: Final = 1.3
"""Factor between the contrast that was asked for and the one that was got from which it was not reached."""


@dataclass(frozen=True)
class ContrastSummary:
    """How many tumours of a generated set have the contrast that was asked for.

    Parameters
    ----------
    tumours : int
        Those for which one was asked.
    dimmer, brighter : int
        Those that ended more than `FAR_OFF` times below it, or above.
    unknown : int
        Those whose contrast cannot be told in the generated image.
    clipped : int
        Of those that are dimmer, those in images that reach the camera's brightest value on a tumour.

    Examples
    --------
    >>> print(ContrastSummary(40, 9, 1, 0, 2))
    10 of 40 tumours (25%) ended more than 1.3 times away from the contrast that was asked for: \
9 dimmer, 1 brighter
    """

    tumours: int
    dimmer: int
    brighter: int
    unknown: int
    clipped: int

    @property
    def missed(self) -> int:
        """How many did not reach what was asked for, or cannot be told to have."""
        return self.dimmer + self.brighter + self.unknown

    def __str__(self) -> str:
        how = {"dimmer": self.dimmer, "brighter": self.brighter, "that cannot be told": self.unknown}
        return (
            f"{self.missed} of {self.tumours} tumours ({self.missed / self.tumours:.0%}) ended more than "
            f"{FAR_OFF:g} times away from the contrast that was asked for: "
            + ", ".join(f"{count} {word}" for word, count in how.items() if count)
        )


def sum_up_contrasts(pairs: Iterable[Entry], ceiling: float | None) -> ContrastSummary | None:
    """Compare the contrasts of a generated set with those that were asked for; None where none was.

    Parameters
    ----------
    pairs : iterable of Entry
        With the columns ``asked_contrasts`` and ``got_contrasts``; others are passed over.
    ceiling : float, camera units, or None
        Brightest value that a generated image can have; None where there is no such limit.
    """
    counts: Counter[str] = Counter()
    for entry in pairs:
        asked, got = (
            np.array(split_names(entry.provenance.get(name, "")), float)
            for name in ("asked_contrasts", "got_contrasts")
        )
        if not asked.size or got.size != asked.size:
            continue
        dimmer = int((got * FAR_OFF < asked).sum())
        counts["tumours"] += asked.size
        counts["dimmer"] += dimmer
        counts["brighter"] += int((got > FAR_OFF * asked).sum())
        counts["unknown"] += int(np.isnan(got).sum())
        if dimmer and ceiling is not None:
            tumours = read_channel(entry.paths["tumour"])[read_label(entry.paths["label"])]
            counts["clipped"] += dimmer * bool((tumours >= ceiling).any())
    names = [field.name for field in fields(ContrastSummary)]
    return ContrastSummary(**{name: counts[name] for name in names}) if counts["tumours"] else None


_SCORES = ("recall", "false_area", "contrast", "nearest", "light")
