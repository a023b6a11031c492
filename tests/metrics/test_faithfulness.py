"""Faithfulness of generated images to their labels, against loops over pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as skimage_label

from metgan.errors import ArrayError
from metgan.metrics import Detection, Faithfulness, Overlap, Tumour, evaluate_detection, match, overlap, pool
from metgan.objects import sizes, surroundings

few = settings(max_examples=25, deadline=None)


def camera(shape, seed=0):
    """Return an image as a camera stores it."""
    return np.random.default_rng(seed).integers(90, 900, shape).astype(np.uint16)


def boxed(drawn):
    """Return a mask of rectangles, each (top, left, height, width)."""
    mask = np.zeros((9, 14), bool)
    for top, left, height, width in drawn:
        mask[top : top + height, left : left + width] = True
    return mask


boxes = st.tuples(st.integers(0, 8), st.integers(0, 13), st.integers(1, 3), st.integers(1, 3))
sparse = st.lists(boxes, max_size=4).map(boxed)


def contrasts_by_loops(asked, image):
    """Return the contrasts, pixel by pixel, from the sentence in the documentation."""
    numbered, count = skimage_label(asked, connectivity=asked.ndim, return_num=True)
    tumours = [np.argwhere(numbered == k) for k in range(1, count + 1)]
    contrasts = []
    for tumour in tumours:
        ring = [
            image[tuple(pixel)]
            for pixel in np.argwhere(~asked)
            if np.linalg.norm(tumour - pixel, axis=1).min() <= 6
            and all(np.linalg.norm(other - pixel, axis=1).min() > 2 for other in tumours)
        ]
        inside = [image[tuple(pixel)] for pixel in tumour]
        contrasts.append(np.mean(inside) / np.mean(ring) if ring else np.nan)
    return contrasts


@few
@given(sparse, st.integers(0, 999))
def test_contrasts_equal_those_of_loops_over_pixels(asked, seed):
    image = camera(asked.shape, seed)
    scores = evaluate_detection(asked, asked, image)
    assert scores.contrasts == pytest.approx(contrasts_by_loops(asked, image), nan_ok=True)


def test_contrasts_in_a_volume_equal_those_of_loops_over_voxels():
    asked = np.zeros((6, 9, 10), bool)
    asked[2:4, 1:3, 1:3] = asked[4, 7, 8] = True
    image = camera(asked.shape)
    scores = evaluate_detection(asked, asked, image)
    assert len(scores.contrasts) == 2
    assert scores.contrasts == pytest.approx(contrasts_by_loops(asked, image))


@few
@given(sparse, sparse)
def test_counts_take_the_asked_label_for_the_truth(asked, read):
    scores = evaluate_detection(asked, read, camera(asked.shape))
    assert scores.detection == match(predicted=read, truth=asked).counts
    assert scores.overlap == overlap(predicted=read, truth=asked)
    assert scores.false_area == (read & ~asked).sum() / (~asked).sum()
    assert scores.false_objects == scores.detection.false_positives


@few
@given(sparse, sparse, st.integers(0, 3), st.booleans())
def test_scores_do_not_change_when_everything_is_turned(asked, read, turns, mirror):
    def turned(image):
        return np.rot90(image[:, ::-1] if mirror else image, turns)

    image = camera(asked.shape)
    plain, other = (
        evaluate_detection(asked, read, image),
        evaluate_detection(turned(asked), turned(read), turned(image)),
    )
    assert (other.detection, other.overlap, other.label_free) == (
        plain.detection,
        plain.overlap,
        plain.label_free,
    )
    assert np.sort(other.contrasts) == pytest.approx(np.sort(plain.contrasts), nan_ok=True)


@few
@given(sparse, sparse)
def test_pooling_two_images_equals_setting_them_side_by_side_out_of_reach(left, right):
    # The margin holds every ring, so that no ring is cut by an edge or meets the neighbour.
    left, right = np.pad(left, 6), np.pad(right, 6)
    first, second = camera(left.shape, 1), camera(right.shape, 2)
    pooled = evaluate_detection(left, right, first) + evaluate_detection(right, left, second)
    together = evaluate_detection(
        np.hstack([left, right]), np.hstack([right, left]), np.hstack([first, second])
    )
    assert (pooled.detection, pooled.overlap) == (together.detection, together.overlap)
    assert pooled.false_area == together.false_area
    assert pooled.contrast == pytest.approx(together.contrast, nan_ok=True)
    assert (pooled.images, together.images) == (2, 1)


@few
@given(sparse, st.floats(0.1, 10))
def test_contrast_ignores_gain_but_an_offset_pulls_it_towards_one(asked, gain):
    image = camera(asked.shape).astype(np.float64)
    scores, scaled = evaluate_detection(asked, asked, image), evaluate_detection(asked, asked, gain * image)
    assert scaled.contrasts == pytest.approx(scores.contrasts, nan_ok=True)
    lifted = evaluate_detection(asked, asked, image + 1000)
    for before, after in zip(scores.contrasts, lifted.contrasts, strict=True):
        assert np.isnan(before) or before == 1 or abs(after - 1) < abs(before - 1)


def test_the_ring_leaves_out_the_rim_and_the_neighbouring_tumour():
    #       ring |gap|T|gap|  ring  |gap|T|gap
    #  x:   0..3  4 5 6 7 8   9..11  12 13 14 15 16
    asked = np.zeros((1, 17), bool)
    asked[0, [6, 14]] = True
    image = np.array([[10, 10, 10, 10, 999, 999, 40, 999, 999, 20, 20, 20, 999, 999, 80, 999, 999]])
    scores = evaluate_detection(asked, asked, image)
    left = (4 * 10 + 3 * 20) / 7  # 0..3 and 9..11: 12 is six away, but in the neighbour's gap
    right = 20.0  # 9..11; 8 is six away, but in the neighbour's gap
    assert scores.contrasts == pytest.approx((40 / left, 80 / right))


def test_a_hallucinated_tumour_and_a_missing_one_are_told_apart():
    asked = np.zeros((20, 20), bool)
    asked[4:8, 4:8] = True
    read = np.zeros_like(asked)
    read[12:15, 12:16] = True
    scores = evaluate_detection(asked, read, np.full(asked.shape, 100))
    assert scores.detection == Detection(0, 1, 1)
    assert scores.overlap == Overlap(0, 12, 16)
    assert scores.false_area == 12 / (400 - 16)
    assert scores.contrast == 1.0


def test_small_readings_are_ignored_when_asked_to():
    asked, read = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    read[4, 4] = True
    image = camera(asked.shape)
    assert evaluate_detection(asked, read, image).false_objects == 1
    assert evaluate_detection(asked, read, image, smallest=2).false_objects == 0


def test_unsigned_images_are_not_wrapped():
    asked = np.arange(9)[None] == 4
    assert evaluate_detection(asked, asked, np.where(asked, 250, 125).astype(np.uint8)).contrast == 2.0


@pytest.mark.parametrize("background", [0.0, -5.0])
def test_contrast_on_a_background_that_is_not_above_zero_is_nan(background):
    asked = np.arange(9)[None] == 4
    assert np.isnan(evaluate_detection(asked, asked, np.where(asked, 3.0, background)).contrast)
    assert evaluate_detection(asked, asked, np.where(asked, 3.0, 1.0)).contrast == 3.0


def test_a_label_that_fills_the_image_has_no_surroundings():
    full = np.ones((5, 5), bool)
    scores = evaluate_detection(full, full, camera(full.shape))
    assert np.isnan([scores.contrast, scores.false_area]).all()
    assert scores.detection.recall == 1


def test_an_empty_label_has_only_false_tumours():
    empty, read = np.zeros((5, 5), bool), np.eye(5, dtype=bool)
    scores = evaluate_detection(empty, read, camera(empty.shape))
    assert scores.contrasts == ()
    assert np.isnan([scores.contrast, scores.detection.recall]).all()
    assert (scores.false_area, scores.false_objects, scores.overlap.dice) == (0.2, 1, 0)


def tumours(*rows):
    return tuple(Tumour(*row) for row in rows)


@few
@given(sparse, sparse)
def test_every_asked_tumour_has_its_size_and_was_found_or_not(asked, read):
    scores = evaluate_detection(asked, read, camera(asked.shape))
    assert [tumour.area for tumour in scores.tumours] == sizes(asked).tolist()
    assert sum(tumour.found for tumour in scores.tumours) == scores.detection.true_positives
    numbered = skimage_label(asked, connectivity=2)
    for number, tumour in enumerate(scores.tumours, start=1):
        touched = bool((read & (numbered == number)).any())
        assert touched or not tumour.found


def test_pooling_adds_counts_and_takes_the_median_over_tumours_not_images():
    scores = [
        Faithfulness(
            Detection(2, 0, 3), Overlap(4, 6, 0), 90, tumours((5, True, 1.0), (9, True, 2.0), (3, False, 3.0))
        ),
        Faithfulness(Detection(0, 1, 0), Overlap(0, 0, 2), 10, tumours((9, False, 9.0), (1, True, np.nan))),
    ]
    pooled = pool(iter(scores))
    assert pooled.detection.recall == 2 / 3
    assert pooled.overlap.dice == 8 / 16
    assert (pooled.false_objects, pooled.false_area, pooled.images) == (1.5, 0.06, 2)
    assert pooled.contrast == 2.5
    assert [pooled.recall_of(at_least=least) for least in (1, 5, 9)] == [3 / 5, 2 / 3, 1 / 2]
    assert np.isnan(pooled.recall_of(at_least=10))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda image: image[:-1], "image is a uint16 array of shape"),
        (lambda image: image > 0, "image is a bool array"),
        (lambda image: np.where(image == image[0, 0], np.nan, 1.0), "pixels of nan or infinity"),
    ],
)
def test_an_image_that_does_not_fit_its_label_is_refused(spoil, message):
    asked, image = np.zeros((5, 5), bool), camera((5, 5))
    evaluate_detection(asked, asked, image)
    with pytest.raises(ArrayError, match=message):
        evaluate_detection(asked, asked, spoil(image))


def test_a_reading_that_is_no_mask_is_named_in_the_refusal():
    asked, image = np.zeros((5, 5), bool), camera((5, 5))
    with pytest.raises(ArrayError, match="prediction is a float64 array"):
        evaluate_detection(asked, asked.astype(float), image)
    with pytest.raises(ArrayError, match=r"target has shape .* and prediction has shape"):
        evaluate_detection(asked, asked[:-1], image)


def test_fill_surrounds_no_tumour() -> None:
    """A tumour of 300 in tissue of 100 that was filled in on its left.

    0 0 0 0 0 0 0 300 100 100 100 100 100 100 100
    """
    image = np.where(np.arange(15) < 7, 0, 100)[None].astype(np.uint16)
    asked = np.arange(15)[None] == 7
    image[asked] = 300
    assert evaluate_detection(asked, asked, image).contrast > 4
    assert evaluate_detection(asked, asked, image, fill=image == 0).contrast == 3.0


def test_what_is_read_in_fill_is_no_share_of_the_tissue() -> None:
    """Of 9 x 9 pixels 3 columns were imaged: 27 of tissue, 1 of them asked for, 2 and all fill read."""
    asked, fill = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    asked[4, 0], fill[:, 3:] = True, True
    read = fill.copy()
    read[0, :2] = True
    found = evaluate_detection(asked, read, camera(asked.shape), fill=fill)
    assert found.false_area == (found + found).false_area == 2 / 26
    assert found.overlap.false_positive == 2 + 54


def test_surroundings_are_those_that_contrasts_are_measured_against() -> None:
    rng = np.random.default_rng(0)
    label = np.zeros((40, 40), bool)
    label[18:22, 15:20] = True
    image = rng.uniform(1, 2, label.shape)
    by_hand = image[label].mean() / image[surroundings(label)].mean()
    assert evaluate_detection(label, label, image).contrast == pytest.approx(by_hand)
    assert not surroundings(np.zeros((4, 4), bool)).any()
