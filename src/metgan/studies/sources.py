"""Where a training set's further pairs come from: a fold's MetGAN, or pasted real tumours.

A source gives pairs in one fixed order, and a training set takes the first of them. All training sets of a
fold whose further pairs are made alike therefore share one generation, and a larger set holds the smaller
one, as lines over the number of samples suggest. The streamed ones alone are made for one training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from metgan.data import Pair
from metgan.labels import Bank, LabelRecipe, Merged, Mixed, Real
from metgan.synthesis import GateLimits, order_steps
from metgan.training import TrainingData

from .fold import Fold
from .pasted import Pasted
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
