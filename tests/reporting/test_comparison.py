"""The page of a comparison is made of values that were made up: nothing is trained, and no run is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metgan.methods import find_methods
from metgan.panels import Panel
from metgan.reporting import comparison_report
from metgan.studies import LIGHT, POOLED, ComparisonResult, Examples, Result, SharedConfig
from metgan.studies.comparison_statistics import PER_IMAGE, comparison_statistics
from metgan.training import Engine, GanTrainConfig, TrainConfig

METHODS = find_methods("metgan,pix2pix")
AGAINST = {"pix2pix": "metgan"}
CONFIG = SharedConfig("small", GanTrainConfig(steps=2), TrainConfig(steps=2), Engine(), seed=3, seeds=2)


@pytest.fixture
def found() -> ComparisonResult:
    """Pix2Pix is worse by 1 in each score of each image; the first seed of it is warned of."""
    results = []
    for seed in (3, 4):
        for method in METHODS:
            errors = [1.0, 2, 3, 4] if method.name == "metgan" else [2.0, 3, 4, 5]
            scores = pd.DataFrame({"name": [*"abcd"], "group": [*"ppqq"]} | dict.fromkeys(PER_IMAGE, errors))
            pooled = dict.fromkeys(POOLED, 0.5) | {LIGHT: None}
            warned = ["the segmentor is blind"] if (method.name, seed) == ("pix2pix", 3) else []
            summary = {"generated": pooled, "real": pooled, "images": 4, "step": 60, "warnings": warned}
            results.append(Result(method, seed, Path("nowhere"), scores, summary, 1000, 60.0))
    panel = Panel(np.zeros((8, 8)), 0, 1)
    examples = Examples([method.title for method in METHODS], [[panel] * 5])
    table = comparison_statistics(results, AGAINST)
    return ComparisonResult("similarity", CONFIG, 2, results, table, AGAINST, examples)


def test_a_page_opens_with_what_was_done_and_then_with_what_speaks_against_it(
    found: ComparisonResult,
) -> None:
    report = comparison_report(found, Path("my pairs"))
    assert "with 2 seeds on the training part of my pairs for 2 steps, preset small" in report.lead
    first, second, *_ = report.sections
    assert first.paragraphs == ["The segmentor is blind (Pix2Pix, seed 3)."]
    assert second.heading == "Side by side"
    blind = [replace(r, summary={**r.summary, "warnings": ["blind"]}) for r in found.results]
    told = comparison_report(replace(found, results=blind), Path("my pairs")).sections[0]
    assert told.paragraphs == ["Blind (all runs)."]
    unwarned = [replace(r, summary={**r.summary, "warnings": []}) for r in found.results]
    first, second, *_ = comparison_report(replace(found, results=unwarned), Path("my pairs")).sections
    assert (first.heading, second.heading) == ("Similarity to the real images", "Side by side")


def test_a_page_has_a_row_per_method_and_a_dash_for_what_is_undefined(found: ComparisonResult) -> None:
    tables = {s.heading: s.table for s in comparison_report(found, Path("pairs")).sections if s.table}
    similarity, tests = tables["Similarity to the real images"], tables["What the tests say"]
    assert [row[0] for row in similarity.rows] == [method.title for method in METHODS]
    assert similarity.rows[0][1].startswith("2.5000 (1.2910)")  # of 1, 2, 3, 4
    ((one, other, difference, *_),) = tests.rows
    assert (one, other) == (METHODS[1].title, METHODS[0].title)
    assert difference.startswith("+1.0000 (")
    faithful = tables["Are the tumours where they were asked for?"]
    assert [row[-1] for row in faithful.rows] == ["–"] * 3  # of both methods, and of the real images
    assert [row[1] for row in faithful.rows] == ["0.500 ± 0.000", "0.500 ± 0.000", "0.500"]


def test_a_folder_gets_page_picture_and_tables(found: ComparisonResult, tmp_path: Path) -> None:
    report = comparison_report(found, Path("pairs"))
    report.save_tables(tmp_path)
    report.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"grid.png", "report.html", "tables.md"}
    assert (tmp_path / "tables.md").read_text(encoding="utf-8").count("| Pix2Pix |") >= 3
