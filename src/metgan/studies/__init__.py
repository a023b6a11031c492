"""Studies: what the paper's tables and figures ask, and the pages that answer."""

from .comparison import Comparison, Study, compare_ablation, compare_robustness, compare_similarity
from .downstream import Downstream, fold_pairs
from .evaluation import ComparedImage, evaluate
from .evaluation_setup import (
    EvaluationSetup,
    IndependentSegmentorSource,
    evaluate_run,
    open_evaluation,
    run_evaluation,
)
from .independent_segmentor import INDEPENDENT_SEED_OFFSET
from .report import Figure, Report, Section, Table
from .report_sections import (
    facts,
    faithfulness_section,
    grid_section,
    pairs_section,
    similarity_section,
    training_section,
    warning_sections,
)
from .scores import Evaluation, check_scores, read_summary
from .set_lists import NAMED_LISTS, TrainingSetGrid, choose_training_sets
from .shared_config import SharedConfig
from .training_sets import BASELINES, TrainingSet
from .warnings import find_warnings, warning_of

__all__ = [
    "BASELINES",
    "INDEPENDENT_SEED_OFFSET",
    "NAMED_LISTS",
    "ComparedImage",
    "Comparison",
    "Downstream",
    "Evaluation",
    "EvaluationSetup",
    "Figure",
    "IndependentSegmentorSource",
    "Report",
    "Section",
    "SharedConfig",
    "Study",
    "Table",
    "TrainingSet",
    "TrainingSetGrid",
    "check_scores",
    "choose_training_sets",
    "compare_ablation",
    "compare_robustness",
    "compare_similarity",
    "evaluate",
    "evaluate_run",
    "facts",
    "faithfulness_section",
    "find_warnings",
    "fold_pairs",
    "grid_section",
    "open_evaluation",
    "pairs_section",
    "read_summary",
    "run_evaluation",
    "similarity_section",
    "training_section",
    "warning_of",
    "warning_sections",
]
