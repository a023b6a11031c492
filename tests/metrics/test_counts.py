"""Counts of objects and pixels: their ratios and how they pool."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metgan.metrics import Detection, Overlap

number = st.integers(0, 10**6)
detections = st.builds(Detection, number, number, number)
overlaps = st.builds(Overlap, number, number, number)


@given(overlaps)
def test_dice_is_the_harmonic_mean_of_precision_and_recall(pixels):
    assume(pixels.true_positive)
    p, r = pixels.precision, pixels.recall
    assert pixels.dice == pytest.approx(2 * p * r / (p + r))


@given(overlaps)
def test_jaccard_is_dice_over_two_less_dice(pixels):
    assume(pixels != Overlap())
    assert pixels.jaccard == pytest.approx(pixels.dice / (2 - pixels.dice))


@given(detections)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(tumours):
    assume(tumours.true_positives)
    p, r = tumours.precision, tumours.recall
    assert tumours.f1 == pytest.approx(2 * p * r / (p + r))


@given(detections, detections, detections)
def test_detections_pool_in_any_order_and_nothing_adds_nothing(a, b, c):
    assert (a + b) + c == c + (b + a)
    assert a + Detection() == a == sum([a], Detection())
    assert (a + b).false_negatives == a.false_negatives + b.false_negatives


@given(overlaps, overlaps, overlaps)
def test_overlaps_pool_in_any_order_and_nothing_adds_nothing(a, b, c):
    assert (a + b) + c == c + (b + a)
    assert a + Overlap() == a == sum([a], Overlap())
    assert (a + b).false_positive == a.false_positive + b.false_positive


def test_pooled_ratio_differs_from_the_mean_of_ratios():
    one, many = Overlap(1, 1, 0), Overlap(90, 10, 0)
    assert (one + many).precision == 91 / 102
    assert (one.precision + many.precision) / 2 == 0.7


@pytest.mark.parametrize(
    ("tumours", "recall", "precision", "f1"),
    [
        (Detection(), np.nan, np.nan, np.nan),
        (Detection(false_positives=2), np.nan, 0, 0),
        (Detection(false_negatives=2), 0, np.nan, 0),
        (Detection(true_positives=2), 1, 1, 1),
        (Detection(83, 17, 41), 83 / 100, 83 / 124, 166 / 224),
    ],
)
def test_detection_ratios_are_nan_without_a_denominator(tumours, recall, precision, f1):
    ratios = (tumours.recall, tumours.precision, tumours.f1)
    assert ratios == pytest.approx((recall, precision, f1), nan_ok=True)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (Overlap(), (np.nan, np.nan, np.nan, np.nan)),
        (Overlap(false_positive=2), (np.nan, 0, 0, 0)),
        (Overlap(false_negative=2), (0, np.nan, 0, 0)),
        (Overlap(3, 1, 2), (3 / 5, 3 / 4, 6 / 9, 3 / 6)),
    ],
)
def test_overlap_ratios_are_nan_without_a_denominator(pixels, expected):
    ratios = (pixels.recall, pixels.precision, pixels.dice, pixels.jaccard)
    assert ratios == pytest.approx(expected, nan_ok=True)
