"""The segmentor that judges: trained apart from the one in the loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from metgan.training import Curriculum, check_segmentor_order, train_segmentor

from .rules import Rules

REFEREE_APART = 1000
"""Added to a run's seed: other first weights, other crops in another order."""


def train_referee(folder: Path, data: Curriculum, rules: Rules) -> None:
    """Train the segmentor that judges, or go on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    train_segmentor(rules.segmentor_order(folder, REFEREE_APART), data)


def check_referee(folder: Path, data: Curriculum, rules: Rules, *, anew: bool = False) -> None:
    """Refuse, before anything is written, what `train_referee` would refuse; `anew`: in an emptied folder."""
    order = rules.segmentor_order(folder, REFEREE_APART)
    check_segmentor_order(replace(order, resume=not anew), data)
