"""Pairs written as the data set of another program: checked whole, then written, with a list of the cases.

The list, ``cases.csv``, says of every case which pair it is, so that a segmentation of it can be traced to
its animal, and a generated pair to its model. It gets its name last, so that a folder without it is known to
be unfinished. Until then it has another one: an export that was stopped goes on only with the same cases,
since files of others would be trained on unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from metgan.data import Pair, read_pair, read_table
from metgan.errors import StorageError
from metgan.images import read_image
from metgan.io import has_file, hold_folder, sync_folder, write_text
from metgan.progress import each, progress

from .cases import Case

CASES_FILE = "cases.csv"
"""Name of the list of cases in an exported data set."""
_BEGUN_FILE = "unfinished-cases.csv"
_COLUMNS = ("name", "part", "data", "pair", "group", "organ", "model")


class Layout(Protocol):
    """How a program's data set lies in a folder."""

    @property
    def kind(self) -> str:
        """What the folder holds, as messages call it."""

    @property
    def can_ignore(self) -> bool:
        """Whether the program can be told of pixels of which a label says nothing."""

    def check(self, cases: Sequence[Case], out: Path) -> None:
        """Refuse cases that the program could not take, or a folder that it would not find; write nothing."""

    def write(self, case: Case, pair: Pair, out: Path) -> Sequence[Path]:
        """Write one case; return its images."""

    def finish(self, cases: Sequence[Case], out: Path) -> None:
        """Write what describes all cases."""

    def advice(self, cases: Sequence[Case], out: Path) -> str:
        """Say what to do with the data set."""


def check_export(cases: Sequence[Case], out: Path, layout: Layout) -> None:
    """Read and check every pair, so that a faulty one is refused before anything is written or deleted."""
    layout.check(cases, out)
    for case in each(cases, "pair"):
        read_pair(case.entry)


def check_resumed(cases: Sequence[Case], out: Path) -> None:
    """Refuse to go on with a stopped export of other cases."""
    for path in (out / _BEGUN_FILE, out / CASES_FILE):
        if has_file(path) and path.read_text(encoding="utf-8") != _listed(cases):
            raise StorageError(
                f"{path} lists other cases",
                "the same pairs in the same parts",
                "Use --overwrite, or another --out",
            )


def export(cases: Sequence[Case], out: Path, layout: Layout) -> None:
    """Write the cases into `out` as `layout` wants them; files that are there are written again.

    Raises
    ------
    StorageError
        When the folder cannot be written, or the disk is full; the cases that are complete are kept. When
        what was written cannot be read again.
    """
    with hold_folder(out, "metgan export"):
        write_text(out / _BEGUN_FILE, _listed(cases))
        (out / CASES_FILE).unlink(missing_ok=True)
        written: dict[Path, tuple[int, ...]] = {}
        with progress("export", len(cases)) as advance:
            for case in cases:
                pair = read_pair(case.entry)
                written |= dict.fromkeys(layout.write(case, pair, out), pair.label.shape)
                advance()
        for path, shape in written.items():  # as the other program will read them
            if (found := read_image(path).shape) != shape:
                given = f"{path} has shape {found} after it was written"
                raise StorageError(given, f"{shape}", "Check the disk; export it again")
        for folder in (out, *(path for path in out.rglob("*") if path.is_dir())):
            sync_folder(folder)
        layout.finish(cases, out)
        write_text(out / CASES_FILE, _listed(cases))
        (out / _BEGUN_FILE).unlink()


def read_cases(out: Path) -> list[dict[str, str]]:
    """Read the list of cases of an exported data set, as rows of text.

    Each has ``name, part, data, pair, group, organ, model``; the last is empty for a real pair.

    Raises
    ------
    StorageError
        When there is none, or it is not such a list.
    """
    path = out / CASES_FILE
    rows = read_table(out, CASES_FILE)
    lacking = [name for name in _COLUMNS if name not in rows[0]] if rows else ["rows"]
    if lacking:
        raise StorageError(
            f"{path} lacks {', '.join(lacking)}", "the list of an exported data set", "Export it again"
        )
    return rows


def _listed(cases: Sequence[Case]) -> str:
    rows = [
        (
            case.name,
            case.part,
            case.source.resolve().name,
            case.entry.name,
            case.entry.group,
            case.entry.organ,
            case.entry.provenance.get("model", ""),
        )
        for case in cases
    ]
    return pd.DataFrame(rows, columns=_COLUMNS).to_csv(index=False, lineterminator="\n")
