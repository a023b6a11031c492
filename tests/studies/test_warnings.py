"""What speaks against scores is found once, and said by page, summary and `metgan info` alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metgan.cli.verbs import show_evaluation
from metgan.data import SPLIT_FILE, ChannelScale, Entry, Normalisation, Split, save_split
from metgan.metrics import Detection, Faithfulness, Overlap, Tumour, compare, evaluate_detection
from metgan.models import ModelCard
from metgan.panels import compare_images
from metgan.reporting import evaluation_report
from metgan.studies import ComparedImage, Evaluation, find_warnings, warning_of
from metgan.studies.scores import Score
from metgan.workflows.evaluate import write_scores
from metgan.workflows.facts import score_facts

UNITS = Normalisation(ChannelScale(0, 900, "uint16"), ChannelScale(0, 900, "uint16"))
PAINTER = ModelCard("generator", "metgan", "metgen", "small", UNITS, ("a",), "", 9, 9, 0, "test", 0.8)
REFEREE = ModelCard("segmentor", "segmentor", "", "small", UNITS, ("a",), "", 9, 9, 0, "test", 0.8)


def seen(found: int, missed: int, area: int = 40) -> Faithfulness:
    """What an independent segmentor reads of so many tumours of one size."""
    tumours = [Tumour(area, is_found, 2.0) for is_found in [True] * found + [False] * missed]
    return Faithfulness(Detection(found, missed, 0), Overlap(found, missed, 0), 100, tuple(tumours))


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (seen(9, 1), ""),
        (seen(2, 8), ""),
        (seen(0, 3), "mean nothing"),
        (seen(1, 9), "(10% of 10"),
        (seen(1, 9) + seen(90, 0, area=4), "(10% of 10"),  # crumbs that are found make up for nothing
        (seen(9, 1) + seen(0, 90, area=4), ""),
        (seen(0, 6, area=4), "(0% of 6"),
        (seen(0, 0), "no test image shows a tumour"),
    ],
)
def test_a_referee_that_finds_too_few_real_tumours_is_said_to_mean_nothing(
    real: Faithfulness, expected: str
) -> None:
    warnings = find_warnings(PAINTER, REFEREE, real)
    assert len(warnings) == bool(expected)
    assert expected in "".join(warnings)


def test_what_is_doubtful_of_generator_and_referee_is_said_beside_it() -> None:
    told = find_warnings(replace(PAINTER, val_dice=0.01), replace(REFEREE, val_dice=0.02), seen(0, 5))
    assert all(
        words in text
        for words, text in zip(("mean nothing", "independent segmentor:", "generator:"), told, strict=True)
    )
    assert "has not learned to place tumours" in told[2]


@pytest.mark.parametrize(("generated", "is_worse"), [(0.251, True), (0.249, False), (0.25, False)])
def test_test_images_further_from_real_ones_than_a_flat_image_are_said_with_both_errors(
    generated: float, is_worse: bool
) -> None:
    told = find_warnings(PAINTER, REFEREE, seen(5, 0), errors=(generated, 0.25))
    assert ["0.2510" in text and "0.2500" in text for text in told] == [True] * is_worse


@pytest.mark.parametrize(("steps", "is_said"), [(180, True), (179, False), (0, True)])
def test_a_training_too_short_to_judge_is_not_compared_with_a_flat_image(
    tmp_path: Path, steps: int, is_said: bool
) -> None:
    """The preset small takes 180 steps or more; of released weights, of 0 steps, the length is not known."""
    save_split(Split(("a",), ("b",), ("c",)), tmp_path / SPLIT_FILE)
    card = replace(PAINTER, step=steps, steps=steps)
    assert bool(find_warnings(card, REFEREE, seen(5, 0), tmp_path, errors=(0.3, 0.2))) == is_said


@pytest.mark.parametrize(
    ("steps", "says"), [(180, "has not learned to place tumours"), (179, "179 steps are too few to judge")]
)
def test_of_a_short_training_no_more_is_said_than_that_it_cannot_be_judged(
    tmp_path: Path, steps: int, says: str
) -> None:
    save_split(Split(("a",), ("b",), ("c",)), tmp_path / SPLIT_FILE)
    card = replace(PAINTER, step=steps, steps=steps, val_dice=0.01)
    assert says in warning_of(card, tmp_path)
    (told,) = find_warnings(card, REFEREE, seen(5, 0), tmp_path)
    assert says in told
    assert "--resume" not in told  # a study keeps its length
    assert "has not learned" in warning_of(card, None)  # of weights without their run, that is all there is


def test_a_training_that_was_stopped_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal.csv").write_text("step,seconds\n4,1\n")
    told = find_warnings(PAINTER, REFEREE, seen(5, 0), tmp_path)
    assert [f"{tmp_path} stopped at step 4 of 9" in text for text in told] == [True]
    (tmp_path / "journal.csv").write_text("step,seconds\n9,1\n")
    assert find_warnings(PAINTER, REFEREE, seen(5, 0), tmp_path) == ()


@pytest.mark.parametrize(
    "warnings", [(), ("the independent segmentor is blind",), ("the one & only", "the other")]
)
def test_page_summary_info_and_terminal_say_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], warnings: tuple[str, ...]
) -> None:
    images = np.random.default_rng(0).integers(100, 900, (2, 32, 32)).astype(np.uint16)
    one, other = (images / np.float32(450) - 1).astype(np.float32)
    label = np.zeros((32, 32), bool)
    label[8:16, 8:16] = True
    found, like = evaluate_detection(label, label, images[0]), compare(one, other)
    score = Score("one", "animal", "", like, like, like, 1.0, found, found)
    evaluation = Evaluation(
        [score], like, model="abc", step=2, independent_segmentor="def", test="0", warnings=warnings
    )
    painted = [
        ComparedImage(Entry("one", "animal", "", "", {}), True, compare_images(one, label, other, other))
    ]
    report = evaluation_report(evaluation, painted, Path("run"), Path("pairs"))
    write_scores(evaluation, report, tmp_path)
    show_evaluation(evaluation)
    assert json.loads((tmp_path / "summary.json").read_text())["warnings"] == [*warnings]
    page, facts, notes = (
        (tmp_path / "report.html").read_text(),
        score_facts(tmp_path),
        capsys.readouterr().err,
    )
    assert ("Before these figures are believed" in page) == bool(warnings)
    assert any(name.startswith("warning") for name in facts) == bool(warnings)
    assert ("note" in notes) == bool(warnings)
    assert {"mean absolute error", "structural similarity on the labels", "tumour recall"} <= facts.keys()
    assert not [name for name in facts if "_" in name]  # words, as no file has them
    for text in warnings:
        assert text[1:].replace("&", "&amp;") in page
        assert any(text in value for value in facts.values())
        assert f"note: {text}" in notes
