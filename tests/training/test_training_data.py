"""Where a training begins: at the level of tissue, whatever else is in its images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metgan.data import Entry, Pair, Scaling, Split, fit_pairs
from metgan.objects import surroundings
from metgan.training import TrainingData
from metgan.training.training_data import fill_of_pair


def curriculum_of(*, black: float, labelled: bool = True) -> TrainingData:
    """Four pairs of tissue about 500, with tumours of 2000 in it, of which a share is exactly 0."""
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(4):
        anatomy, tumour = (np.rint(rng.normal(500, 30, (64, 64))).astype(np.uint16) for _ in range(2))
        label = np.zeros((64, 64), bool)
        label[50:56, 30:36] = labelled
        tumour[50:56, 30:36] = 2000
        edge = round(64 * black)
        anatomy[:edge] = tumour[:edge] = 0
        pairs.append(Pair(Entry(f"pair-{number}", "animal", "", "", {}), anatomy, tumour, label))
    units = fit_pairs(pairs)
    return TrainingData(pairs, pairs, Split((), (), ()), units, ("animal",))


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("black", [0.0, 0.6])
def test_a_generator_begins_at_the_level_of_tissue(black: float, labelled: bool) -> None:
    data = curriculum_of(black=black, labelled=labelled)
    for channel in ("tumour", "anatomy"):
        level = data.normalisation.anatomy if channel == "anatomy" else data.normalisation.tumour
        assert data.start(channel) == pytest.approx(max(level.level(500), -0.95), abs=0.06)


def test_black_is_not_in_the_mean_that_runs_are_measured_against() -> None:
    data = curriculum_of(black=0.6)
    light = np.concatenate([p.tumour[p.tumour > 0] for p in data.train])
    assert data.mean("tumour") == pytest.approx(data.normalisation.tumour.level(light.mean()), abs=0.01)
    everything = [data.normalisation.apply(p.tumour, "tumour").mean() for p in data.train]
    assert data.mean("tumour") > np.mean(everything) + 0.02


def test_the_level_around_tumours_counts_not_that_of_the_whole_image() -> None:
    data = curriculum_of(black=0.0)
    for pair in data.train:
        pair.tumour[:40] = 1500  # another organ, brighter, far from any tumour
    bright = data.normalisation.tumour.level(1500)
    assert data.start("tumour") < bright - 0.3


def test_the_units_of_a_segmentor_leave_the_fill_of_these_data() -> None:
    data, other = curriculum_of(black=0.6), curriculum_of(black=0.0)
    moved = data.in_units_of(other.normalisation)
    assert moved.normalisation.tumour == other.normalisation.tumour
    assert moved.normalisation.fill == data.normalisation.fill is not None


def naive_light(data: TrainingData, channel: str) -> np.ndarray:
    """All pixels on [-1, 1] that are no fill, at once: what is measured image by image must come to this."""
    images = [(pair, getattr(pair, channel)) for pair in data.train]
    units = data.normalisation
    return np.concatenate([units.apply(image, channel)[~fill_of_pair(pair, units)] for pair, image in images])


@pytest.mark.parametrize("scaling", ["shared", "per-image"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("black", [0.0, 0.6])
def test_what_is_measured_image_by_image_is_that_of_all_pixels_together(
    black: float, dtype: str, scaling: Scaling
) -> None:
    data = curriculum_of(black=black)
    step = {"uint8": 8, "uint16": 1, "float32": 7.0}[dtype]
    pairs = [
        replace(p, anatomy=(p.anatomy / step).astype(dtype), tumour=(p.tumour / step).astype(dtype))
        for p in data.train
    ]
    data = replace(data, train=pairs, val=pairs).rescaled(scaling)
    assert (data.normalisation.fill is None) == (not black or scaling == "per-image")
    units = data.normalisation
    for channel in ("anatomy", "tumour"):
        light = naive_light(data, channel)
        assert data.mean(channel) == pytest.approx(float(light.mean(dtype=np.float64)), rel=1e-13, abs=1e-13)
    assert data.start("anatomy") == float(np.clip(np.median(naive_light(data, "anatomy")), -0.95, 0.95))
    around = [
        units.apply(p.tumour, "tumour")[surroundings(p.label) & ~fill_of_pair(p, units)] for p in data.train
    ]
    assert data.start("tumour") == float(np.clip(np.median(np.concatenate(around)), -0.95, 0.95))


def test_the_start_is_not_measured_where_labels_say_nothing() -> None:
    data, pairs = curriculum_of(black=0.0), []
    for pair in data.train:
        ignored = np.zeros_like(pair.label)
        ignored[::2] = True
        bright = np.where(ignored, pair.tumour.max(), pair.tumour)
        pairs.append(replace(pair, tumour=bright, label=pair.label & ~ignored, ignored=ignored))
    partly = replace(data, train=pairs)
    around = [partly.normalisation.apply(p.tumour, "tumour")[p.counted(surroundings(p.label))] for p in pairs]
    assert partly.start("tumour") == float(np.clip(np.median(np.concatenate(around)), -0.95, 0.95))


@pytest.mark.parametrize("scaling", ["shared", "per-image"])
def test_the_survey_that_other_units_take_over_is_what_they_would_have_found(scaling: Scaling) -> None:
    data, other = curriculum_of(black=0.6), curriculum_of(black=0.0).rescaled(scaling)
    assert data.mean("tumour") > -1  # has surveyed
    moved, anew = data.in_units_of(other.normalisation), curriculum_of(black=0.6)
    anew = replace(anew, normalisation=moved.normalisation)
    assert moved.mean("tumour") == anew.mean("tumour") != data.mean("tumour")
    assert moved.checksum == anew.checksum != data.checksum
