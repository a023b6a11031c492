"""Does synthetic data help a segmentation network? Table 2 and Fig. 4 of the paper, with fairer rivals.

Every arm trains the same segmentor with equal steps, batches and crops, starts from the same weights per
seed, takes its level from the same real validation pairs, and reads the same test images. The paper does
not say how long its segmentors trained; with equal epochs a larger set would also train longer, and show that
instead of what its images are worth.

Generator and synthetic pairs are made once per fold, with the first seed; further seeds train the arms'
segmentors again, from other first weights, on other crops and other shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import Pair, PairSet, Split, draw_folds
from metgan.errors import ArrayError, LeakageError, SettingError
from metgan.seeding import stream
from metgan.training import Curriculum, check_segmentor_order, train_segmentor, trained_seconds

from .arms import Arm
from .chapters_of_arms import arm_chapters, painters_chapter
from .fold import Fold, shared_rng, take_share
from .gains import Cell, gather, rank, save_gains
from .readings import read_test
from .report import Report, Section
from .rules import Rules
from .sources import SOURCES
from .verdicts import save_markdown


@dataclass(frozen=True)
class Downstream:
    """Arms on folds.

    Parameters
    ----------
    folder : path
        What is trained goes to ``fold-K-of-N/`` in it.
    pairs : PairSet
    splits : sequence of Split
        One per fold.
    arms : sequence of Arm
    rules : Rules
        ``training`` is MetGAN's; ``segmentor`` that in its loop and, with equal steps, the last weights and
        the arm's own augmentation, that of every arm.
    """

    folder: Path
    pairs: PairSet
    splits: Sequence[Split]
    arms: Sequence[Arm]
    rules: Rules

    @property
    def out(self) -> Path:
        """Folder of scores, tables, pictures and report."""
        return self.folder / "downstream"

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained.

        Parameters
        ----------
        anew : bool
            Whether what lies in the folder will be deleted first, and need not fit.
        """
        self._refuse_generated()
        for fold in self._folds():
            for source in {arm.source for arm in self.arms if arm.source}:
                SOURCES[source].check(fold, anew=anew)
            for arm in self.arms:
                if not arm.source:
                    seed = self.rules.seed
                    order = replace(fold.order(arm, seed), resume=not anew)
                    check_segmentor_order(order, material_of(arm, fold, seed))
            if not any(pair.label.any() for pair in fold.test.read_all()):
                raise ArrayError(
                    f"fold {fold.number}, none of whose test labels holds a tumour",
                    "a tumour in every fold",
                    "Ask for fewer folds with --folds, or add annotated pairs",
                )

    def hold(self, lead: str) -> list[Section]:
        """Train and score what is not yet, and write scores, tables, pictures, report; gives the chapters.

        All with the first seed comes first, so that there is a whole answer early.
        """
        seeds = range(self.rules.seed, self.rules.seed + self.rules.seeds)
        cells = [_cell(arm, fold, seed) for seed in seeds for fold in self._folds() for arm in self.arms]
        images, tumours = gather(cells)
        table = rank(images, tumours)
        save_gains(table, images, tumours, self.out)
        chapters = arm_chapters(table, cells)
        if helpers := {fold.number: cards for fold in self._folds() if (cards := fold.helpers)}:
            is_doubted = any(card.doubt for cards in helpers.values() for card in cards)
            chapters.insert(0 if is_doubted else len(chapters), painters_chapter(helpers))
        save_markdown(chapters, self.out / "tables.md")
        Report("Does synthetic data help?", lead, chapters).save(self.out / "report.html")
        return chapters

    def _refuse_generated(self) -> None:
        """Refuse painted pairs: their painter may have seen any fold's test groups."""
        painted = [entry.name for entry in self.pairs if entry.is_generated]
        if painted:
            raise LeakageError(
                f"{len(painted)} generated pairs in {self.pairs.root} ({', '.join(painted[:5])})",
                "real pairs alone: the study paints its own, fold by fold",
                "Keep generated pairs in a pair set of their own",
            )

    def _folds(self) -> Iterator[Fold]:
        """Give the folds, one at a time, so that the images of one alone are in memory."""
        for number, split in enumerate(self.splits, start=1):
            folder = self.folder / f"fold-{number}-of-{len(self.splits)}"
            yield Fold(folder, number, self.pairs, split, self.rules)


def fold_pairs(pairs: PairSet, count: int, seed: int, training: int | None = None) -> list[Split]:
    """Draw the folds of a pair set; the split that its table states is not looked at.

    Parameters
    ----------
    pairs : PairSet
    count : int, 2 or more
    seed : int, at least 0
    training : int or None, default None
        How many pairs the training part of each fold keeps, group after group as in `take_share`: what a user
        has who has annotated only so much. The validation part stays. None keeps all.

    Raises
    ------
    SettingError
        When there are too few groups for so many folds, or a fold has fewer training pairs.
    """
    known = {pair.entry.name: pair for pair in pairs.read_all()}
    with_tumour = {name: bool(pair.label.any()) for name, pair in known.items()}
    folds = draw_folds(pairs.entries, with_tumour, count, stream(seed, "folds"))
    if training is None:
        return folds
    if training > (least := min(len(fold.train) for fold in folds)):
        given = f"{training} training pairs in each of {count} folds, of {least} and more"
        raise SettingError(given, f"at most {least}", "Ask for fewer, or for more folds")
    return [_cut(fold, [known[name] for name in fold.train], training, seed) for fold in folds]


def _cut(fold: Split, train: Sequence[Pair], count: int, seed: int) -> Split:
    kept = take_share(train, count / len(train), stream(seed, "annotated"))
    return replace(fold, train=tuple(sorted(pair.entry.name for pair in kept)))


def material_of(arm: Arm, fold: Fold, seed: int) -> Curriculum:
    """Give what an arm trains on: its share of the real training pairs, and its further ones.

    Raises
    ------
    LeakageError
        When one of them comes from a test group.
    """
    real = take_share(fold.data.train, arm.real, shared_rng(seed))
    data = replace(fold.data, train=real)
    if arm.source:
        recipe = fold.order(arm, seed).recipe
        draws = recipe.length(len(fold.split.train)) * recipe.batch_size
        data = SOURCES[arm.source].join(fold, real, round(arm.extra * len(fold.data.train)), draws)
    fold.refuse_leaks(data.train)
    return data


def _cell(arm: Arm, fold: Fold, seed: int) -> Cell:
    data = material_of(arm, fold, seed)
    order = fold.order(arm, seed)
    order.folder.mkdir(parents=True, exist_ok=True)
    train_segmentor(order, data)
    out = fold.folder / "scores" / order.folder.name
    readings = read_test(order.folder, fold.data.val, fold.test, fold.rules.engine, out)
    fresh = 0 if data.fresh is None else round(len(data.fresh) * arm.extra / (arm.real + arm.extra))
    samples = len(data.train) + fresh
    return Cell(arm, fold.number, seed, samples, trained_seconds(order.folder), readings)
