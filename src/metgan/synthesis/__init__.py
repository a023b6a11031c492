"""Synthesis: a trained generator as a function, and sets of new labelled pairs."""

from .generate import Generation, check_request, generate
from .inpainter import Inpainter, load
from .recipes import LabelRecipe, Plan, compose_label, plan_pair

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
