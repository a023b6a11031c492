"""Trained networks, in memory and on disk: what training writes and synthesis reads."""

from .card import Kind, ModelCard
from .store import MODEL_FILE, load_generator, load_segmentor, model_path, read_card, save_model

__all__ = [
    "MODEL_FILE",
    "Kind",
    "ModelCard",
    "load_generator",
    "load_segmentor",
    "model_path",
    "read_card",
    "save_model",
]
