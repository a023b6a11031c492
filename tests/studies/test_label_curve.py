"""How many labelled pairs with metgan are worth how many without: by hand, and on a tiny study."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from metgan.data import PairSet, without_label, write_table
from metgan.errors import SettingError
from metgan.phantom import PhantomSettings, write_phantom
from metgan.reporting import label_curve_report, worth_in_words
from metgan.studies import WITH, WITHOUT, LabelCurve, LabelCurveResult

from .conftest import CONFIG


def found(without: dict[int, float], with_metgan: dict[int, float]) -> LabelCurveResult:
    """A result of Dice values by number of labelled pairs."""
    rows = [
        {"labelled": n, "training_set": one.name, "score": score, "mean": v, "least": v, "most": v}
        for one, values in ((WITHOUT, without), (WITH, with_metgan))
        for n, v in values.items()
        for score in ("Dice", "tumour F1", "false tumours")
    ]
    return LabelCurveResult(CONFIG, pd.DataFrame(rows), [])


def sixteen(root: Path) -> PairSet:
    """Draw pairs of eight animals."""
    entries = write_phantom(root, 16, PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3), seed=0)
    rows: list[dict[str, Any]] = [
        {"name": e.name, "group": f"animal-{k // 2}", "organ": "", "split": ""} for k, e in enumerate(entries)
    ]
    write_table(root, rows)
    return PairSet.open(root)


@pytest.mark.parametrize(
    ("dice", "worth", "words"),
    [
        (0.5, 10.0, "about 10"),
        (0.6, math.sqrt(10 * 40), "about 20"),  # half way up from 10 to 40, on a logarithmic axis
        (0.7, 40.0, "about 40"),
        (0.95, math.inf, "more than all 160"),
        (0.3, 0.0, "fewer than 10"),
    ],
)
def test_worth_is_read_off_the_curve_without(dice: float, worth: float, words: str) -> None:
    result = found({10: 0.5, 40: 0.7, 160: 0.9}, {10: dice})
    assert result.worth(10) == pytest.approx(worth)
    assert worth_in_words(result, 10) == f"10 labelled pairs with metgan are worth {words} without."


def test_where_the_curve_is_level_a_dice_is_worth_the_fewest_pairs_that_have_it() -> None:
    """With and without metgan a segmentor of 10 pairs finds nothing: that is not worth 40 pairs."""
    assert found({10: 0.0, 40: 0.0, 160: 0.9}, {10: 0.0}).worth(10) == 10
    assert found({10: 0.5, 40: 0.4, 160: 0.9}, {10: 0.5}).worth(10) == 10


def test_a_curve_that_falls_is_taken_not_to() -> None:
    result = found({10: 0.6, 40: 0.5, 160: 0.8}, {10: 0.55, 40: 0.7})
    assert result.worth(10) == 0  # 10 without have more, whatever 40 have
    assert result.worth(40) == pytest.approx(math.sqrt(40 * 160))


def test_the_page_has_a_sentence_and_a_row_for_each_number() -> None:
    report = label_curve_report(found({10: 0.5, 40: 0.7}, {10: 0.6}), Path("pairs"))
    first, second = report.sections
    assert len(first.paragraphs) == 1
    assert first.figures
    assert second.table is not None
    assert [row[:3] for row in second.table.rows] == [
        ["10", "without metgan", "0.500 [0.500, 0.500]"],
        ["10", "with metgan", "0.600 [0.600, 0.600]"],
        ["40", "without metgan", "0.700 [0.700, 0.700]"],
    ]


@pytest.mark.parametrize("counts", [(), (24, 6), (6, 6), (0, 6)])
def test_numbers_that_do_not_rise_are_refused(counts: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="in rising order"):
        LabelCurve(tmp_path, PairSet(tmp_path, ()), counts, 2, CONFIG)


def test_few_labelled_pairs_are_trained_on_for_as_long_as_all(tmp_path: Path) -> None:
    """As many epochs of few pairs would be fewer steps, and the curve one of lengths."""
    config = replace(
        CONFIG,
        segmentor=replace(CONFIG.segmentor, epochs=40, steps=None),
        training=replace(CONFIG.training, epochs=9, steps=None),
    )
    study = LabelCurve(tmp_path / "study", sixteen(tmp_path / "pairs"), (2,), 2, config)
    (_, few), (total, whole) = study._points
    lengths = {
        point.config.segmentor.length(len(split.train)) for point in (few, whole) for split in point.splits
    }
    assert [len(split.train) for split in few.splits] == [2, 2]
    generators = {
        point.config.training.length(len(split.train)) for point in (few, whole) for split in point.splits
    }
    assert generators == {config.training.length(total)}
    assert lengths == {config.segmentor.length(total)}


def test_all_pairs_without_metgan_are_trained_on_once_where_a_number_is_that_of_all(tmp_path: Path) -> None:
    """Both folds have four labelled pairs; the set has unlabelled ones, so that four are worth asking for."""
    world = sixteen(tmp_path / "pairs")
    pairs = PairSet(world.root, world.entries[:12], tuple(map(without_label, world.entries[12:])))
    points = LabelCurve(tmp_path, pairs, (2, 4), 2, CONFIG)._points
    assert [(count, [*point.training_sets]) for count, point in points] == [
        (2, [WITHOUT, WITH]),
        (4, [WITH]),
        (4, [WITHOUT]),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread", "every_tumour_seen")
def test_the_study_from_end_to_end(tmp_path: Path, settle_run: Callable[[Path], None]) -> None:
    study = LabelCurve(tmp_path / "study", sixteen(tmp_path / "pairs"), (2,), 2, CONFIG)
    study.check()
    assert not (tmp_path / "study").exists()  # a check writes nothing
    for _, point in study._points[:1]:
        for fold in point._folds():
            assert fold.with_unlabelled.inpainter
            settle_run(fold.with_unlabelled.folder / "runs" / "metgan-seed0")
    result = study.run()
    assert [*result.curve(WITH).index] == [2]
    assert [*result.curve(WITHOUT).index] == [2, 6]
    assert (study.out / "scores.csv").is_file()
    before = {path: path.stat().st_mtime_ns for path in study.folder.rglob("model.safetensors")}
    assert study.run().table.equals(result.table)
    assert before == {path: path.stat().st_mtime_ns for path in study.folder.rglob("model.safetensors")}
