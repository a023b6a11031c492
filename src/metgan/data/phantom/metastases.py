"""Metastases: where they sit, how large, how ragged and how bright.

Two decisions. The area is what was asked for: a ragged field is drawn and its lowest `area` pixels are the
tumour, less stray ones and plus holes. And so is the contrast: the tumour's light is scaled, behind the
optics, against what surrounds it, so that none is invisible and the dim ones are dim by a known amount. The
anatomy has no say in the place, apart from being tissue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from metgan.types import Mask

from .fields import Field, step
from .settings import PhantomSettings

_AREAS = (5, 400)  # pixels
_DIMMEST, _DIM, _BRIGHTEST = 1.35, 1.7, 12.0  # ratios to the light around
_CLUSTERING = 0.35  # chance that a tumour lies near the one before it
_MARGIN = 4  # pixels from a centre to the picture's border, at least


@dataclass(frozen=True, eq=False)
class Metastasis:
    """One tumour in its window of the picture.

    Parameters
    ----------
    window : tuple of two slices
        Rows and columns of the picture that the arrays below cover.
    mask : Mask
        Its pixels within the window, at least one.
    light : Field
        What it adds to the tumour channel behind the optics, same shape as `mask`, >= 0.
    conspicuity : float
        Its rank in brightness among all tumours, in [0, 1): the contrast grows with it.
    """

    window: tuple[slice, slice]
    mask: Mask
    light: Field
    conspicuity: float


def draw_metastases(
    tissue: Mask, scene: Field, blur: float, settings: PhantomSettings, rng: np.random.Generator
) -> list[Metastasis]:
    """Draw the tumours of a picture that has some.

    Parameters
    ----------
    tissue : Mask
        Where tumours may be, (Y, X).
    scene : Field
        Light of the tumour channel without tumours, behind the optics, (Y, X), > 0.
    blur : float
        Standard deviation of the optics' point spread function, pixels.
    settings : PhantomSettings
        Number, areas and share of dim ones.
    rng : np.random.Generator
        Source of chance.

    Returns
    -------
    list of Metastasis
        Those for which there was room; they seldom touch, but may shine on each other. Where a large one
        finds no room, a small one takes its place.
    """
    scene, room = scene.copy(), tissue.copy()
    found: list[Metastasis] = []
    centre: tuple[int, int] | None = None
    for _ in range(1 + int(rng.poisson(settings.tumours_per_image - 1))):
        area = round(settings.median_area * rng.lognormal(0, settings.area_spread))
        area = int(np.clip(area, *_AREAS))
        sites = _sites(room, area)
        if not sites.any():
            area, sites = _AREAS[0], _sites(room, _AREAS[0])
        if not sites.any():
            break
        centre = _choose_centre(sites, centre if rng.random() < _CLUSTERING else None, rng)
        found.append(_grow(centre, area, scene, blur, settings, rng))
        room[found[-1].window] &= ~found[-1].mask
        scene[found[-1].window] += found[-1].light
    return found


def contrast_of(conspicuity: float, dim_fraction: float) -> float:
    """Give the ratio of a tumour to its surroundings, which grows with its rank.

    Examples
    --------
    >>> [round(contrast_of(rank, 0.5), 2) for rank in (0.0, 0.5, 1.0)]
    [1.35, 1.7, 12.0]
    """
    if conspicuity < dim_fraction:
        return float(_DIMMEST + (_DIM - _DIMMEST) * conspicuity / dim_fraction)
    rank = (conspicuity - dim_fraction) / (1 - dim_fraction) if dim_fraction < 1 else 0.0
    return float(_DIM * (_BRIGHTEST / _DIM) ** rank)


def _sites(room: Mask, area: int) -> Mask:
    """Give the pixels where a tumour of `area` pixels can have its centre and hardly leave the `room`."""
    sites = np.zeros_like(room)
    inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    clearance = ndimage.distance_transform_edt(room) if not room.all() else np.full(room.shape, np.inf)
    sites[inner] = clearance[inner] > 1.5 * np.sqrt(area / np.pi) + 3
    return sites


def _choose_centre(sites: Mask, near: tuple[int, int] | None, rng: np.random.Generator) -> tuple[int, int]:
    """Choose one of `sites`: any, or the nearest to a point not far from `near`."""
    rows, columns = np.nonzero(sites)
    at = int(rng.integers(rows.size))
    if near is not None:
        wish = np.array(near) + rng.normal(0, 11, 2)
        at = int(np.argmin((rows - wish[0]) ** 2 + (columns - wish[1]) ** 2))
    return int(rows[at]), int(columns[at])


def _grow(
    centre: tuple[int, int],
    area: int,
    scene: Field,
    blur: float,
    settings: PhantomSettings,
    rng: np.random.Generator,
) -> Metastasis:
    """Grow a tumour of `area` pixels about `centre` and light it up against the `scene`."""
    half = int(np.ceil(3.0 * np.sqrt(area / np.pi) + 4 * blur + 2))
    ragged = _ragged(half, area, rng)
    radii = _heal(ragged / np.partition(ragged.ravel(), area)[area])  # < 1: inside
    profile = step(1 - radii, 0.12) * np.maximum(1 + 0.3 * _grainy(radii.shape, 1.5, rng), 0)
    profile = np.asarray(ndimage.gaussian_filter(profile, blur), dtype=np.float32)
    rows, columns = (slice(max(c - half, 0), min(c + half + 1, len(scene))) for c in centre)
    top, left = centre[0] - half, centre[1] - half
    inner = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    rank = float(rng.random())
    contrast = contrast_of(rank, settings.dim_fraction)
    light = _light_up(profile[inner], radii[inner], scene[rows, columns], contrast)
    return Metastasis((rows, columns), radii[inner] < 1, light, rank)


def _light_up(profile: Field, radii: Field, behind: Field, contrast: float) -> Field:
    """Scale `profile` so that its inside is about `contrast` times as bright as the ring about it."""
    inside, ring = radii < 1, (radii > 1.5) & (radii < 2.5)
    around = float(np.median(behind[ring]))
    wanted = contrast * around - min(float(behind[inside].mean()), around)
    gained = float(profile[inside].mean()) - float(np.median(profile[ring]))
    return np.asarray(profile * (wanted / max(gained, 0.05)), dtype=np.float32)


def _heal(radii: Field) -> Field:
    """Make the inside, where `radii` < 1, one piece without holes: the piece about their smallest."""
    pieces, _ = ndimage.label(radii < 1)
    whole = ndimage.binary_fill_holes(pieces == pieces.flat[int(radii.argmin())])
    healed = np.where(whole, np.minimum(radii, 0.95), np.maximum(radii, 1.05))
    return np.asarray(healed, dtype=np.float32)


def _ragged(half: int, area: int, rng: np.random.Generator) -> Field:
    """Give the distance from the middle, in radii of the tumour, unevenly: (2 half + 1, 2 half + 1)."""
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
    """Give smoothed noise of mean about 0 and standard deviation 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), grain)
    return np.asarray(noise / (noise.std() + 1e-12), dtype=np.float32)
