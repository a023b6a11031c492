"""Five organs as autofluorescent tissue: what the anatomy channel sees before the microscope does.

An organ is a function of (size, rng); the table ``ORGANS`` names them. Each has a structure that the others
lack, so that a network can tell organs apart as one can in a real scan: lung its airways and alveolar mesh,
liver its lobules with central veins, brain its smoothness with tracts, kidney its tubules and glomeruli,
muscle its fibres in bundles. One pixel stands for some 8 um.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import spatial

from .fields import Field, cloud, grid, ripple, step, strands
from .tubes import lay_tubes


@dataclass(frozen=True)
class Tissue:
    """Tissue before it is stained and imaged, both (Y, X).

    Its autofluorescence, >= 0, where 1 is that of ordinary tissue; and how far a pixel lies in a wall of a
    vessel or airway, in [0, 1]: dye sticks there.
    """

    glow: Field
    walls: Field


def lung(size: int, rng: np.random.Generator) -> Tissue:
    """Draw alveolar walls about dark air, and airways with bright walls."""
    wall = np.exp(-((ripple(size, rng.uniform(7, 10), rng, octaves=0.45) / 0.5) ** 2))
    glow = (0.36 + 0.62 * wall) * (1 + 0.16 * cloud(size, 3.0, rng))
    airways = lay_tubes(size, int(rng.integers(1, 4)), rng.uniform(5, 9), 0.04, rng)
    vessels = lay_tubes(size, 2, rng.uniform(2, 3.5), 0.06, rng)
    return _hollow(_hollow(Tissue(glow, np.zeros_like(glow)), vessels, 0.55, 0.45), airways, 0.12, 0.8)


def liver(size: int, rng: np.random.Generator) -> Tissue:
    """Draw lobules with a vein in each middle, fine sinusoids, and a branching portal vessel."""
    pitch = rng.uniform(34, 46)
    middle, border = _lobules(size, pitch, rng)
    zones = 0.10 * np.cos(np.pi * middle / (0.5 * pitch)) - 0.22 * np.exp(-((border / 1.6) ** 2))
    glow = 1.25 * (1 + zones + 0.09 * cloud(size, 2.2, rng) + 0.07 * ripple(size, 4.5, rng))
    veins = np.asarray(rng.uniform(1.8, 3.2) - middle, dtype=np.float32)
    vessels = lay_tubes(size, int(rng.integers(1, 4)), rng.uniform(3, 6), 0.05, rng)
    solid = Tissue(glow.astype(np.float32), np.zeros_like(vessels))
    return _hollow(_hollow(solid, veins, 0.4, 0.1), vessels, 0.35, 0.3)


def brain(size: int, rng: np.random.Generator) -> Tissue:
    """Draw smooth grey matter with dark cell bodies, a fibre tract and thin vessels."""
    tract = step(lay_tubes(size, 1, rng.uniform(9, 18), 0.03, rng), 2.5)
    fibres = strands(size, 5, rng.uniform(0, np.pi), rng)
    bodies = np.clip(ripple(size, 6, rng, octaves=0.6) - 1.3, 0, 2)
    glow = 0.85 * (1 + 0.07 * cloud(size, 2.8, rng) - 0.11 * bodies) + tract * (0.24 + 0.06 * fibres)
    vessels = lay_tubes(size, int(rng.integers(2, 5)), rng.uniform(1.1, 2.0), 0.07, rng)
    return _hollow(Tissue(glow, np.zeros_like(glow)), vessels, 0.5, 0.12)


def kidney(size: int, rng: np.random.Generator) -> Tissue:
    """Draw winding tubules and glomeruli in the cortex, straight tubules in the medulla."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = grid(size)
    border = size * (0.08 * cloud(size, 4, rng) + rng.uniform(-0.5, 0.15))
    medulla = step((x * np.cos(angle) + y * np.sin(angle) + border).astype(np.float32), 4)
    winding = np.tanh(1.6 * ripple(size, rng.uniform(9, 12), rng))
    straight = np.tanh(1.2 * strands(size, 7, angle + np.pi / 2, rng))
    weave = (1 - medulla) * 0.27 * winding + medulla * 0.16 * straight
    glow = (1.15 - 0.3 * medulla + weave) * (1 + 0.1 * cloud(size, 2.4, rng))
    balls = _balls(size, 5.0, 38, rng) - 40 * medulla  # none in the medulla
    glow = glow * (1 - 0.5 * np.exp(-((balls + 1.2) ** 2))) + 0.25 * step(balls, 0.8)
    vessels = lay_tubes(size, int(rng.integers(1, 3)), rng.uniform(2.5, 4.5), 0.05, rng)
    return _hollow(Tissue(glow.astype(np.float32), np.zeros_like(vessels)), vessels, 0.3, 0.35)


def muscle(size: int, rng: np.random.Generator) -> Tissue:
    """Draw fibres side by side, gathered in bundles by dark clefts, with vessels between them."""
    angle = rng.uniform(0, np.pi)
    fibres = strands(size, rng.uniform(5.5, 8), angle, rng)
    bundles = strands(size, rng.uniform(36, 50), angle + rng.uniform(-0.1, 0.1), rng)
    cleft = np.exp(-((bundles / 0.11) ** 2))
    glow = (1 + 0.2 * np.tanh(fibres)) * (1 + 0.09 * cloud(size, 2.4, rng)) * (1 - 0.5 * cleft)
    vessels = lay_tubes(size, int(rng.integers(0, 3)), rng.uniform(1.5, 2.5), 0.05, rng)
    return _hollow(Tissue(glow.astype(np.float32), np.zeros_like(vessels)), vessels, 0.4, 0.3)


ORGANS: Mapping[str, Callable[[int, np.random.Generator], Tissue]] = MappingProxyType(
    {"lung": lung, "liver": liver, "brain": brain, "kidney": kidney, "muscle": muscle}
)
"""The organs by name, in the order in which pairs are balanced."""


def _hollow(tissue: Tissue, tubes: Field, lumen: float, wall: float) -> Tissue:
    """Hollow `tubes` out of `tissue`: `lumen` is the light left inside, `wall` the light added about it."""
    inside = step(tubes, 0.6)
    rim = np.exp(-(((tubes + 0.8) / 1.3) ** 2))
    glow = tissue.glow * (1 - inside) + lumen * inside * tissue.glow.mean() + wall * rim
    return Tissue(glow.astype(np.float32), np.maximum(tissue.walls, rim))


def _lobules(size: int, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return the distances, pixels, to the middle of one's lobule and to its border with the next one."""
    middles = _scatter(size, pitch, rng)
    points = np.indices((size, size)).reshape(2, -1).T  # (Y * X, 2)
    away, _ = spatial.KDTree(middles).query(points + 3 * rng.random(2), k=2)
    first, second = np.asarray(away).reshape(size, size, 2).astype(np.float32).transpose(2, 0, 1)
    bend = 2 * cloud(size, 3.5, rng)
    return np.asarray(first + 0.3 * bend, dtype=np.float32), np.abs(second - first + bend)


def _balls(size: int, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """Return the signed distance, pixels, to round bodies about `pitch` apart."""
    away = np.full((size, size), np.inf, dtype=np.float32)
    y, x = (axis + (size - 1) / 2 for axis in grid(size))
    for row, column in _scatter(size, pitch, rng):
        away = np.minimum(away, np.hypot(y - row, x - column))
    return np.asarray(radius - away, dtype=np.float32)


def _scatter(size: int, pitch: float, rng: np.random.Generator) -> Field:
    """Return points (N, 2) about `pitch` pixels apart, in and about the picture: a honeycomb, shaken."""
    row, column = np.indices((int(size // pitch) + 3,) * 2) - 1
    points = np.stack([row * 0.87, column + 0.5 * (row % 2)], axis=-1).reshape(-1, 2)  # (N, 2)
    return np.asarray(pitch * (points + rng.uniform(-0.28, 0.28, points.shape)), dtype=np.float32)
