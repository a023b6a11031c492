"""Laboratories: phantom settings that differ as the data of laboratories differ.

What trains well on one data set may fail on the next. Training settings are therefore chosen on some of these
laboratories and tried on others, and on ones drawn at random, which nobody had in mind.

Each is made up. It stands for a kind of data, not for anybody's data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from metgan.errors import SettingError

from .fill import Fill
from .settings import PhantomSettings

SEEDS: Final = 1000
"""Phantoms that a laboratory can draw."""


@dataclass(frozen=True)
class Laboratory:
    """A kind of data set.

    Parameters
    ----------
    name : str
        Lower case, with hyphens.
    description : str
        What kind of data it stands for, in a sentence.
    settings : PhantomSettings
        What its pairs look like.
    groups : int
        How many animals the pairs come from, at least 3: a training needs one for each part.
    pairs : int, default 120
        How many it has, unless another number is asked for.
    first_seed : int
        What seed 0 of this laboratory stands for: no two laboratories show the same tissue.

    Raises
    ------
    SettingError
        For fewer than 3 groups, or fewer pairs than groups.

    Examples
    --------
    >>> laboratory = Laboratory("quick", "A quick look.", PhantomSettings(), pairs=24, groups=4)
    >>> laboratory.settings_for(24).pairs_per_animal, laboratory.settings_for(10).pairs_per_animal
    (6, 3)
    """

    name: str
    description: str
    settings: PhantomSettings
    groups: int
    pairs: int = 120
    first_seed: int = 0

    def __post_init__(self) -> None:
        if not 3 <= self.groups <= self.pairs:
            raise SettingError(
                f"laboratory {self.name!r} has {self.groups} groups and {self.pairs} pairs",
                "3 groups or more, and a pair for each",
                "Change one of them",
            )

    def settings_for(self, pairs: int) -> PhantomSettings:
        """Return the settings with which `pairs` pairs come from that many groups, or from fewer."""
        return replace(self.settings, pairs_per_animal=-(-pairs // self.groups))

    def seed_for(self, seed: int) -> int:
        """Return the phantom's seed for the laboratory's seed `seed`, in [0, 1000)."""
        SettingError.unless_within("seed", seed, 0, SEEDS - 1)
        return self.first_seed + seed


_SKULL_STRIPPED = PhantomSettings(
    organs=("brain",), edge_fraction=0.0, fill=Fill("mask", 0.6), crosstalk=1.4, confusers_per_image=4.0
)
_EVENLY_STAINED = replace(
    _SKULL_STRIPPED,
    size=160,
    fill=Fill("mask", 0.65),
    crosstalk=1.2,
    animal_spread=0.05,
    exposure_spread=0.0,
    confusers_per_image=0.3,
    photons=80.0,
    dim_fraction=0.5,
)

_ALL = (
    Laboratory(
        "cleared-mouse",
        "The default phantom: a cleared mouse with small metastases in five organs.",
        PhantomSettings(),
        groups=15,
    ),
    Laboratory(
        "skull-stripped-large",
        "Skull-stripped brains of few animals, large lesions; the anatomy shows strongly in both channels.",
        replace(
            _SKULL_STRIPPED,
            size=224,
            empty_fraction=0.33,
            tumours_per_image=1.3,
            median_area=1800.0,
            area_spread=0.8,
            smallest_area=500,
            largest_area=10_000,
            dim_fraction=0.4,
            lowest_contrast=1.4,
            dim_contrast=1.7,
            highest_contrast=2.4,
        ),
        groups=4,
    ),
    Laboratory(
        "skull-stripped-small",
        "Skull-stripped brains with few, small and dim lesions.",
        replace(
            _SKULL_STRIPPED,
            size=160,
            crosstalk=0.9,
            tumours_per_image=2.5,
            median_area=45.0,
            area_spread=0.6,
            smallest_area=12,
            largest_area=200,
            dim_fraction=0.4,
            lowest_contrast=1.2,
            dim_contrast=1.5,
            highest_contrast=2.0,
            photons=60.0,
        ),
        groups=8,
    ),
    Laboratory(
        "inverted",
        "The tumour channel is dark where the anatomy is bright.",
        PhantomSettings(crosstalk=-1.2, dye_in_tissue=0.0, edge_fraction=0.0),
        groups=12,
    ),
    Laboratory(
        "eight-bit",
        "Scans that were saved in 8 bits: tissue spans some tens of grey levels, bright tumours are cut off.",
        PhantomSettings(pixel_format="uint8", median_area=80.0, largest_area=1500),
        groups=10,
    ),
    Laboratory(
        "twelve-bit-noisy",
        "A 12-bit camera with few photons and much gain: strong noise, and tumours that saturate.",
        PhantomSettings(
            pixel_format="uint12",
            photons=8.0,
            gain=6.0,
            median_area=90.0,
            largest_area=1500,
            lowest_contrast=1.8,
            dim_contrast=2.5,
            highest_contrast=12.0,
        ),
        groups=10,
    ),
    Laboratory(
        "float-subtracted",
        "Floats with the background subtracted: tissue lies around 0, half of it below.",
        PhantomSettings(pixel_format="float32", median_area=70.0, largest_area=800),
        groups=10,
    ),
    Laboratory(
        "bright-sparse",
        "A specific dye: no crosstalk, and few but bright tumours, none at all in two images of three.",
        PhantomSettings(
            crosstalk=0.0,
            dye_in_tissue=0.05,
            empty_fraction=0.65,
            tumours_per_image=1.4,
            dim_fraction=0.0,
            lowest_contrast=3.0,
            dim_contrast=3.0,
            highest_contrast=20.0,
            confusers_per_image=2.0,
        ),
        groups=12,
    ),
    Laboratory(
        "mosaic",
        "Stitched scans: rectangles are missing at the borders, a third of an image.",
        PhantomSettings(size=160, fill=Fill("mosaic", 0.3), median_area=70.0, largest_area=1500),
        groups=10,
    ),
    Laboratory(
        "rotated",
        "Turned scans with black corners, large images.",
        PhantomSettings(
            size=300, fill=Fill("rotation", 0.2), tumours_per_image=5.0, median_area=120.0, largest_area=3000
        ),
        groups=10,
    ),
    Laboratory(
        "clipped",
        "The tumour channel alone had its background subtracted and clipped: half of it is exactly 0.",
        PhantomSettings(fill=Fill("clipped", 0.5), median_area=60.0, largest_area=800),
        groups=10,
    ),
    Laboratory(
        "three-animals",
        "The fewest animals that a training takes, stained very unlike each other.",
        PhantomSettings(animal_spread=0.5, median_area=60.0, largest_area=800),
        groups=3,
    ),
    Laboratory(
        "crowded",
        "Many tumours of mixed sizes in every image.",
        PhantomSettings(
            size=160,
            empty_fraction=0.0,
            tumours_per_image=12.0,
            median_area=60.0,
            area_spread=1.3,
            largest_area=3000,
            dim_fraction=0.5,
            highest_contrast=6.0,
        ),
        groups=12,
    ),
    Laboratory(
        "side-96",
        "Small images, 96 pixels wide.",
        PhantomSettings(size=96, tumours_per_image=2.0, median_area=50.0),
        groups=20,
    ),
    Laboratory(
        "evenly-stained-large",
        "Skull-stripped brains, all stained and scanned alike: tissue lies in the middle of the scale; "
        "large lesions.",
        replace(
            _EVENLY_STAINED,
            empty_fraction=0.33,
            tumours_per_image=1.3,
            median_area=900.0,
            area_spread=0.6,
            smallest_area=200,
            largest_area=4000,
            lowest_contrast=1.4,
            dim_contrast=1.7,
            highest_contrast=2.0,
        ),
        groups=6,
    ),
    Laboratory(
        "evenly-stained-small",
        "The same with small and dim lesions: tissue is nearly as bright as they are.",
        replace(
            _EVENLY_STAINED,
            tumours_per_image=2.5,
            median_area=45.0,
            area_spread=0.6,
            smallest_area=12,
            largest_area=200,
            lowest_contrast=1.3,
            dim_contrast=1.5,
            highest_contrast=1.9,
        ),
        groups=8,
    ),
)

LABORATORIES: Final = MappingProxyType(
    {each.name: replace(each, first_seed=SEEDS * place) for place, each in enumerate(_ALL)}
)
"""The named laboratories; the first is the default phantom, to the byte."""
