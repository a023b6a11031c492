"""What a phantom can be asked for.

The default sizes of tumours come from the 15 tumours in MetGAN's released sample of expert labels: 10 to 365
pixels, median 41. Shares (of empty pairs, dim tumours, body edges) are choices, not measurements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from metgan.errors import SettingError

from .camera import PixelFormat
from .fill import Fill
from .organs import ORGANS

PHANTOM_RANGES: dict[str, tuple[float, float]] = {
    "size": (48, 4096),
    "pairs_per_animal": (1, 100_000),
    "empty_fraction": (0.0, 1.0),
    "tumours_per_image": (1.0, 50.0),
    "median_area": (8.0, 20_000.0),
    "area_spread": (0.0, 1.5),
    "smallest_area": (5, 20_000),
    "largest_area": (8, 20_000),
    "dim_fraction": (0.0, 1.0),
    "lowest_contrast": (1.05, 50.0),
    "dim_contrast": (1.05, 50.0),
    "highest_contrast": (1.05, 50.0),
    "confusers_per_image": (0.0, 100.0),
    "crosstalk": (-2.0, 2.0),
    "dye_in_tissue": (0.0, 0.5),
    "animal_spread": (0.0, 1.0),
    "exposure_spread": (0.0, 1.0),
    "edge_fraction": (0.0, 1.0),
    "photons": (5.0, 500.0),
    "gain": (0.01, 20.0),
    "missed_fraction": (0.0, 1.0),
    "outline_noise": (0.0, 5.0),
}
"""Least and most of each setting of a phantom, both included; where these are whole, it must be."""
_ASCENDING = (
    ("smallest_area", "median_area", "largest_area"),
    ("lowest_contrast", "dim_contrast", "highest_contrast"),
)


@dataclass(frozen=True)
class PhantomSettings:
    """What phantom pairs look like, and how well they are annotated.

    Parameters
    ----------
    size : int
        Edge of the square pictures, pixels, in [48, 4096].
    pairs_per_animal : int
        Consecutive pairs that show the same animal (group), 1 or more.
    organs : tuple of str
        Which organs are shown, names in ``ORGANS``, in equal shares.
    empty_fraction : float
        Share of the pairs without any tumour, in [0, 1].
    tumours_per_image : float
        Mean number of tumours in the other pairs, in [1, 50].
    median_area : float
        Median area of a tumour, pixels, from `smallest_area` to `largest_area`.
    area_spread : float
        Standard deviation of the logarithm of the area, in [0, 1.5].
    smallest_area, largest_area : int
        What areas are kept within, pixels, in [5, 20000]. A tumour of more than 400 pixels takes the room
        that there is, and is made smaller where there is too little.
    dim_fraction : float
        Share of the tumours that are `lowest_contrast` to `dim_contrast` times as bright as their
        surroundings, in [0, 1]; the others reach `highest_contrast`. In camera counts it is less, because
        of the offset.
    lowest_contrast, dim_contrast, highest_contrast : float
        Ratios of a tumour's light to that around it, ascending, in [1.05, 50].
    confusers_per_image : float
        Mean number of bright things that are no tumour, per 128 x 128 pixels, in [0, 100].
    crosstalk : float
        Autofluorescence that enters the tumour channel, as a share of the anatomy's light, in [-2, 2].
        Below 0 the tumour channel is bright where the tissue is dark, and dark where it is bright.
    dye_in_tissue : float
        How far dye that is bound to no tumour follows the tissue, in [0, 0.5]: at 0 and without crosstalk,
        the tumour channel shows little of the anatomy but walls of vessels.
    animal_spread : float
        Standard deviation of the logarithm of an animal's staining and autofluorescence, in [0, 1].
    exposure_spread : float
        How far the microscope's photons, gain and crosstalk go from animal to animal, in [0, 1]: at 0 all are
        scanned alike; at 1 photons differ by some 40 %, crosstalk by 30 %, and a gain may be 2.5 times
        another.
    edge_fraction : float
        Share of the pairs that show the edge of the body, in [0, 1]. Half of the rest, at most a fifth of all
        pairs, show the border of two organs, if there is more than one.
    photons : float
        Photons detected per pixel of ordinary tissue, in [5, 500]; the fewer, the noisier.
    gain : float
        Counts per photon, relative to the default camera's 14, in [0.01, 20].
    pixel_format : {"uint8", "uint12", "uint16", "float32"}
        How counts are stored, see ``PixelFormat``.
    fill : Fill
        Pixels of one exact value in both channels.
    missed_fraction : float
        Share of the tumours that the annotator misses, the dimmest first, in [0, 1].
    outline_noise : float
        Standard deviation of the annotator's shift and of the growth of an outline, pixels, in [0, 5].

    Raises
    ------
    SettingError
        If a value lies outside its range, or two contradict each other.

    Examples
    --------
    >>> PhantomSettings(size=64).missed_fraction
    0.0
    """

    size: int = 128
    pairs_per_animal: int = 8
    organs: tuple[str, ...] = tuple(ORGANS)
    empty_fraction: float = 0.25
    tumours_per_image: float = 3.0
    median_area: float = 41.0
    area_spread: float = 0.95
    smallest_area: int = 5
    largest_area: int = 400
    dim_fraction: float = 0.3
    lowest_contrast: float = 1.35
    dim_contrast: float = 1.7
    highest_contrast: float = 12.0
    confusers_per_image: float = 6.0
    crosstalk: float = 0.45
    dye_in_tissue: float = 0.25
    animal_spread: float = 0.25
    exposure_spread: float = 1.0
    edge_fraction: float = 0.25
    photons: float = 35.0
    gain: float = 1.0
    pixel_format: PixelFormat = "uint16"
    fill: Fill = Fill()
    missed_fraction: float = 0.0
    outline_noise: float = 0.0

    def __post_init__(self) -> None:
        for name, limits in PHANTOM_RANGES.items():
            SettingError.unless_within(name, getattr(self, name), *limits)
        for names in _ASCENDING:
            values = [getattr(self, name) for name in names]
            if values != sorted(values):
                given = ", ".join(f"{name} is {value}" for name, value in zip(names, values, strict=True))
                raise SettingError(given, "ascending values", "Change one of them")
        _check_name("pixel_format", [self.pixel_format], get_args(PixelFormat))
        _check_name("organs", self.organs, ORGANS)


def _check_name(setting: str, given: Sequence[str], known: Iterable[str]) -> None:
    if not given or set(given) - set(known):
        raise SettingError(f"{setting} is {given!r}", f"from: {', '.join(known)}", f"Change {setting}")
