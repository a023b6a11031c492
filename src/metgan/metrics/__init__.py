"""Scores: arrays in, a number or a small frozen dataclass out."""

from .contrast import Contrast, Measure, choose_measure, measure_contrasts
from .counts import Detection, Overlap
from .faithfulness import MIN_ANNOTATED_SIZE, SIZES, Faithfulness, Tumour, evaluate_detection, pool
from .lesions import LEAST_IOU, match, overlap
from .registration import LEAST_SIDE, ChannelShift, measure_shift
from .significance import bootstrap_interval, holm, paired_test
from .similarity import Similarity, compare, compare_within, correlation
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
    "Measure",
    "Overlap",
    "Similarity",
    "Tumour",
    "bootstrap_interval",
    "choose_measure",
    "compare",
    "compare_within",
    "correlation",
    "evaluate_detection",
    "holm",
    "match",
    "measure_contrasts",
    "measure_shift",
    "overlap",
    "paired_test",
    "pool",
    "radial_spectrum",
    "spectrum_distance",
]
