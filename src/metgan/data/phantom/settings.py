"""What a phantom can be asked for.

The sizes of tumours come from the 15 tumours in MetGAN's released sample of expert labels: 10 to 365 pixels,
median 41. Shares (of empty pairs, dim tumours, body edges) are choices, not measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

from metgan.errors import SettingError

_RANGES: dict[str, tuple[float, float]] = {
    "size": (48, 4096),
    "empty_fraction": (0, 1),
    "tumours_per_image": (1, 50),
    "median_area": (8, 400),
    "area_spread": (0, 1.5),
    "dim_fraction": (0, 1),
    "confusers_per_image": (0, 100),
    "crosstalk": (0, 2),
    "edge_fraction": (0, 1),
    "photons": (5, 500),
    "missed_fraction": (0, 1),
    "outline_noise": (0, 5),
}


@dataclass(frozen=True)
class PhantomSettings:
    """What phantom pairs look like, and how well they are annotated.

    Parameters
    ----------
    size : int
        Edge of the square pictures, pixels, in [48, 4096].
    empty_fraction : float
        Share of the pairs without any tumour, in [0, 1].
    tumours_per_image : float
        Mean number of tumours in the other pairs, in [1, 50].
    median_area : float
        Median area of a tumour, pixels, in [8, 400].
    area_spread : float
        Standard deviation of the logarithm of the area, in [0, 1.5]; areas are kept within [5, 400] pixels.
    dim_fraction : float
        Share of the tumours that are 1.35 to 1.7 times as bright as their surroundings, in [0, 1]; the others
        reach 12 times. In camera counts it is less, because of the offset.
    confusers_per_image : float
        Mean number of bright things that are no tumour, per 128 x 128 pixels, in [0, 100].
    crosstalk : float
        Autofluorescence that enters the tumour channel, as a share of the anatomy's light, in [0, 2].
    edge_fraction : float
        Share of the pairs that show the edge of the body, in [0, 1]. Half of the rest, at most a fifth of all
        pairs, show the border of two organs.
    photons : float
        Photons detected per pixel of ordinary tissue, in [5, 500]; the fewer, the noisier. Animals differ by
        some 40 %.
    missed_fraction : float
        Share of the tumours that the annotator misses, the dimmest first, in [0, 1].
    outline_noise : float
        Standard deviation of the annotator's shift and of the growth of an outline, pixels, in [0, 5].

    Raises
    ------
    SettingError
        If a value lies outside its range.

    Examples
    --------
    >>> PhantomSettings(size=64).missed_fraction
    0.0
    """

    size: int = 128
    empty_fraction: float = 0.25
    tumours_per_image: float = 3.0
    median_area: float = 41.0
    area_spread: float = 0.95
    dim_fraction: float = 0.3
    confusers_per_image: float = 6.0
    crosstalk: float = 0.45
    edge_fraction: float = 0.25
    photons: float = 35.0
    missed_fraction: float = 0.0
    outline_noise: float = 0.0

    def __post_init__(self) -> None:
        if type(self.size) is not int:  # True is an int, too
            raise SettingError(f"size is {self.size!r}", "a whole number of pixels", "Give an int")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # so that nan is refused, too
                raise SettingError(f"{name} is {value}", f"a value in [{low}, {high}]", f"Change {name}")
