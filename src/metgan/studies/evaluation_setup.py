"""An evaluation of a run: what it needs, checked first, then the segmentor's training and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, load_split, read_pair
from metgan.errors import ArrayError
from metgan.models import SegmentorPredictor, refuse_training_segmentor
from metgan.synthesis import Inpainter, load
from metgan.training import (
    SEGMENTOR_CONFIGS,
    Engine,
    RunConfig,
    TrainConfig,
    TrainingData,
    check_segmentor_config,
    load_training_data,
    train_segmentor,
)

from .evaluation import ComparedImage, evaluate
from .scores import Evaluation
from .shared_config import INDEPENDENT_SEED_OFFSET


@dataclass(frozen=True)
class IndependentSegmentorSource:
    """Where the independent segmentor comes from: a finished run, or a training into `folder`.

    ``steps`` is None for the preset's length.
    """

    run: Path | None
    steps: int | None
    folder: Path
    engine: Engine
    resume: bool = False


@dataclass(frozen=True)
class EvaluationSetup:
    """What an evaluation needs, read and checked; only the independent segmentor may still be missing."""

    run: Path
    inpainter: Inpainter
    data: TrainingData
    test: PairSet


def open_evaluation(run: Path, pairs: PairSet, source: IndependentSegmentorSource) -> EvaluationSetup:
    """Read a run, its data and its independent segmentor, and refuse what cannot be scored; writes nothing.

    Raises
    ------
    StorageError, ArrayError
        When a file cannot be read or is not what it should be, or a test image is too small.
    LeakageError
        When generator or independent segmentor has seen a test group, or the independent segmentor has
        trained with the generator.
    """
    inpainter = load(run, source.engine.device)
    split = load_split(run / SPLIT_FILE)
    data = load_training_data(pairs, split)
    setup = EvaluationSetup(run, inpainter, data, pairs.select(split.test))
    groups = {entry.group for entry in setup.test}
    inpainter.card.refuse_to_have_seen(groups, "testing")
    if source.run is None:
        check_segmentor_config(_order(inpainter, source), data)
    else:
        SegmentorPredictor(source.run, inpainter.device).check(groups)
        refuse_training_segmentor(source.run, inpainter.card)
    for pair in map(read_pair, setup.test):
        if min(pair.label.shape) < inpainter.minimum_side:
            raise ArrayError(
                f"test pair {pair.entry.name!r} has shape {pair.label.shape}",
                f"sides of at least {inpainter.minimum_side} pixels, the minimum of this network",
                "Evaluate on the pair set that the run was trained on",
            )
    return setup


def evaluate_run(
    run: Path, pairs: PairSet, source: IndependentSegmentorSource
) -> tuple[Evaluation, Sequence[ComparedImage]]:
    """Score a run on the test part of its split; an independent segmentor is trained if none is given."""
    return run_evaluation(open_evaluation(run, pairs, source), source)


def run_evaluation(
    setup: EvaluationSetup, source: IndependentSegmentorSource
) -> tuple[Evaluation, Sequence[ComparedImage]]:
    """Score what `open_evaluation` returned; an independent segmentor is trained if none is given."""
    independent_segmentor = source.run
    if independent_segmentor is None:
        source.folder.mkdir(parents=True, exist_ok=True)
        train_segmentor(_order(setup.inpainter, source), setup.data)
        independent_segmentor = source.folder
    refuse_training_segmentor(independent_segmentor, setup.inpainter.card)
    data = setup.data.in_units_of(setup.inpainter.card.normalisation.as_shared())
    return evaluate(setup.inpainter, setup.test, independent_segmentor, data.mean("tumour"), run=setup.run)


def _order(inpainter: Inpainter, source: IndependentSegmentorSource) -> RunConfig[TrainConfig]:
    config = SEGMENTOR_CONFIGS[inpainter.card.preset]
    if source.steps is not None:
        config = replace(config, steps=source.steps, epochs=None)
    seed = inpainter.card.seed + INDEPENDENT_SEED_OFFSET
    return RunConfig(
        "segmentor", inpainter.card.preset, config, source.engine, seed, source.folder, source.resume
    )
