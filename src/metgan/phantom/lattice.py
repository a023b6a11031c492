"""Noise as a function of place: any region of a volume can be drawn alone, and fits what is around it.

Notes
-----
The decision a reader would question is a hash where numpy has generators. A generator is drawn from in order,
so that a voxel would depend on where the drawing began; a hash of the voxel's coordinates does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metgan.seeding import stream

from .fields import Field

Axes = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Places along Z, Y and X, in pixels of the phantom: those of the voxels that are drawn."""
_PRIMES = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))  # of splitmix64
_UNIT = 3.0167  # 1 / standard deviation of white noise after cubic B-splines along three axes


def key_of(seed: int, purpose: str, *position: int) -> int:
    """Return the key of a noise; different purposes and positions are independent."""
    return int(stream(seed, purpose, *position).integers(2**63))


def white_noise(key: int, places: Sequence[NDArray[np.int64]]) -> Field:
    """Return a number for each place, of mean 0 and standard deviation 1, about normal and within 3.5.

    Parameters
    ----------
    key : int
    places : three of ndarray, int
        Along Z, Y and X; any whole numbers.

    Returns
    -------
    ndarray, (Z, Y, X), float32

    Examples
    --------
    >>> field = white_noise(7, [np.arange(-4, 20)] * 3)
    >>> bool((white_noise(7, [np.arange(3, 9)] * 3) == field[7:13, 7:13, 7:13]).all())
    True
    """
    z, y, x = (at.astype(np.uint64) * np.uint64(prime) for at, prime in zip(places, _PRIMES, strict=True))
    mixed = (z + np.uint64(key))[:, None, None] + y[:, None] + x
    for shift, factor in _MIXING:
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    quarters = mixed.view(np.uint16).reshape(*mixed.shape, 4)
    total: Field = quarters[..., 0].astype(np.float32)
    for k in range(1, 4):
        total += quarters[..., k]
    total -= np.float32(2 * 65535)
    total *= np.float32(np.sqrt(3) / 65536)  # that of the sum of four uniform numbers
    return total


def smooth_noise(key: int, axes: Axes, spacing: float) -> Field:
    """Return white noise of a lattice, smoothed by cubic B-splines: mean 0, standard deviation 1.

    Parameters
    ----------
    key : int
    axes : Axes
    spacing : float
        Pixels of the phantom between neighbours of the lattice, > 0: crests are some three of them apart.

    Returns
    -------
    ndarray, (Z, Y, X), float32
    """
    splines = [_splines(at / spacing) for at in axes]
    field = white_noise(key, [lattice for lattice, _ in splines])
    (_, of_z), (_, of_y), (_, of_x) = splines
    field = np.tensordot(of_z, field, axes=1)
    return np.asarray(np.matmul(np.matmul(of_y, field), of_x.T) * np.float32(_UNIT))


def cloud3(seed: int, purpose: str, axes: Axes, spacings: Sequence[float]) -> Field:
    """Return a texture without a scale, each finer lattice with less of it; mean 0, standard deviation 1."""
    weights = np.sqrt(np.asarray(spacings, np.float64))
    weights /= np.sqrt((weights**2).sum())
    total = np.zeros([len(at) for at in axes], np.float32)
    for k, (spacing, weight) in enumerate(zip(spacings, weights, strict=True)):
        total += np.float32(weight) * smooth_noise(key_of(seed, purpose, k), axes, spacing)
    return total


def _splines(at: NDArray[np.float64]) -> tuple[NDArray[np.int64], Field]:
    """Return the lattice's places about some others, and how much of each these have: (places, lattice)."""
    below = np.floor(at).astype(np.int64)
    t = at - below
    lattice = np.arange(below.min() - 1, below.max() + 3)
    weights = np.zeros((len(at), len(lattice)), np.float32)
    rows, first = np.arange(len(at)), below - 1 - lattice[0]
    cubic = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for k, weight in enumerate(cubic):
        weights[rows, first + k] = weight / 6
    return lattice, weights
