"""Studies: what the paper's tables and figures ask, and the pages that answer."""

from .comparison import Comparison, Study, compare_ablation, compare_robustness, compare_similarity
from .downstream import Downstream, fold_pairs
from .evaluation import ComparedImage, evaluate
from .evaluation_setup import (
    EvaluationSetup,
    IndependentSegmentorSource,
    open_evaluation,
)
from .independent_segmentor import INDEPENDENT_SEGMENTOR, independent_seed
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
from .shared_config import SharedConfig
from .training_sets import BASELINES, NAMED_LISTS, TRAINING_SETS, TrainingSet, find_training_sets
from .warnings import find_warnings, warning_of

__all__ = [
    "BASELINES",
    "INDEPENDENT_SEGMENTOR",
    "NAMED_LISTS",
    "TRAINING_SETS",
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
    "check_scores",
    "compare_ablation",
    "compare_robustness",
    "compare_similarity",
    "evaluate",
    "facts",
    "faithfulness_section",
    "find_training_sets",
    "find_warnings",
    "fold_pairs",
    "grid_section",
    "independent_seed",
    "open_evaluation",
    "pairs_section",
    "read_summary",
    "similarity_section",
    "training_section",
    "warning_of",
    "warning_sections",
]
