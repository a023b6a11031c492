"""Further pairs that are generated while a training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

from metgan.data import Pair
from metgan.synthesis import Mix, PairStream
from metgan.training import TrainingData

from .fold import Fold
from .synthetic import Synthetic


@dataclass(frozen=True)
class Streamed:
    """Pairs generated while the training goes on, none of them twice: `metgan.synthesis.PairStream`.

    Parameters
    ----------
    generated : Synthetic
        How they are made as a set; without a gate.
    """

    generated: Synthetic

    def check(self, fold: Fold, count: int, *, anew: bool) -> None:
        """Refuse a fold that no set could be generated for."""
        self.generated.check(fold, count, anew=anew)

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> TrainingData:
        """Return a stream with real and generated pairs in the ratio of those there would be of a set."""
        mix = Mix(count / (len(real) + count), turned=False)
        request = self.generated.request(fold, draws)
        pairs = PairStream(fold.inpainter, request, [pair.entry for pair in real], mix)
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
