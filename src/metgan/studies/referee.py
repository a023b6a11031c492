"""The segmentor that judges: trained apart from the one in the loop, on the same training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import PairSet, load_split
from metgan.synthesis import load
from metgan.training import (
    SEGMENTOR_FOLDER,
    SEGMENTOR_RECIPES,
    SPLIT_FILE,
    Engine,
    Order,
    load_curriculum,
    train_segmentor,
)

from .evaluation import Evaluation, Painted, evaluate, refuse_same_judge

_APART = 1000
"""Added to the run's seed: other first weights, other crops in another order."""


@dataclass(frozen=True)
class RefereeSource:
    """Where the referee comes from: a finished run, or a training of so many steps into `folder`.

    ``steps`` is None for the preset's length.
    """

    run: Path | None
    steps: int | None
    folder: Path
    engine: Engine
    resume: bool = False


def evaluate_run(run: Path, pairs: PairSet, source: RefereeSource) -> tuple[Evaluation, Sequence[Painted]]:
    """Score a run on the test part of its split, with a referee trained first where none is given."""
    painter = load(run, source.engine.device)
    split = load_split(run / SPLIT_FILE)
    data = load_curriculum(pairs, split)
    referee = source.run
    if referee is None:
        recipe = SEGMENTOR_RECIPES[painter.card.preset]
        if source.steps is not None:
            recipe = replace(recipe, steps=source.steps, epochs=None)
        source.folder.mkdir(parents=True, exist_ok=True)
        seed = painter.card.seed + _APART
        order = Order(
            "segmentor", painter.card.preset, recipe, source.engine, seed, source.folder, source.resume
        )
        train_segmentor(order, data)
        referee = source.folder
    refuse_same_judge(referee, run / SEGMENTOR_FOLDER / "model.safetensors")
    data = replace(data, normalisation=painter.card.normalisation)
    return evaluate(painter, pairs.select(split.test), referee, data.mean_tumour)
