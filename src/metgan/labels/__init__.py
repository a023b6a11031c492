"""Labels: masks in, masks out."""

from .areas import LARGEST_AREA, Diameters, SizeDistribution, fit_sizes
from .compose import SYMMETRIES, binarise, check_binary, symmetry
from .drawn import Drawn, LabelRecipe, Mixed, leave_apart
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
from .placement import Spacing, place
from .planted import Bank, Grown, Preference
from .reference import MOST_TUMOURS
from .tissue import (
    LEAST_SEPARATION,
    brightest_light,
    find_tissue,
    find_tissue_level,
    median_lights,
    shows_outside_alone,
    tissue_level,
)
from .variation import Variation, vary
from .volume_label import MOST_FILLED, VolumeLabel, VolumeRecipe
from .volume_tissue import VolumeTissue

__all__ = [
    "BESIDE",
    "LARGEST_AREA",
    "LEAST_SEPARATION",
    "MOST_FILLED",
    "MOST_MERGED",
    "MOST_TUMOURS",
    "SYMMETRIES",
    "Bank",
    "Diameters",
    "Drawn",
    "File",
    "FillSearch",
    "Grown",
    "LabelRecipe",
    "Merged",
    "Mixed",
    "Preference",
    "Real",
    "SharedFill",
    "SizeDistribution",
    "Spacing",
    "Variation",
    "VolumeLabel",
    "VolumeRecipe",
    "VolumeTissue",
    "binarise",
    "brightest_light",
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
    "median_lights",
    "nearest_light",
    "place",
    "possible_turn",
    "shared_fill",
    "shows_outside_alone",
    "symmetry",
    "tissue_level",
    "vary",
]
