"""An evaluation of a run: what it needs, checked first, then the segmentor's training and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, groups_of, load_split, read_pair
from metgan.errors import ArrayError
from metgan.models import ModelCard, load_independent_segmentor
from metgan.synthesis import Inpainter, load
from metgan.training import (
    SEGMENTOR_CONFIGS,
    Engine,
    RunConfig,
    TrainConfig,
    TrainingData,
    augmented,
    check_segmentor_config,
    load_training_data,
    train_segmentor,
)

from .evaluation import ComparedImage, evaluate
from .scores import Evaluation
from .shared_config import independent_run


@dataclass(frozen=True)
class IndependentSegmentorSource:
    """Where the independent segmentor comes from: a finished run, or a training into a folder in `root`.

    ``steps`` is None for the preset's length.
    """

    run: Path | None
    steps: int | None
    root: Path
    engine: Engine
    resume: bool = False

    def config(self, generator: ModelCard, data: TrainingData) -> RunConfig[TrainConfig]:
        """Return how it is trained for a generator, on the data of its run."""
        config = SEGMENTOR_CONFIGS[generator.preset]
        if self.steps is not None:
            config = replace(config, steps=self.steps, epochs=None)
        config = augmented(config, data)
        like = RunConfig(
            "segmentor", generator.preset, config, self.engine, generator.seed, self.root, self.resume
        )
        return independent_run(like, self.root, generator.segmentor_seed)


@dataclass(frozen=True)
class EvaluationSetup:
    """What an evaluation needs, read and checked; only the independent segmentor may still be missing."""

    run: Path
    inpainter: Inpainter
    data: TrainingData
    test: PairSet
    source: IndependentSegmentorSource

    def score(self) -> tuple[Evaluation, Sequence[ComparedImage]]:
        """Score the run on the test part of its split; trains the independent segmentor if none is given."""
        segmentor, card = self.source.run, self.inpainter.card
        if segmentor is None:
            config = self.source.config(card, self.data)
            train_segmentor(config, self.data)
            segmentor = config.folder
        mean = self.data.in_units_of(card.normalisation.as_shared()).mean("tumour")
        return evaluate(self.inpainter, self.test, segmentor, mean, run=self.run)


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
    setup = EvaluationSetup(run, inpainter, data, pairs.select(split.test), source)
    groups = groups_of(setup.test)
    inpainter.card.refuse_to_have_seen(groups, "testing")
    if source.run is None:
        check_segmentor_config(source.config(inpainter.card, data), data)
    else:
        load_independent_segmentor(source.run, inpainter.card, groups, inpainter.device)
    for pair in map(read_pair, setup.test):
        if min(pair.label.shape) < inpainter.minimum_side:
            raise ArrayError(
                f"test pair {pair.entry.name!r} has shape {pair.label.shape}",
                f"sides of at least {inpainter.minimum_side} pixels, the minimum of this network",
                "Evaluate on the pair set that the run was trained on",
            )
    return setup
