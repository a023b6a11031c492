"""The segmentor that judges: trained apart from the one in the loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from metgan.training import Curriculum, Order, Recipe, check_segmentor_order, train_segmentor

from .rules import Rules

REFEREE_APART = 1000
"""Added to a run's seed: other first weights, other crops in another order."""


def train_referee(folder: Path, data: Curriculum, rules: Rules) -> None:
    """Train the segmentor that judges, or go on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    train_segmentor(_referee_order(folder, rules), data)


def check_referee(folder: Path, data: Curriculum, rules: Rules, *, anew: bool = False) -> None:
    """Refuse, before anything is written, what `train_referee` would refuse; `anew`: in an emptied folder."""
    check_segmentor_order(replace(_referee_order(folder, rules), resume=not anew), data)


def _referee_order(folder: Path, rules: Rules) -> Order[Recipe]:
    seed = rules.seed + REFEREE_APART
    return Order("segmentor", rules.preset, rules.segmentor, rules.engine, seed, folder, resume=True)
