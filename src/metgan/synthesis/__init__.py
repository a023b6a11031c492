"""Synthesis: a trained generator as a function, and sets of new labelled pairs."""

from .drafts import Draft, Drafts, Generation, LabelFiles
from .generate import generate
from .inpainter import Inpainter, load
from .request import check_request

__all__ = [
    "Draft",
    "Drafts",
    "Generation",
    "Inpainter",
    "LabelFiles",
    "check_request",
    "generate",
    "load",
]
