"""A training step as a list of phases: who learns, with which optimiser, from which losses.

GAN training has two phases, generators and then discriminators; the segmentor has one. The loop knows no more
of either than what stands in a `Phase`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

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
BETAS = (0.5, 0.999)  # paper, section 3


@dataclass(frozen=True)
class Phase(Generic[Material]):
    """One optimiser's turn within a step.

    ``losses`` gives named scalars whose sum is minimised; they are journalled under these names. ``lr_ratio``
    is the share of the run's learning rate that this phase learns at.
    """

    name: str
    networks: Mapping[str, nn.Module]
    optimiser: torch.optim.Optimizer
    losses: Callable[[Material, int], dict[str, Tensor]]
    lr_ratio: float = 1.0


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

    def generate(step: Translations, number: int) -> dict[str, Tensor]:
        losses = {term.name: term.weight * term(step) for term in method.terms}
        if first_steps is not None:
            first_steps.write(number, losses, step)
        return losses

    generators = networks.generators
    phases = [Phase("generators", generators, optimise(generators, rate), generate)]
    if adversarial is None:
        return phases
    discriminator_loss = ADVERSARIAL[adversarial.loss].discriminator_loss

    def discriminate(step: Translations, number: int) -> dict[str, Tensor]:
        losses = {}
        for (name, discriminator), (real, fake), pool in zip(
            networks.discriminators_by_name.items(), step.discriminator_inputs, image_pools, strict=True
        ):
            losses[name] = discriminator_loss(
                discriminator(real), discriminator(pool.exchange(fake.detach(), number))
            )
        return losses

    discriminators = networks.discriminators_by_name
    optimiser = optimise(discriminators, rate * config.discriminator_lr_ratio)
    return [
        *phases,
        Phase("discriminators", discriminators, optimiser, discriminate, config.discriminator_lr_ratio),
    ]


def segmentor_phases(
    segmentor: Segmentor, rate: float, consistency: Consistency | None = None
) -> list[Phase[SegmentorBatch]]:
    """Return the segmentor's one phase: weighted cross-entropy against labels, and against its teacher."""

    def read(batch: SegmentorBatch, step: int) -> dict[str, Tensor]:
        known, further = batch.labelled, batch.unlabelled
        losses = {"segmentation": weighted_cross_entropy(segmentor(known.tumour), known.label, known.within)}
        if consistency is None or further is None:
            return losses
        weight = consistency.weight(step)
        told = consistency(segmentor, further, step) if weight else losses["segmentation"].new_zeros(())
        return {**losses, "consistency": weight * told}

    networks = {"segmentor": segmentor}
    return [Phase("segmentor", networks, optimise(networks, rate), read)]
