"""Studies: what the paper's tables and figures ask, and the pages that answer."""

from .chapters import (
    facts,
    faithfulness_chapter,
    grid_chapter,
    likeness_chapter,
    pairs_chapter,
    training_chapter,
)
from .evaluation import Evaluation, Painted, evaluate
from .referee import refuse_same_judge
from .report import Figure, Report, Section, Table
from .trial import RefereeSource, Trial, evaluate_run, hold_trial, open_trial

__all__ = [
    "Evaluation",
    "Figure",
    "Painted",
    "RefereeSource",
    "Report",
    "Section",
    "Table",
    "Trial",
    "evaluate",
    "evaluate_run",
    "facts",
    "faithfulness_chapter",
    "grid_chapter",
    "hold_trial",
    "likeness_chapter",
    "open_trial",
    "pairs_chapter",
    "refuse_same_judge",
    "training_chapter",
]
