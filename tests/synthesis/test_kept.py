"""What is computed once is kept as long as there is room."""

from __future__ import annotations

import pickle

import numpy as np

from metgan.synthesis.kept import Kept


def test_the_longest_unused_goes_first_and_never_more_is_kept_than_there_is_room_for() -> None:
    kept = Kept(most_bytes=100)
    for key in range(20):
        kept.keep(key, key, size=30)
        kept.get(17)
    assert [key for key in range(20) if kept.get(key) is not None] == [17, 18, 19]
    kept.keep("large", 1, size=101)
    assert kept.get("large") is None
    assert kept.get(19) == 19


def test_a_value_kept_anew_counts_once() -> None:
    kept = Kept(most_bytes=100)
    for value in range(10):
        kept.keep("same", value, size=60)
    kept.keep("other", 1, size=40)
    assert (kept.get("same"), kept.get("other")) == (9, 1)


def test_another_process_gets_it_empty() -> None:
    kept = Kept(most_bytes=100)
    kept.keep("a", np.zeros(3), size=24)
    other = pickle.loads(pickle.dumps(kept))
    assert (other.get("a"), other.most_bytes) == (None, 100)
