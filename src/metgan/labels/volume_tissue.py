"""Where tumours may be in a volume, decided region by region from one level of light.

Notes
-----
The decision a reader would question is that no region has a threshold of its own, as `find_tissue` gives an
image: it would be another one in each, and tissue would end where regions do. So vessels and cavities that
are as dark as what lies outside are no tissue here: to fill them takes the whole outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.parts import overlap, sides_of, widen, within
from metgan.types import AnyArray, Mask

from .fill import fill_of
from .tissue import BLUR, smoothed

_HALO: Final = int(4 * BLUR + 0.5) + 2
"""Pixels within which others have a share in whether one is tissue: a Gaussian's, and areas of fill."""
_BLOCK: Final = (64, 256, 256)
"""Voxels that are decided at once: half a megabyte of bits."""
_KEPT: Final = 128
"""Blocks."""


class VolumeTissue:
    """Where a volume shows tissue: a function of a region, whose voxels do not depend on it.

    It is decided block by block of a lattice of its own, and what was decided last is kept: files are read
    a block at a time, and not anew for each small region.

    Parameters
    ----------
    anatomy : function of (slice, slice, slice)
        Returns a region of the anatomy, (Z, Y, X), camera units.
    shape : (int, int, int)
        (Z, Y, X) of the volume.
    level : float or None
        Smoothed light from which on there is tissue, camera units: `find_tissue_level` of some planes. None
        takes all that was imaged for tissue.
    fill : float or None
        What stands where nothing was imaged; its areas are no tissue. None where all was imaged.
    occupied : function of (slice, slice, slice), or None, default None
        Returns where tumours are already, (Z, Y, X), bool: neither there, nor in the voxels beside them, is
        there room.

    Examples
    --------
    >>> volume = np.full((1, 40, 60), 100, np.uint16)
    >>> volume[:, :, 30:] = 1000
    >>> tissue = VolumeTissue(lambda region: volume[tuple(region)], volume.shape, 500, None)
    >>> tissue((slice(0, 1), slice(0, 1), slice(26, 34)))[0, 0].astype(int)
    array([0, 0, 0, 0, 1, 1, 1, 1])
    """

    def __init__(
        self,
        anatomy: Callable[[Sequence[slice]], AnyArray],
        shape: tuple[int, int, int],
        level: float | None,
        fill: float | None,
        occupied: Callable[[Sequence[slice]], Mask] | None = None,
    ) -> None:
        self._anatomy, self._shape, self._level, self._fill = anatomy, shape, level, fill
        self._occupied = occupied
        self._packed = lru_cache(_KEPT)(self._decide)

    def __call__(self, region: Sequence[slice]) -> Mask:
        """Return where there is tissue in a region, (Z, Y, X), bool."""
        tissue = np.empty(sides_of(region), bool)
        numbers = (range(side.start // n, -(-side.stop // n)) for side, n in zip(region, _BLOCK, strict=True))
        for place in product(*numbers):
            block = self._block(place)
            bits, sides = self._packed(place), sides_of(block)
            found = np.unpackbits(bits, count=math.prod(sides)).view(bool).reshape(sides)
            common = overlap(region, block)
            tissue[within(common, region)] = found[within(common, block)]
        return tissue

    def _block(self, place: Sequence[int]) -> list[slice]:
        sides = zip(place, _BLOCK, self._shape, strict=True)
        return [slice(k * side, min((k + 1) * side, n)) for k, side, n in sides]

    def _decide(self, place: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Return where there is tissue in a block, eight voxels in a byte."""
        block = self._block(place)
        planes, *sides = block
        wide = widen(sides, _HALO, self._shape[1:])
        inner = within(sides, wide)
        tissue = np.stack([self._of_plane(plane)[inner] for plane in self._anatomy((planes, *wide))])
        if self._occupied is not None:
            around = widen(block, 1, self._shape)
            near = ndimage.binary_dilation(self._occupied(around), np.ones((3, 3, 3), bool))
            tissue &= ~near[within(block, around)]
        return np.packbits(tissue)

    def _of_plane(self, anatomy: AnyArray) -> Mask:
        seen = np.ones(anatomy.shape, bool) if self._fill is None else ~fill_of(anatomy, self._fill)
        return seen if self._level is None else seen & (smoothed(anatomy, seen) >= self._level)
