"""One simulated tumour in space that can be asked, voxel by voxel, whether it covers it.

Notes
-----
The decision a reader would question is that tumours in a volume are not grown voxel by voxel, as those of
planes are. A large one has millions of voxels, and which of them are tumour would be known only once all are
grown. Here any part of it is drawn alone, in memory for that part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from metgan.types import Mask

Vector = NDArray[np.float64]

MOST_REACH = 2.5
"""Radii of the sphere of the same volume beyond which no tumour reaches from its middle."""
_WAVES = 12
_LONGEST = 0.25  # of the logarithm of an axis, about the mean of the three
_UNEVEN = (0.06, 0.35)  # standard deviation of the logarithm of the radius: most compact, most ragged
_FINE = (1.5, 3.0)  # waves' angular frequency, radians per radius: most compact, most ragged
_DIRECTIONS = 400
_BESIDE = 1.05  # what may lie between the directions that are looked at


@dataclass(frozen=True, eq=False)
class StarShape:
    """An ellipsoid whose radius is uneven: each ray from its middle leaves it once.

    Parameters
    ----------
    middle_um : tuple of float
        (Z, Y, X), micrometres.
    diameter_um : float
        Of the sphere of the same volume.
    to_ball : ndarray, (3, 3)
        Of determinant 1: turns and squeezes the ellipsoid into a ball.
    waves : ndarray, (12, 3)
    phases : ndarray, (12,)
    uneven : float
        Standard deviation of the logarithm of the radius.

    Notes
    -----
    The radius in direction u is ``c exp(s(u))``, where s is a Gaussian random field on the sphere, as of the
    Gaussian random sphere [1], here a sum of 12 plane waves [2] held within its extremes in 400
    directions. c makes the volume that of the sphere.

    References
    ----------
    [1] K. Muinonen, "Introducing the Gaussian shape hypothesis for asteroids and comets", Astronomy and
       Astrophysics 332, 1087 (1998).

    [2] A. Rahimi and B. Recht, "Random features for large-scale kernel machines", Advances in Neural
       Information Processing Systems 20 (2007).
    """

    middle_um: tuple[float, float, float]
    diameter_um: float
    to_ball: Vector
    waves: Vector
    phases: Vector
    uneven: float

    @classmethod
    def draw(
        cls,
        middle_um: tuple[float, float, float],
        diameter_um: float,
        infiltration: float,
        rng: np.random.Generator,
    ) -> StarShape:
        """Draw one; `infiltration` in [0, 1]: 0 gives nearly an ellipsoid, 1 a ragged one with lobes."""
        axes = rng.uniform(-_LONGEST, _LONGEST, 3)
        turn = Rotation.from_quat(rng.normal(size=4)).as_matrix()  # any turn is as likely
        to_ball = np.exp(-(axes - axes.mean()))[:, None] * turn
        uneven, fine = (low + infiltration * (high - low) for low, high in (_UNEVEN, _FINE))
        waves = rng.normal(0, fine, (_WAVES, 3))
        return cls(middle_um, diameter_um, to_ball, waves, rng.uniform(0, 2 * np.pi, _WAVES), uneven)

    @cached_property
    def _extremes(self) -> tuple[float, float, float]:
        """Return in micrometres c of the Notes, and the least and the greatest radius of the ball.

        The volume is the mean of the cubed radius over all directions.
        """
        bumps = np.exp(self._unevenness(*_DIRECTED))
        scale = self.diameter_um / 2 / (bumps**3).mean() ** (1 / 3)
        return float(scale), float(scale * bumps.min()), float(scale * bumps.max())

    @cached_property
    def reach_um(self) -> float:
        """No voxel whose middle is further from its own is tumour."""
        radii = self._extremes[0] * np.exp(self._unevenness(*_DIRECTED))
        ends = np.linalg.solve(self.to_ball, radii * np.stack(_DIRECTED))  # (3, directions)
        furthest = _BESIDE * float(np.linalg.norm(ends, axis=0).max())
        return min(furthest, MOST_REACH * self.diameter_um / 2)

    def region(self, voxel_size_um: Sequence[float], shape: Sequence[int]) -> tuple[slice, ...]:
        """Return the part of a volume, (Z, Y, X), that holds it as far as it lies within."""
        sides = zip(self.middle_um, voxel_size_um, shape, strict=True)
        return tuple(
            slice(max(int((m - self.reach_um) // s), 0), min(int((m + self.reach_um) // s) + 1, n))
            for m, s, n in sides
        )

    def covers(self, region: Sequence[slice], voxel_size_um: Sequence[float]) -> Mask:
        """Return which voxels of a region, (Z, Y, X), are tumour: those whose middles are."""
        z, y, x = (
            (np.arange(side.start, side.stop) + 0.5) * size - middle
            for side, size, middle in zip(region, voxel_size_um, self.middle_um, strict=True)
        )
        covered = np.empty((z.size, y.size, x.size), bool)
        for plane, height in zip(covered, z, strict=True):  # plane by plane: a large one has millions
            plane[:] = self._covers_plane(height, y[:, None], x[None, :])
        return covered

    def _covers_plane(self, z: float, y: Vector, x: Vector) -> Mask:
        a, b, c = (row[0] * z + row[1] * y + row[2] * x for row in self.to_ball)  # each (Y, X)
        away = np.sqrt(a * a + b * b + c * c)
        scale, least, most = self._extremes
        within = z * z + y * y + x * x <= self.reach_um**2
        covered: Mask = (away <= least) & within
        unsure = (away < most) & within & ~covered
        far = away[unsure]
        covered[unsure] = far < scale * np.exp(
            self._unevenness(a[unsure] / far, b[unsure] / far, c[unsure] / far)
        )
        return covered

    def _unevenness(self, a: Vector, b: Vector, c: Vector) -> Vector:
        """Return s of the Notes, in directions (n,)."""
        summed = np.zeros(a.shape)
        for wave, phase in zip(self.waves, self.phases, strict=True):  # no BLAS: the same whatever n is
            summed += np.cos(wave[0] * a + wave[1] * b + wave[2] * c + phase)
        summed *= self.uneven * np.sqrt(2 / _WAVES)
        return summed


def _spread_evenly(count: int) -> tuple[Vector, Vector, Vector]:
    """Return directions along a Fibonacci spiral about the sphere, each (count,)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    wide = np.sqrt(1 - height**2)
    return height, wide * np.sin(angle), wide * np.cos(angle)


_DIRECTED = _spread_evenly(_DIRECTIONS)
