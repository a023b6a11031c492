"""Labels: masks in, masks out."""

from __future__ import annotations

from .areas import LARGEST_AREA, SizeDistribution, fit_sizes
from .compose import SYMMETRIES, binarise, check_binary, merge, symmetry
from .drawn import Drawn, LabelRecipe, leave_apart
from .fill import (
    BESIDE,
    FillSearch,
    SharedFill,
    extend_light,
    fill_of,
    find_fill,
    find_fill_value,
    nearest_light,
    shared_fill,
)
from .growth import grow
from .kept import MOST_MERGED, File, Merged, Real, possible_turn
from .mixed import Mixed
from .placement import Placed, Spacing, place
from .planted import Bank, Grown
from .preference import Preference
from .recipes import RECIPES
from .reference import MOST_TUMOURS
from .survey import Quartiles, Survey, survey
from .tissue import LEAST_SEPARATION, find_tissue, find_tissue_level, shows_outside_alone
from .variation import Variation, vary

__all__ = [
    "BESIDE",
    "LARGEST_AREA",
    "LEAST_SEPARATION",
    "MOST_MERGED",
    "MOST_TUMOURS",
    "RECIPES",
    "SYMMETRIES",
    "Bank",
    "Drawn",
    "File",
    "FillSearch",
    "Grown",
    "LabelRecipe",
    "Merged",
    "Mixed",
    "Placed",
    "Preference",
    "Quartiles",
    "Real",
    "SharedFill",
    "SizeDistribution",
    "Spacing",
    "Survey",
    "Variation",
    "binarise",
    "check_binary",
    "extend_light",
    "fill_of",
    "find_fill",
    "find_fill_value",
    "find_tissue",
    "find_tissue_level",
    "fit_sizes",
    "grow",
    "leave_apart",
    "merge",
    "nearest_light",
    "place",
    "possible_turn",
    "shared_fill",
    "shows_outside_alone",
    "survey",
    "symmetry",
    "vary",
]
