"""Masks as objects: which pixels are one tumour, its shape, and what surrounds it."""

from .components import check_mask, cut_tumours, locate_tumours, number_tumours, sizes, tight
from .rings import RING_GAP, RING_REACH, rings, surroundings

__all__ = [
    "RING_GAP",
    "RING_REACH",
    "check_mask",
    "cut_tumours",
    "locate_tumours",
    "number_tumours",
    "rings",
    "sizes",
    "surroundings",
    "tight",
]
