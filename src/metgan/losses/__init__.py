"""Losses: tensors in, one scalar out."""

from .adversarial import ADVERSARIAL, AdversarialLoss, AdversarialName, log_distance, squared_distance
from .reconstruction import absolute_difference
from .segmentation import (
    SEGMENTATION,
    SegmentationName,
    absolute_error,
    weighted_cross_entropy,
)
from .weighting import TUMOUR_WEIGHT, pixel_weights

__all__ = [
    "ADVERSARIAL",
    "SEGMENTATION",
    "TUMOUR_WEIGHT",
    "AdversarialLoss",
    "AdversarialName",
    "SegmentationName",
    "absolute_difference",
    "absolute_error",
    "log_distance",
    "pixel_weights",
    "squared_distance",
    "weighted_cross_entropy",
]
