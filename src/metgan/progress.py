"""What goes to stderr while work goes on: a progress bar, or lines in a log file, and notes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINES = 10


class Advance(Protocol):
    """Told after each unit of work, with a few words on how it goes."""

    def __call__(self, note: str = "", total: int | None = None) -> None:
        """Advance by one; `total` is how many units there are, where that has changed."""


def note(text: str) -> None:
    """Tell on stderr what the user should know and may want to mend; work goes on."""
    print(f"metgan: note: {text}", file=sys.stderr)


@contextmanager
def progress(task: str, total: int, done: int = 0) -> Iterator[Advance]:
    """Show how far a task of `total` units is, of which `done` were done before.

    Goes to stderr, so that a command's output can be piped.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, task, total, done)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bar:
        handle = bar.add_task(task, total=total, completed=done, note="")

        def advance(note: str = "", total: int | None = None) -> None:
            bar.update(handle, advance=1, total=total)
            if note:
                bar.update(handle, note=note)

        yield advance


class _Lines:
    """Prints about ten lines for the whole task."""

    def __init__(self, console: Console, task: str, total: int, done: int) -> None:
        self.console, self.task, self.total = console, task, total
        self.first = self.done = done
        self.start = time.monotonic()

    def __call__(self, note: str = "", total: int | None = None) -> None:
        self.done += 1
        self.total = self.total if total is None else total
        tenth = max(1, self.total // _LINES)
        if self.done % tenth and self.done != self.total:
            return
        spent = time.monotonic() - self.start
        left = spent / (self.done - self.first) * (self.total - self.done)
        line = f"{self.task}: {self.done}/{self.total}, {spent:.0f} s spent, about {left:.0f} s left {note}"
        self.console.print(line, highlight=False, soft_wrap=True)
