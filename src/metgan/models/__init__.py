"""Trained networks, in memory and on disk: what training writes and synthesis reads."""

from .card import LEAST_DICE, Kind, ModelCard, worse_than_flat
from .predictor import DEFAULT_THRESHOLD, MIN_OBJECT_SIZE, SegmentorPredictor, refuse_training_segmentor
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
    "DEFAULT_THRESHOLD",
    "LEAST_DICE",
    "MIN_OBJECT_SIZE",
    "MODEL_FILE",
    "Kind",
    "ModelCard",
    "SegmentorPredictor",
    "load_generator",
    "load_segmentor",
    "model_path",
    "read_card",
    "refuse_training_segmentor",
    "restore_generator",
    "save_model",
    "worse_than_flat",
]
