"""Steps of refinement: what generated tumour channels are given after the generator, in one order."""

from .background import Background, BackgroundResidual
from .contrast import INVISIBLE, Contrast, contrasts_of, match_contrasts
from .insert import Insert, find_unseen, insert_tumours, near
from .noise import Noise
from .order import REFINE_STEPS, order_steps
from .step import PairImages, RefineStep

__all__ = [
    "INVISIBLE",
    "REFINE_STEPS",
    "Background",
    "BackgroundResidual",
    "Contrast",
    "Insert",
    "Noise",
    "PairImages",
    "RefineStep",
    "contrasts_of",
    "find_unseen",
    "insert_tumours",
    "match_contrasts",
    "near",
    "order_steps",
]
