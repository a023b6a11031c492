"""Where the code differs from the paper or its release, it says so, and names the test that holds it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def missing_pins(source: str, tests: set[str]) -> list[str]:
    """Return the faults of one file's "Deviates:" paragraphs: no test named, or one that is not there."""
    faults = []
    for paragraph in re.findall(r"Deviates:.*?(?=\n\s*\n|\"\"\")", source, flags=re.DOTALL):
        named = re.findall(r"``(test_\w+)``", paragraph)
        if not named:
            faults.append(f"names no test: {' '.join(paragraph.split())[:60]}")
        faults += [f"{name} does not exist" for name in named if name not in tests]
    return faults


def test_every_deviation_is_pinned_by_a_test_that_exists() -> None:
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), flags=re.MULTILINE)
    }
    sources = {path: path.read_text() for path in (ROOT / "src").rglob("*.py")}
    assert sum("Deviates:" in text for text in sources.values()) >= 8
    faults = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path, text in sources.items()
        for fault in missing_pins(text, tests)
    ]
    assert not faults, "\n".join(faults)


def test_a_deviation_without_its_test_is_noticed() -> None:
    assert missing_pins('"""A.\n\n    Deviates: because.\n    """', set())
    assert missing_pins('"""Deviates: see ``test_gone``."""', {"test_here"})
    assert not missing_pins('"""Deviates: see ``test_here``."""', {"test_here"})
