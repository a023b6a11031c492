"""What a run's validations have decided, and the file that tells of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from metgan.errors import StorageError
from metgan.training import EarlyStopping, planned_steps, read_status
from metgan.training.schedule import Schedule
from metgan.training.status import STATUS_FILE, Status

PACE = Schedule(100, 1.0, 0.5, 10, early_stopping=EarlyStopping(least=0.1, patience=1, tolerance=0.01))


def test_a_run_without_tumours_in_place_never_comes_to_a_plateau() -> None:
    """Its scores are as flat as can be; those of one that has begun count from then on."""
    status, begun = Status(), Status()
    for done in (10, 20, 30):
        status.consider(done, -1.0, 0.1, PACE)
        begun.consider(done, -1.0, 0.3, PACE)
    assert (status.end, status.scores) == (None, [])
    assert (begun.end, begun.scores) == (40, [-1.0, -1.0])  # twice the 20 steps to the plateau


def test_a_run_that_has_begun_counts_on_where_a_validation_falls_back() -> None:
    status = Status()
    for done, dice in ((10, 0.1), (20, 0.5), (30, 0.1)):
        status.consider(done, dice, dice, PACE)
    assert status.scores == [0.5, 0.1]


def test_a_plateau_counts_from_a_third_of_the_least_length_on() -> None:
    """What a generator scored with flat tissue, early on, is nothing that it must surpass."""
    schedule = Schedule(90, 1.0, 0.5, 10, early_stopping=EarlyStopping(least=1.0, patience=1, tolerance=0.01))
    status = Status()
    for done, score in ((10, 0.9), (20, 0.1), (30, 0.2), (40, 0.3)):
        status.consider(done, score, 0.5, schedule)
    assert (status.end, status.scores) == (None, [0.2, 0.3])


def test_a_run_that_is_given_another_length_may_say_anew_that_it_places_no_tumours() -> None:
    status = Status(end=40, scores=[0.1], stopped="stopped", diagnosis=["late"])
    status.lengthen(40, "40 steps")
    assert (status.end, status.scores, status.stopped, status.diagnosis) == (None, [], "", None)


def test_what_was_told_is_not_told_again_word_for_word_after_a_lengthening() -> None:
    status = Status(diagnosis=["late after 4", "few crops", "train longer: to 8"])
    assert status.news() == ["late after 4", "few crops", "train longer: to 8"]
    status.lengthen(4, "4 steps")
    assert status.news() == []
    status.diagnosis = ["late after 8", "few crops", "dark", "train longer: to 16"]
    again = "what was told before it was given this length still holds"
    assert status.news() == ["late after 8", "dark", "train longer: to 16", again]
    status.lengthen(8, "8 steps")
    status.diagnosis = ["late after 16", "dark", "few crops", "train longer: to 16"]
    assert status.news() == ["late after 16", again]


def test_where_nothing_is_read_the_scores_alone_decide() -> None:
    status = Status()
    for done in (10, 20):
        status.consider(done, -0.5, None, PACE)
    assert status.end == 40


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (
            Status(end=40, scores=[0.1, 0.1]),
            "stopped at step 40: the last validation up to step 20 was no better",
        ),
        (Status(scores=[0.1]), "reached the maximum of 100 steps, still improving: go on with --resume"),
        (Status(scores=[0.1, 0.1]), "reached the maximum of 100 steps: the last validations were no better"),
        (Status(), "reached the maximum of 100 steps without placing tumours: go on with --resume"),
    ],
)
def test_a_run_says_why_it_ended(status: Status, says: str) -> None:
    status.close(PACE)
    assert status.stopped == says + (" --steps 200" if "go on" in says else "")


def test_a_run_of_a_fixed_length_has_no_reason_to_give() -> None:
    status = Status()
    status.close(Schedule(100, 1.0, 0.5, 10))
    assert status.stopped == ""


def test_a_status_comes_back_from_its_file_with_the_end_that_is_planned(tmp_path: Path) -> None:
    Status(scores=[0.5], diagnosis=["late", "dark"], former=["planned for 4 steps"]).save(tmp_path, 9)
    status = read_status(tmp_path / "model.safetensors")
    assert status == Status(9, [0.5], "", ["planned for 4 steps"], ["late", "dark"])
    assert planned_steps(tmp_path, 4) == 9


def test_a_run_from_before_there_was_a_status_is_as_long_as_its_card_says(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    assert planned_steps(tmp_path, 4) == 4


@pytest.mark.parametrize("content", ["{", "[1]", '{"ends": 3}'])
def test_a_damaged_status_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / STATUS_FILE).write_text(content)
    with pytest.raises(StorageError, match=r"status\.json cannot be read"):
        read_status(tmp_path)
