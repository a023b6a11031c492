"""Trained networks, in memory and on disk: what training writes and synthesis reads."""

from .card import LEAST_DICE, Kind, ModelCard, worse_than_flat
from .predict import MOST_IMAGES, MOST_PIXELS, batch_size, batches, in_parts, predict
from .predictor import (
    BACKGROUND,
    DEFAULT_THRESHOLD,
    MIN_OBJECT_SIZE,
    TUMOUR,
    SegmentorPredictor,
    load_independent_segmentor,
    seed_warning,
)
from .pseudo_labels import LABELLED_BY, pseudo_label, sure_parts
from .store import (
    MODEL_FILE,
    load_generator,
    load_segmentor,
    model_path,
    read_card,
    save_model,
)

__all__ = [
    "BACKGROUND",
    "DEFAULT_THRESHOLD",
    "LABELLED_BY",
    "LEAST_DICE",
    "MIN_OBJECT_SIZE",
    "MODEL_FILE",
    "MOST_IMAGES",
    "MOST_PIXELS",
    "TUMOUR",
    "Kind",
    "ModelCard",
    "SegmentorPredictor",
    "batch_size",
    "batches",
    "in_parts",
    "load_generator",
    "load_independent_segmentor",
    "load_segmentor",
    "model_path",
    "predict",
    "pseudo_label",
    "read_card",
    "save_model",
    "seed_warning",
    "sure_parts",
    "worse_than_flat",
]
