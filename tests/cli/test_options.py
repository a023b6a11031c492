"""What the help of an option promises is what holds."""

from __future__ import annotations

import pytest

from .conftest import Command

Capture = pytest.CaptureFixture[str]


def help_of(metgan: Command, capsys: Capture, *verb: str) -> str:
    assert metgan(*verb, "--help") == 0
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


@pytest.mark.parametrize(
    "verb",
    [("train",), ("segmentor",), ("generate",), ("demo",), ("study", "similarity"), ("study", "downstream")],
)
def test_where_networks_compute_a_seed_promises_bytes_with_as_many_threads_alone(
    metgan: Command, capsys: Capture, verb: tuple[str, ...]
) -> None:
    """With more threads or fewer, sums are taken in another order, and the bytes are others."""
    text = help_of(metgan, capsys, *verb)
    assert "the same seed gives the same bytes on the same CPU with as many threads (OMP_NUM_THREADS)" in text


def test_what_is_drawn_without_a_network_has_the_same_bytes_anywhere(
    metgan: Command, capsys: Capture
) -> None:
    text = help_of(metgan, capsys, "phantom")
    assert "the same seed gives the same bytes" in text
    assert "threads (OMP_NUM_THREADS)" not in text
