"""How a scan is stored: dtype and range, whether its background was subtracted, and what fills its gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
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
_EIGHT_BIT_STEP = 16.0  # counts per grey level of a uint8 file


@dataclass(frozen=True, eq=False)
class Stored:
    """One channel in the units of its file.

    Parameters
    ----------
    image : Camera
        Its pixels, (Y, X).
    dark : float
        Value without light. Where a background was subtracted it may be negative.
    """

    image: Camera
    dark: float


def _as_uint8(scan: Scan, dark: float, _: Mask) -> Stored:
    return Stored(_whole(scan / _EIGHT_BIT_STEP, 255).astype(np.uint8), dark / _EIGHT_BIT_STEP)


def _as_uint12(scan: Scan, dark: float, _: Mask) -> Stored:
    return Stored(_whole(scan, 4095).astype(np.uint16), dark)


def _as_uint16(scan: Scan, dark: float, _: Mask) -> Stored:
    return Stored(_whole(scan, 65535).astype(np.uint16), dark)


def _as_float32(scan: Scan, dark: float, recorded: Mask) -> Stored:
    background = float(np.median(scan[recorded]))
    return Stored((scan - background).astype(np.float32), dark - background)


def _whole(counts: Scan, most: int) -> NDArray[Any]:
    return np.clip(np.rint(counts), 0, most)


FORMATS: Mapping[str, Callable[[Scan, float, Mask], Stored]] = MappingProxyType(
    {"uint8": _as_uint8, "uint12": _as_uint12, "uint16": _as_uint16, "float32": _as_float32}
)
"""The pixel formats by name: from counts, dark level and the recorded pixels to what a file holds."""


def store(scan: Scan, dark: float, pixel_format: PixelFormat, fill: Mask, value: int) -> Stored:
    """Store one channel; the pixels of `fill` hold exactly `value`.

    Parameters
    ----------
    scan : Scan
        Counts, (Y, X).
    dark : float
        Counts without light.
    pixel_format : {"uint8", "uint12", "uint16", "float32"}
        How they are stored.
    fill : Mask
        Pixels that were never recorded, (Y, X); not all.
    value : int
        What they hold, in the units of the file.

    Examples
    --------
    >>> counts, gap = np.array([[90.0, 1600.0, 5000.0]]), np.array([[True, False, False]])
    >>> store(counts, 96.0, "uint8", gap, 0)
    Stored(image=array([[  0, 100, 255]], dtype=uint8), dark=6.0)
    >>> store(counts, 96.0, "float32", gap, 0)
    Stored(image=array([[    0., -1700.,  1700.]], dtype=float32), dark=-3204.0)
    """
    stored = FORMATS[pixel_format](scan, dark, ~fill)
    stored.image[fill] = value
    return stored


def clip_background(stored: Stored, share: float, truth: Mask) -> Stored:
    """Subtract the value that `share` of the pixels do not exceed, and set what is negative to 0.

    Parameters
    ----------
    stored : Stored
        One channel.
    share : float
        Share of the pixels outside the tumours that become 0, in [0, 1].
    truth : Mask
        Tumours, (Y, X), not all pixels: their light has no say in the level.

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
