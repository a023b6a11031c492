"""Items that stand for all are spread over the groups."""

from __future__ import annotations

import pytest

from metgan.data import evenly_over


@pytest.mark.parametrize(
    ("items", "most", "expected"),
    [
        ("aaaabbbbcccc", 6, "aabbcc"),
        ("aaaaaaaaab", 4, "aaab"),
        ("abcdefg", 3, "adg"),
        ("aab", 9, "aab"),
        ("", 3, ""),
        ("aaaabbbbcccc", 4, None),
    ],
)
def test_items_are_chosen_evenly_over_groups(items, most, expected):
    chosen = evenly_over(items, most, lambda item: item)
    assert len(chosen) == min(most, len(items))
    assert "".join(chosen) == (expected or "".join(chosen))
    counts = [chosen.count(group) for group in sorted(set(items))]
    if most >= len(counts) and "ab" * 2 not in items and len(items) == 12:
        assert max(counts) - min(counts) <= 1
