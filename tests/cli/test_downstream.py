"""The downstream study through the command line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from metgan.data import read_table, write_table

from .conftest import Capture, Command

TINY = ("--preset", "small", "--steps", 2, "--segmentor-steps", 2, "--batch-size", 2, "--crop", 64)
ON_CPU = ("--device", "cpu", "--precision", "fp32")


@pytest.fixture
def animals(world: Path) -> Path:
    """The small world with five animals of two pairs each."""
    write_table(world, [{**row, "group": f"{k // 2}"} for k, row in enumerate(read_table(world))])
    return world


@pytest.mark.slow
def test_the_study_prints_its_tables_and_goes_on_as_it_was_asked(
    metgan: Command, capsys: Capture, animals: Path, tmp_path: Path
) -> None:
    words = (
        "--real",
        "0.5,1",
        "--folds",
        2,
        "--training-pairs",
        2,
        *TINY,
        *ON_CPU,
        "--out",
        tmp_path / "study",
    )
    assert metgan("study", "downstream", animals, *words) == 0
    shown = capsys.readouterr().out
    assert "real 50 %" in shown
    assert "study/downstream" in shown.replace("\n", "")
    table = tmp_path / "study" / "downstream" / "statistics.csv"
    before = table.read_bytes()
    assert set(pd.read_csv(table)["training_set"]) == {"real-50", "real-100", "real-100-strong"}
    page = (tmp_path / "study" / "downstream" / "report.html").read_text()
    assert page.count("data:image/png;base64") == 2
    assert "trained on 2 pairs of each" in page
    assert metgan("info", tmp_path / "study") == 0
    assert "10 of 10 begun" in capsys.readouterr().out  # three training sets and two exposures in two folds
    assert metgan("study", "downstream", animals, "--out", tmp_path / "study", "--resume") == 0
    assert table.read_bytes() == before
    assert "trained on 2 pairs of each" in (tmp_path / "study" / "downstream" / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--sets", "real-90x"),
            "unknown list or training set 'real-90x'; expected one of table2, quick-set, few-labels, all,",
        ),
        (("--sets", "my-sets.toml"), "the list of training sets my-sets.toml cannot be read"),
        (("--real", "0.5,1.5"), "real is 1.5; expected a number from 0"),
        (("--real", "half"), 'Invalid value for REAL: unable to convert "half" into float'),
        (("--synthetic", "1", "--refine", "grain"), 'Invalid value "grain" for REFINE'),
        (("--synthetic", "1", "--gated", "maybe"), 'Invalid value "maybe" for GATED'),
        (("--real", "1", "--refine", "noise"), "refine without generated or streamed pairs"),
        (
            ("--folds", "2", "--synthetic", "1", "--refine", "noise,background"),
            "refine noise,background; expected one of noise and background",
        ),
        (("--folds", "1"), "folds is 1; expected a whole number from 2"),
        (("--folds", "2.5"), "'2.5' is not a whole number"),
        (("--training-pairs", "1.5"), "'1.5' is not a whole number"),
        (("--folds", "6"), "6 folds of 5 groups"),
        (("--folds", "2", "--training-pairs", "9"), "9 training pairs in each of 2 folds"),
        (("--folds", "5", "--crop", "8"), "crops of 8 pixels"),
    ],
)
def test_a_study_that_cannot_be_held_is_refused_and_leaves_nothing(
    metgan: Command, capsys: Capture, animals: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    lengths = ("--preset", "small", "--steps", 1, "--segmentor-steps", 1)
    assert metgan("study", "downstream", animals, *lengths, *words, "--out", tmp_path / "study") == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "study").exists()
