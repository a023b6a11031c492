"""The learning rate: constant, then linear to zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.training.schedule import rate_factor


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
