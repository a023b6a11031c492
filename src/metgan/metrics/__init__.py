"""Scores: arrays in, a number or a small frozen dataclass out."""

from __future__ import annotations

from .counts import Detection, Overlap
from .faithfulness import Faithfulness, judge, pool
from .lesions import detect, overlap
from .similarity import (
    Similarity,
    compare,
    correlation,
    mean_absolute_error,
    mean_squared_difference,
    structural_similarity,
)

__all__ = [
    "Detection",
    "Faithfulness",
    "Overlap",
    "Similarity",
    "compare",
    "correlation",
    "detect",
    "judge",
    "mean_absolute_error",
    "mean_squared_difference",
    "overlap",
    "pool",
    "structural_similarity",
]
