"""One file alone, data/leakage.py, compares what is trained on with what is tested.

That its guards hold in every verb is tested with the verbs: tests/workflows/test_leakage.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "metgan"
GUARDS = "data/leakage.py"
CUTTERS = {"data/shared_tissue.py", "data/identity.py"}
"""Compare crops as they are cut from scans, by scan and place: whether two show the same tissue."""
COMPARED = {"made_of", "made_of_groups", "groups_seen", "held_out", "test"}
"""Attributes that say of which animals something is."""


def comparisons_in(path: str, text: str) -> Iterator[str]:
    """Find errors of leakage, and comparisons of sets of animals, outside the file of guards."""
    if path == GUARDS:
        return
    for node in ast.walk(ast.parse(text)):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "LeakageError" and path not in CUTTERS:
            yield f"{where} refuses by itself"
        is_set = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.Sub)
        is_in = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
        names = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)} if is_set or is_in else set()
        if names & COMPARED:
            yield f"{where} compares {', '.join(sorted(names & COMPARED))}"


def test_one_file_alone_compares_what_is_trained_on_with_what_is_tested() -> None:
    found = [
        fault
        for file in sorted(SOURCE.rglob("*.py"))
        for fault in comparisons_in(file.relative_to(SOURCE).as_posix(), file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "raise LeakageError('a', 'b', 'c')",
        "bad = set(data.groups_seen) & tested",
        "bad = entry.name in split.test",
        "bad = entry.made_of - tested",
    ],
)
def test_a_comparison_elsewhere_is_found(text: str) -> None:
    assert [*comparisons_in("studies/fold.py", text)]
    assert not [*comparisons_in(GUARDS, text)]
