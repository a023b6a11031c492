"""A whole volume of a made-up animal, of any size: drawn region by region, and written as OME-Zarr.

Notes
-----
Voxels are drawn in bricks that lie where they lie, whatever region is asked for, each with the halo that the
optics need. So they are the same bytes, not the same up to rounding, in whatever blocks a volume is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.errors import SettingError
from metgan.images import OmeZarrChannel, OmeZarrLayout, writing_ome_zarr
from metgan.progress import SLOW, progress
from metgan.seeding import check_seed, stream
from metgan.types import Mask

from .animal import Animal, draw_animal
from .body import Body
from .fields import Field, step
from .lattice import cloud3, key_of, white_noise
from .nodules import Grid, draw_spots, draw_tumours
from .settings import PhantomSettings

PIXEL_UM: Final = 8.0
"""What a pixel of the phantom stands for, micrometres."""
VOLUME_RANGES: Final[dict[str, tuple[float, float]]] = {
    "planes": (1, 100_000),
    "rows": (48, 100_000),
    "columns": (48, 100_000),
    "voxel_size_um": (4.0, 40.0),
}
"""Least and most of a volume's planes, rows and columns, and of the size of a voxel."""
_BRICK = (64, 128, 128)
_CHUNK, _BLOCK = (64, 64, 64), (64, 256, 256)
_LABEL = "tumours"
_AIR = 0.03  # light of the medium about the body, where 1 is ordinary tissue
_AXIAL = 2.0  # how much longer than wide the optics draw a point
_TRUNCATED = 3.0  # standard deviations


@dataclass(frozen=True)
class PhantomVolume:
    """A volume that can be drawn: anatomy, tumour channel and the truth, all functions of the place.

    It shows a body of two organs with vessels, in air, and tumours of several planes. Contrasts, areas (of a
    tumour's largest section) and the camera are those of the 2-D phantom's defaults.

    Parameters
    ----------
    shape : (int, int, int)
        Planes, rows and columns.
    voxel_size_um : (float, float, float), default (8, 8, 8)
        Along Z, Y and X, each in [4, 40]; what is drawn keeps its size in um.
    seed : int, default 0
        0 or more.

    Raises
    ------
    SettingError
        For a value out of its range.

    Examples
    --------
    >>> volume = PhantomVolume((3, 48, 48))
    >>> image, label = volume.draw((slice(1, 2), slice(0, 40), slice(8, 48)))
    >>> image.shape, image.dtype.name, label.shape
    ((2, 1, 40, 40), 'uint16', (1, 40, 40))
    """

    shape: tuple[int, int, int]
    voxel_size_um: tuple[float, float, float] = (PIXEL_UM,) * 3
    seed: int = 0

    def __post_init__(self) -> None:
        names = ("planes", "rows", "columns", *["voxel_size_um"] * 3)
        for name, value in zip(names, (*self.shape, *self.voxel_size_um), strict=True):
            SettingError.unless_within(name, value, *VOLUME_RANGES[name])
        check_seed(self.seed)

    def draw(self, region: Sequence[slice]) -> tuple[NDArray[np.uint16], Mask]:
        """Draw a region: anatomy and tumour channel, (2, Z, Y, X) in counts, and the tumours, (Z, Y, X)."""
        asked = [range(n)[part] for n, part in zip(self.shape, region, strict=True)]
        starts, stops = [r.start for r in asked], [r.stop for r in asked]
        wanted = Grid(tuple(starts), tuple(map(len, asked)), self._pitch)
        image, label = np.empty((2, *wanted.shape), np.uint16), np.empty(wanted.shape, np.bool_)
        sides = zip(starts, stops, _BRICK, strict=True)
        for brick in product(*(range(a // side * side, b, side) for a, b, side in sides)):
            shape = tuple(min(side, n - at) for at, side, n in zip(brick, _BRICK, self.shape, strict=True))
            counts, mask = self._draw_brick(brick, shape)
            if (places := wanted.overlap(brick, shape)) is not None:
                here, inner = places
                image[(slice(None), *here)], label[here] = counts[(slice(None), *inner)], mask[inner]
        return image, label

    @cached_property
    def _animal(self) -> Animal:
        return draw_animal(PhantomSettings(), stream(self.seed, "animal"))

    @property
    def _pitch(self) -> tuple[float, ...]:
        return tuple(size / PIXEL_UM for size in self.voxel_size_um)

    @property
    def _blur(self) -> tuple[float, ...]:
        """Standard deviation of the point spread function, voxels."""
        return tuple(self._animal.focus * s / p for s, p in zip((_AXIAL, 1.0, 1.0), self._pitch, strict=True))

    @property
    def _halo(self) -> tuple[int, ...]:
        """Voxels around a brick that the optics and the resampling see."""
        grain = int(_TRUNCATED * self._animal.grain + 1)
        return tuple(int(_TRUNCATED * blur + 1) + grain for blur in self._blur)

    def _draw_brick(self, first: tuple[int, ...], shape: tuple[int, ...]) -> tuple[NDArray[np.uint16], Mask]:
        halo = self._halo
        grid = Grid(
            tuple(a - h for a, h in zip(first, halo, strict=True)),
            tuple(n + 2 * h for n, h in zip(shape, halo, strict=True)),
            self._pitch,
        )
        anatomy, tumour, label = self._light(grid)
        inner = tuple(slice(h, h + n) for h, n in zip(halo, shape, strict=True))
        image = np.stack([self._expose(light, grid, k)[inner] for k, light in enumerate((anatomy, tumour))])
        return np.clip(np.rint(image), 0, 65535).astype(np.uint16), label[inner]

    def _light(self, grid: Grid) -> tuple[Field, Field, Mask]:
        """Return the light on the camera in both channels, where 1 is ordinary tissue, and the tumours."""
        animal, follows = self._animal, PhantomSettings().dye_in_tissue
        _, height, width = (n * p for n, p in zip(self.shape, self._pitch, strict=True))
        body, axes = Body(self.seed, (height, width)), grid.axes
        depth, tissue = body.depth(axes), body.tissue(axes)
        presence = _AIR + (1 - _AIR) * step(depth, 1.0)
        sheet = np.clip(1 + 0.12 * cloud3(self.seed, "sheet", axes, (90,)), 0.5, 1.6)
        glow = animal.autofluorescence * presence * (tissue.glow + draw_spots(self.seed, grid, "grains"))
        uneven = np.maximum(1 + 0.16 * cloud3(self.seed, "dye", axes, (24, 6)), 0.3)
        patchy = np.clip(cloud3(self.seed, "patchy", axes, (40,)), 0, 2)
        stained = draw_spots(self.seed, grid, "debris") + draw_spots(self.seed, grid, "glows")
        bound = (0.5 - follows + follows * tissue.glow) * uneven + 0.5 * tissue.walls * patchy
        ordinary = 0.5 * animal.staining + animal.crosstalk * animal.autofluorescence
        light, label = draw_tumours(body, grid, self._blur, ordinary)
        dye = animal.staining * presence * (bound + 1.6 * stained) + light
        veil = animal.haze * step(depth, 10.0)
        tumour = self._focus(sheet * (dye + animal.crosstalk * glow)) + veil * ordinary
        anatomy = self._focus(sheet * glow) + veil * animal.autofluorescence
        return anatomy, tumour, label

    def _focus(self, light: Field) -> Field:
        """Blur light by the optics; what is scattered far away is added as a veil, evenly over the body."""
        sharp = ndimage.gaussian_filter(light, self._blur, truncate=_TRUNCATED)
        return np.asarray((1 - self._animal.haze) * sharp, dtype=np.float32)

    def _expose(self, light: Field, grid: Grid, channel: int) -> Field:
        """Count photons, read the camera out and resample: counts, neither rounded nor cut."""
        animal = self._animal
        places = [np.arange(a, a + n) for a, n in zip(grid.first, grid.shape, strict=True)]
        noise = white_noise(key_of(self.seed, "camera", channel), places)
        photons = np.maximum(light, 0) * np.float32(animal.photons)
        spread = np.sqrt(animal.gain**2 * photons + animal.read_noise**2)  # Poisson's, as a normal deviate
        counts = np.asarray(animal.gain * photons + spread * noise, np.float32)
        return np.asarray(animal.offset + ndimage.gaussian_filter(counts, animal.grain, truncate=_TRUNCATED))


def phantom_layout(volume: PhantomVolume) -> OmeZarrLayout:
    """Return the layout of the OME-Zarr that holds a volume: channels, the label ``tumours``, its making."""
    chunks = (1, *(min(side, n) for side, n in zip(_CHUNK, volume.shape, strict=True)))
    blocks = (c * -(-min(side, n) // c) for c, side, n in zip(chunks[1:], _BLOCK, volume.shape, strict=True))
    return OmeZarrLayout(
        shape=(2, *volume.shape),
        dtype="uint16",
        axes="CZYX",
        voxel_size_um=volume.voxel_size_um,
        channels=(
            OmeZarrChannel("autofluorescence", window=(0, 2000)),
            OmeZarrChannel("tumour", colour="FF00FF", window=(0, 4000)),
        ),
        labels={_LABEL: "uint8"},
        chunks=chunks,
        blocks=(2, *blocks),  # anatomy and tumour channel are drawn together
        provenance={"made by": "metgan phantom --volume", "--seed": str(volume.seed)},
    )


def write_phantom_volume(
    out: Path | str, volume: PhantomVolume, *, resume: bool = False, overwrite: bool = False
) -> None:
    """Draw a volume into an OME-Zarr, block by block; memory does not grow with its size.

    Parameters
    ----------
    out : Path or str
    volume : PhantomVolume
    resume, overwrite : bool
        Go on with what a killed call has written; or replace a former volume. Not both.

    Raises
    ------
    StorageError
        As `metgan.images.writing_ome_zarr`.
    """
    layout = phantom_layout(volume)
    with writing_ome_zarr(out, layout, "metgan phantom", resume=resume, overwrite=overwrite) as writer:
        images = {_start(block) for block in writer.missing()}
        labels = {_start(block) for block in writer.missing(label=_LABEL)}
        waiting = [
            block for block in layout.all_blocks() if _start(block) in images or _start(block[1:]) in labels
        ]
        with progress("draw", len(waiting) + 1, every_s=SLOW) as advance:
            for block in waiting:
                image, label = volume.draw(block[1:])
                if _start(block) in images:
                    writer.write(block, image)
                if _start(block[1:]) in labels:
                    writer.write(block[1:], label.astype(np.uint8), _LABEL)
                advance()
            writer.finish()
            advance()


def _start(block: Sequence[slice]) -> tuple[int, ...]:
    """Return what names a block among others, and can be looked up."""
    return tuple(side.start for side in block)
