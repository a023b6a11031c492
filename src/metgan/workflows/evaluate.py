"""Scoring a trained method on its test pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from metgan.checked import Checked
from metgan.errors import SettingError
from metgan.progress import Listener, listening
from metgan.reporting import Report, evaluation_report
from metgan.studies import Evaluation, IndependentSegmentorSource, check_scores, open_evaluation
from metgan.training import Engine

from .output import NEW_FOLDER, OutputPolicy, reserve
from .pair_sets import open_labelled
from .ranges import STEPS, check_ranges
from .registration import note_exchanged_channels


@dataclass(frozen=True, kw_only=True)
class IndependentSegmentorChoice(Checked):
    """Which independent segmentor is applied to the images.

    Parameters
    ----------
    independent_segmentor : Path or None
        Run of metgan segmentor DATA --split RUN/splits.json, trained with a seed of its own. Default:
        train one.
    independent_segmentor_steps : int or None
        Length of the independent segmentor's training in batches, 1 or more. Default: the preset's.
    """

    independent_segmentor: Path | None = None
    independent_segmentor_steps: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, independent_segmentor_steps=STEPS)
        if self.independent_segmentor and self.independent_segmentor_steps:
            raise SettingError(
                f"--independent-segmentor {self.independent_segmentor} and --independent-segmentor-steps "
                f"{self.independent_segmentor_steps}",
                "a segmentor that is trained already, or the length of a training",
                "Leave one out",
            )


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(Checked):
    """An evaluation to be made, on the test pairs of a run's split.

    Parameters
    ----------
    run : Path
        Run folder of metgan train.
    data : Path
        The pair set that it was trained on, or another with the same pairs.
    out : Path
        Folder for scores.csv, summary.json, grid.png and report.html.
    independent : IndependentSegmentorChoice
    device : {"auto", "cpu", "cuda"}
        "auto" takes a CUDA device where there is one.
    output : OutputPolicy
    """

    run: Path
    data: Path
    out: Path
    independent: IndependentSegmentorChoice = IndependentSegmentorChoice()
    device: Literal["auto", "cpu", "cuda"] = "auto"
    output: OutputPolicy = NEW_FOLDER


@dataclass(frozen=True)
class EvaluateResult:
    """What was scored, and where its report is; `evaluation.warnings` says what speaks against it."""

    out: Path
    evaluation: Evaluation


def evaluate(request: EvaluateRequest, on_event: Listener | None = None) -> EvaluateResult:
    """Score a trained method; writes the scores, a picture and a page.

    Parameters
    ----------
    request : EvaluateRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, ArrayError, SettingError
        When run, data, independent segmentor or folder will not do; nothing is written then.
    LeakageError
        When generator or independent segmentor has seen a test group, or the two trained together.
    """
    chosen, out = request.independent, request.out
    inputs = [request.run, request.data, chosen.independent_segmentor]
    with listening(on_event), reserve(out, "scores", "metgan evaluate", request.output, inputs) as output:
        source = IndependentSegmentorSource(
            chosen.independent_segmentor,
            chosen.independent_segmentor_steps,
            out,
            Engine(device=request.device),
            output.policy.resume,
        )
        pairs = open_labelled(request.data, "are not tested on; an independent segmentor learns from them")
        setup = open_evaluation(request.run, pairs, source)
        note_exchanged_channels(request.data)
        with output.prepared():
            evaluation, generated = setup.score()
            write_scores(evaluation, evaluation_report(evaluation, generated, request.run, request.data), out)
    return EvaluateResult(out, evaluation)


def write_scores(evaluation: Evaluation, report: Report, out: Path) -> None:
    """Write scores and page, and open the scores again, before they are called written."""
    evaluation.save(out)
    report.save(out)
    check_scores(out)
