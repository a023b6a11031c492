"""Running out of memory is told as that, in whatever words it comes."""

from __future__ import annotations

import sys

import pytest

from metgan.cli import app as door

from .conftest import Capture


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 7.3 TiB for an array"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_running_out_of_memory_is_one_line_that_names_memory(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(door, "app", fail)
    monkeypatch.setattr(sys, "argv", ["metgan", "info"])
    with pytest.raises(SystemExit, match="2"):
        door.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("metgan: this machine has too little memory")


def test_another_error_of_the_program_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(door, "app", fail)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        door.main()
