"""What threads compute ahead comes in its order, and what one raises in its turn."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest
import torch

from metgan.synthesis.workers import compute_ahead


def slow_first(item: int) -> tuple[int, int]:
    time.sleep(0.05 if item == 0 else 0)
    return item, torch.get_num_threads()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_order_whichever_is_ready_first(workers: int) -> None:
    assert [item for item, _ in compute_ahead(slow_first, range(7), workers)] == [*range(7)]
    assert [*compute_ahead(slow_first, [], workers)] == []


def test_each_worker_computes_on_one_thread_and_torch_has_as_many_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert {threads for _, threads in compute_ahead(slow_first, range(5), 2)} == {1}
        assert torch.get_num_threads() == 2
        assert {threads for _, threads in compute_ahead(slow_first, range(3), 1)} == {2}
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_in_its_turn_and_ends_the_rest(workers: int) -> None:
    asked, before = [], threading.active_count()  # other libraries may have threads of their own

    def fail_at_three(item: int) -> int:
        asked.append(item)
        if item == 3:
            raise KeyError("three")
        return item

    seen: list[int] = []
    computed = compute_ahead(fail_at_three, range(50), workers)
    with pytest.raises(KeyError, match="three"), closing(computed):
        seen.extend(computed)
    assert seen == [0, 1, 2]
    assert len(asked) <= 3 + 2 * workers
    assert threading.active_count() == before or workers == 1
