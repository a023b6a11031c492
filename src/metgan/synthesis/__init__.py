"""Synthesis: a trained generator as a function, and sets of new labelled pairs."""

from .generate import Generation, LabelRecipe, Plan, check_request, compose_label, generate, plan_pair
from .inpainter import Inpainter, load

__all__ = [
    "Generation",
    "Inpainter",
    "LabelRecipe",
    "Plan",
    "check_request",
    "compose_label",
    "generate",
    "load",
    "plan_pair",
]
