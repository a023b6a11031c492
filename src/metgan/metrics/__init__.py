"""Scores: arrays in, a number or a small frozen dataclass out."""

from __future__ import annotations

from .counts import Detection, Overlap
from .faithfulness import Faithfulness, judge, pool
from .lesions import detect, overlap
from .regions import compare_within
from .significance import PairedTest, bootstrap_interval, holm, paired_test
from .similarity import (
    Similarity,
    compare,
    correlation,
    mean_absolute_error,
    mean_squared_difference,
    structural_similarity,
)
from .spectrum import radial_spectrum, spectrum_distance

__all__ = [
    "Detection",
    "Faithfulness",
    "Overlap",
    "PairedTest",
    "Similarity",
    "bootstrap_interval",
    "compare",
    "compare_within",
    "correlation",
    "detect",
    "holm",
    "judge",
    "mean_absolute_error",
    "mean_squared_difference",
    "overlap",
    "paired_test",
    "pool",
    "radial_spectrum",
    "spectrum_distance",
    "structural_similarity",
]
