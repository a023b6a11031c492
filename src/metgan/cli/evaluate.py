"""``metgan evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from cyclopts import Parameter

from metgan.data import PairSet
from metgan.io import claim_folder, replacing
from metgan.progress import note
from metgan.studies import (
    Evaluation,
    Painted,
    RefereeSource,
    Report,
    check_scores,
    facts,
    faithfulness_chapter,
    grid_chapter,
    hold_trial,
    likeness_chapter,
    open_trial,
    warning_chapters,
)
from metgan.training import Engine

from .folders import reserved, show_tables, written
from .options import NEW_FOLDER, Place, Positive


@Parameter(name="*")
@dataclass(frozen=True)
class RefereeChoice:
    """Who judges.

    Parameters
    ----------
    referee
        Run of metgan segmentor DATA --split RUN/splits.json, trained with a seed of its own. Default:
        train one.
    referee_steps
        Length of the referee's training in batches.
    """

    referee: Path | None = None
    referee_steps: Positive | None = None


_NEW_REFEREE = RefereeChoice()


def evaluate(
    run: Path,
    /,
    *,
    data: Path,
    out: Path,
    judge: RefereeChoice = _NEW_REFEREE,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    place: Place = NEW_FOLDER,
) -> None:
    """Score a trained method on the test pairs of its split.

    Parameters
    ----------
    run
        Run folder of metgan train.
    data
        The pair set that it was trained on, or another with the same pairs.
    out
        Folder for scores.csv, summary.json, grid.png and report.html.
    device
        "auto" takes a CUDA device where there is one.
    """
    kind, verb = "scores", "metgan evaluate"
    inputs = [run, data, *([judge.referee] if judge.referee else [])]
    with reserved(out, kind, verb, place, inputs) as place:
        engine = Engine(device=device)
        source = RefereeSource(judge.referee, judge.referee_steps, out / "referee", engine, place.resume)
        trial = open_trial(run, PairSet.open(data), source)
        with claim_folder(out, kind, verb, **asdict(place), inputs=inputs):
            evaluation, painted = hold_trial(trial, source)
            lead = f"The generator of {run}, on {len(painted)} test images of {data} that it has never seen."
            write_scores(evaluation, painted, lead, out)
    show_scores(evaluation)
    written(out)


def write_scores(evaluation: Evaluation, painted: Sequence[Painted], lead: str, out: Path) -> None:
    """Write scores, picture and page, and open the scores again, before they are called written."""
    evaluation.save(out)
    grid = grid_chapter(painted)
    with replacing(out / "grid.png") as temporary:
        temporary.write_bytes(grid.figures[0].png)
    scores = [faithfulness_chapter(evaluation), likeness_chapter(evaluation), grid]
    chapters = [*warning_chapters(evaluation), *scores]
    report = Report("How good are the synthetic tumours?", lead, chapters, facts(evaluation))
    report.save(out / "report.html")
    check_scores(out)


def show_scores(evaluation: Evaluation) -> None:
    """Print the report's two tables in the terminal, and note what speaks against them."""
    show_tables([faithfulness_chapter(evaluation), likeness_chapter(evaluation)])
    for text in evaluation.warnings:
        note(text)
