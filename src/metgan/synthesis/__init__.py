"""Synthesis: a trained generator as a function, and sets of new labelled pairs."""

from .background import BackgroundResidual
from .checks import check_request
from .contact_sheet import CONTACT_SHEET
from .contrasts import MOST_LIGHT, Contrasts, match_contrasts
from .error_analysis import ErrorAnalysis, Seen, find_errors, oversample_errors
from .gate import Gate, GatedPair, generate_pair, generate_pairs, open_gate
from .generate import generate
from .inpainter import Inpainter, load
from .insert import RealTumourChannel, insert_tumours
from .journal import count_noted, finished_pairs, is_unfinished
from .limits import GateLimits, GateScores
from .nearest import TrainingImages
from .noise import NoiseModel
from .plans import LabelFiles, PairPlan, PairPlans
from .request import MOST_PAIRS, GenerationRequest
from .stream import Mix, PairStream, Sample
from .summary import GATE_FILE, PASSED, ContrastSummary, GateSummary, sum_up, sum_up_contrasts

__all__ = [
    "CONTACT_SHEET",
    "GATE_FILE",
    "MOST_LIGHT",
    "MOST_PAIRS",
    "PASSED",
    "BackgroundResidual",
    "ContrastSummary",
    "Contrasts",
    "ErrorAnalysis",
    "Gate",
    "GateLimits",
    "GateScores",
    "GateSummary",
    "GatedPair",
    "GenerationRequest",
    "Inpainter",
    "LabelFiles",
    "Mix",
    "NoiseModel",
    "PairPlan",
    "PairPlans",
    "PairStream",
    "RealTumourChannel",
    "Sample",
    "Seen",
    "TrainingImages",
    "check_request",
    "count_noted",
    "find_errors",
    "finished_pairs",
    "generate",
    "generate_pair",
    "generate_pairs",
    "insert_tumours",
    "is_unfinished",
    "load",
    "match_contrasts",
    "open_gate",
    "oversample_errors",
    "sum_up",
    "sum_up_contrasts",
]
