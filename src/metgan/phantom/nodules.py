"""Tumours in three dimensions, and bright spots that are none: each belongs to a cell of a coarse grid.

A cell's are drawn by chance that belongs to it. So a region knows all that reaches into it from the cells
around, and draws each as it is drawn elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.seeding import stream
from metgan.types import AnyArray, Mask

from .body import Body
from .fields import Field, step
from .lattice import Axes, key_of, smooth_noise
from .metastases import contrast_of
from .settings import PhantomSettings

_CELL = 64  # pixels of the phantom, a side
_REACH = 3.0  # radii from a tumour's middle to the end of its window
_TUMOURS = 1.5e-5 * _CELL**3  # in a cell: one and a half in a plane of 128 x 128 pixels
_CLUSTERING = 0.35  # chance that one lies near the one before it
_SPOTS = {  # in a cell; radii (standard deviation, pixels) and peaks, even in the logarithm
    "grains": (8.0, (0.9, 2.4), (0.5, 5.0)),
    "debris": (14.0, (0.45, 0.8), (1.5, 9.0)),
    "glows": (1.5, (4.0, 9.0), (0.1, 0.4)),
}
_FAR = 40  # pixels of the phantom that anything reaches

Box = tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class Nodule:
    """One tumour in its window: the first voxel of it along each axis, its voxels, and its light, >= 0."""

    corner: NDArray[np.int64]
    mask: Mask
    light: Field


@dataclass(frozen=True)
class Grid:
    """The voxels that are drawn: the first one along each axis, how many, and how long they are.

    Parameters
    ----------
    first, shape : (int, int, int)
    pitch : (float, float, float)
        Length of a voxel along Z, Y and X, pixels of the phantom.
    """

    first: tuple[int, ...]
    shape: tuple[int, ...]
    pitch: tuple[float, ...]

    @property
    def axes(self) -> Axes:
        """The places of the voxels' middles, pixels of the phantom."""
        sides = zip(self.first, self.shape, self.pitch, strict=True)
        z, y, x = (
            (np.arange(first, first + n) + 0.5).astype(np.float64) * pitch for first, n, pitch in sides
        )
        return z, y, x

    def cells(self) -> Iterator[tuple[int, ...]]:
        """Yield the cells from which anything may reach a voxel."""
        ends = [(at[0] - _FAR, at[-1] + _FAR) for at in self.axes]
        yield from product(*(range(max(int(a // _CELL), 0), int(b // _CELL) + 1) for a, b in ends))

    def overlap(
        self, corner: Sequence[int] | NDArray[np.int64], shape: tuple[int, ...]
    ) -> tuple[Box, Box] | None:
        """Return where a window lies among the voxels, and what of it; None where it is elsewhere."""
        low = [max(a, int(c)) for a, c in zip(self.first, corner, strict=True)]
        high = [
            min(a + n, int(c) + m) for a, n, c, m in zip(self.first, self.shape, corner, shape, strict=True)
        ]
        if any(a >= b for a, b in zip(low, high, strict=True)):
            return None
        here = tuple(slice(a - f, b - f) for a, b, f in zip(low, high, self.first, strict=True))
        inner = tuple(slice(a - int(c), b - int(c)) for a, b, c in zip(low, high, corner, strict=True))
        return here, inner


def draw_tumours(body: Body, grid: Grid, blur: tuple[float, ...], around: float) -> tuple[Field, Mask]:
    """Return the light of the tumours before the optics, and their voxels, both (Z, Y, X).

    Parameters
    ----------
    body : Body
        No tumour's middle is in the air, or near its edge.
    grid : Grid
    blur : tuple of float
        Standard deviation of the optics' point spread function along Z, Y and X, voxels.
    around : float
        Light of ordinary tissue in the tumour channel, against which they are as bright as they are.
    """
    light, label = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.bool_)
    for cell in grid.cells():
        for centre, radius, number in _seats(body, cell):
            corner, shape = _window(centre, radius, grid.pitch)
            if (places := grid.overlap(corner, shape)) is not None:
                here, inner = places
                nodule = _grow((body.seed, *cell, number), centre, radius, grid, blur)
                light[here] += np.float32(around) * nodule.light[inner]
                label[here] |= nodule.mask[inner]
    return light, label


def draw_spots(seed: int, grid: Grid, kind: str) -> Field:
    """Return the light of one of the kinds ``grains``, ``debris`` or ``glows``, (Z, Y, X), >= 0."""
    count, radii, peaks = _SPOTS[kind]
    light = np.zeros(grid.shape, np.float32)
    axes = grid.axes
    for cell in grid.cells():
        rng = stream(seed, kind, *cell, 1)
        for _ in range(int(rng.poisson(count))):
            centre = (np.array(cell) + rng.random(3)) * _CELL
            radius = np.exp(rng.uniform(*np.log(radii)) + rng.uniform(-0.3, 0.3, 3))
            peak = np.float32(np.exp(rng.uniform(*np.log(peaks))))
            near = [
                np.searchsorted(at, (c - 4 * r, c + 4 * r))
                for at, c, r in zip(axes, centre, radius, strict=True)
            ]
            if all(a < b for a, b in near):
                z, y, x = (
                    np.exp(-0.5 * ((at[a:b] - c) / r) ** 2).astype(np.float32)
                    for at, (a, b), c, r in zip(axes, near, centre, radius, strict=True)
                )
                light[tuple(slice(a, b) for a, b in near)] += peak * z[:, None, None] * y[:, None] * x
    return light


def _seats(body: Body, cell: tuple[int, ...]) -> Iterator[tuple[NDArray[np.float64], float, int]]:
    """Yield middle (pixels of the phantom), radius and number of a cell's tumours, those in tissue alone."""
    settings, rng = PhantomSettings(), stream(body.seed, "seats", *cell, 1)
    low = np.array(cell, np.float64) * _CELL
    centre = low
    for number in range(int(rng.poisson(_TUMOURS))):
        area = settings.median_area * rng.lognormal(0, settings.area_spread)
        radius = float(np.sqrt(np.clip(area, settings.smallest_area, settings.largest_area) / np.pi))
        near, anywhere = centre + rng.normal(0, 11, 3), low + rng.uniform(0, _CELL, 3)
        centre = np.clip(near, low, low + _CELL) if number and rng.random() < _CLUSTERING else anywhere
        z, y, x = centre[:, None]
        if float(body.depth((z, y, x))[0, 0, 0]) > 1.5 * radius + 2:
            yield centre, radius, number


def _window(
    centre: NDArray[np.float64], radius: float, pitch: tuple[float, ...]
) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return the first voxel of a tumour's window, and its shape."""
    reach = _REACH * radius + 2
    low = np.floor((centre - reach) / pitch).astype(np.int64)
    high = np.ceil((centre + reach) / pitch).astype(np.int64)
    return low, tuple(map(int, high - low))


def _grow(
    number: tuple[int, ...], centre: NDArray[np.float64], radius: float, grid: Grid, blur: tuple[float, ...]
) -> Nodule:
    """Grow a tumour that is as large as a ball of `radius`: ragged, in one piece, without holes.

    Its light is such that it is as many times as bright as its surroundings, behind the optics, as its rank
    says.
    """
    rng = stream(number[0], "nodule", *number[1:], 1)
    corner, shape = _window(centre, radius, grid.pitch)
    axes = Grid(tuple(map(int, corner)), shape, grid.pitch).axes
    ragged = _ragged([at - c for at, c in zip(axes, centre, strict=True)], radius, rng)
    bumps = smooth_noise(key_of(number[0], "bumps", *number[1:], 1), axes, max(1.2, 0.55 * radius))
    ragged *= 1 + 0.2 * np.clip(bumps, -2.5, 2.5)
    voxels = max(1, round(4 / 3 * np.pi * radius**3 / float(np.prod(grid.pitch))))
    radii = ragged / np.partition(ragged.ravel(), min(voxels, ragged.size - 1))[min(voxels, ragged.size - 1)]
    mask = _one_piece(radii)
    radii = np.where(mask, np.minimum(radii, 0.95), np.maximum(radii, 1.05)).astype(np.float32)
    grainy = smooth_noise(key_of(number[0], "grainy", *number[1:], 1), axes, 2.0)
    profile = step(1 - radii, 0.12) * np.maximum(1 + 0.3 * grainy, 0)
    seen = float(ndimage.gaussian_filter(profile, blur)[mask].mean())
    contrast = contrast_of(float(rng.random()), PhantomSettings())
    return Nodule(corner, mask, np.asarray(profile * ((contrast - 1) / max(seen, 0.05)), np.float32))


def _ragged(offsets: list[AnyArray], radius: float, rng: np.random.Generator) -> Field:
    """Return the distance from the middle in radii of the tumour, of one to three lobes, stretched."""
    stretch = np.exp(rng.normal(0, 0.18, 3))
    field = np.full([len(at) for at in offsets], np.inf, np.float32)
    for lobe in range(int(rng.integers(1, 4))):
        towards = rng.standard_normal(3)
        towards *= (lobe > 0) * radius / np.linalg.norm(towards)
        z, y, x = ((at - t) * s / radius for at, t, s in zip(offsets, towards, stretch, strict=True))
        weight = 1.0 if lobe == 0 else rng.uniform(1.1, 1.8)
        away = weight * np.sqrt((z**2)[:, None, None] + (y**2)[:, None] + x**2)
        field = np.minimum(field, away.astype(np.float32))
    return field


def _one_piece(radii: AnyArray) -> Mask:
    """Return the piece of the inside, where `radii` < 1, about their smallest, without holes."""
    pieces, _ = ndimage.label(radii < 1)
    seed = pieces.flat[int(radii.argmin())]
    return np.asarray(ndimage.binary_fill_holes(pieces == seed) if seed else radii == radii.min(), bool)
