"""The journal: rows as they come, none twice, none half."""

from __future__ import annotations

from pathlib import Path

import pytest

from metgan.training.log import TrainingLog, read_log

COLUMNS = ("seconds", "loss", "val_dice")


def write(folder: Path, steps: list[int], after: int = 0) -> None:
    journal = TrainingLog(folder, COLUMNS, after)
    for step in steps:
        journal.write(step, {"seconds": step, "loss": step / 2})
    journal.close()


def steps_of(folder: Path) -> list[int]:
    return [int(row["step"]) for row in read_log(folder / "journal.csv")]


def test_rows_read_back_as_they_were_written(tmp_path: Path) -> None:
    journal = TrainingLog(tmp_path, COLUMNS, 0)
    journal.write(10, {"seconds": 1.5, "loss": 0.25})
    journal.write(20, {"seconds": 3, "loss": 0.125, "val_dice": 0.5})
    journal.close()
    assert read_log(tmp_path / "journal.csv") == [
        {"step": "10", "seconds": "1.5", "loss": "0.25", "val_dice": ""},
        {"step": "20", "seconds": "3", "loss": "0.125", "val_dice": "0.5"},
    ]


def test_a_row_is_on_disk_before_the_run_ends(tmp_path: Path) -> None:
    journal = TrainingLog(tmp_path, COLUMNS, 0)
    journal.write(10, {"loss": 0.25})
    assert steps_of(tmp_path) == [10]
    journal.close()


def test_there_are_no_rows_where_there_is_no_journal(tmp_path: Path) -> None:
    assert read_log(tmp_path / "journal.csv") == []


def test_a_resumed_journal_takes_back_the_rows_after_its_checkpoint(tmp_path: Path) -> None:
    write(tmp_path, [10, 20, 30, 40])
    assert TrainingLog(tmp_path, COLUMNS, 20).seconds == 20  # the clock of the last row that was kept
    write(tmp_path, [30, 40, 50], after=20)
    assert steps_of(tmp_path) == [10, 20, 30, 40, 50]


@pytest.mark.parametrize("kept", range(1, len("120,9,60,") + 1))
def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path, kept: int) -> None:
    write(tmp_path, [10, 20])
    path = tmp_path / "journal.csv"
    path.write_bytes(path.read_bytes() + b"120,9,60,\r\n"[:kept])
    assert steps_of(tmp_path) == [10, 20]
    write(tmp_path, [110, 120], after=100)
    assert steps_of(tmp_path) == [10, 20, 110, 120]


def test_a_journal_of_which_only_half_a_header_is_left_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "journal.csv").write_text("step,lo")
    assert read_log(tmp_path / "journal.csv") == []
