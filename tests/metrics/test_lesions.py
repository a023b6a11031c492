"""Object detection and pixel overlap, on worlds small enough to count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment
from skimage.measure import label as skimage_label

from metgan.errors import ArrayError, SettingError
from metgan.metrics import Detection, Overlap, match, overlap
from metgan.objects import number_tumours

pairs = hnp.arrays(np.bool_, (2, 7, 9))
few = settings(max_examples=60, deadline=None)


def world(*rows):
    """Return the mask drawn in rows: ``#`` is tumour."""
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def detect(predicted, truth, **settings):
    """Return the counts of a match alone."""
    return match(predicted, truth, **settings).counts


def matched_by_hungarian(predicted, truth, least_iou):
    """Count matches by the assignment of highest cardinality, objects by scikit-image."""
    found, n = skimage_label(predicted, connectivity=predicted.ndim, return_num=True)
    true, m = skimage_label(truth, connectivity=truth.ndim, return_num=True)
    allowed = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            a, b = found == i + 1, true == j + 1
            allowed[i, j] = (a & b).sum() / (a | b).sum() >= least_iou
    return int(allowed[linear_sum_assignment(allowed, maximize=True)].sum()), n, m


@few
@given(pairs, st.sampled_from([0.1, 0.25, 0.5, 1.0]))
def test_counts_equal_those_of_an_optimal_assignment(masks, least_iou):
    matched, n, m = matched_by_hungarian(*masks, least_iou)
    assert detect(*masks, least_iou=least_iou) == Detection(matched, m - matched, n - matched)


@few
@given(hnp.arrays(np.bool_, (2, 3, 4, 5)))
def test_counts_in_volumes_equal_those_of_an_optimal_assignment(masks):
    matched, n, m = matched_by_hungarian(*masks, 0.1)
    assert detect(*masks) == Detection(matched, m - matched, n - matched)


@few
@given(pairs, st.integers(0, 3), st.booleans())
def test_counts_do_not_change_when_both_masks_are_turned(masks, turns, mirror):
    turned = np.rot90(masks[..., ::-1] if mirror else masks, turns, axes=(1, 2))
    assert detect(*turned) == detect(*masks)
    assert overlap(*turned) == overlap(*masks)


@few
@given(pairs, st.integers(0, 4), st.integers(0, 4))
def test_counts_do_not_change_when_both_masks_are_shifted(masks, down, right):
    shifted = np.pad(masks, ((0, 0), (down, 4 - down), (right, 4 - right)))
    assert detect(*shifted) == detect(*masks)
    assert overlap(*shifted) == overlap(*masks)


@few
@given(pairs)
def test_swapping_prediction_and_truth_swaps_missed_and_imagined(masks):
    tumours, pixels = detect(*masks), overlap(*masks)
    swapped, swapped_pixels = detect(*masks[::-1]), overlap(*masks[::-1])
    assert (swapped.recall, swapped.precision) == pytest.approx(
        (tumours.precision, tumours.recall), nan_ok=True
    )
    assert (swapped_pixels.recall, swapped_pixels.precision) == pytest.approx(
        (pixels.precision, pixels.recall), nan_ok=True
    )


@few
@given(pairs, pairs)
def test_pooling_two_images_equals_setting_them_side_by_side_with_a_gap(left, right):
    gap = np.zeros((2, 7, 1), bool)
    both = np.concatenate([left, gap, right], axis=2)
    assert detect(*both) == detect(*left) + detect(*right)
    assert overlap(*both) == overlap(*left) + overlap(*right)


@few
@given(pairs)
def test_a_mask_compared_with_itself_is_found_completely(masks):
    count = skimage_label(masks[0], connectivity=2, return_num=True)[1]
    assert detect(masks[0], masks[0], least_iou=1) == Detection(count, 0, 0)
    assert overlap(masks[0], masks[0]) == Overlap(int(masks[0].sum()), 0, 0)


@few
@given(pairs)
def test_a_stricter_overlap_never_finds_more(masks):
    found = [detect(*masks, least_iou=least).true_positives for least in (0.01, 0.1, 0.5, 1)]
    assert found == sorted(found, reverse=True)


@few
@given(pairs, st.integers(1, 6))
def test_ignoring_small_predictions_equals_erasing_them(masks, smallest):
    predicted, truth = masks
    numbered = skimage_label(predicted, connectivity=2)
    big = np.bincount(numbered.ravel()) >= smallest
    big[0] = False
    assert detect(predicted, truth, smallest=smallest) == detect(big[numbered], truth)


def test_pixels_equal_those_counted_by_hand():
    predicted = world("##.", "##.")
    truth = world(".##", "..#")
    assert overlap(predicted, truth) == Overlap(true_positive=1, false_positive=3, false_negative=2)


def test_one_tumour_is_found_one_missed_one_imagined():
    truth = world(
        "##......",
        "##....##",
        "......##",
    )
    predicted = world(
        "###.....",
        "###.....",
        "....##..",
    )
    assert detect(predicted, truth) == Detection(1, 1, 1)


def test_diagonal_neighbours_are_one_tumour():
    diagonal = world("#.", ".#")
    assert detect(diagonal, diagonal) == Detection(1, 0, 0)
    corner = np.zeros((2, 2, 2), bool)
    corner[0, 0, 0] = corner[1, 1, 1] = True
    assert detect(corner, corner) == Detection(1, 0, 0)


def test_two_tumours_read_as_one_are_one_found_and_one_missed():
    truth, predicted = world("##.##"), world("#####")
    assert detect(predicted, truth) == Detection(1, 1, 0)
    assert detect(truth, predicted) == Detection(1, 0, 1)


def test_a_tumour_gives_way_so_that_both_can_be_matched():
    # The long prediction fits the left tumour best (7/13), but the short one fits no other
    # (2/10): taking the best pair first would leave the right tumour (2/11) out.
    truth = world("##########.###")
    predicted = world("##.##########.")
    assert detect(predicted, truth) == Detection(2, 0, 0)


@pytest.mark.parametrize(("length", "found"), [(10, 1), (11, 0)])
def test_a_pixel_is_found_in_an_object_up_to_ten_times_its_size(length, found):
    truth, predicted = np.zeros((1, 12), bool), np.zeros((1, 12), bool)
    truth[0, 0] = True
    predicted[0, :length] = True
    assert detect(predicted, truth) == Detection(found, 1 - found, 1 - found)


def test_two_discs_of_the_median_size_that_share_a_pixel_are_not_matched():
    y, x = np.mgrid[:11, :21]
    disc = [(y - 5) ** 2 + (x - centre) ** 2 <= 3.6**2 for centre in (5, 8, 9, 11)]
    assert disc[0].sum() == 37
    assert (disc[0] & disc[3]).sum() in range(1, 5)
    assert [detect(shifted, disc[0]).true_positives for shifted in disc] == [1, 1, 1, 0]


def test_a_blob_that_floods_the_image_finds_nothing():
    truth = np.zeros((32, 32), bool)
    truth[10:16, 10:16] = True
    assert detect(np.ones_like(truth), truth) == Detection(0, 1, 1)


def test_small_predictions_are_ignored_but_small_tumours_are_missed():
    predicted, truth = world("#...##"), world("#...##")
    assert detect(predicted, truth, smallest=2) == Detection(1, 1, 0)
    assert detect(predicted, truth, smallest=3) == Detection(0, 2, 0)


@pytest.mark.parametrize("shape", [(4, 5), (2, 3, 4), (0, 3)])
def test_empty_masks_have_nothing_to_find(shape):
    empty = np.zeros(shape, bool)
    assert detect(empty, empty) == Detection()
    assert overlap(empty, empty) == Overlap()


def test_components_are_numbered_from_one_with_their_sizes():
    numbered, sizes = number_tumours(world("##..#", "#...#", "....#", "#...."))
    assert numbered.tolist() == [[1, 1, 0, 0, 2], [1, 0, 0, 0, 2], [0, 0, 0, 0, 2], [3, 0, 0, 0, 0]]
    assert sizes.tolist() == [3, 3, 1]


@pytest.mark.parametrize("count", [detect, overlap])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda mask: mask.astype(np.uint8), "predicted is a uint8 array"),
        (lambda mask: mask[0], "predicted is a bool array of shape"),
        (lambda mask: mask[:-1], "predicted has shape .* and truth has shape"),
    ],
)
def test_arrays_that_are_no_masks_of_one_shape_are_refused(count, spoil, message):
    mask = world("##", "..")
    count(mask, mask)
    with pytest.raises(ArrayError, match=message):
        count(spoil(mask), mask)


@pytest.mark.parametrize("setting", [{"least_iou": 0}, {"least_iou": 1.1}, {"smallest": 0}])
def test_settings_out_of_range_are_refused(setting):
    mask = world("##")
    with pytest.raises(SettingError, match="least_iou in"):
        detect(mask, mask, **setting)
