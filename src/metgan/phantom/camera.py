"""How a scan is stored: dtype and range, whether its background was subtracted, and what fills its gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from metgan.types import AnyArray, Camera, Mask

PixelFormat = Literal["uint8", "uint12", "uint16", "float32"]
"""How counts are stored.

"uint16" as they are; "uint12" cut at 4095, the range of a 12-bit camera, in 16 bits; "uint8" divided by 16
and cut at 255; "float32" less the median of the recorded pixels, neither rounded nor cut.
"""
Scan = NDArray[np.float64]
"""Counts before they are stored, (Y, X)."""
_WHOLE: Mapping[str, tuple[np.dtype[Any], float, int]] = {
    "uint8": (np.dtype(np.uint8), 16.0, 255),
    "uint12": (np.dtype(np.uint16), 1.0, 4095),
    "uint16": (np.dtype(np.uint16), 1.0, 65535),
}
"""Dtype of a file, counts per grey level and largest grey level, by the format."""


@dataclass(frozen=True, eq=False)
class Stored:
    """One channel in the units of its file, (Y, X), and its value without light.

    Where a background was subtracted that may be negative.
    """

    image: Camera
    dark: float


def store(scan: Scan, dark: float, pixel_format: PixelFormat, fill: Mask, value: int) -> Stored:
    """Store one channel, (Y, X) counts of which `dark` is that without light.

    The pixels of `fill`, not all, were never recorded and hold exactly `value`, in the units of the file.

    Examples
    --------
    >>> counts, gap = np.array([[90.0, 1600.0, 5000.0]]), np.array([[True, False, False]])
    >>> store(counts, 96.0, "uint8", gap, 0)
    Stored(image=array([[  0, 100, 255]], dtype=uint8), dark=6.0)
    >>> store(counts, 96.0, "float32", gap, 0)
    Stored(image=array([[    0., -1700.,  1700.]], dtype=float32), dark=-3204.0)
    """
    if pixel_format == "float32":
        background = float(np.median(scan[~fill]))
        stored = Stored((scan - background).astype(np.float32), dark - background)
    else:
        dtype, step, most = _WHOLE[pixel_format]
        stored = Stored(np.clip(np.rint(scan / step), 0, most).astype(dtype), dark / step)
    stored.image[fill] = value
    return stored


def clip_background(stored: Stored, share: float, truth: Mask) -> Stored:
    """Subtract the value that `share` of the pixels do not exceed, and set what is negative to 0.

    The pixels of tumours, `truth`, have no say in the level.

    Examples
    --------
    >>> scan = Stored(np.array([[7, 2, 4, 9]], np.uint16), 1.0)
    >>> clip_background(scan, 0.5, np.array([[False, False, False, True]]))
    Stored(image=array([[3, 0, 0, 5]], dtype=uint16), dark=-3.0)
    """
    image: AnyArray = stored.image
    level = np.quantile(image[~truth], share, method="lower")
    clipped = (np.maximum(image, level) - level).astype(image.dtype)
    return Stored(clipped, stored.dark - float(level))
