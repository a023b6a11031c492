"""The benchmark of seams runs, and its table tells right from wrong blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.volume

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.usefixtures("one_thread")
def test_the_tiny_volume_gets_its_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import volume_seams

    volume_seams.main(["--tiny"])
    table = capsys.readouterr().out.splitlines()
    assert [line[:34].strip() for line in table[1:]] == [
        "whole planes",
        "blocks of 64",
        "blocks of 48",
        "blocks of 64 without halo",
        "blocks of 64 scaled alone",
        "anatomy",
        "real tumour channel",
    ]
    beside = {line[:34].strip(): float(line.split()[-1]) for line in table[2:6]}
    assert beside["blocks of 64"] <= 1
    assert beside["blocks of 48"] <= 1
    assert beside["blocks of 64 without halo"] > 50
    assert beside["blocks of 64 scaled alone"] > 50
