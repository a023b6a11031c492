"""About ten lines in a log file, a bar on a terminal, and never a word on stdout."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.progress import progress


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
    assert lines[0] == "Painting: 3/10, 5 s spent, about 35 s left "
    assert lines[-1] == "Painting: 10/10, 40 s spent, about 0 s left "


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
