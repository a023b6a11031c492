"""What generated tumour channels are given after the generator: an ordered list of steps."""

from .background import BackgroundResidual, choose_donor
from .contrast import INVISIBLE, MOST_LIGHT, Contrasts, contrasts_of, match_contrasts
from .insert import RealTumourChannel, insert_tumours
from .noise import NoiseModel
from .steps import (
    REFINE_STEPS,
    Background,
    Contrast,
    Insert,
    Noise,
    PairImages,
    RefineStep,
    measure_steps,
    order_steps,
)

__all__ = [
    "INVISIBLE",
    "MOST_LIGHT",
    "REFINE_STEPS",
    "Background",
    "BackgroundResidual",
    "Contrast",
    "Contrasts",
    "Insert",
    "Noise",
    "NoiseModel",
    "PairImages",
    "RealTumourChannel",
    "RefineStep",
    "choose_donor",
    "contrasts_of",
    "insert_tumours",
    "match_contrasts",
    "measure_steps",
    "order_steps",
]
