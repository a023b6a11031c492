"""Scores on disk are opened before they are called written, and what is damaged is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metgan.data import Entry
from metgan.errors import StorageError
from metgan.metrics import compare, evaluate_detection
from metgan.panels import compare_images
from metgan.reporting import Report, evaluation_report
from metgan.studies import ComparedImage, Evaluation, check_scores, read_summary
from metgan.studies.method_runs import _is_scored
from metgan.studies.scores import Score, load_table, save_table
from metgan.workflows.evaluate import write_scores

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(100, 900, (2, 32, 32)).astype(np.uint16)
SCALED = (IMAGES / np.float32(450) - 1).astype(np.float32)
LABEL = np.zeros((32, 32), bool)
LABEL[8:16, 8:16] = True
SIMILARITY = compare(SCALED[0], SCALED[1])
FOUND = evaluate_detection(LABEL, LABEL, IMAGES[0])
SCORES = [
    Score(name, "animal", "", SIMILARITY, SIMILARITY, SIMILARITY, 1.0, FOUND, FOUND)
    for name in ("one", "two")
]
EVALUATION = Evaluation(SCORES, SIMILARITY, model="abc", step=2, independent_segmentor="def", test="0")


@pytest.fixture
def report() -> Report:
    entry = Entry("one", "animal", "", "", {})
    painted = [ComparedImage(entry, True, compare_images(SCALED[0], LABEL, SCALED[1], SCALED[1]))]
    return evaluation_report(EVALUATION, painted, Path("run"), Path("pairs"))


def unlink(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_text("")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes().rstrip()[:-8].rpartition(b"\n")[0] + b"\n")


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


DAMAGES: list[Callable[[Path], None]] = [unlink, empty, cut_short, no_text]


def test_scores_that_are_whole_are_taken(tmp_path: Path) -> None:
    EVALUATION.save(tmp_path)
    check_scores(tmp_path)
    assert read_summary(tmp_path)["images"] == 2


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["scores.csv", "summary.json"])
def test_scores_that_cannot_be_read_are_refused_by_name(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    EVALUATION.save(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(StorageError, match=name.replace(".", r"\.")):
        check_scores(tmp_path)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_study_scores_again_what_has_lost_a_row_or_cannot_be_read(
    tmp_path: Path, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    EVALUATION.save(tmp_path)
    known = {"model": "abc", "independent_segmentor": "def", "test": "0"}
    assert _is_scored(tmp_path, known)
    assert not _is_scored(tmp_path, {**known, "test": "1"})
    damage(tmp_path / "scores.csv")
    assert not _is_scored(tmp_path, known)
    assert "scored again" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[]", "3", '{"images": 2}', "null"])
def test_a_summary_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(StorageError, match=r"summary\.json"):
        read_summary(tmp_path)


class OnFailingDisk(Evaluation):
    """Scores that are spoiled once they are written: a stand-in for the disk."""

    def save(self, out: Path) -> None:
        super().save(out)
        cut_short(out / "scores.csv")


def test_an_evaluation_whose_scores_cannot_be_read_again_is_no_success(
    report: Report, tmp_path: Path
) -> None:
    write_scores(EVALUATION, report, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "scores.csv",
        "summary.json",
        "grid.png",
        "report.html",
    }
    spoiled = OnFailingDisk(SCORES, SIMILARITY, model="abc", step=2, independent_segmentor="def", test="0")
    with pytest.raises(StorageError, match=r"scores\.csv has 1 rows, summary\.json tells of 2 images"):
        write_scores(spoiled, report, tmp_path)


def test_animals_and_organs_may_be_called_as_csv_calls_what_is_missing(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"name": ["NA", "null"], "group": ["None", "nan"], "organ": ["", "n/a"], "mae": [0.5, np.nan]}
    )
    save_table(table, tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(load_table(tmp_path / "scores.csv"), table, check_dtype=False)
