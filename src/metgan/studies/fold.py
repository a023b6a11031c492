"""One fold: its data, what is trained on its training part alone, and the guard of its test groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from metgan.data import Entry, Pair, PairSet, PairView, Split, StoredPairs, entries_of
from metgan.device import choose_device
from metgan.io import has_file
from metgan.methods import CATALOGUE
from metgan.models import MODEL_FILE, ModelCard, SegmentorPredictor, read_card
from metgan.progress import note
from metgan.synthesis import (
    ErrorAnalysis,
    Gate,
    GateLimits,
    Inpainter,
    RefineStep,
    find_errors,
    load,
    measure_steps,
    open_gate,
    order_steps,
)
from metgan.training import (
    SEGMENTOR_FOLDER,
    GanTrainConfig,
    RunConfig,
    TrainConfig,
    TrainingData,
    augmented,
    check_method_config,
    check_segmentor_config,
    load_training_data,
    train_method,
    train_segmentor,
    with_pseudo_labels,
)

from .shared_config import SharedConfig
from .training_sets import TrainingSet

_METHOD = CATALOGUE["metgan"]


@dataclass(frozen=True)
class Fold:
    """A fold of a pair set, and the folder for all that is trained on it.

    Parameters
    ----------
    folder : path
    number : int
        From 1.
    pairs : PairSet
        All pairs.
    split : Split
    config : SharedConfig
    learns_unlabelled : bool, default False
        Whether generator and segmentor learn from unlabelled pairs too: those that the set has, and those
        that the split leaves out as if nobody had annotated them.
    """

    folder: Path
    number: int
    pairs: PairSet
    split: Split
    config: SharedConfig
    learns_unlabelled: bool = False

    @cached_property
    def data(self) -> TrainingData:
        """The real training and validation pairs, loaded once."""
        labelled = replace(self.pairs, unlabelled=())
        if not self.learns_unlabelled:
            return load_training_data(labelled, self.split)
        bare = (*self.pairs.unlabelled, *self.set_apart)  # where the table puts them is not looked at
        return load_training_data(labelled, self.split, [replace(entry, split="") for entry in bare])

    @cached_property
    def with_unlabelled(self) -> Fold:
        """The same fold, whose generator and segmentor learn from unlabelled pairs too."""
        return replace(self, folder=self.folder / "with-unlabelled", learns_unlabelled=True)

    @property
    def set_apart(self) -> tuple[Entry, ...]:
        """Labelled pairs that are in no part: what an annotator has not come to."""
        known = {*self.split.train, *self.split.val, *self.split.test}
        return tuple(entry for entry in self.pairs if entry.name not in known)

    @property
    def has_unlabelled(self) -> bool:
        """Whether there is any unlabelled pair of the training part."""
        return bool(self.with_unlabelled.data.unlabelled)

    @property
    def test(self) -> PairSet:
        """The pairs that are tested on."""
        return self.pairs.select(self.split.test)

    @property
    def train_entries(self) -> tuple[Entry, ...]:
        """Rows of the real training pairs: the only labels that synthetic pairs come from."""
        return self.pairs.select(self.split.train).entries

    @property
    def anatomies(self) -> tuple[Entry, ...]:
        """Rows of the pairs whose anatomies synthetic pairs come from: labelled, or pseudo-labelled, ones."""
        return self.pseudo_labelled if self.learns_unlabelled else self.train_entries

    @cached_property
    def pseudo_labelled(self) -> tuple[Entry, ...]:
        """Rows of the unlabelled pairs as the fold's segmentor labels them, trained first where it is not."""
        train_segmentor(self._segmentor_config(), self.data)
        data = with_pseudo_labels(self._generator_config(), self.data, self._segmentor)
        return tuple(entries_of(data.pseudo_labelled))

    @cached_property
    def reader(self) -> SegmentorPredictor | None:
        """The segmentor that labels the anatomies, and reads what is inserted; None for labelled ones."""
        return self.trained_segmentor() if self.learns_unlabelled else None

    def check_inpainter(self, *, anew: bool) -> None:
        """Refuse, before anything is written, what `inpainter` could not be trained by."""
        check_segmentor_config(replace(self._segmentor_config(), resume=not anew), self.data)
        is_there = not anew and has_file(self._segmentor / MODEL_FILE)
        run_config = replace(self._generator_config(), resume=not anew)
        check_method_config(run_config, self.data, _METHOD, self._segmentor if is_there else None)

    def check_independent_segmentor(self, *, anew: bool) -> None:
        """Likewise for the independent segmentor of `gate`."""
        independent = self.config.independent_config(self.folder)
        check_segmentor_config(replace(independent, resume=not anew), self.data)

    @cached_property
    def inpainter(self) -> Inpainter:
        """MetGAN of this fold, trained first where it is not, with its segmentor in the loop.

        Raises
        ------
        LeakageError
            When what lies there has seen a test group of the fold.
        """
        run_config = self._generator_config()
        train_segmentor(self._segmentor_config(), self.data)
        data = replace(self.data, pseudo_labelled=StoredPairs(self.pseudo_labelled))
        train_method(run_config, data, _METHOD, self._segmentor)
        inpainter = load(run_config.folder, self.config.engine.device)
        inpainter.card.refuse_to_have_seen(self.data.split.held_out.groups, "making training pairs")
        for card in self.helpers:
            if card.warning:
                note(f"the {card.kind} of fold {self.number}: {card.warning}")
        return inpainter

    @property
    def helpers(self) -> list[ModelCard]:
        """Cards of the generator and of the segmentor in its loop, of those that are trained."""
        runs = (self._segmentor, self._generator_config().folder)
        cards = [read_card(run) for run in runs if has_file(run / MODEL_FILE)]
        return cards if self.learns_unlabelled else [*cards, *self.with_unlabelled.helpers]

    def gate(self, limits: GateLimits) -> Gate:
        """Return a gate for generated pairs; its segmentor is trained first, on the training part alone."""
        independent = self.config.independent_config(self.folder)
        train_segmentor(independent, self.data)
        return open_gate(independent.folder, self.inpainter, self.train_entries, limits)

    def trained_segmentor(self) -> SegmentorPredictor:
        """Return the segmentor in the loop, trained first where it is not."""
        train_segmentor(self._segmentor_config(), self.data)
        return SegmentorPredictor(self._segmentor, choose_device(self.config.engine.device))

    def refine(self, names: Sequence[str]) -> tuple[RefineStep, ...]:
        """Return steps of refinement, each measured once, on the real training pairs."""
        for name in names:
            if name not in self._measured:
                (step,) = measure_steps([name], self.data.train, self.data.normalisation.fill)
                self._measured[name] = step
        return tuple(self._measured[name] for name in order_steps(names))

    @cached_property
    def _measured(self) -> dict[str, RefineStep]:
        return {}

    @cached_property
    def error_analysis(self) -> ErrorAnalysis:
        """What the segmentor in the loop misses of the validation part, which it was chosen by.

        The generator is trained first where it is not, and that segmentor with it.
        """
        device = self.inpainter.device
        return find_errors(SegmentorPredictor(self._segmentor, device), self.pairs.select(self.split.val))

    def run_config(self, training_set: TrainingSet, seed: int) -> RunConfig[TrainConfig]:
        """Return the settings for a training set's segmentor: equal steps, batches and crops for all.

        The last weights are kept, at the end of the schedule. To choose among earlier ones by a few
        validation images, read at one threshold, moves the Dice of a training set by more than what training
        sets differ by.
        """
        config = self.config.segmentor
        steps = training_set.times * config.length(len(self.split.train))
        config = replace(
            config, epochs=None, steps=steps, validations=1, augmentation=training_set.augmentation
        )
        run = self.folder / "runs" / f"{training_set.name}-seed{seed}"
        return RunConfig("segmentor", self.config.preset, config, self.config.engine, seed, run, resume=True)

    def refuse_leaks(self, pairs: Sequence[Pair]) -> None:
        """Refuse training pairs that are of a test group, or made from its images.

        Raises
        ------
        LeakageError
            Naming the first such pair.
        """
        self.data.split.held_out.refuse(entries_of(pairs), f"training in fold {self.number}")

    @property
    def _segmentor(self) -> Path:
        return self.folder / SEGMENTOR_FOLDER

    def _segmentor_config(self) -> RunConfig[TrainConfig]:
        config = self.config.segmentor_config(self._segmentor)
        return replace(config, train=augmented(config.train, self.data))

    def _generator_config(self) -> RunConfig[GanTrainConfig]:
        return self.config.method_config(_METHOD, self.folder, self.config.seed)


def take_share(pairs: Sequence[Pair], share: float, rng: np.random.Generator) -> PairView:
    """Return a share of the pairs; smaller shares, drawn alike, lie within larger ones.

    Groups come in random order, and one is used up before the next: who annotates less annotates fewer
    animals, and pairs of few animals are less worth than as many of all. The last group is cut, so that
    the count is exact. The first pair shows a tumour, since nothing is learned without any.

    Parameters
    ----------
    pairs : sequence of Pair
    share : float, in [0, 1]
        Of the pairs, rounded to whole ones, at least one; 0 for none.
    rng : numpy.random.Generator

    Examples
    --------
    >>> image = np.zeros((1, 1), np.uint8)
    >>> names = ("a1", "a2", "b1", "b2")
    >>> pairs = [Pair(Entry(name, name[0], "", "", {}), image, image, image > -1) for name in names]
    >>> half, most = (take_share(pairs, share, np.random.default_rng(0)) for share in (0.5, 0.75))
    >>> [pair.entry.name for pair in half], [pair.entry.name for pair in most][:2]
    (['b1', 'b2'], ['b1', 'b2'])
    """
    if not share:
        return PairView(pairs, [])
    entries, is_blank = entries_of(pairs), [not pair.label.any() for pair in pairs]
    shuffled = sorted(map(int, rng.permutation(len(pairs))), key=lambda place: is_blank[place])
    groups = list(dict.fromkeys(entries[place].group for place in shuffled))
    rest = [groups[1 + int(k)] for k in rng.permutation(len(groups) - 1)]
    turn = {group: k for k, group in enumerate([groups[0], *rest])}
    first, *others = shuffled
    others = [others[int(k)] for k in rng.permutation(len(others))]
    ordered = [first, *sorted(others, key=lambda place: turn[entries[place].group])]
    return PairView(pairs, ordered[: max(1, round(share * len(pairs)))])
