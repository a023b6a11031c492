"""Methods as data: rows of a table, made of terms that are called with a step's translations."""

from .ablations import ABLATIONS
from .catalogue import CATALOGUE, METHOD_SETS, find_method, find_methods
from .light import Light
from .method import Method, Term
from .players import Players, build_players, freeze, trained_modules
from .terms import Adversarial, Cycle, Paired, Segmentation
from .translations import FillMask, Lights, Translations

__all__ = [
    "ABLATIONS",
    "CATALOGUE",
    "METHOD_SETS",
    "Adversarial",
    "Cycle",
    "FillMask",
    "Light",
    "Lights",
    "Method",
    "Paired",
    "Players",
    "Segmentation",
    "Term",
    "Translations",
    "build_players",
    "find_method",
    "find_methods",
    "freeze",
    "trained_modules",
]
