"""How long the loop goes on: to a plateau, or to a length given later; and whether it says that it is late.

The runs have one network of one weight, and validations that say what the test wants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from metgan.errors import StorageError
from metgan.io import load_state
from metgan.training import EarlyStopping, Engine, read_log, read_status, stopped_at
from metgan.training.checkpoint import BEST_CHECKPOINT, CHECKPOINT, RunState
from metgan.training.loop import Training, ValidationResult
from metgan.training.phases import Phase
from metgan.training.schedule import Schedule, rate_factor

RULE = EarlyStopping(least=0.1, patience=2, tolerance=0.01)
OPEN = Schedule(40, 0.5, 0.5, validate_every=2, log_every=1, early_stopping=RULE)
FIXED = Schedule(8, 0.5, 0.5, validate_every=2, log_every=1)
FLAT = [0.5] * 20
RISING = [k / 20 for k in range(20)]
WORSE = [0.5, 0.9, 0.4] + [0.45] * 17
"""Best at the second validation, after 4 steps; a plateau at the fourth, after 8."""
LATE = [0.1] * 20
"""Dice below which tumours are not placed: the scores of these runs are their Dice."""


def run_of(folder: Path, schedule: Schedule, scores: Sequence[float], **changes: Any) -> Training[int]:
    """A run that validates with these scores, one after the other."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    optimiser = torch.optim.Adam(network.parameters())
    length = {"steps": str(schedule.steps)}
    if schedule.early_stopping is not None:
        length["early_stopping"] = repr(schedule.early_stopping)
    run = Training(
        name="toy",
        folder=folder,
        fabric=Engine(device="cpu", precision="fp32").fabric(),
        phases=[
            Phase("network", {"network": network}, optimiser, lambda *_: {"loss": (network.weight - 1) ** 2})
        ],
        material=lambda first: nullcontext(count(first)),
        after_step=lambda _: None,
        validate=lambda done: ValidationResult(scores[done // 2 - 1], {"val_dice": scores[done // 2 - 1]}),
        keep=lambda *_: None,
        schedule=schedule,
        state=RunState({"network": network}, {"network": optimiser}, [], {"method": "toy", **length}),
        columns=("loss", "val_dice"),
    )
    return replace(run, **changes)


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The journal without its clock."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in read_log(folder / "journal.csv")]


def factors_of(folder: Path) -> list[float]:
    return [float(row["rate"]) / 0.5 for row in rows_of(folder)]


def weight_of(folder: Path) -> float:
    return float(load_state(folder / CHECKPOINT)["modules"]["network"]["weight"])


class CutAfter(RunState):
    """A state that counts its checkpoints down; after the last the power fails."""

    left = 0
    counted: tuple[str, ...] = (CHECKPOINT,)

    def save(self, folder: Path, name: str = CHECKPOINT) -> None:
        super().save(folder, name)
        self.left -= name in self.counted
        if self.left == 0:
            raise KeyboardInterrupt


def cut(run: Training[int], after: int, counted: tuple[str, ...] = (CHECKPOINT,), **how: Any) -> None:
    """Start a run and cut it right after this many checkpoints."""
    state = CutAfter(run.state.modules, run.state.optimisers, [], run.state.identity)
    state.left, state.counted = after, counted
    with pytest.raises(KeyboardInterrupt):
        replace(run, state=state).run(**how)


def test_a_run_falls_to_zero_from_its_plateau_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Flat scores are a plateau at the third validation, after 6 steps; as many follow."""
    run_of(tmp_path, OPEN, FLAT).run()
    by_hand = [1] * 7 + [5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    assert factors_of(tmp_path) == pytest.approx(by_hand, abs=1e-5)
    says = "stopped at step 12: the last 2 validations up to step 6 were no better"
    assert f"the training of {tmp_path} {says}" in capsys.readouterr().err
    status = read_status(tmp_path)
    assert status is not None
    assert (status.end, status.stopped) == (12, says)


def test_a_run_that_has_become_worse_goes_back_to_its_best_and_falls_from_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the run that a fixed length of twice the 4 steps would have given; no row is there twice."""
    whole, folder = tmp_path / "whole", tmp_path / "back"
    for path in (whole, folder):
        path.mkdir()
    run_of(folder, OPEN, WORSE).run()
    run_of(whole, FIXED, WORSE).run()
    assert rows_of(folder) == rows_of(whole)
    assert weight_of(folder) == weight_of(whole)
    says = "stopped at step 8: validation had become worse, so that it went back to step 4"
    told = capsys.readouterr().err
    assert "validation has become worse; it goes back to step 4, and ends at step 8" in told
    assert f"the training of {folder} {says}" in told
    status = read_status(folder)
    assert status is not None
    assert (status.end, status.back, status.stopped) == (8, 4, says)
    assert not (folder / BEST_CHECKPOINT).exists()


@pytest.mark.parametrize("after", range(1, 9))
def test_a_run_cut_before_at_and_after_it_goes_back_resumes_to_the_same_end(
    tmp_path: Path, after: int
) -> None:
    """Eight checkpoints: two of the best, those of steps 2, 4 and 6, of going back to 4, of 6 and of 8."""
    whole, folder = tmp_path / "whole", tmp_path / "cut"
    for path in (whole, folder):
        path.mkdir()
    run_of(whole, OPEN, WORSE).run()
    cut(run_of(folder, OPEN, WORSE), after, (CHECKPOINT, BEST_CHECKPOINT))
    run_of(folder, OPEN, WORSE).run(resume=(folder / CHECKPOINT).exists())
    assert rows_of(folder) == rows_of(whole)
    assert read_status(folder) == read_status(whole)
    assert weight_of(folder) == weight_of(whole)
    assert not (folder / BEST_CHECKPOINT).exists()


def test_a_run_whose_best_is_not_there_falls_from_where_it_is(tmp_path: Path) -> None:
    """As one that an earlier version of metgan began."""
    with pytest.raises(KeyboardInterrupt):
        replace(run_of(tmp_path, OPEN, WORSE), after_step=interrupt_at(7)).run()
    (tmp_path / BEST_CHECKPOINT).unlink()
    run_of(tmp_path, OPEN, WORSE).run(resume=True)
    status = read_status(tmp_path)
    assert status is not None
    assert (status.end, status.back) == (16, None)


def interrupt_at(step: int) -> Callable[[int], None]:
    def after_step(done: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    return after_step


def test_a_run_that_improves_goes_on_to_the_most_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(tmp_path, OPEN, RISING).run()
    assert factors_of(tmp_path) == pytest.approx([rate_factor(step, 40, 0.5) for step in range(40)], abs=1e-5)
    assert not (tmp_path / BEST_CHECKPOINT).exists()
    assert (
        "reached the maximum of 40 steps, still improving: go on with --resume --steps 80"
        in capsys.readouterr().err
    )


def test_a_finished_run_says_why_it_ended_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(tmp_path, OPEN, FLAT).run()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    capsys.readouterr()
    run_of(tmp_path, OPEN, FLAT).run(resume=True)
    assert "stopped" not in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_run_cut_before_at_and_after_its_plateau_resumes_to_the_same_end(
    tmp_path: Path, after: int
) -> None:
    """The plateau is found at the third checkpoint."""
    whole, folder = tmp_path / "whole", tmp_path / "cut"
    for path in (whole, folder):
        path.mkdir()
    run_of(whole, OPEN, FLAT).run()
    cut(run_of(folder, OPEN, FLAT), after)
    assert stopped_at(folder, 40) == 2 * after
    run_of(folder, OPEN, FLAT).run(resume=True)
    assert stopped_at(folder, 40) is None
    assert rows_of(folder) == rows_of(whole)
    assert read_status(folder) == read_status(whole)
    states = [load_state(path / CHECKPOINT) for path in (folder, whole)]
    assert states[0]["status"] == states[1]["status"]
    assert weight_of(folder) == weight_of(whole)


def test_a_plateau_that_a_checkpoint_did_not_keep_would_change_the_run(tmp_path: Path) -> None:
    """Untreated: with scores that rise after the cut, a run that forgot its plateau goes on for longer."""
    cut(run_of(tmp_path, OPEN, FLAT), 3)
    higher = [0.5 + k / 10 for k in range(20)]
    kept, forgotten = run_of(tmp_path, OPEN, higher), run_of(tmp_path, OPEN, higher)
    kept.state.load(tmp_path, torch.device("cpu"))
    forgotten.state.load(tmp_path, torch.device("cpu"))
    forgotten.state.status.end = None
    kept.run()
    assert len(rows_of(tmp_path)) == 12
    forgotten.run()
    assert len(rows_of(tmp_path)) == 40


def test_a_lengthened_run_goes_on_at_the_rates_of_the_longer_one(tmp_path: Path) -> None:
    run_of(tmp_path, FIXED, FLAT).run()
    longer = replace(FIXED, steps=20)
    run_of(tmp_path, longer, FLAT).run(resume=True, steps=20)
    by_hand = [1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 1, 1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert factors_of(tmp_path) == pytest.approx(by_hand)
    status = read_status(tmp_path)
    assert status is not None
    assert (status.end, status.former) == (20, ["planned for 8 steps, given another length after step 8"])


def test_a_lengthened_run_is_not_one_that_was_planned_so_long(tmp_path: Path) -> None:
    planned, lengthened = tmp_path / "planned", tmp_path / "lengthened"
    for path in (planned, lengthened):
        path.mkdir()
    longer = replace(FIXED, steps=20)
    run_of(planned, longer, FLAT).run()
    run_of(lengthened, FIXED, FLAT).run()
    run_of(lengthened, longer, FLAT).run(resume=True, steps=20)
    assert factors_of(lengthened)[8:] == factors_of(planned)[8:]
    assert weight_of(lengthened) != weight_of(planned)


@pytest.mark.parametrize("after", [1, 3])
def test_a_lengthened_run_that_is_cut_resumes_to_the_same_end(tmp_path: Path, after: int) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "cut"
    longer = replace(FIXED, steps=20)
    for path in (whole, folder):
        path.mkdir()
        run_of(path, FIXED, FLAT).run()
    run_of(whole, longer, FLAT).run(resume=True, steps=20)
    cut(run_of(folder, longer, FLAT), after, resume=True, steps=20)
    assert stopped_at(folder, 8) == 8 + 2 * after
    run_of(folder, longer, FLAT).run(resume=True, steps=20)
    assert rows_of(folder) == rows_of(whole)
    assert weight_of(folder) == weight_of(whole)
    assert read_status(folder) == read_status(whole)


def test_a_run_that_ended_at_its_plateau_can_be_lengthened(tmp_path: Path) -> None:
    run_of(tmp_path, OPEN, FLAT).run()
    run_of(tmp_path, replace(FIXED, steps=30), FLAT).run(resume=True, steps=30)
    by_hand = [rate_factor(step, 30, 0.5) for step in range(12, 30)]
    assert factors_of(tmp_path)[12:] == pytest.approx(by_hand, abs=1e-5)
    status = read_status(tmp_path)
    assert status is not None
    assert (status.end, status.stopped) == (30, "")
    assert status.former == ["planned for at most 40 steps, given another length after step 12"]


@pytest.mark.parametrize(
    ("schedule", "steps", "says"),
    [
        (replace(FIXED, steps=6), 6, "holds 8 steps; 6 are asked for; expected as many or more"),
        (
            replace(FIXED, steps=20),
            None,
            "written with steps 8; expected steps 20, as asked for now. This training",
        ),
        (
            OPEN,
            40,
            "written with steps 8, early_stopping .*; expected steps 40, early_stopping EarlyStopping",
        ),
    ],
)
def test_another_length_that_cannot_be_is_refused(
    tmp_path: Path, schedule: Schedule, steps: int | None, says: str
) -> None:
    """Fewer steps than are trained; any, where lengthening is not allowed; an open length."""
    run_of(tmp_path, FIXED, FLAT).run()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(StorageError, match=says):
        run_of(tmp_path, schedule, FLAT).run(resume=True, steps=steps)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_run_that_is_lengthened_keeps_its_other_settings(tmp_path: Path) -> None:
    run_of(tmp_path, FIXED, FLAT).run()
    other = run_of(tmp_path, replace(FIXED, steps=20), FLAT)
    other.state.identity["learning_rate"] = "9"
    with pytest.raises(StorageError, match=r"written with learning_rate \?; expected learning_rate 9, as"):
        other.run(resume=True, steps=20)


def test_a_run_that_was_cut_may_end_earlier_than_it_was_to(tmp_path: Path) -> None:
    cut(run_of(tmp_path, FIXED, FLAT), 2)
    run_of(tmp_path, replace(FIXED, steps=6), FLAT).run(resume=True, steps=6)
    assert len(rows_of(tmp_path)) == 6
    assert stopped_at(tmp_path, 8) is None


@pytest.mark.parametrize(("schedule", "asked_at"), [(FIXED, 4), (OPEN, 2), (replace(FIXED, steps=14), 6)])
def test_a_run_that_is_late_is_asked_why_once_after_a_third_of_its_least_length(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], schedule: Schedule, asked_at: int
) -> None:
    """A third of 8 steps are validated at 4; of the least 4 of an open one at 2; of 14 at 6."""
    asked: list[tuple[int, float]] = []

    def diagnose(done: int, dice: float) -> list[str]:
        asked.append((done, dice))
        return ["it is late", "since it is dark"]

    run_of(tmp_path, schedule, LATE, diagnose=diagnose).run()
    run_of(tmp_path, schedule, LATE, diagnose=diagnose).run(resume=True)
    assert asked == [(asked_at, 0.1)]
    assert "note: it is late\n  - since it is dark\n" in capsys.readouterr().err
    status = read_status(tmp_path)
    assert status is not None
    assert status.diagnosis == ["it is late", "since it is dark"]


def test_a_lengthened_run_does_not_repeat_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def diagnose(done: int, dice: float) -> list[str]:
        return [f"it is late at {done}", "it is dark"]

    run_of(tmp_path, FIXED, LATE, diagnose=diagnose).run()
    assert "note: it is late at 4\n  - it is dark\n" in capsys.readouterr().err
    run_of(tmp_path, replace(FIXED, steps=20), LATE, diagnose=diagnose).run(resume=True, steps=20)
    told = capsys.readouterr().err
    assert "note: it is late at 10\n  - what was told before it was given this length still holds" in told
    assert "it is dark" not in told
    status = read_status(tmp_path)
    assert status is not None
    assert status.diagnosis == ["it is late at 10", "it is dark"]  # for the report


def test_a_run_that_is_too_short_to_judge_has_nothing_to_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(tmp_path, FIXED, LATE, diagnose=lambda *_: []).run()
    assert "note:" not in capsys.readouterr().err


def test_a_run_that_places_tumours_by_then_is_not_asked(tmp_path: Path) -> None:
    """Nor when a later validation falls back."""
    scores = [0.1, 0.3, 0.1, 0.1]
    run_of(tmp_path, FIXED, scores, diagnose=lambda *_: ["never"]).run()
    status = read_status(tmp_path)
    assert status is not None
    assert status.diagnosis == []
