"""Synthesis: a trained generator as a function, and sets of new labelled pairs."""

from .checks import check_request
from .contact_sheet import CONTACT_SHEET
from .error_analysis import ErrorAnalysis, Seen, find_errors, oversample_errors
from .gate import Gate, GatedPair, generate_pair, generate_pairs, open_gate
from .generate import generate
from .inpainter import Inpainter, load
from .journal import count_noted, finished_pairs, is_unfinished
from .label_files import LabelFiles
from .limits import GateLimits, GateScores
from .nearest import TrainingImages
from .orientations import inpaint_in_three_orientations
from .plans import PairPlan, PairPlans
from .refine.background import Background, BackgroundResidual
from .refine.contrast import MOST_LIGHT, Contrast, match_contrasts
from .refine.insert import Insert, insert_tumours
from .refine.noise import Noise
from .refine.order import REFINE_STEPS, measure_steps, order_steps
from .refine.step import RefineStep
from .request import MOST_PAIRS, GenerationRequest, TumourReader
from .stream import Mix, PairStream, Sample
from .summary import (
    GATE_FILE,
    PASSED,
    ContrastSummary,
    GateSummary,
    UnseenSummary,
    sum_up,
    sum_up_contrasts,
    sum_up_unseen,
)
from .volume import TUMOURS, VolumeSource, inpaint_region, refuse_dependent_on_size
from .volume_blocks import VolumeSpeed, compute_block, inpaint_volume

__all__ = [
    "CONTACT_SHEET",
    "GATE_FILE",
    "MOST_LIGHT",
    "MOST_PAIRS",
    "PASSED",
    "REFINE_STEPS",
    "TUMOURS",
    "Background",
    "BackgroundResidual",
    "Contrast",
    "ContrastSummary",
    "ErrorAnalysis",
    "Gate",
    "GateLimits",
    "GateScores",
    "GateSummary",
    "GatedPair",
    "GenerationRequest",
    "Inpainter",
    "Insert",
    "LabelFiles",
    "Mix",
    "Noise",
    "PairPlan",
    "PairPlans",
    "PairStream",
    "RefineStep",
    "Sample",
    "Seen",
    "TrainingImages",
    "TumourReader",
    "UnseenSummary",
    "VolumeSource",
    "VolumeSpeed",
    "check_request",
    "compute_block",
    "count_noted",
    "find_errors",
    "finished_pairs",
    "generate",
    "generate_pair",
    "generate_pairs",
    "inpaint_in_three_orientations",
    "inpaint_region",
    "inpaint_volume",
    "insert_tumours",
    "is_unfinished",
    "load",
    "match_contrasts",
    "measure_steps",
    "open_gate",
    "order_steps",
    "oversample_errors",
    "refuse_dependent_on_size",
    "sum_up",
    "sum_up_contrasts",
    "sum_up_unseen",
]
