"""Tables from scores that were made up, so that every figure can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metgan.methods import Method, find_method
from metgan.metrics import holm, paired_test
from metgan.studies.comparison_statistics import PER_IMAGE, POOLED, comparison_statistics
from metgan.studies.method_runs import Result

IMAGES = [f"image-{k}" for k in range(6)]
GROUPS = ["mouse-1", "mouse-1", "mouse-2", "mouse-2", "mouse-3", "mouse-3"]
METGAN, PIX2PIX, CYCLEGAN = (find_method(name) for name in ("metgan", "pix2pix", "cyclegan"))
AGAINST = {"pix2pix": "metgan", "cyclegan": "metgan"}


def result(method: Method, seed: int, errors: list[float], recall: float | None = 0.5) -> Result:
    """Every score of an image is its error, and every pooled figure the recall."""
    columns = dict.fromkeys(PER_IMAGE, errors)
    scores = pd.DataFrame({"name": IMAGES, "group": GROUPS, "organ": ""} | columns)
    summary = {"generated": dict.fromkeys(POOLED, recall), "images": 6, "step": 60}
    return Result(method, seed, Path(), scores, summary, 1000, 60.0)


def row(table: pd.DataFrame, method: str, score: str = "mae") -> dict[str, float]:
    (found,) = table[(table["method"] == method) & (table["score"] == score)].to_dict("records")
    return found


@pytest.fixture
def results() -> list[Result]:
    base = np.array([1.0, 2, 3, 4, 5, 6])
    other = base + np.array([1, 2, 1, 2, 1, 3])
    return [
        result(METGAN, 0, [*base - 0.5], 0.8),
        result(METGAN, 1, [*base + 0.5], 0.6),
        result(PIX2PIX, 0, [*other]),
        result(PIX2PIX, 1, [*other]),
        result(CYCLEGAN, 0, [*base], None),
        result(CYCLEGAN, 1, [*base], None),
    ]


def test_means_and_deviations_are_over_images_of_the_mean_over_seeds(results: list[Result]) -> None:
    mine = row(comparison_statistics(results, AGAINST), "metgan")
    assert mine["mean"] == 3.5
    assert mine["sd"] == pytest.approx(np.std([1, 2, 3, 4, 5, 6], ddof=1))
    assert mine["seed_sd"] == pytest.approx(np.std([3.0, 4.0], ddof=1))


def test_a_rival_is_tested_image_by_image_and_corrected(results: list[Result]) -> None:
    table = comparison_statistics(results, AGAINST)
    plain = paired_test([1, 2, 3, 4, 5, 6], [2, 4, 4, 6, 6, 9])
    (t_test,) = holm([plain.t_test])  # CycleGAN does not differ, has no p-value, and is no comparison
    assert row(table, "pix2pix")["difference"] == pytest.approx(10 / 6)
    assert row(table, "pix2pix")["t_test"] == pytest.approx(t_test)
    assert row(table, "cyclegan")["difference"] == 0
    assert np.isnan(row(table, "cyclegan")["t_test"])
    assert np.isnan(row(table, "metgan")["difference"])


@pytest.mark.slow
def test_more_seeds_are_no_more_evidence(results: list[Result]) -> None:
    more = [*results, *(replace(r, seed=r.seed + 2) for r in results)]
    for score in ("t_test", "low", "high", "mean", "sd"):
        mine, again = (
            row(comparison_statistics(results, AGAINST), "pix2pix"),
            row(comparison_statistics(more, AGAINST), "pix2pix"),
        )
        assert mine[score] == again[score]


def test_the_interval_holds_the_mean_and_is_drawn_by_groups(results: list[Result]) -> None:
    mine = row(comparison_statistics(results, AGAINST), "metgan")
    assert 1.5 <= mine["low"] < 3.5 < mine["high"] <= 5.5  # means of the lowest and of the highest group


def test_pooled_scores_have_a_mean_and_a_spread_over_seeds(results: list[Result]) -> None:
    table = comparison_statistics(results, AGAINST)
    mine = row(table, "metgan", "tumour recall")
    assert mine["mean"] == pytest.approx(0.7)
    assert mine["seed_sd"] == pytest.approx(np.std([0.8, 0.6], ddof=1))
    assert np.isnan(row(table, "cyclegan", "tumour recall")["mean"])  # null in summary.json


def test_one_seed_has_no_spread(results: list[Result]) -> None:
    table = comparison_statistics([r for r in results if r.seed == 0], AGAINST)
    assert table["seed_sd"].isna().all()
