"""``metgan evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from cyclopts import Parameter

from metgan.data import PairSet
from metgan.io import prepare_output, replacing
from metgan.progress import note
from metgan.studies import (
    ComparedImage,
    Evaluation,
    IndependentSegmentorSource,
    Report,
    check_scores,
    facts,
    faithfulness_section,
    grid_section,
    open_evaluation,
    run_evaluation,
    similarity_section,
    warning_sections,
)
from metgan.training import Engine

from .folders import reserved, show_tables, written
from .options import NEW_FOLDER, OutputPolicy, Positive


@Parameter(name="*")
@dataclass(frozen=True)
class IndependentSegmentorChoice:
    """Which independent segmentor is applied to the images.

    Parameters
    ----------
    independent_segmentor
        Run of metgan segmentor DATA --split RUN/splits.json, trained with a seed of its own. Default:
        train one.
    independent_segmentor_steps
        Length of the independent segmentor's training in batches.
    """

    independent_segmentor: Path | None = None
    independent_segmentor_steps: Positive | None = None


_TRAINED_ANEW = IndependentSegmentorChoice()


def evaluate(
    run: Path,
    /,
    *,
    data: Path,
    out: Path,
    chosen: IndependentSegmentorChoice = _TRAINED_ANEW,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    place: OutputPolicy = NEW_FOLDER,
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
    inputs = [run, data, *([chosen.independent_segmentor] if chosen.independent_segmentor else [])]
    with reserved(out, kind, verb, place, inputs) as place:
        engine = Engine(device=device)
        source = IndependentSegmentorSource(
            chosen.independent_segmentor,
            chosen.independent_segmentor_steps,
            out / "independent-segmentor",
            engine,
            place.resume,
        )
        setup = open_evaluation(run, PairSet.open(data), source)
        with prepare_output(out, kind, verb, **asdict(place), inputs=inputs):
            evaluation, painted = run_evaluation(setup, source)
            lead = f"The generator of {run}, on {len(painted)} test images of {data} that it has never seen."
            write_scores(evaluation, painted, lead, out)
    show_scores(evaluation)
    written(out)


def write_scores(evaluation: Evaluation, painted: Sequence[ComparedImage], lead: str, out: Path) -> None:
    """Write scores, picture and page, and open the scores again, before they are called written."""
    evaluation.save(out)
    grid = grid_section(painted)
    with replacing(out / "grid.png") as temporary:
        temporary.write_bytes(grid.figures[0].png)
    scores = [faithfulness_section(evaluation), similarity_section(evaluation), grid]
    sections = [*warning_sections(evaluation), *scores]
    report = Report("How good are the synthetic tumours?", lead, sections, facts(evaluation))
    report.save(out / "report.html")
    check_scores(out)


def show_scores(evaluation: Evaluation) -> None:
    """Print the report's two tables in the terminal, and note what speaks against them."""
    show_tables([faithfulness_section(evaluation), similarity_section(evaluation)])
    for text in evaluation.warnings:
        note(text)
