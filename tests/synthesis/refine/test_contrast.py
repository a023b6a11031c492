"""Painted tumours brought to contrasts that are drawn."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.data import Entry, Pair, PairSet, StoredPairs, part_of, split_names
from metgan.errors import ArrayError, SettingError
from metgan.labels import Real
from metgan.metrics import evaluate_detection
from metgan.objects import number_tumours, sizes
from metgan.synthesis import (
    Contrast,
    GenerationRequest,
    Inpainter,
    PairPlans,
    generate,
    match_contrasts,
    sum_up_contrasts,
)
from metgan.synthesis.refine.contrast import HALO, MOST_LIGHT

from ..conftest import generate_tumour


def scene(contrast: float, real_tumour: int = 1000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A disc of tumour on grainy tissue: with it, without it, and its label."""
    rows, columns = np.indices((40, 40))
    label = (rows - 20) ** 2 + (columns - 18) ** 2 <= 25
    tissue = np.random.default_rng(0).normal(real_tumour, 20, label.shape)
    lit = np.where(label, tissue * contrast, tissue)
    return np.rint(lit).astype(np.uint16), np.rint(tissue).astype(np.uint16), label


def real(label: np.ndarray, tumour: np.ndarray) -> Pair:
    """A real pair, of which all was imaged."""
    anatomy = np.arange(1, 1 + label.size, dtype=np.uint16).reshape(label.shape)
    return Pair(Entry("real", "animal", "", "", {}), anatomy, tumour, label)


@given(painted=st.floats(1.5, 8), wanted=st.floats(1.1, 8))
def test_tumours_come_to_the_contrast_that_is_asked_for_with_five_times_their_light_at_most(
    painted: float, wanted: float
) -> None:
    tumour, tumour_free, label = scene(painted)
    contrast = evaluate_detection(
        label, label, match_contrasts(tumour, tumour_free, label, [wanted])
    ).contrast
    assert contrast == pytest.approx(min(wanted, 1 + MOST_LIGHT * (painted - 1)), rel=0.01)


def test_tumours_without_light_of_their_own_stay_as_they_are() -> None:
    tumour, tumour_free, label = scene(0.5)
    assert np.array_equal(match_contrasts(tumour, tumour_free, label, [3.0]), tumour)


def test_what_lies_apart_from_tumours_stays() -> None:
    tumour, tumour_free, label = scene(4.0)
    matched = match_contrasts(tumour, tumour_free, label, [2.0])
    assert np.array_equal(matched[~label], tumour[~label])
    assert matched.dtype == tumour.dtype


def test_contrasts_come_as_often_as_they_are_wanted() -> None:
    rng = np.random.default_rng(0)
    step, label = Contrast((1.2, 3.0), (3.0, 1.0)), np.arange(2000)[None] % 2 == 0
    drawn = step.draw(Entry("a", "g", "", "", {}), label, rng).asked
    assert len(drawn) == 1000
    assert drawn.count(1.2) / 1000 == pytest.approx(0.75, abs=0.05)


def test_real_contrasts_are_measured_on_tumours_that_are_brighter() -> None:
    tumour, tissue, label = scene(4.0)
    images = (tumour, (tissue // 2).astype(np.uint16))
    measured = Contrast.measure([real(label, image) for image in images])
    assert measured.values == pytest.approx((4.0,), rel=0.05)


def subtracted(light: float, zero: str) -> tuple[np.ndarray, np.ndarray]:
    """One tumour of 60 pixels or so that adds `light` to tissue which lies about 0, in three ways."""
    y, x = np.mgrid[:32, :32]
    label = (y - 16) ** 2 + (x - 16) ** 2 <= 20
    noise = np.random.default_rng(0).normal(0, 30, label.shape)
    tissue = {"about 0": noise - 1, "clipped": 0 * noise, "far below": noise - 1000}[zero]
    return label, (tissue + light * label).astype(np.uint16 if zero == "clipped" else np.float32)


def test_what_may_be_another_tumour_is_not_the_surroundings_of_a_real_one() -> None:
    tumour, _, label = scene(2.0)
    tumour[:, 24:] = 9000
    ignored = np.zeros_like(label)
    ignored[:, 24:] = True
    (ratio,) = Contrast.measure([replace(real(label, tumour), ignored=ignored)]).values
    assert ratio == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("zero", ["about 0", "clipped", "far below"])
def test_on_tissue_without_light_contrasts_are_differences_and_no_tumour_is_dropped(
    zero: str, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = Contrast.measure([real(*subtracted(light, zero)) for light in (200, 400, 800)])
    assert measured.unit == "light"
    assert measured.values == pytest.approx((200, 400, 800), abs=25)
    assert "3 of 3 real tumours lie in surroundings without light" in capsys.readouterr().err
    label, painted = subtracted(300, zero)
    tumour_free = subtracted(0, zero)[1]
    lit = match_contrasts(painted, tumour_free, label, [600.0], measure=measured.unit)
    assert evaluate_detection(label, label, lit).light == pytest.approx(600, abs=25)
    assert np.isnan(evaluate_detection(label, label, lit).contrast)


def test_on_lit_tissue_contrasts_are_ratios_and_what_is_dropped_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scenes = [scene(contrast) for contrast in (4.0, 0.9)]
    measured = Contrast.measure([real(label, tumour) for tumour, _, label in scenes])
    assert (measured.unit, len(measured.values)) == ("ratio", 1)
    assert "1 of 2 real tumours lend no contrast" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "weights"),
    [((), None), ((1.0,), None), ((float("nan"),), None), ((2.0,), ()), ((2.0, 3.0), (1.0, 0.0))],
)
def test_contrasts_of_no_tumour_and_weights_that_do_not_fit_are_refused(
    values: tuple[float, ...], weights: tuple[float, ...] | None
) -> None:
    with pytest.raises(SettingError):
        Contrast(values, weights)


def test_a_draft_asks_for_a_contrast_and_its_labels_stay_as_they_were(small_pairs: PairSet) -> None:
    train = part_of(small_pairs.entries, "train", None)
    plain = GenerationRequest(train, train, Real(), 4, 0)
    matched = replace(plain, refine=(Contrast((1.25, 2.5)),))
    plans = [(PairPlans(plain).draw(k), PairPlans(matched).draw(k)) for k in range(4)]
    assert all(np.array_equal(one.label, other.label) for one, other in plans)
    assert {one.origin["asked_contrasts"] for one, _ in plans} == {""}
    asked = [other.origin["asked_contrasts"].split(";") for _, other in plans]
    assert {contrast for each in asked for contrast in each} == {"1.25", "2.5"}
    assert [len(each) for each in asked] == [len(sizes(other.asked)) for _, other in plans]
    assert str(plain) != str(matched)


def test_light_is_added_on_tumours_alone_and_makes_no_moat_deeper() -> None:
    tumour, tumour_free, label = scene(3.0)
    distance = ndimage.distance_transform_edt(~label)
    moat, far = (distance > 0) & (distance <= 2), distance > HALO
    tumour[moat] -= 100  # painted darker than the tissue
    tumour[far] += 7  # and what the generator changed elsewhere
    lit = match_contrasts(tumour, tumour_free, label, [8.0])
    assert lit[label].mean() > 2 * tumour[label].mean()
    assert np.array_equal(lit[moat | far], tumour[moat | far])


@settings(deadline=None, max_examples=20)
@given(wanted=st.lists(st.floats(1.1, 6), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_each_tumour_has_a_contrast_of_its_own(wanted: list[float], seed: int) -> None:
    """Three discs, 20 pixels apart, painted at 4 times the tissue."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((30, 80))
    centres = [15, 40, 65]
    label = np.any([(rows - 15) ** 2 + (columns - x) ** 2 <= 16 for x in centres], axis=0)
    tissue = rng.normal(1000, 10, label.shape)
    tumour_free = np.rint(tissue).astype(np.uint16)
    painted = np.rint(np.where(label, 4 * tissue, tissue)).astype(np.uint16)
    matched = match_contrasts(painted, tumour_free, label, wanted)
    numbered, _ = number_tumours(label)
    order = [int(numbered[15, x]) - 1 for x in centres]
    found = evaluate_detection(label, label, matched).contrasts
    for place in order:
        assert found[place] == pytest.approx(wanted[place], rel=0.02)


@pytest.mark.parametrize("contrasts", [(), (2.0, 2.0)])
def test_there_is_one_contrast_for_each_tumour(contrasts: tuple[float, ...]) -> None:
    tumour, tumour_free, label = scene(4.0)
    with pytest.raises(ArrayError, match=f"{len(contrasts)} contrasts for 1 tumours"):
        match_contrasts(tumour, tumour_free, label, contrasts)


def test_the_painted_image_is_the_matched_one(inpainter: Inpainter, small_pairs: PairSet) -> None:
    train = part_of(small_pairs.entries, "train", None)
    plan = PairPlans(GenerationRequest(train, train, Real(), 1, 0)).draw(0)
    bright = inpainter.inpaint(plan.anatomy, plan.label)
    tumour_free = inpainter.inpaint(plan.anatomy, np.zeros_like(plan.label))
    given = evaluate_detection(plan.label, plan.label, bright).contrasts
    wanted = tuple(1 + (one - 1) / 2 if one > 1 else 1.5 for one in given)
    expected = match_contrasts(bright, tumour_free, plan.label, wanted)
    matched = replace(plan, refine=(Contrast(wanted, asked=wanted),))
    assert np.array_equal(generate_tumour(inpainter, matched), expected)
    assert np.array_equal(generate_tumour(inpainter, plan), bright)


@pytest.mark.parametrize(
    ("asked", "got", "expected"),
    [
        ("2;3;4", "2.1;2.4;3.2", None),  # all within a factor of 1.3
        ("2;3;4", "1.1;2.9;6", (3, 1, 1, 0)),
        ("2;1.2", "nan;1.2", (2, 0, 0, 1)),
        ("200;300", "-5;310", (2, 1, 0, 0)),  # lights may be negative
    ],
)
def test_contrasts_that_were_not_reached_are_counted(
    asked: str, got: str, expected: tuple[int, ...] | None
) -> None:
    provenance = {"asked_contrasts": asked, "got_contrasts": got}
    summary = sum_up_contrasts([Entry("a", "g", "", "", {}, provenance)], None)
    assert summary is not None
    found = (summary.tumours, summary.dimmer, summary.brighter, summary.unknown)
    assert found == (expected or (3, 0, 0, 0))
    assert summary.missed == sum(found[1:])


def test_a_set_without_contrasts_asked_for_has_none_to_count() -> None:
    rows = [{"asked_contrasts": "", "got_contrasts": ""}, {"asked_contrasts": "2;3"}, {}]
    assert sum_up_contrasts([Entry("a", "g", "", "", {}, row) for row in rows], 4095) is None


@pytest.mark.parametrize("ceiling", [1500.0, 65535.0])
def test_what_was_got_is_measured_in_the_image_that_is_written(
    inpainter: Inpainter, small_pairs: PairSet, tmp_path: Path, ceiling: float
) -> None:
    """The same request under a low ceiling and a high one: what is written decides, not what was asked."""
    card = inpainter.card
    units = replace(card.normalisation, tumour=replace(card.normalisation.tumour, ceiling=ceiling))
    limited = copy(inpainter)
    limited.card = replace(card, normalisation=units)
    train = part_of(small_pairs.entries, "train", None)
    request = GenerationRequest(train, train, Real(), 3, 0, (Contrast((1.5, 9.0)),))
    pairs = generate(limited, request, tmp_path)
    for pair in StoredPairs(pairs):
        got = [float(one) for one in split_names(pair.entry.provenance["got_contrasts"])]
        assert got == pytest.approx(
            evaluate_detection(pair.label, pair.label, pair.tumour).contrasts, rel=1e-4
        )
        assert len(got) == len(split_names(pair.entry.provenance["asked_contrasts"]))
    summary = sum_up_contrasts(pairs, ceiling)
    assert summary is not None
    assert (summary.clipped > 0) == (ceiling == 1500.0)
