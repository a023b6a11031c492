"""The brightest value that a camera gives: a 12-bit camera stores 16-bit files, and none is above 4095.

Generated images are limited to it: added noise and light could otherwise exceed what such a camera can
record, and a segmentor could recognise generated images by that alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .pixel_values import PixelValues

DEPTHS: Final = (12, 14, 16)
"""Bits of scientific cameras that store 16-bit files."""
PILED = 4.0
"""How many times as often as brighter values in general the brightest one occurs where light was cut off."""
_LEAST_PILED = 10  # pixels
_BESIDE = 16  # values
_FEWEST_BESIDE = 4


def find_ceiling(light: PixelValues) -> float | None:
    """Return the brightest value that the camera of a channel can give.

    Parameters
    ----------
    light : PixelValues, camera units
        All light of a channel, fill left out.

    Returns
    -------
    float or None
        The brightest value there is, where pixels are piled up at it: light beyond was cut off. Else, of
        whole numbers, the full scale of the smallest depth of `DEPTHS` that holds them (of uint8, 255). None
        for floats without such a pile.

    Examples
    --------
    >>> from .pixel_values import Histogram
    >>> light = Histogram(np.dtype(np.uint16))
    >>> light.add(np.arange(3000, dtype=np.uint16))
    >>> find_ceiling(light)
    4095.0
    """
    brightest = light.brightest
    if _is_piled(light):
        return brightest
    if light.dtype == np.uint8:
        return 255.0
    if light.dtype.kind != "u":
        return None
    return float(next(full for full in (2**depth - 1 for depth in DEPTHS) if full >= brightest))


def _is_piled(light: PixelValues) -> bool:
    """Tell whether the brightest value is far more frequent than those next below it that occur."""
    for share in (99, 90, 50, 0):  # of the pixels are left out, so that hardly any need to be sorted
        counts = light.counts_from(share)
        beside = counts[-1 - _BESIDE : -1]
        if beside.size >= _FEWEST_BESIDE:
            return bool(counts[-1] >= max(_LEAST_PILED, PILED * beside.mean()))
    return False
