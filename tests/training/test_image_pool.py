"""The discriminators' memory of former fakes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metgan.training.image_pool import ImagePool

CPU = torch.device("cpu")


def fake(number: int) -> torch.Tensor:
    """One fake whose pixels hold its number, (1, 1, 2, 2)."""
    return torch.full((1, 1, 2, 2), float(number))


def shown(pool: ImagePool, first: int, end: int) -> list[int]:
    """Which fakes a discriminator sees when fakes first, ..., end - 1 are made, one per step."""
    return [int(pool.exchange(fake(step), step)[0, 0, 0, 0]) for step in range(first, end)]


@given(st.integers(1, 5), st.integers(0, 30))
def test_the_pool_never_grows_beyond_its_size(size: int, steps: int) -> None:
    pool = ImagePool(size, seed=0, discriminator=0)
    shown(pool, 0, steps)
    assert len(pool.pool) == min(size, steps)


def test_fakes_are_shown_as_they_are_until_the_pool_is_full() -> None:
    pool = ImagePool(5, seed=0, discriminator=0)
    assert shown(pool, 0, 5) == [0, 1, 2, 3, 4]
    assert shown(pool, 5, 40) != list(range(5, 40))


def test_a_full_pool_swaps_with_probability_one_half() -> None:
    pool = ImagePool(50, seed=0, discriminator=0)
    shown(pool, 0, 50)
    swapped = sum(seen != step for step, seen in enumerate(shown(pool, 50, 2050), start=50))
    assert swapped == pytest.approx(1000, abs=4 * (2000 * 0.25) ** 0.5)  # four standard deviations


def test_a_swapped_fake_takes_the_place_of_the_one_that_is_shown() -> None:
    pool = ImagePool(3, seed=0, discriminator=0)
    made, seen = list(range(60)), shown(pool, 0, 60)
    kept = [int(image[0, 0, 0]) for image in pool.pool]
    filling = made[:3]  # shown at once, and remembered
    assert sorted(seen + kept) == sorted(made + filling)


def test_the_same_seed_judge_and_step_draw_the_same() -> None:
    assert shown(ImagePool(2, 0, 0), 0, 60) == shown(ImagePool(2, 0, 0), 0, 60)
    assert shown(ImagePool(2, 0, 0), 0, 60) != shown(ImagePool(2, 1, 0), 0, 60)
    assert shown(ImagePool(2, 0, 0), 0, 60) != shown(ImagePool(2, 0, 1), 0, 60)


def test_a_condition_travels_with_its_fake() -> None:
    pool = ImagePool(2, seed=0, discriminator=0)
    for step in range(40):
        conditioned = torch.cat([fake(step) + 100, fake(step)], 1)  # (1, 2, 2, 2)
        seen = pool.exchange(conditioned, step)
        assert torch.equal(seen[:, 0], seen[:, 1] + 100)


def test_each_fake_of_a_batch_is_drawn_for_by_itself() -> None:
    pool = ImagePool(4, seed=0, discriminator=0)
    pool.exchange(torch.zeros(4, 1, 2, 2), 0)
    swapped = {int((pool.exchange(fake(1).repeat(4, 1, 1, 1), step) == 0).sum()) for step in range(1, 9)}
    assert len(swapped) > 2  # neither all nor none


def test_a_history_of_size_zero_shows_every_fake_and_keeps_none() -> None:
    pool = ImagePool(0, seed=0, discriminator=0)
    assert shown(pool, 0, 20) == list(range(20))
    assert pool.pool == []


def test_a_history_goes_on_from_its_state() -> None:
    pool = ImagePool(3, seed=0, discriminator=0)
    shown(pool, 0, 20)
    copy, empty = ImagePool(3, seed=0, discriminator=0), ImagePool(3, seed=0, discriminator=0)
    copy.load_state_dict(pool.state_dict(), CPU)
    expected = shown(pool, 20, 40)
    assert shown(copy, 20, 40) == expected
    assert shown(empty, 20, 40) != expected


def test_what_is_remembered_is_a_copy_without_a_graph() -> None:
    pool = ImagePool(1, seed=0, discriminator=0)
    image = fake(1).requires_grad_()
    pool.exchange(image * 2, 0)
    assert not pool.pool[0].requires_grad
    image.data.zero_()
    assert pool.pool[0].max() == 2
