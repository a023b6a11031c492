"""The options of a label that is drawn in a volume, and what has to be measured before it can be.

Notes
-----
What is measured (how large tumours are in labels, the least light of tissue) is measured once, and is one
of the settings from then on: another process draws the same label without looking again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from metgan.checked import Checked
from metgan.data import evenly
from metgan.errors import SettingError
from metgan.images import OmeZarrImage, Stack
from metgan.labels import Diameters, VolumeLabel, VolumeRecipe, VolumeTissue, find_tissue_level
from metgan.progress import SLOW, note, progress
from metgan.types import Camera, Mask

from .label_sizes import diameters_of
from .ranges import ABOVE_ZERO, FINITE, SEED, SHARE, check_ranges

_SPREAD: Final = 0.5
_INFILTRATION: Final = (0.0, 0.4)
_PLANES: Final = 16
"""Planes that are looked at for the light of tissue, at most."""
_MOST_VOXELS: Final = 2**28
"""Likewise, but for a single plane."""
_SIDE: Final = 1024
"""Pixels along a side of a plane that is looked at; larger ones are made smaller."""
_ROWS: Final = 64
"""Of a plane made smaller, that are read at once."""
_CLEAR_SIDE: Final = 128
"""Pixels along each side, at least, of a coarser level that is looked at instead."""


@dataclass(frozen=True, kw_only=True)
class VolumeRecipeChoice(Checked):
    """A label drawn in three dimensions, in place of --labels; its options go with --recipe alone.

    Parameters
    ----------
    recipe : {"grown"} or None
        "grown": simulated tumours in the volume's tissue. Default: the label image of --labels.
    density_per_mm3 : float or None
        How many there are in a cubic millimetre of tissue on average, above 0; those that would meet a larger
        one, or leave the tissue, are left out. Needed.
    diameters_um : tuple of float, or None
        Smallest, median and largest diameter in micrometres, of the sphere of the same volume. This or
        --sizes-of is needed.
    sizes_of : Path or None
        Pair set whose labels say how large tumours are: those of the run's training part, such as what it was
        trained on. Their pixels are as large as pairs.csv says (pixel_um, which metgan prepare
        --pixel-size-um notes); where it does not, they are taken to be as large as the volume's, and a note
        says so.
    size_spread : float or None
        Standard deviation of the natural logarithm of the diameter, 0 or more, with --diameters-um.
        Default: 0.5.
    infiltration : tuple of float, or None
        Most compact and most ragged tumour, in [0, 1]. Default: 0 0.4.
    tissue_level : float or None
        Least light of tissue in the anatomy, in camera units. Default: measured on up to 16 planes.
    real_tumours : Path or None
        Label image of the tumours that the volume has; drawn ones keep off these. Read as --labels is, with
        --labels-above and --mask-axes.
    seed : int or None
        0 or more; the same seed gives the same label. Default: 0.
    """

    recipe: Literal["grown"] | None = None
    density_per_mm3: float | None = None
    diameters_um: tuple[float, float, float] | None = None
    sizes_of: Path | None = None
    size_spread: float | None = None
    infiltration: tuple[float, float] | None = None
    tissue_level: float | None = None
    real_tumours: Path | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(
            self,
            density_per_mm3=ABOVE_ZERO,
            diameters_um=ABOVE_ZERO,
            size_spread=(0.0, 50.0),
            infiltration=SHARE,
            tissue_level=FINITE,
            seed=SEED,
        )
        given = [f"--{f.name.replace('_', '-')}" for f in fields(self) if getattr(self, f.name) is not None]
        if self.recipe is None:
            if given:
                remedy = "Give --recipe grown, or leave it out"
                raise SettingError(f"{', '.join(given)} without --recipe", "a recipe that uses it", remedy)
            return
        if self.density_per_mm3 is None:
            raise SettingError(
                f"--recipe {self.recipe} without a density",
                "how many tumours there are in a cubic millimetre of tissue",
                "Give --density-per-mm3, as in --density-per-mm3 2",
            )
        if (self.diameters_um is None) == (self.sizes_of is None):
            both = (
                "--diameters-um and --sizes-of" if self.sizes_of else "neither --diameters-um nor --sizes-of"
            )
            remedy = "Give one, as in --diameters-um 20 40 120 for the smallest, median and largest"
            raise SettingError(both, "one of them", remedy)
        if self.sizes_of is not None and self.size_spread is not None:
            given_ = f"--size-spread {self.size_spread} with --sizes-of"
            raise SettingError(given_, "--diameters-um, which it belongs to", "Leave one of them out")
        if self.diameters_um is not None:
            self._make()  # refuses what makes no sense

    def resolve(
        self, run: Path, anatomy: tuple[Stack, int | None], voxel_size_um: tuple[float, float, float]
    ) -> VolumeRecipeChoice:
        """Return the choice with what is measured, and note it: diameters, and the light of tissue.

        Parameters
        ----------
        run : Path
            Whose split says which labels of `sizes_of` may be looked at.
        anatomy : (Stack, int or None)
            With the number of its channel.
        voxel_size_um : tuple of float
            Along Z, Y and X.
        """
        resolved = self
        if self.sizes_of is not None:
            sizes = diameters_of(self.sizes_of, run, math.sqrt(voxel_size_um[1] * voxel_size_um[2]))
            least = (6 / math.pi * math.prod(voxel_size_um)) ** (1 / 3) * 1.001
            ends = max(sizes.smallest_um, least), max(sizes.median_um, least), max(sizes.largest_um, least)
            if ends != (sizes.smallest_um, sizes.median_um, sizes.largest_um):
                note(f"diameters below {least:.3g} um, a voxel's, are taken as that")
            resolved = replace(resolved, sizes_of=None, diameters_um=ends, size_spread=sizes.spread)
        if self.tissue_level is None:
            resolved = replace(resolved, tissue_level=_tissue_level(*anatomy))
        stack, number = anatomy
        extents = [n * size for n, size in zip(stack.plane_shape(number), voxel_size_um, strict=True)]
        if resolved.diameters_um is not None and resolved.diameters_um[-1] > min(extents):
            note(
                f"diameters go up to {resolved.diameters_um[-1]:g} um and the volume is {min(extents):g} um "
                "along its shortest side: its border cuts such tumours, so that they come out smaller"
            )
        volume_mm3 = math.prod(stack.plane_shape(number)) * math.prod(voxel_size_um) / 1e9
        expected = (self.density_per_mm3 or 0.0) * volume_mm3
        note(
            f"{expected:.3g} tumours are to be expected if all of the {volume_mm3:.3g} cubic millimetres "
            "were tissue"
        )
        return resolved

    def open(
        self,
        shape: tuple[int, int, int],
        voxel_size_um: tuple[float, float, float],
        anatomy: Callable[[Sequence[slice]], Camera],
        fill: float | None,
        occupied: Callable[[Sequence[slice]], Mask] | None,
    ) -> VolumeLabel:
        """Return the label that a resolved choice draws; `occupied` says where real tumours are."""
        tissue = VolumeTissue(anatomy, shape, self.tissue_level, fill, occupied)
        return VolumeLabel(self._make(), shape, voxel_size_um, tissue)

    @property
    def options(self) -> dict[str, object]:
        """What a resolved choice draws by, apart from the volume and its real tumours, by option."""
        recipe = self._make()
        return {
            "--recipe": self.recipe,
            "--density-per-mm3": recipe.density_per_mm3,
            "--diameters-um": self.diameters_um,
            "--size-spread": recipe.diameters.spread,
            "--infiltration": recipe.infiltration,
            "--tissue-level": self.tissue_level,
            "--seed": recipe.seed,
        }

    def _make(self) -> VolumeRecipe:
        assert self.density_per_mm3 is not None
        assert self.diameters_um is not None
        smallest, median, largest = self.diameters_um
        spread = _SPREAD if self.size_spread is None else self.size_spread
        return VolumeRecipe(
            self.density_per_mm3,
            Diameters(median, spread, smallest, largest),
            self.infiltration or _INFILTRATION,
            self.seed or 0,
        )


FROM_LABELS: Final = VolumeRecipeChoice()


def _tissue_level(stack: Stack, number: int | None) -> float:
    """Return the light of tissue in some planes; the darkest there can be where all of them are tissue."""
    planes = [*_planes_of(_coarsest(stack), number)]
    level = find_tissue_level(planes)
    if level is not None:
        note(f"tissue is what is brighter than {level:.5g}, by {len(planes)} planes (--tissue-level)")
        return level
    note(
        f"none of {len(planes)} planes shows tissue and what is outside of it: tumours are drawn wherever "
        "something was imaged (--tissue-level says otherwise)"
    )
    return float(np.finfo(np.float32).min)  # darker than any camera's light


def _coarsest(stack: Stack) -> Stack:
    """Return the coarsest level of an OME-Zarr that still shows what is tissue; of others, themselves."""
    if not isinstance(stack.source, OmeZarrImage):
        return stack
    path, levels = stack.source.path, range(stack.source.level, stack.source.levels)
    for level in reversed(levels[1:]):
        coarser = replace(stack, source=OmeZarrImage.open(path, level))
        of_axis = dict(zip(coarser.axes, coarser.shape, strict=True))
        if min(of_axis["Y"], of_axis["X"]) >= _CLEAR_SIDE:
            return coarser
    return stack


def _planes_of(stack: Stack, number: int | None) -> Iterator[Camera]:
    """Yield planes that are evenly spread, none larger than `_SIDE`; a band of rows is read at a time."""
    count, rows, columns = stack.plane_shape(number)
    most = max(1, min(_PLANES, _MOST_VOXELS // (rows * columns)))
    chosen = evenly(range(count), most) if most > 1 else [count // 2]
    factor = -(-max(rows, columns) // _SIDE)
    last, band = rows // factor * factor, _ROWS * factor
    with progress("look for tissue", len(chosen), every_s=SLOW) as advance:
        for z in chosen:
            parts = [
                (slice(z, z + 1), slice(y, min(y + band, last)), slice(columns)) for y in range(0, last, band)
            ]
            yield np.concatenate([_shrunk(stack.plane_order(number, part)[0], factor) for part in parts])
            advance()


def _shrunk(band: Camera, factor: int) -> Camera:
    """Return the means of squares of `factor` pixels a side, a whole number rounded."""
    if factor == 1:
        return band
    height, width = (n // factor for n in band.shape)
    squares = band[:, : width * factor].reshape(height, factor, width, factor)
    means = squares.mean((1, 3), dtype=np.float64)
    shrunk: Camera = (np.rint(means) if band.dtype.kind in "ui" else means).astype(band.dtype)
    return shrunk
