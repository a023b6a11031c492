"""Synthesis: a trained generator as a function, and sets of new labelled pairs."""

from .contact_sheet import CONTACT_SHEET
from .contrasts import MOST_LIGHT, Contrasts, match_contrasts
from .drafts import Draft, Drafts, LabelFiles
from .gate import Gate, Painted, open_gate, paint_pair
from .generate import generate
from .generation import Generation
from .grain import Grain
from .inlay import Ground, inlay
from .inpainter import Inpainter, load
from .journal import finished_pairs, is_unfinished
from .limits import GateLimits, GateScores
from .nearest import TrainingImages
from .request import check_request
from .residue import Residue
from .stream import Mix, PairStream, Sample
from .summary import GATE_FILE, PASSED, ContrastSummary, GateSummary, sum_up, sum_up_contrasts
from .weak_spots import Seen, WeakSpots, aim, find_weak_spots

__all__ = [
    "CONTACT_SHEET",
    "GATE_FILE",
    "MOST_LIGHT",
    "PASSED",
    "ContrastSummary",
    "Contrasts",
    "Draft",
    "Drafts",
    "Gate",
    "GateLimits",
    "GateScores",
    "GateSummary",
    "Generation",
    "Grain",
    "Ground",
    "Inpainter",
    "LabelFiles",
    "Mix",
    "Painted",
    "PairStream",
    "Residue",
    "Sample",
    "Seen",
    "TrainingImages",
    "WeakSpots",
    "aim",
    "check_request",
    "find_weak_spots",
    "finished_pairs",
    "generate",
    "inlay",
    "is_unfinished",
    "load",
    "match_contrasts",
    "open_gate",
    "paint_pair",
    "sum_up",
    "sum_up_contrasts",
]
