"""A body in three dimensions: two organs, their border, vessels and the edge, each a function of place.

Notes
-----
The 2-D phantom's organs are drawn picture by picture, with tubes that are walked and distances that are
measured over the whole of it. Here a place must be enough: a vessel is where two smooth noises are both about
0, which is a winding line through the volume; a border is where one is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .fields import Field, step
from .lattice import Axes, cloud3, key_of, smooth_noise
from .organs import Tissue

_SLOPE = 1.7  # change of a smooth noise over one spacing, across a line where two of them are 0
_BODY = 0.48  # half width of the body, as a share of the volume's
_WINDING = 10.0  # pixels that its edge strays, at most
_VESSELS = ((56.0, 5.0, 0.2, 0.45), (24.0, 1.9, 0.4, 0.3))  # spacing, radius (pixels), lumen, wall


@dataclass(frozen=True)
class Body:
    """One made-up animal's tissue, as far as a volume reaches.

    Parameters
    ----------
    seed : int
    extent : (float, float)
        Of the volume along Y and X, in pixels of the phantom.
    """

    seed: int
    extent: tuple[float, float]

    def depth(self, axes: Axes) -> Field:
        """Return how far each place lies in the body, pixels of the phantom, negative in the air about it.

        The body is as long as the volume along Z, and its edge is another one in each plane.
        """
        y, x = (
            (at - extent / 2) / (_BODY * extent) for at, extent in zip(axes[1:], self.extent, strict=True)
        )
        half = _BODY * min(self.extent)
        flat = (1 - (y[:, None] ** 4 + x**4) ** 0.25) * half
        winding = min(_WINDING, 0.09 * half) * cloud3(self.seed, "edge", axes, (64, 24))
        return np.asarray(flat.astype(np.float32) + winding, dtype=np.float32)

    def tissue(self, axes: Axes) -> Tissue:
        """Return the light of the tissue and its walls, both (Z, Y, X), as if there were no air."""
        texture = cloud3(self.seed, "texture", axes, (48, 20, 8))
        cells = np.maximum(1 + 0.13 * smooth_noise(key_of(self.seed, "cells"), axes, 1.7), 0.4)
        mesh = smooth_noise(key_of(self.seed, "mesh"), axes, 3.6)
        lung = (0.36 + 0.62 * np.exp(-((mesh / 0.55) ** 2))) * (1 + 0.16 * texture)
        solid = 1.12 * (1 + 0.10 * texture + 0.08 * np.tanh(1.6 * mesh))
        away = 50 * cloud3(self.seed, "border", axes, (150, 60)) + 18  # pixels, nearly
        share = step(away, 1.0)
        cleft = 1 - 0.6 * np.exp(-(((away + 1.5) / 1.5) ** 2))
        capsule = 0.3 * np.exp(-(((away - 2.5) / 1.5) ** 2))
        glow = np.asarray((share * solid + (1 - share) * lung) * cleft + capsule, dtype=np.float32)
        walls = np.zeros_like(glow)
        for k, (spacing, radius, lumen, wall) in enumerate(_VESSELS):
            tube = radius - self._off_axis(k, axes, spacing)
            inside, rim = step(tube, 0.6), np.exp(-(((tube + 0.8) / 1.3) ** 2))
            glow = glow * (1 - inside) + lumen * inside + wall * rim
            walls = np.maximum(walls, rim)
        return Tissue(glow * cells, walls)

    def _off_axis(self, number: int, axes: Axes, spacing: float) -> Field:
        """Return the distance to the nearest vessel's middle, pixels; nearly right where it is small."""
        one, other = (smooth_noise(key_of(self.seed, "vessels", number, k), axes, spacing) for k in (1, 2))
        return np.hypot(one, other) * np.float32(spacing / _SLOPE)
