"""A training step as a list of phases: who learns, with which optimiser, from which losses.

GAN training has two phases, generators and then discriminators; the segmentor has one. The loop knows no more
of either than what stands in a `Phase`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from metgan.losses import ADVERSARIAL, weighted_cross_entropy
from metgan.methods import Adversarial, GanNetworks, Method, Translations
from metgan.networks import Segmentor

from .config import GanTrainConfig
from .consistency import Consistency, SegmentorBatch
from .first_steps import FirstSteps
from .image_pool import ImagePool

Material = TypeVar("Material")
Watched = TypeVar("Watched", contravariant=True)
BETAS = (0.5, 0.999)  # paper, section 3


class Watch(Protocol[Watched]):
    """Looks at the losses of some steps before their gradients are taken."""

    def is_over(self, step: int) -> bool:
        """Return whether it looks at no step from this one on."""

    def write(self, step: int, losses: Mapping[str, Tensor], material: Watched, /) -> None:
        """Look at a step, counted from 0."""


def _prepare_nothing(*_: object) -> tuple[Tensor, ...]:
    return ()


@dataclass(frozen=True)
class Phase(Generic[Material]):
    """One optimiser's turn within a step.

    Parameters
    ----------
    name : str
        Of its optimiser in a checkpoint.
    networks : mapping of str to Module
        Those that learn.
    optimiser : Optimizer
    losses : callable
        The step's material and what was prepared to named scalars whose sum is minimised; they are logged
        under these names. It does the same in every step: what differs is in its arguments' tensors, of which
        none is expanded.
    lr_ratio : float
        The share of the run's learning rate that this phase learns at.
    prepare : callable
        The material and the step's number to further tensors: all that is decided anew for each step.
    watch : Watch or None
        Who looks at the losses of the first steps.
    """

    name: str
    networks: Mapping[str, nn.Module]
    optimiser: torch.optim.Optimizer
    losses: Callable[[Material, Sequence[Tensor]], dict[str, Tensor]]
    lr_ratio: float = 1.0
    prepare: Callable[[Material, int], tuple[Tensor, ...]] = _prepare_nothing
    watch: Watch[Material] | None = None


def optimise(networks: Mapping[str, nn.Module], rate: float) -> torch.optim.Adam:
    """Return Adam over all weights of `networks`, with the paper's betas."""
    weights = [weight for network in networks.values() for weight in network.parameters()]
    return torch.optim.Adam(weights, lr=rate, betas=BETAS)


def gan_phases(
    method: Method,
    networks: GanNetworks,
    config: GanTrainConfig,
    image_pools: list[ImagePool],
    first_steps: FirstSteps | None = None,
) -> list[Phase[Translations]]:
    """Return the generators' phase and, where the method has an adversarial term, the discriminators'.

    ``first_steps`` writes down which way the terms pull tumours at the beginning.
    """
    rate = config.learning_rate
    adversarial = next((term for term in method.terms if isinstance(term, Adversarial)), None)

    def generate(step: Translations, _: Sequence[Tensor]) -> dict[str, Tensor]:
        return {term.name: term.weight * term(step) for term in method.terms}

    generators = networks.generators
    phases = [Phase("generators", generators, optimise(generators, rate), generate, watch=first_steps)]
    if adversarial is None:
        return phases
    discriminator_loss = ADVERSARIAL[adversarial.loss].discriminator_loss

    def exchange(step: Translations, number: int) -> tuple[Tensor, ...]:
        fakes = [fake.detach() for _, fake in step.discriminator_inputs]
        return tuple(pool.exchange(fake, number) for pool, fake in zip(image_pools, fakes, strict=True))

    def discriminate(step: Translations, exchanged: Sequence[Tensor]) -> dict[str, Tensor]:
        return {
            name: discriminator_loss(discriminator(real), discriminator(fake))
            for (name, discriminator), (real, _), fake in zip(
                networks.discriminators_by_name.items(), step.discriminator_inputs, exchanged, strict=True
            )
        }

    discriminators, ratio = networks.discriminators_by_name, config.discriminator_lr_ratio
    optimiser = optimise(discriminators, rate * ratio)
    return [*phases, Phase("discriminators", discriminators, optimiser, discriminate, ratio, exchange)]


def segmentor_phases(
    segmentor: Segmentor, rate: float, consistency: Consistency | None = None
) -> list[Phase[SegmentorBatch]]:
    """Return the segmentor's one phase: weighted cross-entropy against labels, and against its teacher."""

    def prepare(batch: SegmentorBatch, step: int) -> tuple[Tensor, ...]:
        further = batch.unlabelled
        return () if consistency is None or further is None else consistency.prepare(further, step)

    def read(batch: SegmentorBatch, prepared: Sequence[Tensor]) -> dict[str, Tensor]:
        known, further = batch.labelled, batch.unlabelled
        losses = {"segmentation": weighted_cross_entropy(segmentor(known.tumour), known.label, known.within)}
        if consistency is None or further is None:
            return losses
        return {**losses, "consistency": consistency(segmentor, further, prepared)}

    networks = {"segmentor": segmentor}
    return [Phase("segmentor", networks, optimise(networks, rate), read, prepare=prepare)]
