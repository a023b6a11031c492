"""Where a training begins: at the level of tissue, whatever else is in its images."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.data import Entry, Pair, Split, fit_normalisation
from metgan.training import TrainingData


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
    units = fit_normalisation([pair.anatomy for pair in pairs], [pair.tumour for pair in pairs])
    return TrainingData(pairs, pairs, Split((), (), ()), units, ("animal",), ())


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
