"""Where a training set's further pairs come from: a fold's MetGAN, or pasted real tumours.

A source gives pairs in one fixed order, and a training set takes the first of them. All training sets of a
fold whose further pairs are made alike therefore share one generation, and a larger set holds the smaller
one, as lines over the number of samples suggest. The streamed ones alone are made for one training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from metgan.data import JoinedPairs, Pair, paste
from metgan.errors import SettingError
from metgan.labels import Bank, LabelRecipe, Merged, Mixed, Real
from metgan.objects import cut_tumours
from metgan.seeding import stream
from metgan.synthesis import GateLimits, order_steps
from metgan.training import TrainingData

from .fold import Fold
from .synthetic import Streamed, Synthetic
from .training_sets import TrainingSet

_PAPERS: Final = Mixed((Real(), Merged(2)))  # section 4: single real labels, or several merged


class Source(Protocol):
    """Makes training pairs from the training part of a fold."""

    def check(self, fold: Fold, count: int, *, anew: bool) -> None:
        """Refuse, before anything is written, a fold that so many pairs cannot be made from."""

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> TrainingData:
        """Return what is trained on: real pairs, and so many further ones beside them.

        Parameters
        ----------
        fold : Fold
        real : sequence of Pair
            May be empty.
        count : int
            How many further pairs.
        draws : int
            How many pairs the training draws.
        """


@dataclass(frozen=True)
class Pasted:
    """Real tumours pasted into other real training images: `metgan.data.paste`.

    Never into their own: an image that alone has whole tumours gives to all others, and is given none.
    """

    def check(self, fold: Fold, count: int, *, anew: bool) -> None:  # noqa: ARG002  # nothing is trained
        """Refuse a training part without a whole tumour, or without another image to paste it into."""
        self._targets(fold, self._givers(fold))

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> TrainingData:  # noqa: ARG002
        """Return the real pairs and the first so many pasted ones."""
        return replace(fold.data, train=JoinedPairs(real, self.pairs(fold, count)))

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Return the first so many pairs; every target is used once before any is used twice."""
        givers, seed = self._givers(fold), fold.config.seed
        targets = self._targets(fold, givers)
        pairs = []
        for number in range(count):
            epoch, place = divmod(number, len(targets))
            target = targets[int(stream(seed, "paste into", epoch).permutation(len(targets))[place])]
            rng = stream(seed, "paste", number)
            others = [g for g in givers if g.entry.name != target.entry.name]
            others = [g for g in others if g.entry.group != target.entry.group] or others
            units = fold.data.normalisation
            pair = paste(target, others[int(rng.integers(len(others)))], rng, units.fill)
            pair = replace(pair, tumour=units.bound(pair.tumour, "tumour"))
            pairs.append(replace(pair, entry=replace(pair.entry, name=f"pasted-{number:06d}")))
        fold.refuse_leaks(pairs)
        return pairs

    def _givers(self, fold: Fold) -> list[Pair]:
        givers = [pair for pair in fold.data.train if cut_tumours(pair.label)]
        if not givers:
            raise SettingError(
                f"fold {fold.number}, in whose training part every tumour is cut by an image's border",
                "one whole tumour or more, to paste",
                "Leave the training sets with pasted tumours out",
            )
        return givers

    def _targets(self, fold: Fold, givers: list[Pair]) -> list[Pair]:
        alone = givers[0].entry.name if len(givers) == 1 else None
        targets = [pair for pair in fold.data.train if pair.entry.name != alone]
        if not targets:
            raise SettingError(
                f"fold {fold.number}, whose training part is the single pair {alone}",
                "another pair, to paste its tumours into",
                "Leave the training sets with pasted tumours out",
            )
        return targets


def source_of(training_set: TrainingSet) -> Source:
    """Return what makes the further pairs of a training set: from its values to how it is made."""
    if training_set.made == "pasted":
        return Pasted()
    generated = Synthetic(
        training_set.making,
        _labels_of(training_set),
        order_steps(training_set.refine),
        GateLimits() if training_set.gated else None,
        training_set.oversampled,
    )
    return Streamed(generated) if training_set.made == "streamed" else generated


def _labels_of(training_set: TrainingSet) -> LabelRecipe:
    """Return the paper's labels, single tumours where each has a contrast, or one beside the image's own."""
    if "insert" in training_set.refine:
        return Bank(counts=(1, 1))
    return Bank() if "contrast" in training_set.refine else _PAPERS
