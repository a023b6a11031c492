"""Bright things that are not tumours, for a segmentor to be wrong about.

Four kinds, each with a tell: grains glow in the anatomy channel too (autofluorescence that leaks), debris is
smaller than the optics resolve, threads are thin and long, glows are out of focus and have no outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .fields import Field, grid

_KINDS = 4
_AREA = 128 * 128  # pixels that the settings' mean number refers to


@dataclass(frozen=True)
class Confusers:
    """Light of the confusers before the optics, (Y, X), >= 0, where 1 is ordinary tissue.

    What glows in the anatomy channel and leaks into the other, and what glows in the tumour channel alone.
    """

    autofluorescent: Field
    stained: Field


def draw_confusers(size: int, mean: float, rng: np.random.Generator) -> Confusers:
    """Draw confusers anywhere in a picture, `mean` per 128 x 128 pixels, in equal shares of the four kinds.

    Examples
    --------
    >>> nothing = draw_confusers(48, 0.0, np.random.default_rng(0))
    >>> float(nothing.stained.max()), float(nothing.autofluorescent.max())
    (0.0, 0.0)
    """
    grains, debris, threads, glows = rng.poisson(mean * size**2 / _AREA / _KINDS, _KINDS)
    stained = (
        _spots(size, int(debris), (0.45, 0.8), (1.5, 9.0), rng)
        + _spots(size, int(glows), (4.0, 9.0), (0.1, 0.4), rng)
        + _threads(size, int(threads), rng)
    )
    return Confusers(_spots(size, int(grains), (0.9, 2.4), (0.5, 5.0), rng), stained)


def _spots(
    size: int, count: int, radii: tuple[float, float], peaks: tuple[float, float], rng: np.random.Generator
) -> Field:
    """Draw Gaussian spots, their `radii` (standard deviation, pixels) and `peaks` even in the logarithm."""
    light = np.zeros((size, size), dtype=np.float32)
    y, x = grid(size)
    for _ in range(count):
        row, column = rng.uniform(-size / 2, size / 2, 2)
        tall, wide = np.exp(rng.uniform(*np.log(radii)) + rng.uniform(-0.3, 0.3) * np.array([1, -1]))
        peak = np.exp(rng.uniform(*np.log(peaks)))
        light += peak * np.exp(-0.5 * ((y - row) / tall) ** 2) * np.exp(-0.5 * ((x - column) / wide) ** 2)
    return light


def _threads(size: int, count: int, rng: np.random.Generator) -> Field:
    """Draw short winding threads, one or two pixels wide and 12 to 45 long."""
    light = np.zeros((size, size), dtype=np.float32)
    for _ in range(count):
        length = int(rng.integers(12, 46))
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(0.13 * rng.standard_normal(length))
        steps = np.stack([np.sin(heading), np.cos(heading)], axis=1)  # (step, 2)
        track = rng.uniform(0, size, 2) + np.cumsum(steps, axis=0)
        pixel = np.rint(track).astype(np.intp)  # (step, 2)
        seen = ((pixel >= 0) & (pixel < size)).all(axis=1)
        fade = np.sin(np.linspace(0.2, np.pi - 0.2, length)) * rng.uniform(1.0, 4.0)
        light[pixel[seen, 0], pixel[seen, 1]] = fade[seen]
    return np.asarray(ndimage.gaussian_filter(light, 0.5), dtype=np.float32) if count else light
