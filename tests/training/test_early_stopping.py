"""When validation no longer improves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.errors import SettingError
from metgan.training import EarlyStopping

RULE = EarlyStopping(patience=3, tolerance=0.05)
SCORES = st.lists(st.floats(-1, 1), max_size=20)


@given(SCORES.filter(lambda scores: len(scores) <= 3))
def test_as_many_validations_as_the_patience_or_fewer_show_no_plateau(scores: list[float]) -> None:
    assert not RULE.finds_plateau(scores)


def test_scores_that_rise_by_less_than_the_tolerance_are_a_plateau() -> None:
    assert RULE.finds_plateau([0.5, 0.51, 0.52, 0.54])
    assert not RULE.finds_plateau([0.5, 0.51, 0.52, 0.56])


def test_a_slow_rise_adds_up_over_the_patience() -> None:
    """None of these is better than the one before by the tolerance of 0.05, and the third is by 0.06."""
    assert not RULE.finds_plateau([0.50, 0.52, 0.54, 0.56])
    assert EarlyStopping(patience=1, tolerance=0.05).finds_plateau([0.50, 0.52, 0.54, 0.56])


def test_a_single_bad_validation_is_not_a_plateau() -> None:
    assert not RULE.finds_plateau([0.4, 0.5, 0.6, 0.1])


def test_the_best_of_all_is_what_has_to_be_beaten_and_not_the_last() -> None:
    assert RULE.finds_plateau([0.8, 0.1, 0.2, 0.3, 0.4])


def test_a_run_goes_back_to_its_best_only_where_it_has_become_worse_on_average() -> None:
    """By more than the tolerance of 0.05, over the last three."""
    assert RULE.worse_for([0.1, 0.8, 0.76, 0.74, 0.72]) == 3
    assert RULE.worse_for([0.1, 0.8, 0.76, 0.76, 0.76]) == 0  # level
    assert RULE.worse_for([0.1, 0.8, 0.2, 0.85, 0.85]) == 0  # one bad validation among better ones
    assert RULE.worse_for([0.8, 0.1, 0.8, 0.1, 0.1, 0.1]) == 3  # of equals the later


@given(SCORES.filter(lambda scores: len(scores) > 3))
def test_what_a_run_goes_back_to_is_its_best(scores: list[float]) -> None:
    if ago := RULE.worse_for(scores):
        assert scores[-1 - ago] == max(scores)


@given(SCORES.filter(lambda scores: len(scores) > 3), st.floats(-10, 10))
def test_only_differences_of_scores_count(scores: list[float], shift: float) -> None:
    rounded = [round(score, 2) for score in scores]
    exact = EarlyStopping(patience=3, tolerance=0.005)  # no difference of hundredths is near it
    assert exact.finds_plateau(rounded) == exact.finds_plateau([score + shift for score in rounded])


@pytest.mark.parametrize(
    "settings",
    [{"least": 0.0}, {"least": 1.1}, {"patience": 0}, {"tolerance": -0.1}, {"tolerance": float("nan")}],
)
def test_a_rule_that_cannot_be_followed_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="expected a share"):
        EarlyStopping(**settings)  # type: ignore[arg-type]  # wrong on purpose
