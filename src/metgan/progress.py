"""What goes to stderr while work goes on, and where a Ctrl-C is heeded that Python has lost.

Notes
-----
Python raises ``KeyboardInterrupt`` at whatever it is doing. In a weakref's callback or a ``__del__`` it is
printed ("Exception ignored in ...") and dropped, and a training would go on for hours. So a command remembers
that it was interrupted (`heeding_interrupts`), and each unit of work that is told of asks for it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType
from typing import Final, Protocol, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

Item = TypeVar("Item")
SLOW: Final = 10.0
"""Seconds after which a log is told how far a single unit of work is."""
_LINES = 10
_NEARLY = 0.99
_LONG = (("h", 3600), ("min", 60))
_RESUMED = "since resuming"
_interrupted = False


class Advance(Protocol):
    """Told after each unit of work, with a few words on how it goes."""

    def __call__(self, note: str = "", total: int | None = None) -> None:
        """Advance by one; `total` is how many units there are, where that has changed."""


@dataclass(frozen=True)
class Note:
    """What the user should know and may want to correct; work goes on."""

    text: str


@dataclass(frozen=True)
class Progress:
    """How far a task is: `done` of `total` units, and a few words on how it goes."""

    task: str
    done: int
    total: int
    words: str


Event = Note | Progress
"""What is told while work goes on."""
Listener = Callable[[Event], None]
"""Takes each event: the `on_event` of a workflow."""

_shown: ContextVar[_Bar | _Told | _Lines | None] = ContextVar("shown", default=None)
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_told_once: ContextVar[set[str]] = ContextVar("told_once", default=set())  # noqa: B039  # outside of a run
_telling_once = threading.Lock()


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Send what is told within the block, which is a run, to a listener; None for stderr, as without a block.

    Threads that work for the block tell it too, one at a time, and not all from the thread that began it.
    What is told once (`note_once`) is told once in each block.

    Examples
    --------
    >>> told = []
    >>> with listening(told.append):
    ...     note("the mask is empty")
    >>> told
    [Note(text='the mask is empty')]
    """
    door = threading.Lock()

    def one_at_a_time(event: Event) -> None:
        assert listener is not None
        with door:
            listener(event)

    with ExitStack() as stack:
        stack.callback(_told_once.reset, _told_once.set(set()))
        if listener is not None:
            stack.callback(_listener.reset, _listener.set(one_at_a_time))
        yield


def note(text: str) -> None:
    """Tell what the user should know and may want to correct: a listener, or on stderr; work goes on."""
    listener = _listener.get()
    if listener is None:
        print(f"metgan: note: {text}", file=sys.stderr)
    else:
        listener(Note(text))


def note_once(text: str) -> None:
    """Tell what `note` tells, once in a run however often it is found, as of a file that is read again.

    A run is a block of `listening`, such as a call of a workflow; outside of any, the process is.
    """
    known = _told_once.get()
    with _telling_once:
        if text in known:
            return
        known.add(text)
    note(text)


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Let no Ctrl-C be lost within the block: for a command, around all that it does.

    Each raises ``KeyboardInterrupt`` at once, as without; where that is dropped on its way, the next unit of
    work that `progress` or `each` is told of raises it again, and so does the end of the block. Outside of
    the main thread, and where a program has another handler or ignores the signal, nothing is changed.

    Raises
    ------
    KeyboardInterrupt
        When Ctrl-C was pressed within the block.
    """
    global _interrupted
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
        stop_if_interrupted()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _interrupted = False


def stop_if_interrupted() -> None:
    """Raise ``KeyboardInterrupt`` where one was dropped on its way: see `heeding_interrupts`."""
    if _interrupted:
        raise KeyboardInterrupt


def _interrupt(_: int, __: FrameType | None) -> None:
    global _interrupted
    _interrupted = True
    raise KeyboardInterrupt


@contextmanager
def progress(task: str, total: int, done: int = 0, every_s: float = 0.0) -> Iterator[Advance]:
    """Show how far a task of `total` units is, of which `done` were done before.

    Goes to a listener, or to stderr, so that a command's output can be piped. `every_s` is the least number
    of seconds between two lines in a log, but for the end of a unit whose parts were told; 0: ten in all.
    """
    console, listener = Console(stderr=True), _listener.get()
    display: _Bar | _Told | _Lines = _Lines(console, task, total, done, every_s)
    with ExitStack() as stack:
        if listener is not None:
            display = _Told(listener, Progress(task, done, total, ""))
        elif console.is_terminal:
            display = stack.enter_context(_bar(console, task, total, done))
        stack.callback(_shown.reset, _shown.set(display))

        def advance(note: str = "", total: int | None = None) -> None:
            display.advance(note, total)
            stop_if_interrupted()

        yield advance


def each(items: Sequence[Item], unit: str) -> Iterator[Item]:
    """Yield the parts of one unit of work, and show within the task at hand how far it is.

    Without a task that is shown, as where metgan is called from Python, nothing is told. `unit` is what the
    items are, in the singular: "tile".
    """
    for number, item in enumerate(items, start=1):
        yield item
        tell_part(f"{unit} {number} of {len(items)}")


def tell_part(words: str, share: float = 0.0) -> None:
    """Show within the task at hand how far its unit of work is, as `each` does for parts that it knows.

    Parameters
    ----------
    words : str
    share : float, 0 to 1, default 0
        Of the unit of work that is done, for an estimate of the time left; 0 where it is not known.
    """
    if (display := _shown.get()) is not None:
        display.within(words, share)
    stop_if_interrupted()


@contextmanager
def _bar(console: Console, task: str, total: int, done: int) -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *([TextColumn(_RESUMED)] if done else []),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]} {task.fields[part]}"),
    )
    with Bar(*columns, console=console) as bar:
        yield _Bar(bar, bar.add_task(task, total=total, completed=done, note="", part=""))


@dataclass(frozen=True)
class _Bar:
    bar: Bar
    task: TaskID

    def advance(self, note: str, total: int | None) -> None:
        self.bar.update(self.task, completed=self._done + 1, total=total, part="")
        if note:
            self.bar.update(self.task, note=note)

    def within(self, words: str, share: float) -> None:
        self.bar.update(self.task, part=words, completed=self._done + min(share, _NEARLY))

    @property
    def _done(self) -> int:
        return int(self.bar.tasks[0].completed)


class _Told:
    def __init__(self, listener: Listener, at: Progress) -> None:
        self.listener, self.at = listener, at

    def advance(self, note: str, total: int | None) -> None:
        at = self.at
        self.at = Progress(at.task, at.done + 1, at.total if total is None else total, note)
        self.listener(self.at)

    def within(self, words: str, _: float) -> None:
        self.listener(Progress(self.at.task, self.at.done, self.at.total, words))


class _Lines:
    """Prints about ten lines for the whole task, and more where a single unit takes long."""

    def __init__(self, console: Console, task: str, total: int, done: int, every_s: float) -> None:
        self.console, self.task, self.total, self.every_s = console, task, total, every_s
        self.first = self.done = done
        self.start = self.told = time.monotonic()
        self.told_of_parts = False  # then the end of the unit is told, too: it says how it went

    def advance(self, note: str, total: int | None) -> None:
        self.done += 1
        self.total = self.total if total is None else total
        now = time.monotonic()
        tenth = max(1, self.total // _LINES)
        is_tenth = self.done % tenth == 0 or self.done == self.total
        is_due = now - self.told >= self.every_s if self.every_s else is_tenth
        if is_due or self.told_of_parts:
            self._print(now, f"about {self._left(now)} left {note}")
        self.told_of_parts = False

    def within(self, words: str, share: float) -> None:
        now = time.monotonic()
        if now - self.told >= SLOW:
            self.told_of_parts = True
            self._print(now, f"about {self._left(now, share)} left, {words}" if share else words)

    def _left(self, now: float, share: float = 0.0) -> str:
        """Return in words how long the rest takes, after a share of the unit at hand."""
        seconds = (now - self.start) / (self.done + share - self.first) * (self.total - self.done - share)
        unit, size = next((one for one in _LONG if seconds >= 2 * one[1]), ("s", 1))
        return f"{seconds / size:.0f} {unit}"

    def _print(self, now: float, words: str) -> None:
        self.told = now
        since = _RESUMED if self.first else "spent"
        line = f"{self.task}: {self.done}/{self.total}, {now - self.start:.0f} s {since}, {words}"
        self.console.print(line, highlight=False, soft_wrap=True)
