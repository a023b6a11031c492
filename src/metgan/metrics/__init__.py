"""Scores: arrays in, a number or a small frozen dataclass out."""

from __future__ import annotations

from .contrast import Contrast, Measure, choose_measure, measure_contrasts
from .counts import Detection, Overlap
from .faithfulness import MIN_ANNOTATED_SIZE, SIZES, Faithfulness, Tumour, evaluate_detection, pool
from .lesions import LEAST_IOU, Matches, detect, match, overlap
from .regions import compare_within
from .registration import LEAST_SIDE, ChannelShift, measure_shift
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
    "LEAST_IOU",
    "LEAST_SIDE",
    "MIN_ANNOTATED_SIZE",
    "SIZES",
    "ChannelShift",
    "Contrast",
    "Detection",
    "Faithfulness",
    "Matches",
    "Measure",
    "Overlap",
    "PairedTest",
    "Similarity",
    "Tumour",
    "bootstrap_interval",
    "choose_measure",
    "compare",
    "compare_within",
    "correlation",
    "detect",
    "evaluate_detection",
    "holm",
    "match",
    "mean_absolute_error",
    "mean_squared_difference",
    "measure_contrasts",
    "measure_shift",
    "overlap",
    "paired_test",
    "pool",
    "radial_spectrum",
    "spectrum_distance",
    "structural_similarity",
]
