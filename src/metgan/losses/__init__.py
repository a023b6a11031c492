"""Losses: tensors in, one scalar out."""

from .adversarial import ADVERSARIAL, AdversarialName, log_distance, squared_distance
from .pixelwise import (
    SEGMENTATION,
    TUMOUR_WEIGHT,
    SegmentationName,
    absolute_difference,
    absolute_error,
    pixel_weights,
    structure_difference,
    weighted_cross_entropy,
)

__all__ = [
    "ADVERSARIAL",
    "SEGMENTATION",
    "TUMOUR_WEIGHT",
    "AdversarialName",
    "SegmentationName",
    "absolute_difference",
    "absolute_error",
    "log_distance",
    "pixel_weights",
    "squared_distance",
    "structure_difference",
    "weighted_cross_entropy",
]
