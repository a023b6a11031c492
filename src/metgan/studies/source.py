"""What a source of further pairs is, and what those that generate have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from metgan.data import Pair
from metgan.labels import Bank, LabelRecipe
from metgan.synthesis import GenerationRequest, PairPlans
from metgan.training import TrainingData

from .fold import Fold


class Source(Protocol):
    """Makes training pairs from the training part of a fold."""

    def check(self, fold: Fold, count: int, *, anew: bool) -> None:
        """Refuse, before anything is written, a fold that so many pairs cannot be made from."""
        ...  # a protocol has no body

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
        ...  # a protocol has no body


def request_of(fold: Fold, recipe: LabelRecipe, count: int) -> GenerationRequest:
    """Ask for pairs of the training part's anatomies and labels, with the study's first seed."""
    seed = fold.rules.seed
    return GenerationRequest(fold.anatomies, fold.train_entries, recipe, count, seed, reader=fold.reader)


def check_plans(request: GenerationRequest) -> None:
    """Make a plan for every anatomy, or for the one with the fewest labels where drawing takes long."""
    epoch: Sequence[int] = range(len(request.anatomies))
    plans = PairPlans(request)
    if isinstance(request.recipe, Bank):
        epoch = [min(epoch, key=lambda number: len(plans.foreign_to(plans.source_of(number))))]
    for number in epoch:
        plans.draw(number)
