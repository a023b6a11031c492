"""The learning rate: constant, then linear to zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.training import EarlyStopping
from metgan.training.schedule import Schedule, rate_factor


@pytest.mark.parametrize(
    ("steps", "share", "factors"),
    [
        (4, 0.5, [1, 1, 1, 1 / 2]),
        (4, 0.0, [1, 3 / 4, 2 / 4, 1 / 4]),
        (4, 1.0, [1, 1, 1, 1]),
        (5, 0.4, [1, 1, 1, 2 / 3, 1 / 3]),
        (1, 0.5, [1]),
    ],
)
def test_the_factor_is_that_of_a_calculation_by_hand(steps: int, share: float, factors: list[float]) -> None:
    assert [rate_factor(step, steps, share) for step in range(steps)] == pytest.approx(factors)


@given(st.integers(1, 300), st.floats(0, 1))
def test_the_factor_falls_and_stays_above_zero(steps: int, share: float) -> None:
    factors = [rate_factor(step, steps, share) for step in range(steps)]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] == 1
    assert factors[-1] > 0


def test_the_paper_halves_the_rate_at_three_quarters_of_its_200_epochs() -> None:
    assert rate_factor(99, 200, 0.5) == 1
    assert rate_factor(150, 200, 0.5) == 0.5


FLAT = [0.5] * 5
OPEN = Schedule(540, 1e-3, 0.75, 20, early_stopping=EarlyStopping(least=1 / 3, patience=4, tolerance=0.01))


@given(st.integers(1, 600), st.floats(0.1, 1))
def test_the_rate_of_a_run_that_ends_early_is_constant_up_to_the_plateau(done: int, share: float) -> None:
    schedule = Schedule(600, 1.0, share, 1, early_stopping=EarlyStopping(least=0.01, patience=4))
    ends = schedule.has_plateau(done, FLAT)
    assert ends == (done < round(600 * share) and round(done / share) >= 6)
    if ends:
        end = schedule.end_from(done)
        assert done <= end <= 600
        assert all(rate_factor(step, end, share) == 1 for step in range(done))
        assert [rate_factor(step, end, share) for step in range(done, end)] == pytest.approx(
            [1 - k / (end - done) for k in range(end - done)]
        )


def test_a_run_that_ends_early_falls_over_a_third_of_the_steps_up_to_the_plateau() -> None:
    assert OPEN.has_plateau(240, FLAT)
    assert OPEN.end_from(240) == 240 + 240 // 3


def test_a_run_does_not_end_before_its_least_length() -> None:
    """180 of 540 steps: the plateau counts from step 135 on."""
    assert OPEN.least == 180
    assert not OPEN.has_plateau(120, FLAT)
    assert OPEN.has_plateau(140, FLAT)
    assert (OPEN.end_from(140), OPEN.end_from(60)) == (187, 180)


def test_a_plateau_in_the_decay_of_the_longest_run_changes_nothing() -> None:
    assert OPEN.has_plateau(400, FLAT)
    assert OPEN.end_from(400) == 533
    assert not OPEN.has_plateau(420, FLAT)


def test_a_run_of_a_fixed_length_never_ends_early() -> None:
    fixed = Schedule(540, 1e-3, 0.75, 20)
    assert not fixed.has_plateau(240, FLAT)
    assert (fixed.least, fixed.third, OPEN.third) == (540, 180, 60)


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=12))
def test_a_run_goes_back_to_where_its_best_or_the_shortest_run_leads(scores: list[float]) -> None:
    """Up to step 135 all runs are one: whoever goes back to 120 passes through what was better before."""
    done = 60 + 20 * (len(scores) - 1)  # the first that counts is that of step 60
    start = OPEN.return_from(done, scores)
    assert OPEN.first_return == 120
    assert start == done or max(scores) == scores[(start - 60) // 20] or start == 120
    assert OPEN.end_from(start) <= OPEN.end_from(done)
