"""Methods as data: rows of a table, made of terms that are called with a step's translations."""

from .ablations import ABLATIONS
from .catalogue import CATALOGUE, METHOD_SETS, find_method, find_methods
from .gan_networks import GanNetworks, build_networks, freeze, trained_modules
from .intensity import IntensityAugment
from .method import Method, Term
from .terms import Adversarial, Cycle, Paired, Segmentation, Structure
from .translations import FillMask, StepAugments, Translations

__all__ = [
    "ABLATIONS",
    "CATALOGUE",
    "METHOD_SETS",
    "Adversarial",
    "Cycle",
    "FillMask",
    "GanNetworks",
    "IntensityAugment",
    "Method",
    "Paired",
    "Segmentation",
    "StepAugments",
    "Structure",
    "Term",
    "Translations",
    "build_networks",
    "find_method",
    "find_methods",
    "freeze",
    "trained_modules",
]
