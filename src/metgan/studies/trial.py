"""An evaluation of a run: what it needs, checked first, and then the referee's training and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, load_split, read_pair
from metgan.errors import ArrayError
from metgan.models import Reader, refuse_same_judge
from metgan.synthesis import Inpainter, load
from metgan.training import (
    SEGMENTOR_RECIPES,
    Curriculum,
    Engine,
    Order,
    Recipe,
    check_segmentor_order,
    load_curriculum,
    train_segmentor,
)

from .evaluation import Painted, evaluate
from .referee import REFEREE_APART
from .scores import Evaluation


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


@dataclass(frozen=True)
class Trial:
    """What an evaluation of a run needs, read and checked; only the referee may be missing still."""

    run: Path
    painter: Inpainter
    data: Curriculum
    test: PairSet


def open_trial(run: Path, pairs: PairSet, source: RefereeSource) -> Trial:
    """Read a run, its data and its referee, and refuse what cannot be scored; writes nothing.

    Raises
    ------
    StorageError, ArrayError
        When a file cannot be read or is not what it should be, or a test image is too small.
    LeakageError
        When generator or referee has seen a test group, or the referee has trained with the generator.
    """
    painter = load(run, source.engine.device)
    split = load_split(run / SPLIT_FILE)
    data = load_curriculum(pairs, split)
    trial = Trial(run, painter, data, pairs.select(split.test))
    groups = {entry.group for entry in trial.test}
    painter.card.refuse_to_have_seen(groups, "testing")
    if source.run is None:
        check_segmentor_order(_order(painter, source), data)
    else:
        Reader(source.run, painter.device).check(groups)
        refuse_same_judge(source.run, painter.card)
    for pair in map(read_pair, trial.test):
        if min(pair.label.shape) < painter.minimum_side:
            raise ArrayError(
                f"test pair {pair.entry.name!r} has shape {pair.label.shape}",
                f"sides of at least {painter.minimum_side} pixels, the minimum of this network",
                "Evaluate on the pair set that the run was trained on",
            )
    return trial


def evaluate_run(run: Path, pairs: PairSet, source: RefereeSource) -> tuple[Evaluation, Sequence[Painted]]:
    """Score a run on the test part of its split, with a referee trained first where none is given."""
    return hold_trial(open_trial(run, pairs, source), source)


def hold_trial(trial: Trial, source: RefereeSource) -> tuple[Evaluation, Sequence[Painted]]:
    """Score what `open_trial` gave, with a referee trained first into its folder where none is given."""
    referee = source.run
    if referee is None:
        source.folder.mkdir(parents=True, exist_ok=True)
        train_segmentor(_order(trial.painter, source), trial.data)
        referee = source.folder
    refuse_same_judge(referee, trial.painter.card)
    data = trial.data.in_units_of(trial.painter.card.normalisation.as_shared())
    return evaluate(trial.painter, trial.test, referee, data.mean("tumour"), run=trial.run)


def _order(painter: Inpainter, source: RefereeSource) -> Order[Recipe]:
    recipe = SEGMENTOR_RECIPES[painter.card.preset]
    if source.steps is not None:
        recipe = replace(recipe, steps=source.steps, epochs=None)
    seed = painter.card.seed + REFEREE_APART
    return Order("segmentor", painter.card.preset, recipe, source.engine, seed, source.folder, source.resume)
