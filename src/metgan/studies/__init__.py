"""Studies: what the paper's tables and figures ask, and what was found, as values and tables."""

from .comparison import (
    Comparison,
    ComparisonResult,
    Examples,
    Study,
    compare_ablation,
    compare_robustness,
    compare_similarity,
)
from .comparison_statistics import POOLED, REGIONS, SIMILARITY
from .downstream import Downstream, fold_pairs
from .downstream_statistics import COUNTS, RATIOS, DownstreamResult, RunResult
from .evaluation import ComparedImage, evaluate
from .evaluation_setup import EvaluationSetup, IndependentSegmentorSource, open_evaluation
from .label_curve import WITH, WITHOUT, LabelCurve, LabelCurveResult
from .method_runs import Result
from .scores import LIGHT, Evaluation, check_scores, read_summary
from .set_lists import NAMED_LISTS, TrainingSetGrid, choose_training_sets
from .shared_config import INDEPENDENT_SEGMENTOR, SharedConfig, independent_seed
from .trained_run import TrainedRun, TrainingHistory, read_history, read_trained_run
from .training_sets import BASELINES, TrainingSet
from .warnings import find_warnings, warning_of

__all__ = [
    "BASELINES",
    "COUNTS",
    "INDEPENDENT_SEGMENTOR",
    "LIGHT",
    "NAMED_LISTS",
    "POOLED",
    "RATIOS",
    "REGIONS",
    "SIMILARITY",
    "WITH",
    "WITHOUT",
    "ComparedImage",
    "Comparison",
    "ComparisonResult",
    "Downstream",
    "DownstreamResult",
    "Evaluation",
    "EvaluationSetup",
    "Examples",
    "IndependentSegmentorSource",
    "LabelCurve",
    "LabelCurveResult",
    "Result",
    "RunResult",
    "SharedConfig",
    "Study",
    "TrainedRun",
    "TrainingHistory",
    "TrainingSet",
    "TrainingSetGrid",
    "check_scores",
    "choose_training_sets",
    "compare_ablation",
    "compare_robustness",
    "compare_similarity",
    "evaluate",
    "find_warnings",
    "fold_pairs",
    "independent_seed",
    "open_evaluation",
    "read_history",
    "read_summary",
    "read_trained_run",
    "warning_of",
]
