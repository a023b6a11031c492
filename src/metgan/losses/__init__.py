"""Losses: tensors in, one scalar out."""

from .adversarial import ADVERSARIAL, AdversarialLoss, AdversarialName, log_distance, squared_distance
from .reconstruction import absolute_difference
from .segmentation import (
    SEGMENTATION,
    TUMOUR_WEIGHT,
    SegmentationName,
    absolute_error,
    weighted_cross_entropy,
)

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
    "squared_distance",
    "weighted_cross_entropy",
]
