"""``metgan evaluate``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cyclopts import Parameter
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from metgan.data import PairSet
from metgan.io import check_folder, claim_folder, replacing
from metgan.studies import (
    Evaluation,
    RefereeSource,
    Report,
    facts,
    faithfulness_chapter,
    grid_chapter,
    hold_trial,
    likeness_chapter,
    open_trial,
)
from metgan.training import Engine

from .folders import written
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

    Likeness: MAE, MSD, SSIM and cross-correlation on [-1, 1]. Faithfulness: are the tumours where the
    label asks for them and nowhere else, as read by a referee: a segmentor trained apart from the one in the
    loop. It is trained first, into OUT/referee, where none is given.

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
    check_folder(out, "scores", resume=place.resume, overwrite=place.overwrite)
    engine = Engine(device=device)
    source = RefereeSource(judge.referee, judge.referee_steps, out / "referee", engine, place.resume)
    trial = open_trial(run, PairSet.open(data), source)
    inputs = [run, data, *([judge.referee] if judge.referee else [])]
    claim_folder(out, "scores", resume=place.resume, overwrite=place.overwrite, inputs=inputs)
    evaluation, painted = hold_trial(trial, source)
    evaluation.save(out)
    grid = grid_chapter(painted)
    with replacing(out / "grid.png") as temporary:
        temporary.write_bytes(grid.figures[0].png)
    chapters = [faithfulness_chapter(evaluation), likeness_chapter(evaluation), grid]
    lead = f"The generator of {run}, on {len(painted)} test images of {data} that it has never seen."
    Report("How good are the synthetic tumours?", lead, chapters, facts(evaluation)).save(out / "report.html")
    show_scores(evaluation)
    written(out)


def show_scores(evaluation: Evaluation) -> None:
    """Print the summary as a table in the terminal."""
    summary = evaluation.summary()
    columns = list(summary)
    table = Table(box=SIMPLE, title=f"{len(evaluation.scores)} test images")
    table.add_column("score")
    for column in columns:
        table.add_column(column, justify="right")
    for name in dict.fromkeys(name for figures in summary.values() for name in figures):
        cells = (f"{summary[c][name]:.4g}" if name in summary[c] else "" for c in columns)
        table.add_row(name, *cells)
    Console().print(table)
