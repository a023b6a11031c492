"""Studies: what the paper's tables and figures ask, and the pages that answer."""

from .arms import ARM_SETS, ARMS, YARDSTICKS, Arm, find_arms
from .chapters import (
    facts,
    faithfulness_chapter,
    grid_chapter,
    likeness_chapter,
    pairs_chapter,
    training_chapter,
    warning_chapters,
)
from .comparison import Comparison, Study, compare_ablation, compare_robustness, compare_similarity
from .downstream import Downstream, fold_pairs
from .evaluation import Painted, evaluate
from .referee import REFEREE_APART
from .report import Figure, Report, Section, Table
from .rules import Rules
from .scores import Evaluation, check_scores, read_summary
from .trial import RefereeSource, Trial, evaluate_run, hold_trial, open_trial
from .warnings import find_warnings

__all__ = [
    "ARMS",
    "ARM_SETS",
    "REFEREE_APART",
    "YARDSTICKS",
    "Arm",
    "Comparison",
    "Downstream",
    "Evaluation",
    "Figure",
    "Painted",
    "RefereeSource",
    "Report",
    "Rules",
    "Section",
    "Study",
    "Table",
    "Trial",
    "check_scores",
    "compare_ablation",
    "compare_robustness",
    "compare_similarity",
    "evaluate",
    "evaluate_run",
    "facts",
    "faithfulness_chapter",
    "find_arms",
    "find_warnings",
    "fold_pairs",
    "grid_chapter",
    "hold_trial",
    "likeness_chapter",
    "open_trial",
    "pairs_chapter",
    "read_summary",
    "training_chapter",
    "warning_chapters",
]
