"""Where tumours may be in a volume, decided region by region from one level of light.

Notes
-----
The decision a reader would question is that no region has a threshold of its own, as `find_tissue` gives an
image: it would be another one in each, and tissue would end where regions do. So vessels and cavities that
are as dark as what lies outside are no tissue here: to fill them takes the whole outline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.types import AnyArray, Mask

from .fill import fill_of
from .tissue import BLUR, smoothed

_HALO: Final = int(4 * BLUR + 0.5) + 2
"""Pixels within which others have a share in whether one is tissue: a Gaussian's, and areas of fill."""


@dataclass(frozen=True)
class VolumeTissue:
    """Where a volume shows tissue: a function of a region, whose voxels do not depend on it.

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

    Examples
    --------
    >>> volume = np.full((1, 40, 60), 100, np.uint16)
    >>> volume[:, :, 30:] = 1000
    >>> tissue = VolumeTissue(lambda region: volume[tuple(region)], volume.shape, 500, None)
    >>> tissue((slice(0, 1), slice(0, 1), slice(26, 34)))[0, 0].astype(int)
    array([0, 0, 0, 0, 1, 1, 1, 1])
    """

    anatomy: Callable[[Sequence[slice]], AnyArray]
    shape: tuple[int, int, int]
    level: float | None
    fill: float | None

    def __call__(self, region: Sequence[slice]) -> Mask:
        """Return where there is tissue in a region, (Z, Y, X), bool."""
        planes, *sides = region
        wide = [
            slice(max(side.start - _HALO, 0), min(side.stop + _HALO, n))
            for side, n in zip(sides, self.shape[1:], strict=True)
        ]
        inner = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(sides, wide, strict=True))
        found = [self._of_plane(plane)[inner] for plane in self.anatomy((planes, *wide))]
        return np.stack(found)

    def _of_plane(self, anatomy: AnyArray) -> Mask:
        seen = np.ones(anatomy.shape, bool) if self.fill is None else ~fill_of(anatomy, self.fill)
        return seen if self.level is None else seen & (smoothed(anatomy, seen) >= self.level)
