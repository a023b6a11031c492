"""Why a run has not begun to place tumours: each reason where it holds, and silence where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metgan.training.diagnosis import (
    REASONS,
    Finding,
    Measurements,
    Reason,
    channels_are_shifted,
    explain,
    few_crops_show_tumours,
    find_reasons,
    generated_tumours_are_faint,
    labels_are_vast,
    labels_mark_nothing,
    segmentor_reads_nothing,
    tumours_are_tiny,
)

SIDE = 12
LABEL = np.zeros((SIDE, SIDE), bool)
LABEL[2:6, 2:6] = True
GROUND = np.where(np.indices((SIDE, SIDE)).sum(0) % 2, -0.4, -0.6).astype(np.float32)  # deviation 0.1


def image(inside: float) -> np.ndarray:
    """A chequered ground of mean -0.5, and a tumour of this level."""
    return np.where(LABEL, np.float32(inside), GROUND)


GOOD = Measurements(
    generated=[image(0.4)],
    real=[image(0.5)],
    labels=[LABEL],
    dice_on_real=0.8,
    training_labels=[LABEL] * 20 + [LABEL & False] * 5,
)


def text_of(reason: Reason, **changes: object) -> str:
    found = reason(replace(GOOD, **changes))  # type: ignore[arg-type]  # one field of Measurements
    assert found is not None
    assert 0 < found.severity <= 1
    return found.text


def test_a_run_with_everything_in_order_has_no_reason() -> None:
    assert find_reasons(GOOD) == []


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        (-0.9, "differ the wrong way from their surroundings: their mean level is -0.90 against -0.50,"),
        (-0.5, "hardly differ from their surroundings"),
        (-0.3, "hardly differ from their surroundings"),
    ],
)
def test_painted_tumours_that_are_dark_or_faint_are_told_with_their_levels(inside: float, says: str) -> None:
    text = text_of(generated_tumours_are_faint, generated=[image(inside)])
    assert says in text
    assert "in real images 0.50 against -0.50" in text


def test_painted_tumours_of_a_quarter_of_the_real_difference_are_bright_enough() -> None:
    assert generated_tumours_are_faint(replace(GOOD, generated=[image(-0.24)])) is None


def test_tumours_should_be_dark_where_the_real_ones_are() -> None:
    """Where real tumours are darker than their surroundings, brighter ones are wrong."""
    dark = replace(GOOD, real=[image(-0.9)], generated=[image(-0.8)])
    assert generated_tumours_are_faint(dark) is None
    assert generated_tumours_are_faint(replace(dark, generated=[image(0.4)])) is not None


def test_labels_on_which_real_images_are_as_elsewhere_are_told_and_painted_ones_not_blamed() -> None:
    text = text_of(labels_mark_nothing, real=[GROUND])
    assert "its mean level is -0.50 against -0.50" in text
    assert "order of the channels" in text
    assert generated_tumours_are_faint(replace(GOOD, real=[GROUND], generated=[image(-0.9)])) is None


def test_flat_real_images_are_told_without_a_division_by_zero() -> None:
    assert "0.00 standard deviations" in text_of(labels_mark_nothing, real=[GROUND * 0])
    assert labels_mark_nothing(replace(GOOD, real=[LABEL.astype(np.float32)])) is None  # a flat ground alone


def test_without_a_labelled_pixel_no_levels_are_compared() -> None:
    bare = replace(GOOD, labels=[LABEL & False])
    assert generated_tumours_are_faint(bare) is labels_mark_nothing(bare) is None


def test_a_segmentor_that_misses_real_tumours_is_told_with_its_dice() -> None:
    text = text_of(segmentor_reads_nothing, dice_on_real=0.12)
    assert "Dice 0.12 on the validation part, 0.2 or more is expected" in text
    assert "--segmentor-steps" in text


def test_few_crops_with_a_tumour_are_told_with_their_number() -> None:
    text = text_of(few_crops_show_tumours, training_labels=[LABEL] * 19 + [LABEL & False] * 30)
    assert text.startswith("19 of 49 training crops show a tumour; 20 or more")


def test_tumours_of_a_few_pixels_are_told_with_their_size() -> None:
    dots = np.zeros((SIDE, SIDE), bool)
    dots[1, 1:4] = dots[5, 1:4] = dots[9, 1:4] = True  # three tumours of 3 pixels
    assert "half of the 80 tumours of the training labels have 3 pixels" in text_of(
        tumours_are_tiny, training_labels=[dots] * 20 + [LABEL] * 20
    )
    assert tumours_are_tiny(replace(GOOD, training_labels=[LABEL & False])) is None


def test_labels_of_most_of_a_crop_are_told_with_their_share() -> None:
    text = text_of(labels_are_vast, training_labels=[~LABEL] * 20)
    assert "training labels cover 89% of their crop" in text  # (144 - 16) / 144
    assert "inverted" in text
    assert labels_are_vast(replace(GOOD, training_labels=[LABEL & False])) is None


def test_the_worst_reason_comes_first() -> None:
    """Dice 0.19 is nearly enough, one crop of twenty is not, and dark tumours are as bad as can be."""
    found = find_reasons(replace(GOOD, generated=[image(-0.9)], dice_on_real=0.19, training_labels=[LABEL]))
    assert [finding.text.split()[0] for finding in found] == ["generated", "1", "the"]
    assert [finding.severity for finding in found] == pytest.approx([1, 0.95, 0.05])


def test_every_reason_is_asked() -> None:
    assert len({*REASONS}) == len(REASONS) == 7


def test_reasons_are_told_with_how_to_train_longer_at_the_end() -> None:
    words = explain(60, 0.03, [Finding(1.0, "it is dark")], "train longer: so")
    assert words[1:] == ["it is dark", "train longer: so"]
    assert words[0].startswith("after 60 steps")


GIVEN = {
    labels_mark_nothing: {"real": [GROUND]},
    segmentor_reads_nothing: {"dice_on_real": 0.1},
    few_crops_show_tumours: {"training_labels": [LABEL]},
    labels_are_vast: {"training_labels": [~LABEL] * 20},
}


@pytest.mark.parametrize("reason", GIVEN)
def test_where_data_or_segmentor_are_a_reason_nobody_is_advised_to_resume(reason: Reason) -> None:
    """A resumed training has the same data and the same segmentor."""
    found = find_reasons(replace(GOOD, generated=[image(-0.9)], **GIVEN[reason]))  # type: ignore[arg-type]  # one field of Measurements
    words = explain(60, 0.03, found, "train longer: with --resume")
    assert not any("--resume" in word for word in words)
    assert "train again (--overwrite)" in words[-1]
    faint = explain(60, 0.03, find_reasons(replace(GOOD, generated=[image(-0.9)])), "train longer: --resume")
    assert faint[-1] == "train longer: --resume"


def test_shifted_channels_are_named_with_how_far() -> None:
    tissue = np.random.default_rng(0).normal(size=(6, 72, 70)).cumsum(1).cumsum(2)
    registered = [(t[:-8, :-6], -t[:-8, :-6]) for t in tissue]
    assert channels_are_shifted(replace(GOOD, channels=registered)) is None
    shifted = [(t[:-8, :-6], -t[4:-4, 3:-3]) for t in tissue]
    assert "by 5 pixels in 6 of 6 images" in text_of(channels_are_shifted, channels=shifted)


def test_fill_is_not_what_tumours_are_held_against() -> None:
    """Faint tumours beside black: against the black they would seem bright."""
    filled = np.zeros((SIDE, SIDE), bool)
    filled[:, 8:] = True
    faint = image(-0.5)
    black = [np.where(filled, np.float32(-1), one) for one in (faint, image(0.5))]
    measurements = replace(GOOD, generated=[black[0]], real=[black[1]])
    assert generated_tumours_are_faint(replace(measurements, unscored=[filled])) is not None
    assert "-0.50 against -0.5" in text_of(
        generated_tumours_are_faint, generated=[black[0]], unscored=[filled]
    )
