"""Does synthetic data help a segmentation network? Table 2 and Fig. 4 of the paper, with fairer rivals.

Every training set trains the same segmentor with equal steps, batches and crops, starts from the same weights
per seed, takes its threshold from the same real validation pairs, and reads the same test images. The paper
does not say how long its segmentors trained; with equal epochs a larger set would also train longer, and
show that instead of what its images are worth.

Generator and synthetic pairs are made once per fold, with the first seed; further seeds train the training
sets' segmentors again, from other first weights, on other crops and other shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import (
    HeldOut,
    JoinedPairs,
    Pair,
    PairSet,
    PairView,
    Split,
    StoredPairs,
    draw_folds,
    entries_of,
    has_tumour,
    refuse_generated,
)
from metgan.errors import ArrayError, SettingError
from metgan.progress import note
from metgan.seeding import stream
from metgan.training import TrainingData, check_segmentor_config, train_segmentor, trained_seconds

from .downstream_statistics import DownstreamResult, RunResult, gather, rank, save_downstream_statistics
from .exposures import choose_exposure, known_exposure, suited
from .fold import Fold, take_share
from .predictions import read_test
from .shared_config import SharedConfig
from .sources import Source, source_of
from .training_sets import TrainingSet


@dataclass(frozen=True)
class Downstream:
    """Training sets on folds.

    Parameters
    ----------
    folder : path
        What is trained goes to ``fold-K-of-N/`` in it.
    pairs : PairSet
    splits : sequence of Split
        One per fold.
    training_sets : sequence of TrainingSet
    config : SharedConfig
        ``training`` is MetGAN's; ``segmentor`` that in its loop and, with equal steps, the last weights and
        the training set's own augmentation, that of every training set.
    elsewhere : PairSet or None
        Another laboratory's pairs, which all are tested on too, whatever the names of its groups.
    """

    folder: Path
    pairs: PairSet
    splits: Sequence[Split]
    training_sets: Sequence[TrainingSet]
    config: SharedConfig
    elsewhere: PairSet | None = None

    @property
    def out(self) -> Path:
        """Folder of what is found."""
        return self.folder / "downstream"

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained.

        Parameters
        ----------
        anew : bool
            Whether what lies in the folder will be deleted first, and need not fit.
        """
        refuse_generated((*self.pairs, *self.pairs.unlabelled), str(self.pairs.root))
        if self.elsewhere is not None:
            refuse_generated(self.elsewhere, str(self.elsewhere.root))
            copies = HeldOut(images=HeldOut.of(self.elsewhere).images)
            copies.refuse((*self.pairs, *self.pairs.unlabelled), "training", f"{self.elsewhere.root}, a test")
        for fold in self._folds():
            for (source, on_unlabelled), count in self._asked_of(fold).items():
                source.check(fold.with_unlabelled if on_unlabelled else fold, count, anew=anew)
            for training_set in self.training_sets:
                if training_set.uses_unlabelled and not fold.has_unlabelled:
                    raise SettingError(
                        f"fold {fold.number}, which has no unlabelled pair, and the training set "
                        f"{training_set.name}",
                        "pairs without a label, or some that are set apart as if they had none",
                        "Add some to the pair set, or give --training-pairs",
                    )
                if not training_set.synthetic and not training_set.uses_unlabelled:
                    seed = self.config.seed
                    run_config = suited(fold.run_config(training_set, seed), known_exposure(fold))
                    run_config = replace(run_config, resume=not anew)
                    check_segmentor_config(run_config, material_of(training_set, fold, seed))
            if not any(has_tumour(entry) for entry in fold.test):
                raise ArrayError(
                    f"fold {fold.number}, none of whose test labels holds a tumour",
                    "a tumour in every fold",
                    "Ask for fewer folds with --folds, or add annotated pairs",
                )

    def _asked_of(self, fold: Fold) -> dict[tuple[Source, bool], int]:
        """Return what makes further pairs, whether of unlabelled ones, and the most that are asked of it."""
        asked: dict[tuple[Source, bool], int] = {}
        for training_set in self.training_sets:
            if count := count_further(training_set, fold):
                source = source_of(training_set), training_set.anatomies == "unlabelled"
                asked[source] = max(count, asked.get(source, 0))
        return asked

    def run(self) -> DownstreamResult:
        """Train and score what is not yet, write the scores, and return what was found.

        All with the first seed comes first, so that there is a whole answer early.
        """
        seeds = range(self.config.seed, self.config.seed + self.config.seeds)
        cells = [
            _cell(training_set, fold, seed, self.elsewhere)
            for seed in seeds
            for fold in self._folds()
            for training_set in self.training_sets
        ]
        images, tumours = gather(cells)
        table = rank(images, tumours)
        save_downstream_statistics(table, images, tumours, self.out)
        elsewhere = None
        if self.elsewhere is not None:
            images, tumours = gather(cells, lambda cell: cell.elsewhere)
            elsewhere = rank(images, tumours)
            save_downstream_statistics(elsewhere, images, tumours, self.out / "elsewhere")
        helpers = {fold.number: cards for fold in self._folds() if (cards := fold.helpers)}
        has_strong = any(training_set.augmentation for training_set in self.training_sets)
        exposures = {fold.number: choose_exposure(fold) for fold in self._folds()} if has_strong else {}
        return DownstreamResult(self.config, cells, table, helpers, exposures, elsewhere)

    def _folds(self) -> Iterator[Fold]:
        """Return the folds, one at a time, so that the images of one alone are in memory."""
        for number, split in enumerate(self.splits, start=1):
            folder = self.folder / f"fold-{number}-of-{len(self.splits)}"
            yield Fold(folder, number, self.pairs, split, self.config)


def fold_pairs(pairs: PairSet, count: int, seed: int, training: int | None = None) -> list[Split]:
    """Draw the folds of a pair set; the split that its table states is not looked at.

    Parameters
    ----------
    pairs : PairSet
    count : int, 2 or more
    seed : int, at least 0
    training : int or None, default None
        How many pairs the training part of each fold keeps, group after group as in `take_share`: what a
        user has with only that many annotated pairs. The validation part stays. None keeps all.

    Raises
    ------
    SettingError
        When there are too few groups for so many folds, or a fold has fewer training pairs.
    """
    with_tumour = {entry.name: has_tumour(entry) for entry in pairs}
    folds = draw_folds(pairs.entries, with_tumour, count, stream(seed, "folds"))
    if training is None:
        return folds
    if training > (least := min(len(fold.train) for fold in folds)):
        given = f"{training} training pairs in each of {count} folds, of {least} and more"
        raise SettingError(
            given,
            f"at most {least}",
            "Ask for fewer (--training-pairs, of metgan study labels --counts), or for more --folds",
        )
    cut = []
    for fold in folds:
        train = StoredPairs(pairs.select(fold.train))
        kept = take_share(train, training / len(train), stream(seed, "annotated"))
        cut.append(replace(fold, train=tuple(sorted(entry.name for entry in kept.entries))))
    return cut


def material_of(training_set: TrainingSet, fold: Fold, seed: int) -> TrainingData:
    """Return what a training set trains on: its share of the real training pairs, and its further ones.

    Raises
    ------
    LeakageError
        When one of them comes from a test group.
    """
    real = take_share(fold.data.train, training_set.real, stream(seed, "share"))
    further = further_of(training_set, fold)
    if training_set.order == "balanced":
        count = count_further(training_set, fold) + len(further)
        real = PairView(real, [*range(len(real))] * max(1, round(count / len(real))))
    data = replace(fold.data, train=real)
    if count := count_further(training_set, fold):
        config = fold.run_config(training_set, seed).train
        draws = config.length(len(fold.split.train)) * config.batch_size
        home = fold.with_unlabelled if training_set.anatomies == "unlabelled" else fold
        is_first = training_set.order == "first"
        data = source_of(training_set).join(home, () if is_first else real, count, draws)
        data = replace(data, unlabelled=())
        if is_first:
            data = replace(data, train=real, first=data.train)
    if training_set.unlabelled == "teacher":
        data = replace(data, unlabelled=fold.with_unlabelled.data.unlabelled)
    if training_set.order == "first":
        data = replace(data, first=JoinedPairs(data.first, further))
    else:
        data = replace(data, pseudo_labelled=further)
    for part in (data.train, data.first, data.pseudo_labelled, data.unlabelled):
        fold.refuse_leaks(part)
    return data


def further_of(training_set: TrainingSet, fold: Fold) -> Sequence[Pair]:
    """Return the fold's unlabelled pairs with the labels that a training set gives them, if it does."""
    kind = training_set.unlabelled
    if kind == "true-labels":
        return StoredPairs(fold.set_apart)
    if kind == "pseudo-labels":
        return StoredPairs(fold.with_unlabelled.pseudo_labelled)
    if kind != "negatives":
        return ()
    bare = fold.with_unlabelled.data.unlabelled
    read = fold.trained_segmentor()
    empty = [place for place, pair in enumerate(bare) if not read.predict(pair.tumour).any()]
    if not empty:
        note(f"fold {fold.number}: tumours are found in all {len(bare)} unlabelled pairs: no negatives")
    return [replace(bare[place], ignored=None) for place in empty]


def count_further(training_set: TrainingSet, fold: Fold) -> int:
    """Return how many further pairs a training set has in a fold: at least one where it has any."""
    return max(1, round(training_set.synthetic * len(fold.split.train))) if training_set.synthetic else 0


def _cell(training_set: TrainingSet, fold: Fold, seed: int, elsewhere: PairSet | None) -> RunResult:
    data = material_of(training_set, fold, seed)
    run_config = fold.run_config(training_set, seed)
    if run_config.train.augmentation is not None:
        run_config = suited(run_config, choose_exposure(fold))
    train_segmentor(run_config, data)
    out = fold.folder / "scores" / run_config.folder.name
    run, val, engine = run_config.folder, fold.data.val, fold.config.engine
    readings = read_test(run, val, fold.test, engine, out)
    others = None
    if elsewhere is not None:
        others = read_test(run, val, _renamed(elsewhere), engine, out / "elsewhere")
    fresh = (
        0
        if data.fresh is None
        else round(len(data.fresh) * training_set.synthetic / (training_set.real + training_set.synthetic))
    )
    parts = data.train, data.first, data.pseudo_labelled
    distinct = {entry.name for part in parts for entry in entries_of(part)}
    samples = len(distinct) + fresh
    return RunResult(training_set, fold.number, seed, samples, trained_seconds(run), readings, others)


def _renamed(elsewhere: PairSet) -> PairSet:
    """Return another laboratory's pairs under groups that no animal of this one is called by."""
    return replace(
        elsewhere,
        entries=tuple(
            replace(e, group=f"{elsewhere.root.name}: {e.group}", provenance={}) for e in elsewhere
        ),
    )
