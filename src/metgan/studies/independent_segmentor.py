"""The segmentor that reads what was generated: trained apart from the one in the loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from metgan.training import TrainingData, check_segmentor_config, train_segmentor

from .shared_config import SharedConfig

INDEPENDENT_SEED_OFFSET = 1000
"""Added to a run's seed: other first weights, other crops in another order."""


def train_independent_segmentor(folder: Path, data: TrainingData, rules: SharedConfig) -> None:
    """Train the independent segmentor, or go on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    train_segmentor(rules.segmentor_config(folder, INDEPENDENT_SEED_OFFSET), data)


def check_independent_segmentor(
    folder: Path, data: TrainingData, rules: SharedConfig, *, anew: bool = False
) -> None:
    """Refuse now what `train_independent_segmentor` would refuse; `anew`: in an emptied folder."""
    run_config = rules.segmentor_config(folder, INDEPENDENT_SEED_OFFSET)
    check_segmentor_config(replace(run_config, resume=not anew), data)
