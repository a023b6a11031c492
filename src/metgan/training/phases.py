"""A training step as a list of phases: who learns, with which optimiser, from which losses.

GAN training has two phases, generators and then judges; the segmentor has one. The loop knows no more
of either than what stands in a `Phase`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from metgan.losses import ADVERSARIAL, weighted_cross_entropy
from metgan.methods import Adversarial, Method, Players, Translations

from .batches import Batch
from .first_steps import FirstSteps
from .history import History
from .recipe import GanRecipe

Material = TypeVar("Material")
BETAS = (0.5, 0.999)  # paper, section 3


@dataclass(frozen=True)
class Phase(Generic[Material]):
    """One optimiser's turn within a step.

    ``losses`` gives named scalars whose sum is minimised; they are journalled under these names. ``pace``
    is the share of the run's learning rate that this phase learns at.
    """

    name: str
    players: Mapping[str, nn.Module]
    optimiser: torch.optim.Optimizer
    losses: Callable[[Material, int], dict[str, Tensor]]
    pace: float = 1.0


def optimise(players: Mapping[str, nn.Module], rate: float) -> torch.optim.Adam:
    """Give Adam over all weights of `players`, with the paper's betas."""
    weights = [weight for player in players.values() for weight in player.parameters()]
    return torch.optim.Adam(weights, lr=rate, betas=BETAS)


def gan_phases(
    method: Method,
    players: Players,
    recipe: GanRecipe,
    histories: list[History],
    first_steps: FirstSteps | None = None,
) -> list[Phase[Translations]]:
    """Give the generators' phase and, where the method has an adversarial term, the judges'.

    ``first_steps`` writes down which way the terms pull tumours at the beginning.
    """
    rate = recipe.learning_rate
    adversarial = next((term for term in method.terms if isinstance(term, Adversarial)), None)

    def generate(step: Translations, number: int) -> dict[str, Tensor]:
        losses = {term.name: term.weight * term(step) for term in method.terms}
        if first_steps is not None:
            first_steps.write(number, losses, step)
        return losses

    generators = players.generators
    phases = [Phase("generators", generators, optimise(generators, rate), generate)]
    if adversarial is None:
        return phases
    discern = ADVERSARIAL[adversarial.loss].discern

    def tell_apart(step: Translations, number: int) -> dict[str, Tensor]:
        losses = {}
        for (name, judge), (real, fake), history in zip(
            players.judges_by_name.items(), step.evidence, histories, strict=True
        ):
            losses[name] = discern(judge(real), judge(history.exchange(fake.detach(), number)))
        return losses

    judges = players.judges_by_name
    optimiser = optimise(judges, rate * recipe.judge_pace)
    return [*phases, Phase("judges", judges, optimiser, tell_apart, recipe.judge_pace)]


def segmentor_phases(segmentor: nn.Module, rate: float) -> list[Phase[Batch]]:
    """Give the segmentor's one phase: weighted cross-entropy against the label."""

    def read(batch: Batch, _: int) -> dict[str, Tensor]:
        return {"segmentation": weighted_cross_entropy(segmentor(batch.tumour), batch.label)}

    players = {"segmentor": segmentor}
    return [Phase("segmentor", players, optimise(players, rate), read)]
