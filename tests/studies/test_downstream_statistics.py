"""Scores of training sets against a calculation by hand, on two folds of two images each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from metgan.reporting.downstream import training_set_sections
from metgan.studies.downstream_statistics import COUNTS, RATIOS, RunResult, gather, rank
from metgan.studies.predictions import Readings
from metgan.studies.set_lists import TrainingSetGrid, choose_training_sets
from metgan.studies.training_sets import TrainingSet

# Per image: pixels found, missed, false; tumours found, missed, false.
FOUND = {
    ("real-100", 1, 0): [(30, 10, 0, 1, 1, 0), (0, 0, 10, 0, 0, 2)],
    ("real-100", 2, 0): [(10, 10, 10, 1, 0, 1), (10, 0, 0, 1, 0, 0)],
    ("real-100-synthetic-1x", 1, 0): [(40, 0, 0, 2, 0, 0), (0, 0, 0, 0, 0, 0)],
    ("real-100-synthetic-1x", 2, 0): [(20, 0, 0, 1, 0, 0), (10, 0, 10, 1, 0, 0)],
}
# Per tumour: image, pixels, contrast, found by real-100; the mixed set finds all. The median contrast is 2.
TUMOURS = {1: [(0, 24, 1.5, False), (0, 25, 2.0, True)], 2: [(0, 100, 2.5, True), (1, 101, np.nan, True)]}
LIGHTS = {1: [50.0, 90.0], 2: [100.0, np.nan]}  # the last has no surroundings
COLUMNS = [f"{unit}_{kind}" for unit in ("pixels", "tumours") for kind in ("found", "missed", "false")]


def cell(training_set: str, fold: int, seed: int) -> RunResult:
    images = pd.DataFrame(FOUND[training_set, fold, 0], columns=COLUMNS)
    images.insert(0, "name", [f"{fold}-{k}" for k in range(2)])
    tumours = pd.DataFrame(TUMOURS[fold], columns=["image", "area", "contrast", "found"])
    tumours["light"] = LIGHTS[fold]
    if training_set != "real-100":
        tumours["found"] = True
    return RunResult(TrainingSet.parse(training_set), fold, seed, 10, 1.0, Readings(images, tumours, 0.5))


def table_of(*cells: RunResult) -> pd.DataFrame:
    return rank(*gather(cells)).set_index(["training_set", "score"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return table_of(*(cell(*key) for key in FOUND))


def row(table: pd.DataFrame, training_set: str, score: str) -> list[float]:
    return [table.loc[(training_set, score), column] for column in ("mean", "least", "most")]


def test_pixels_are_pooled_over_the_images_of_a_fold(table: pd.DataFrame) -> None:
    """Fold 1 of real-100: 30 found, 10 missed, 10 false; fold 2: 20 found, 10 missed, 10 false."""
    first, second = 60 / 80, 40 / 60
    assert row(table, "real-100", "Dice") == pytest.approx([(first + second) / 2, second, first])
    assert row(table, "real-100", "Jaccard") == pytest.approx([(0.6 + 0.5) / 2, 0.5, 0.6])
    assert row(table, "real-100", "precision") == pytest.approx([(0.75 + 2 / 3) / 2, 2 / 3, 0.75])
    assert row(table, "real-100-synthetic-1x", "Dice") == pytest.approx([(1 + 60 / 70) / 2, 60 / 70, 1])


def test_tumours_are_counted_per_fold_an_image_without_any_included(table: pd.DataFrame) -> None:
    assert row(table, "real-100", "tumours found") == [1.5, 1, 2]
    assert row(table, "real-100", "false tumours") == [1.5, 1, 2]
    assert row(table, "real-100", "wrong pixels") == [20, 20, 20]
    assert row(table, "real-100", "tumour F1") == pytest.approx([(2 / 5 + 4 / 5) / 2, 2 / 5, 4 / 5])


def test_recall_is_given_by_size_and_by_contrast(table: pd.DataFrame) -> None:
    """A tumour of 25 pixels is of the middle class, one of 101 of the last; without contrast, of neither."""
    means = [table.loc[("real-100", score), "mean"] for score in RATIOS[7:]]
    assert means == [0, 1, 1, 0, 1]
    assert row(table, "real-100", "recall below 25 pixels") == [0, 0, 0]  # fold 2 has none, and says nothing
    assert table.loc[("real-100-synthetic-1x", "recall dim"), "mean"] == 1


def test_dim_and_bright_are_told_by_light_where_tumours_have_no_ratio() -> None:
    """Fold 2's tumours, of 100 and 200, have none: the median light is 95, and only that of 50 is missed."""
    cells = [cell(*key) for key in FOUND]
    for each in cells:
        if each.fold == 2:
            each.readings.tumours["contrast"] = np.nan
            each.readings.tumours["light"] = [100.0, 200.0]
    found = table_of(*cells)
    assert row(found, "real-100", "recall dim") == [0.5, 0.5, 0.5]
    assert row(found, "real-100", "recall bright") == [1, 1, 1]


def test_counts_are_tested_over_images_and_ratios_over_folds(table: pd.DataFrame) -> None:
    """Wrong pixels fall from 10, 10, 20, 0 to 0, 0, 0, 10; one comparison leaves p-values as they are."""
    mine = table.loc[("real-100-synthetic-1x", "wrong pixels")]
    assert mine["difference real-100"] == -7.5
    expected = stats.ttest_rel([0, 0, 0, 10], [10, 10, 20, 0]).pvalue
    assert mine["t_test real-100"] == pytest.approx(expected)
    dice = table.loc[("real-100-synthetic-1x", "Dice")]
    assert dice["difference real-100"] == pytest.approx((0.25 + 60 / 70 - 40 / 60) / 2)
    assert np.isnan(table.loc[("real-100", "Dice"), "difference real-100"])
    assert "difference real-100-strong" not in table


def test_more_seeds_make_no_more_evidence(table: pd.DataFrame) -> None:
    twice = table_of(*(cell(training_set, fold, seed) for training_set, fold, _ in FOUND for seed in (0, 1)))
    pd.testing.assert_frame_equal(twice, table)


def test_every_arm_has_every_score_once(table: pd.DataFrame) -> None:
    training_sets = ("real-100", "real-100-synthetic-1x")
    assert [*table.index] == [
        (training_set, score) for score in (*RATIOS, *COUNTS) for training_set in training_sets
    ]


def test_every_image_tells_its_threshold() -> None:
    images, _ = gather([cell("real-100", 1, 0)])
    assert set(images["threshold"]) == {0.5}


@pytest.mark.slow
def test_arms_with_a_single_point_leave_the_figure_where_there_are_many() -> None:
    few = [cell(*key) for key in FOUND]
    many = [
        replace(cell("real-100", fold, 0), training_set=training_set)
        for fold in (1, 2)
        for training_set in choose_training_sets("all", TrainingSetGrid())
    ]
    captions = [
        training_set_sections(rank(*gather(cells)), cells)[1].figures[0].caption for cells in (few, many)
    ]
    assert ["stand in the table above alone" in caption for caption in captions] == [False, True]


def test_a_page_says_that_a_mean_leaves_out_folds_in_which_nothing_is_read() -> None:
    """In fold 1 no pixel is read: precision is that of fold 2 alone, not a mean over two folds."""
    first, second = cell("real-100", 1, 0), cell("real-100", 2, 0)
    read = [f"{unit}_{kind}" for unit in ("pixels", "tumours") for kind in ("found", "false")]
    blind = replace(
        first, readings=replace(first.readings, images=first.readings.images.assign(**dict.fromkeys(read, 0)))
    )
    table = table_of(blind, second)
    assert row(table, "real-100", "precision") == pytest.approx([2 / 3] * 3)
    sections = training_set_sections(rank(*gather([blind, second])), [blind, second])
    captions = [section.table.caption for section in sections if section.table][:3]
    assert all("leaves out folds" in caption for caption in captions)


def test_the_baselines_alone_have_a_page_on_which_they_meet_once() -> None:
    """As of a study of `--sets real-100`: no other set has a difference to strong augmentation."""
    strong = TrainingSet.parse("real-100-strong")
    plain = [cell("real-100", fold, 0) for fold in (1, 2)]
    cells = [*plain, *(replace(one, training_set=strong) for one in plain)]
    sections = {section.heading: section for section in training_set_sections(rank(*gather(cells)), cells)}
    tests = sections["What the tests say"].table
    assert tests is not None
    assert [row[:2] for row in tests.rows] == [[strong.title, "real 100 %"]]


def test_an_image_that_every_fold_is_tested_on_is_one_piece_of_evidence() -> None:
    """As of another laboratory: three folds read the same four images alike: four differences."""
    rng = np.random.default_rng(0)
    wrong = {name: rng.integers(5, 50, 4) for name in ("real-100", "real-100-synthetic-1x")}
    cells = []
    for fold in (1, 2, 3):
        for name, missed in wrong.items():
            images = pd.DataFrame([(9, int(n), 0, 1, 0, 0) for n in missed], columns=COLUMNS)
            images.insert(0, "name", list("abcd"))
            readings = replace(cell("real-100", 1, 0).readings, images=images)
            cells.append(replace(cell(name, 1, 0), fold=fold, readings=readings))
    tested = table_of(*cells).loc[("real-100-synthetic-1x", "wrong pixels")]
    expected = stats.ttest_rel(wrong["real-100-synthetic-1x"], wrong["real-100"])
    assert tested["t_test real-100"] == pytest.approx(expected.pvalue)
