"""Measuring the normalisation of a training set in two passes over its pairs, one pair at a time.

The first pass finds the constants of fill, the second what light is left without them. A set of whole numbers
without fill needs no second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np

from metgan.errors import ArrayError
from metgan.labels import FillSearch, SharedFill, fill_of
from metgan.types import Camera, Mask

from .ceiling import find_ceiling
from .normalise import ChannelScale, FillValues, Normalisation, Scaling
from .pixel_values import PixelValues, pixel_values
from .sample import Pair

LOW_PERCENTILE: Final = 0.1
HIGH_PERCENTILE: Final = 99.95  # one pixel in 2000 saturates: hot pixels, and the brightest tumours' cores


def fit_pairs(pairs: Sequence[Pair], scaling: Scaling = "shared") -> Normalisation:
    """Measure the robust range of both channels over a training set.

    Parameters
    ----------
    pairs : sequence of Pair
        Read one by one, once or twice each. All images of one channel must share a dtype: it becomes the
        dtype of generated images.
    scaling : {"shared", "per-image"}
        One map for all images, or the release's, which scales every image by its own extremes.

    Raises
    ------
    ArrayError
        For images of several dtypes, or none.
    SettingError
        For a channel without contrast.

    Deviates: the release rescales each image by its own extremes. Pinned by
    ``test_one_hot_pixel_does_not_set_the_scale``.
    """
    anatomy, tumour = _Channel("anatomy"), _Channel("tumour")
    for pair in pairs:
        anatomy.look(pair.anatomy)
        tumour.look(pair.tumour)
    shared = None
    if anatomy.fill is not None or tumour.fill is not None:
        shared = _take_light(anatomy, tumour, pairs)
    scales = anatomy.scale(scaling), tumour.scale(scaling)
    # An image that is scaled by its own extremes, as in the release, is scaled with its fill.
    values = None if scaling == "per-image" else shared
    fill = None if values is None else FillValues(*values, anatomy.usual, tumour.usual)
    return Normalisation(*scales, fill)


class _Channel:
    def __init__(self, name: str) -> None:
        self.name = name
        self.search = FillSearch()
        self.extremes: list[tuple[float, float]] = []
        self.light: dict[str, PixelValues] = {}  # by dtype

    def look(self, image: Camera) -> None:
        """Take an image in the first pass."""
        self.search.add(image)
        self.extremes.append((image.min(), image.max()))
        self.light.setdefault(str(image.dtype), pixel_values(image.dtype)).add(image)

    @cached_property
    def fill(self) -> float | None:
        """The constant of its fill, once all images have been looked at."""
        return self.search.value

    def forget_light(self) -> None:
        """Begin to count anew."""
        self.light = {name: pixel_values(light.dtype) for name, light in self.light.items()}

    def take_light(self, image: Camera) -> Mask | None:
        """Take an image in the second pass, without its fill; return where that is, or None."""
        value, light = self.fill, self.light[str(image.dtype)]
        if value is None:
            light.add(image)
            return None
        filled = fill_of(image, value)
        light.add(image[~filled])
        return filled

    def scale(self, scaling: Scaling) -> ChannelScale:
        """Return the map of the channel.

        Raises
        ------
        ArrayError
            When the images do not share one dtype, or there are none.
        """
        if len(self.light) != 1:
            raise ArrayError(
                f"{self.name} images of {len(self.light)} dtypes "
                f"({', '.join(sorted(self.light)) or 'no image'})",
                "one dtype, the camera's",
                "Convert the files to the dtype of the microscope",
            )
        ((dtype, light),) = self.light.items()
        if scaling == "per-image":
            low, high = np.median(self.extremes, axis=0)
        else:
            low, high = light.percentiles([LOW_PERCENTILE, HIGH_PERCENTILE])
        return ChannelScale(float(low), float(high), dtype, scaling == "per-image", find_ceiling(light))

    @property
    def usual(self) -> float:
        """The median of the light; nan, as in numpy, where there is nothing but fill."""
        (light,) = self.light.values()
        return float(np.mean(light.middle()))


def _take_light(anatomy: _Channel, tumour: _Channel, pairs: Sequence[Pair]) -> tuple[float, float] | None:
    """Count the light of both channels without fill; return the constants of fill if they share it."""
    anatomy.forget_light()
    tumour.forget_light()
    both = None if anatomy.fill is None or tumour.fill is None else SharedFill(anatomy.fill, tumour.fill)
    for pair in pairs:
        filled, _ = anatomy.take_light(pair.anatomy), tumour.take_light(pair.tumour)
        if both is not None and filled is not None:
            both.add(filled, pair.tumour)
    return None if both is None else both.values
