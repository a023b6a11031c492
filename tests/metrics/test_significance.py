"""Tests and intervals against scipy, by hand, and on worlds where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metgan.errors import ArrayError, SettingError
from metgan.metrics import bootstrap_interval, holm, paired_test

# Extra hours of sleep by two drugs: Student (1908), The probable error of a mean, the table of ten patients.
DEXTRO = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
LAEVO = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_student_s_own_table_gives_student_s_result() -> None:
    """t = -4.0621 with 9 degrees of freedom, p = 0.002833: as R prints it for its data set ``sleep``."""
    test = paired_test(DEXTRO, LAEVO)
    assert test.difference == pytest.approx(1.58)
    assert test.t_test == pytest.approx(0.002833, abs=5e-7)
    assert test.t_test == pytest.approx(stats.ttest_rel(DEXTRO, LAEVO).pvalue)
    assert test.wilcoxon == pytest.approx(stats.wilcoxon(DEXTRO, LAEVO).pvalue)


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=7).filter(any))
def test_a_few_differences_that_are_equal_in_size_or_0_are_tested_as_scipy_does(moved: list[int]) -> None:
    assert paired_test([0] * len(moved), moved).wilcoxon == pytest.approx(stats.wilcoxon(moved).pvalue)


@pytest.mark.parametrize("count", [13, 14])
def test_as_scipy_does_up_to_the_number_from_which_it_is_approximate(count: int) -> None:
    moved = [*range(1, count), -1]
    assert paired_test([0] * count, moved).wilcoxon == pytest.approx(stats.wilcoxon(moved).pvalue)


def test_a_shift_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, standard error sqrt(1 / 3), t = 3.464 with 2 degrees of freedom."""
    assert paired_test([0, 0, 0], [1, 2, 3]).t_test == pytest.approx(2 * stats.t.sf(2 * 3**0.5, df=2))


def test_undefined_pairs_are_left_out() -> None:
    nan = float("nan")
    assert paired_test([*DEXTRO, nan, 1], [*LAEVO, 1, nan]) == paired_test(DEXTRO, LAEVO)


def test_where_nothing_differs_there_is_no_p_value() -> None:
    for scores in ([1.0, 2.0, 3.0], [1.0], []):
        test = paired_test(scores, scores)
        assert np.isnan([test.t_test, test.wilcoxon]).all()
    assert paired_test([1.0, 2.0], [1.0, 2.0]).difference == 0
    assert np.isnan(paired_test([], []).difference)


def test_the_same_shift_everywhere_is_certain() -> None:
    assert paired_test([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]).t_test == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=8))
def test_a_test_of_means_over_seeds_is_that_of_sums(scores: list[tuple[int, int]]) -> None:
    """10/3 - 7/3 and 4/3 - 1/3 differ in the last bit: their ranks would follow what rounding left."""
    ours, theirs = np.array(scores).T
    sums, means = paired_test(ours, theirs), paired_test(ours / 3, theirs / 3)
    assert means.wilcoxon == pytest.approx(sums.wilcoxon, nan_ok=True)
    assert means.t_test == pytest.approx(sums.t_test, nan_ok=True)


def test_scores_of_different_images_are_refused() -> None:
    with pytest.raises(ArrayError, match="one score of each per image"):
        paired_test([1.0, 2.0], [1.0])


def test_holm_s_rule_on_four_values_by_hand() -> None:
    """Sorted .005, .01, .03, .04 times 4, 3, 2, 1: .02, .03, .06, .04; the last may not fall below .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(P_VALUES)
def test_corrected_values_keep_their_order_and_lie_between_plain_and_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    ranked = [corrected[k] for k in np.argsort(values, kind="stable")]
    assert ranked == sorted(ranked)
    for plain, own in zip(values, corrected, strict=True):
        assert plain <= own <= min(1, plain * len(values)) + 1e-12


def test_an_undefined_value_is_no_comparison() -> None:
    corrected = holm([0.01, float("nan"), 0.04])
    assert (corrected[0], corrected[2]) == (0.02, 0.04)
    assert np.isnan(corrected[1])


def test_with_a_group_for_each_image_it_is_scipy_s_bootstrap() -> None:
    values = np.random.default_rng(1).normal(3, 1, 60)
    groups = [str(k) for k in range(60)]
    mine = bootstrap_interval(values, groups, np.random.default_rng(0), draws=20_000)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert mine == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_images_of_a_group_that_are_alike_make_the_interval_wider() -> None:
    """Five groups of twenty equal images are five images' worth of evidence."""
    levels = np.random.default_rng(2).normal(0, 1, 5)
    values, groups = np.repeat(levels, 20), np.repeat([*"abcde"], 20)
    low, high = bootstrap_interval(values, groups, np.random.default_rng(0))
    alone = bootstrap_interval(values, [str(k) for k in range(100)], np.random.default_rng(0))
    assert high - low > 2 * (alone[1] - alone[0])
    assert low < levels.mean() < high


def test_an_interval_of_the_mean_holds_the_true_mean_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(3), 0
    groups = np.repeat(np.arange(20).astype(str), 3)
    for _ in range(200):
        values = np.repeat(rng.normal(0, 1, 20), 3) + rng.normal(0, 0.3, 60)
        low, high = bootstrap_interval(values, groups, rng, draws=300)
        hits += low < 0 < high
    assert 0.88 < hits / 200 < 0.99


@pytest.mark.parametrize(("values", "groups"), [([1.0, 2.0], ["a", "a"]), ([float("nan")] * 2, ["a", "b"])])
def test_fewer_than_two_groups_leave_no_interval(values: list[float], groups: list[str]) -> None:
    assert np.isnan(bootstrap_interval(values, groups, np.random.default_rng(0))).all()


@pytest.mark.parametrize(("groups", "options"), [(["a"], {}), (["a", "b"], {"draws": 0})])
def test_an_interval_of_nothing_sensible_is_refused(groups: list[str], options: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="a group per value"):
        bootstrap_interval([1.0, 2.0], groups, np.random.default_rng(0), **options)  # type: ignore[arg-type]
