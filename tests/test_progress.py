"""About ten lines in a log file, a bar on a terminal, never a word on stdout, and no Ctrl-C that is lost."""

from __future__ import annotations

import ctypes
import gc
import io
import re
import signal
import sys
import threading
import weakref
from contextlib import redirect_stderr, redirect_stdout
from contextvars import copy_context

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.progress import (
    SLOW,
    Note,
    each,
    heeding_interrupts,
    listening,
    note_once,
    progress,
    stop_if_interrupted,
    tell_part,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch):
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def run(total, done=0, note="", stream=None):
    stream, out = stream or io.StringIO(), io.StringIO()
    with redirect_stderr(stream), redirect_stdout(out), progress("Painting", total, done) as advance:
        for _ in range(total - done):
            advance(note)
    assert out.getvalue() == ""
    return stream.getvalue()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_log_gets_about_ten_lines_and_the_last_says_all_is_done(total, data):
    done = data.draw(st.integers(0, total - 1))
    lines = run(total, done).splitlines()
    counts = [tuple(map(int, re.match(r"Painting: (\d+)/(\d+), ", line).groups())) for line in lines]
    assert counts[-1] == (total, total)
    assert counts == sorted(set(counts))
    assert all(done < count <= total for count, _ in counts)
    assert len(lines) <= 20
    if not done:
        assert len(lines) >= min(total, 10)
    assert "about 0 s left" in lines[-1]


def test_the_estimate_counts_only_what_this_run_has_done(monkeypatch):
    """2 of 10 were done before; each unit takes 5 s: after the first, 7 x 5 s are left."""
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr("metgan.progress.time.monotonic", lambda: next(clock))
    lines = run(10, done=2).splitlines()
    assert lines[0] == "Painting: 3/10, 5 s since resuming, about 35 s left "
    assert lines[-1] == "Painting: 10/10, 40 s since resuming, about 0 s left "


def test_a_note_stands_at_the_end_of_the_line():
    assert run(1, note="loss 0.5").endswith("left loss 0.5\n")


def test_a_task_that_turns_out_shorter_is_done_at_its_new_end():
    stream = io.StringIO()
    with redirect_stderr(stream), progress("Painting", 100) as advance:
        for done in range(1, 13):
            advance(total=12 if done >= 6 else 100)
    lines = stream.getvalue().splitlines()
    assert lines[-1].startswith("Painting: 12/12, ")
    assert "about 0 s left" in lines[-1]
    stream = Terminal()
    with redirect_stderr(stream), progress("Painting", 100) as advance:
        for _ in range(4):
            advance(total=4)
    assert "4/4" in stream.getvalue()


def test_a_terminal_gets_a_bar_with_counts_and_the_note():
    shown = run(4, note="loss 0.5", stream=Terminal())
    assert "4/4" in shown
    assert "loss 0.5" in shown
    assert "\x1b[" in shown
    assert "s spent" not in shown


def test_a_task_of_nothing_prints_nothing_in_a_log():
    assert run(0) == ""


def test_an_error_inside_comes_out():
    with redirect_stderr(io.StringIO()), pytest.raises(ZeroDivisionError), progress("Painting", 3):
        raise ZeroDivisionError


def test_a_resumed_bar_says_since_when_its_time_counts():
    assert "since resuming" in run(4, done=2, stream=Terminal())
    assert "since resuming" not in run(4, stream=Terminal())


def lines_of_a_slow_unit(monkeypatch, seconds, **how):
    """Four parts, and as many seconds for each look at the clock."""
    clock = iter(range(0, 10_000, seconds))
    monkeypatch.setattr("metgan.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    with redirect_stderr(stream), progress("generate", 2, **how) as advance:
        assert [*each("abcd", "tile")] == [*"abcd"]
        advance()
    return stream.getvalue().splitlines()


def test_a_log_is_told_how_far_a_unit_is_that_takes_long(monkeypatch):
    lines = lines_of_a_slow_unit(monkeypatch, int(SLOW))
    assert lines[0] == "generate: 0/2, 10 s spent, tile 1 of 4"
    assert lines[3:] == [
        "generate: 0/2, 40 s spent, tile 4 of 4",
        "generate: 1/2, 50 s spent, about 50 s left ",
    ]


def test_parts_of_known_size_say_how_long_the_rest_takes(monkeypatch):
    """A quarter of the first of two units took 600 s: seven more quarters are left, 70 minutes."""
    clock = iter((0, 600))
    monkeypatch.setattr("metgan.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    with redirect_stderr(stream), progress("inpaint", 2):
        tell_part("plane 1 of 4", 0.25)
    assert stream.getvalue() == "inpaint: 0/2, 600 s spent, about 70 min left, plane 1 of 4\n"


def test_a_bar_counts_whole_units_whatever_was_told_of_their_parts():
    stream = Terminal()
    with redirect_stderr(stream), progress("inpaint", 2) as advance:
        for _ in range(2):
            tell_part("plane 1 of 2", 0.5)
            tell_part("plane 2 of 2", 1.0)
            advance()
    assert "2/2" in stream.getvalue()
    assert "3/2" not in stream.getvalue()


def test_a_log_is_not_told_of_the_parts_of_a_quick_unit(monkeypatch):
    assert lines_of_a_slow_unit(monkeypatch, 1) == ["generate: 1/2, 5 s spent, about 5 s left "]


def test_a_task_that_is_mostly_done_in_a_moment_prints_nothing_unless_it_takes_long(monkeypatch):
    assert lines_of_a_slow_unit(monkeypatch, 1, every_s=SLOW) == []
    assert len(lines_of_a_slow_unit(monkeypatch, 9, every_s=SLOW)) == 3


def test_the_end_of_a_unit_whose_parts_were_told_is_told_with_its_note(monkeypatch):
    """It comes soon after its last part: before, what a long unit had to say was never printed."""
    clock = iter((0, 60, 61, 62))
    monkeypatch.setattr("metgan.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    with redirect_stderr(stream), progress("inpaint", 64, every_s=SLOW) as advance:
        tell_part("tile 1 of 1")
        advance("1,000 voxels/s")
        advance("quick")
    assert stream.getvalue().splitlines()[1:] == [
        "inpaint: 1/64, 61 s spent, about 64 min left 1,000 voxels/s"
    ]


def test_a_terminal_shows_how_far_a_unit_is():
    stream = Terminal()
    with redirect_stderr(stream), progress("generate", 2):
        assert len([*each(range(3), "tile")]) == 3
    assert "tile 3 of 3" in stream.getvalue()


def test_parts_of_no_task_are_told_to_nobody(capsys):
    assert [*each("ab", "tile")] == ["a", "b"]
    assert capsys.readouterr() == ("", "")


class Closing:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def in_a_del():
    Closing()


def in_a_weakref_callback():
    thing = type("Thing", (), {})()
    kept = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    assert kept() is None


def in_a_callback_from_c():
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()


def in_a_collection():
    def press(phase, _):
        if phase == "start":
            signal.raise_signal(signal.SIGINT)

    gc.callbacks.append(press)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(press)


LOST = [in_a_del, in_a_weakref_callback, in_a_callback_from_c, in_a_collection]


@pytest.fixture
def dropped(monkeypatch):
    """What Python prints as ignored, instead of printing it."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: found.append(what.exc_type))
    return found


def by_advance():
    with redirect_stderr(io.StringIO()), progress("Painting", 3) as advance:
        advance()


def by_each():
    for _ in each("ab", "tile"):
        pass


def command(*parts):
    with heeding_interrupts():
        for part in parts:
            part()


def swallow():
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("press", LOST)
@pytest.mark.parametrize("ask", [by_advance, by_each, stop_if_interrupted, lambda: None])
def test_an_interrupt_that_python_drops_ends_the_command_at_its_next_unit_of_work(dropped, press, ask):
    """Or at its end, where there is none."""
    reached = []
    with pytest.raises(KeyboardInterrupt):
        command(press, lambda: reached.append("went on"), ask, lambda: reached.append("asked"))
    assert dropped == [KeyboardInterrupt]
    assert reached == ["went on", "asked"][: 1 + (ask.__name__ == "<lambda>")]


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("press", LOST)
def test_without_heeding_it_such_an_interrupt_is_lost(dropped, press):
    press()
    by_advance()
    assert dropped == [KeyboardInterrupt]


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_that_nothing_drops_comes_at_once_and_so_does_a_second():
    with pytest.raises(KeyboardInterrupt):
        command(swallow, swallow)


@pytest.mark.usefixtures("ctrl_c")
def test_a_command_that_ended_leaves_no_handler_and_no_interrupt():
    with pytest.raises(KeyboardInterrupt):
        command(lambda: signal.raise_signal(signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    stop_if_interrupted()
    command(by_advance)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
def test_a_program_that_has_decided_what_ctrl_c_does_keeps_its_handler(handler):
    """As a shell does for what it starts in the background."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        with heeding_interrupts():
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_another_thread_than_the_main_one_installs_nothing():
    found = []

    look = (lambda: found.append(signal.getsignal(signal.SIGINT)),)
    thread = threading.Thread(target=command, args=look)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def tell_in_thread(text):
    thread = threading.Thread(target=copy_context().run, args=(note_once, text))
    thread.start()
    thread.join()


@pytest.mark.parametrize("has_listener", [True, False])
def test_what_is_told_once_is_told_once_in_each_run(has_listener, capsys):
    told = []
    for _ in range(2):
        with listening(told.append if has_listener else None):
            note_once("a.tif has no resolution")
            tell_in_thread("a.tif has no resolution")
            note_once("b.tif has none either")
            note_once("a.tif has no resolution")
    expected = ["a.tif has no resolution", "b.tif has none either"] * 2
    if not has_listener:
        told = [Note(line.removeprefix("metgan: note: ")) for line in capsys.readouterr().err.splitlines()]
    assert [event.text for event in told] == expected


def test_a_run_within_another_tells_again_and_forgets_nothing_of_the_outer_one():
    told = []
    with listening(told.append):
        note_once("a.tif has no resolution")
        with listening(None):
            note_once("a.tif has no resolution")
        note_once("a.tif has no resolution")
    assert len(told) == 2


def test_outside_of_a_run_what_is_told_once_is_told_once_in_the_process(capsys):
    for _ in range(3):
        note_once("c.tif, which no other test names")
    assert len(capsys.readouterr().err.splitlines()) == 1
