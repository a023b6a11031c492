"""Further pairs that are generated while a training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

from metgan.data import Pair
from metgan.errors import SettingError
from metgan.labels import LabelRecipe
from metgan.synthesis import Mix, PairStream
from metgan.training import TrainingData

from .fold import Fold
from .source import check_plans, request_of


@dataclass(frozen=True)
class Streamed:
    """Pairs generated while the training goes on, none of them twice: `metgan.synthesis.PairStream`."""

    recipe: LabelRecipe

    def check(self, fold: Fold, *, anew: bool) -> None:
        """Refuse a fold whose generator cannot be trained, or with too few labels for the recipe."""
        fold.check_inpainter(anew=anew)
        check_plans(fold, request_of(fold, self.recipe, len(fold.train_entries)))

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> TrainingData:
        """Return a stream with real and generated pairs in the ratio of those there would be of a set."""
        if not real:
            given = "streamed pairs without real ones beside them"
            raise SettingError(given, "a share of real pairs", "Give the training set some")
        mix = Mix(count / (len(real) + count), turned=False)
        pairs = PairStream(fold.inpainter, request_of(fold, self.recipe, draws), [p.entry for p in real], mix)
        return replace(fold.data, train=real, fresh=Fresh(pairs, fold, draws))


@dataclass(frozen=True)
class Fresh(Sequence[Pair]):
    """As many pairs as a training draws, each made when it is asked for, whole and in camera units."""

    stream: PairStream
    fold: Fold
    draws: int

    def __str__(self) -> str:
        return f"{self.draws} of {self.stream}"

    def __len__(self) -> int:
        return self.draws

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | list[Pair]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(self.draws))]
        if not 0 <= index < self.draws:
            raise IndexError(index)
        pair = self.stream.whole(index)
        self.fold.refuse_leaks([pair])
        return pair
