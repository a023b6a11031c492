"""Branching tubes: vessels, airways and tracts, as one signed distance per pixel.

A tube is a random walk whose heading drifts. Distances to all tubes come from one distance transform, which
remembers the nearest centre-line pixel and thereby the radius there; tubes may taper at no extra cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .fields import Field

_TAPER = 0.5  # share of its radius that a tube loses along its length
_BRANCHING = 0.6  # chance that a tube springs from the one before it


def lay_tubes(size: int, count: int, radius: float, drift: float, rng: np.random.Generator) -> Field:
    """Return the signed distance to `count` branching tubes, the widest of `radius` pixels.

    Pixels, positive inside a tube; ``-size`` everywhere when no tube crosses the picture. `drift` is how fast
    the heading changes, radians per sqrt(pixel): 0 is straight, 0.1 winds.
    """
    radii = np.zeros((size, size), dtype=np.float32)
    path: NDArray[np.float64] | None = None
    for _ in range(count):
        parent = path if path is not None and rng.random() < _BRANCHING else None
        path = _walk(size, parent, drift, rng)
        width = radius * rng.uniform(0.45, 1.0) * np.linspace(1.0, 1.0 - _TAPER, len(path))
        pixel = np.rint(path).astype(np.intp)  # (step, 2)
        seen = ((pixel >= 0) & (pixel < size)).all(axis=1)
        radii[pixel[seen, 0], pixel[seen, 1]] = width[seen]
    if not radii.any():
        return np.full((size, size), -size, dtype=np.float32)
    away, nearest = ndimage.distance_transform_edt(radii == 0, return_indices=True)  # of the centre lines
    return np.asarray(radii[nearest[0], nearest[1]] - away, dtype=np.float32)


def _walk(
    size: int, parent: NDArray[np.float64] | None, drift: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Walk (step, 2) one pixel at a time from a random place, or from a point of `parent`."""
    steps = int(2.2 * size)
    turns = rng.standard_normal(steps) * drift
    if parent is None:
        turns[0] += rng.uniform(0, 2 * np.pi)
        start = rng.uniform(0, size, 2)
    else:
        at = int(rng.integers(len(parent) // 4, len(parent)))
        heading = parent[at] - parent[at - 1]
        turns[0] += np.arctan2(heading[0], heading[1]) + rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
        start = parent[at]
    heading_at = np.cumsum(turns)
    track = np.cumsum(np.stack([np.sin(heading_at), np.cos(heading_at)], axis=1), axis=0)
    middle = track[steps // 2] if parent is None else np.zeros(2)  # an orphan passes its start midway
    return np.asarray(start + track - middle, dtype=np.float64)
