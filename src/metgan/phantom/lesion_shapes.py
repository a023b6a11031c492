"""Shapes of tumours: where they end, how thick they are, and what counts as their surroundings.

The area is what was asked for: a ragged field is drawn and its lowest `area` pixels are the tumour, less
stray ones and plus holes. Small tumours are compact and may leave the tissue by a little. Large ones would
need more clear room than an image has, so they are drawn within the room that there is: they end at the
border of the image, of the tissue and of their neighbours, as real lesions do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from metgan.types import Mask

from .fields import Field, step

_SOFTNESS = 1.36  # pixels over which the light of a large tumour ends, before the optics
_MOST = 0.4  # of the room that a large tumour may take
_RING = (2.0, 6.0)  # pixels from a large tumour: more than the first, not more than the second


@dataclass(frozen=True, eq=False)
class Shape:
    """One tumour in its window of the picture, a slice of rows and one of columns.

    Its pixels, its light behind the optics, >= 0, of which only the form matters, and its surroundings, at
    least one pixel; each as large as the window.
    """

    window: tuple[slice, slice]
    mask: Mask
    profile: Field
    ring: Mask


def draw_compact(
    centre: tuple[int, int], area: int, blur: float, size: int, rng: np.random.Generator
) -> Shape:
    """Draw a small tumour of `area` pixels about `centre`, in a picture of `size` pixels a side."""
    half = _half(area, blur)
    ragged = _ragged(half, area, rng)
    radii = _heal(ragged / np.partition(ragged.ravel(), area)[area])  # < 1: inside
    profile = step(1 - radii, 0.12) * np.maximum(1 + 0.3 * _grainy(radii.shape, 1.5, rng), 0)
    profile = np.asarray(ndimage.gaussian_filter(profile, blur), dtype=np.float32)
    window, inner = _windows(centre, half, size)
    radii = radii[inner]
    return Shape(window, radii < 1, profile[inner], (radii > 1.5) & (radii < 2.5))


def draw_spread(
    centre: tuple[int, int], area: int, blur: float, room: Mask, rng: np.random.Generator
) -> Shape:
    """Draw a large tumour within the `room`, (Y, X), of which it takes 40 % at most.

    Its outline is ragged at every scale; inside it is uneven, and one in two has a darker core.
    """
    half = _half(area, blur)
    window, inner = _windows(centre, half, len(room))
    free, radius = room[window], np.sqrt(area / np.pi)
    ragged = (_ragged(half, area, rng) * (1 + 0.07 * _grainy((2 * half + 1,) * 2, 2.0, rng)))[inner]
    ragged = np.where(free, np.maximum(ragged, 0), np.inf)
    level = np.partition(ragged.ravel(), taken := min(area, int(_MOST * free.sum())))[taken]
    radii = np.where(free, _heal(np.asarray(ragged / level, dtype=np.float32)), np.float32(np.inf))
    mask = radii < 1
    uneven = 1 + 0.22 * _grainy(radii.shape, 1.5, rng) + 0.25 * _grainy(radii.shape, 0.22 * radius, rng)
    core = rng.choice([0.0, 0.45]) * np.exp(-((radii / 0.45) ** 2))
    profile = step(1 - radii, _SOFTNESS / radius) * np.maximum(uneven * (1 - core), 0.15)
    profile = np.asarray(ndimage.gaussian_filter(profile, blur), dtype=np.float32)
    away = ndimage.distance_transform_edt(~mask)
    near = (away > _RING[0]) & (away <= _RING[1])
    return Shape(window, mask, profile, near & free if (near & free).any() else ~mask)


def _half(area: int, blur: float) -> int:
    """Return the pixels from the middle of a tumour's square to its edge."""
    return int(np.ceil(3.0 * np.sqrt(area / np.pi) + 4 * blur + 2))


def _windows(
    centre: tuple[int, int], half: int, size: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return what a square of edge 2 half + 1 covers of the picture, and what of the square that is."""
    rows, columns = (slice(max(c - half, 0), min(c + half + 1, size)) for c in centre)
    top, left = centre[0] - half, centre[1] - half
    inner = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    return (rows, columns), inner


def _heal(radii: Field) -> Field:
    """Make the inside, where `radii` < 1, one piece without holes: the piece about their smallest."""
    pieces, _ = ndimage.label(radii < 1)
    whole = ndimage.binary_fill_holes(pieces == pieces.flat[int(radii.argmin())])
    healed = np.where(whole, np.minimum(radii, 0.95), np.maximum(radii, 1.05))
    return np.asarray(healed, dtype=np.float32)


def _ragged(half: int, area: int, rng: np.random.Generator) -> Field:
    """Return the distance from the middle, in radii of the tumour, unevenly: (2 half + 1, 2 half + 1)."""
    axis = np.arange(-half, half + 1, dtype=np.float32)
    radius = np.sqrt(area / np.pi)
    stretch, turn = rng.lognormal(0, 0.22), rng.uniform(0, np.pi)
    field = np.full((len(axis), len(axis)), np.inf, dtype=np.float32)
    for lobe in range(int(rng.integers(1, 4))):
        away, towards = (0.0 if lobe == 0 else 1.0) * radius, rng.uniform(0, 2 * np.pi)
        y, x = axis[:, None] - away * np.sin(towards), axis[None, :] - away * np.cos(towards)
        across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        weight = 1.0 if lobe == 0 else rng.uniform(1.1, 1.8)
        field = np.minimum(field, weight * np.hypot(across * stretch, along / stretch) / radius)
    bumps = 1 + 0.22 * np.clip(_grainy(field.shape, max(1.2, 0.35 * radius), rng), -2.5, 2.5)
    return np.asarray(field * bumps, dtype=np.float32)


def _grainy(shape: tuple[int, ...], grain: float, rng: np.random.Generator) -> Field:
    """Return smoothed noise of mean about 0 and standard deviation 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), grain)
    return np.asarray(noise / (noise.std() + 1e-12), dtype=np.float32)
