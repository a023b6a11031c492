"""What is the same for all who are compared with each other."""

from __future__ import annotations

from dataclasses import dataclass

from metgan.networks import PresetName
from metgan.training import Engine, GanRecipe, Recipe


@dataclass(frozen=True)
class Rules:
    """What is the same for all.

    Parameters
    ----------
    preset : {"paper", "released", "small"}
    training : GanRecipe
        Of every method.
    segmentor : Recipe
        Of the segmentor in the loop, and of the referee.
    engine : Engine
    seed : int
        The first; also that of the segmentor, which all cells share.
    seeds : int
        How often every method is trained, 1 or more.
    """

    preset: PresetName
    training: GanRecipe
    segmentor: Recipe
    engine: Engine
    seed: int = 0
    seeds: int = 1
