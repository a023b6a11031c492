"""Trained networks, in memory and on disk: what training writes and synthesis reads."""

from .card import LEAST_DICE, Kind, ModelCard
from .reader import READ_ABOVE, SMALLEST_READ, Reader, refuse_same_judge
from .store import (
    MODEL_FILE,
    load_generator,
    load_segmentor,
    model_path,
    read_card,
    restore_generator,
    save_model,
)

__all__ = [
    "LEAST_DICE",
    "MODEL_FILE",
    "READ_ABOVE",
    "SMALLEST_READ",
    "Kind",
    "ModelCard",
    "Reader",
    "load_generator",
    "load_segmentor",
    "model_path",
    "read_card",
    "refuse_same_judge",
    "restore_generator",
    "save_model",
]
