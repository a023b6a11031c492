"""Metastases: where they sit, how large, how ragged and how bright.

Two decisions. The area is what was asked for, as `lesion_shapes` says. And so is the contrast: the tumour's
light is scaled, behind the optics, against what surrounds it, so that none is invisible and the dim ones are
dim by a known amount. The anatomy has no say in the place, apart from being tissue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from metgan.types import AnyArray, Mask

from .fields import Field
from .lesion_shapes import Shape, draw_compact, draw_spread
from .settings import PhantomSettings

_COMPACT = 400  # pixels: what is larger takes the room that there is
_CLUSTERING = 0.35  # chance that a tumour lies near the one before it
_MARGIN = 4  # pixels from a centre to the picture's border, at least


@dataclass(frozen=True, eq=False)
class Metastasis:
    """One tumour in its window of the picture, a slice of rows and one of columns.

    Its pixels, at least one; what it adds to the tumour channel behind the optics, >= 0; and its rank in
    brightness among all tumours, in [0, 1): the contrast grows with it.
    """

    window: tuple[slice, slice]
    mask: Mask
    light: Field
    conspicuity: float


def draw_metastases(
    tissue: Mask, scene: Field, blur: float, settings: PhantomSettings, rng: np.random.Generator
) -> list[Metastasis]:
    """Draw the tumours of a picture that has some: those for which there is room.

    They seldom touch, but may shine on each other. Where a large one finds no room, a smaller one takes its
    place.

    Parameters
    ----------
    tissue : Mask
        Where tumours may be, (Y, X).
    scene : Field
        Light of the tumour channel without tumours, behind the optics, (Y, X), > 0.
    blur : float
        Standard deviation of the optics' point spread function, pixels.
    settings : PhantomSettings
        Number, areas and contrasts.
    rng : np.random.Generator
    """
    plane = _Plane(scene.copy(), tissue.copy(), blur)
    found: list[Metastasis] = []
    centre: tuple[int, int] | None = None
    for _ in range(1 + int(rng.poisson(settings.tumours_per_image - 1))):
        wanted = round(settings.median_area * rng.lognormal(0, settings.area_spread))
        wanted = int(np.clip(wanted, settings.smallest_area, settings.largest_area))
        area, sites = _find_room(plane.room, wanted, settings.smallest_area)
        if not sites.any():
            break
        centre = _choose_centre(sites, centre if rng.random() < _CLUSTERING else None, rng)
        found.append(_grow(centre, area, plane, settings, rng))
        plane.room[found[-1].window] &= ~found[-1].mask
        plane.light[found[-1].window] += found[-1].light
    return found


@dataclass(frozen=True, eq=False)
class _Plane:
    """The picture so far: light of its tumour channel, (Y, X), room for tumours, (Y, X), and the optics."""

    light: Field
    room: Mask
    blur: float


def contrast_of(conspicuity: float, settings: PhantomSettings) -> float:
    """Return the ratio of a tumour to its surroundings, which grows with its rank.

    Examples
    --------
    >>> [round(contrast_of(rank, PhantomSettings(dim_fraction=0.5)), 2) for rank in (0.0, 0.5, 1.0)]
    [1.35, 1.7, 12.0]
    """
    dim_fraction, dim = settings.dim_fraction, settings.dim_contrast
    if conspicuity < dim_fraction:
        lowest = settings.lowest_contrast
        return float(lowest + (dim - lowest) * conspicuity / dim_fraction)
    rank = (conspicuity - dim_fraction) / (1 - dim_fraction) if dim_fraction < 1 else 0.0
    return float(dim * (settings.highest_contrast / dim) ** rank)


def _find_room(room: Mask, area: int, smallest: int) -> tuple[int, Mask]:
    """Return the area for which there is room, and the pixels where the tumour can have its centre.

    A large one is halved until it fits; instead of a small one that does not, there is the smallest.
    """
    clearance = ndimage.distance_transform_edt(room) if not room.all() else np.full(room.shape, np.inf)
    sites = _sites(clearance, area)
    while not sites.any() and area > smallest:
        area = max(area // 2, smallest) if area > _COMPACT else smallest
        sites = _sites(clearance, area)
    return area, sites


def _sites(clearance: AnyArray, area: int) -> Mask:
    """Return the pixels where a tumour of `area` pixels can have its centre.

    A small one hardly leaves the room then; a large one finds enough of it about its centre.
    """
    sites = np.zeros(clearance.shape, dtype=np.bool_)
    inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    sites[inner] = clearance[inner] > (1.5 if area <= _COMPACT else 0.55) * np.sqrt(area / np.pi) + 3
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
    centre: tuple[int, int], area: int, plane: _Plane, settings: PhantomSettings, rng: np.random.Generator
) -> Metastasis:
    """Grow a tumour of `area` pixels about `centre` and light it up against the light of the `plane`."""
    if area <= _COMPACT:
        shape = draw_compact(centre, area, plane.blur, len(plane.room), rng)
    else:
        shape = draw_spread(centre, area, plane.blur, plane.room, rng)
    rank = float(rng.random())
    light = _light_up(shape, plane.light[shape.window], contrast_of(rank, settings))
    return Metastasis(shape.window, shape.mask, light, rank)


def _light_up(shape: Shape, behind: Field, contrast: float) -> Field:
    """Scale the profile so that its inside is about `contrast` times as bright as the ring about it."""
    around = float(np.median(behind[shape.ring]))
    wanted = contrast * around - min(float(behind[shape.mask].mean()), around)
    gained = float(shape.profile[shape.mask].mean()) - float(np.median(shape.profile[shape.ring]))
    return np.asarray(shape.profile * (wanted / max(gained, 0.05)), dtype=np.float32)
