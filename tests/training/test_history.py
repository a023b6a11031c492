"""The judges' memory of former fakes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metgan.training.history import History

CPU = torch.device("cpu")


def fake(number: int) -> torch.Tensor:
    """One fake whose pixels hold its number, (1, 1, 2, 2)."""
    return torch.full((1, 1, 2, 2), float(number))


def shown(history: History, first: int, end: int) -> list[int]:
    """Which fakes a judge sees when fakes first, ..., end - 1 are made, one per step."""
    return [int(history.exchange(fake(step), step)[0, 0, 0, 0]) for step in range(first, end)]


@given(st.integers(1, 5), st.integers(0, 30))
def test_the_pool_never_grows_beyond_its_size(size: int, steps: int) -> None:
    history = History(size, seed=0, judge=0)
    shown(history, 0, steps)
    assert len(history.pool) == min(size, steps)


def test_fakes_are_shown_as_they_are_until_the_pool_is_full() -> None:
    history = History(5, seed=0, judge=0)
    assert shown(history, 0, 5) == [0, 1, 2, 3, 4]
    assert shown(history, 5, 40) != list(range(5, 40))


def test_a_full_pool_swaps_with_probability_one_half() -> None:
    history = History(50, seed=0, judge=0)
    shown(history, 0, 50)
    swapped = sum(seen != step for step, seen in enumerate(shown(history, 50, 2050), start=50))
    assert swapped == pytest.approx(1000, abs=4 * (2000 * 0.25) ** 0.5)  # four standard deviations


def test_a_swapped_fake_takes_the_place_of_the_one_that_is_shown() -> None:
    history = History(3, seed=0, judge=0)
    made, seen = list(range(60)), shown(history, 0, 60)
    kept = [int(image[0, 0, 0]) for image in history.pool]
    filling = made[:3]  # shown at once, and remembered
    assert sorted(seen + kept) == sorted(made + filling)


def test_the_same_seed_judge_and_step_draw_the_same() -> None:
    assert shown(History(2, 0, 0), 0, 60) == shown(History(2, 0, 0), 0, 60)
    assert shown(History(2, 0, 0), 0, 60) != shown(History(2, 1, 0), 0, 60)
    assert shown(History(2, 0, 0), 0, 60) != shown(History(2, 0, 1), 0, 60)


def test_a_condition_travels_with_its_fake() -> None:
    history = History(2, seed=0, judge=0)
    for step in range(40):
        conditioned = torch.cat([fake(step) + 100, fake(step)], 1)  # (1, 2, 2, 2)
        seen = history.exchange(conditioned, step)
        assert torch.equal(seen[:, 0], seen[:, 1] + 100)


def test_each_fake_of_a_batch_is_drawn_for_by_itself() -> None:
    history = History(4, seed=0, judge=0)
    history.exchange(torch.zeros(4, 1, 2, 2), 0)
    swapped = {int((history.exchange(fake(1).repeat(4, 1, 1, 1), step) == 0).sum()) for step in range(1, 9)}
    assert len(swapped) > 2  # neither all nor none


def test_a_history_of_size_zero_shows_every_fake_and_keeps_none() -> None:
    history = History(0, seed=0, judge=0)
    assert shown(history, 0, 20) == list(range(20))
    assert history.pool == []


def test_a_history_goes_on_from_its_state() -> None:
    history = History(3, seed=0, judge=0)
    shown(history, 0, 20)
    copy, empty = History(3, seed=0, judge=0), History(3, seed=0, judge=0)
    copy.load_state_dict(history.state_dict(), CPU)
    expected = shown(history, 20, 40)
    assert shown(copy, 20, 40) == expected
    assert shown(empty, 20, 40) != expected


def test_what_is_remembered_is_a_copy_without_a_graph() -> None:
    history = History(1, seed=0, judge=0)
    image = fake(1).requires_grad_()
    history.exchange(image * 2, 0)
    assert not history.pool[0].requires_grad
    image.data.zero_()
    assert history.pool[0].max() == 2
