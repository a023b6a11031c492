"""Adversarial losses of discriminators and generators, in two forms.

Equation (1) of the paper is written with logarithms and "similar to CycleGAN", which trains with
least squares; least squares is our default, as it is the release's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch.nn.functional as nnf
from torch import Tensor

AdversarialName = Literal["least-squares", "log"]
"""Names of the adversarial losses."""


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses on discriminators' scores, for the generators and for the discriminators."""

    distance: Callable[[Tensor, float], Tensor]

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return the generator's loss: zero when every patch of its image passes for real."""
        return self.distance(fake, 1.0)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss, halved as in the release; with Adam, no factor changes a step."""
        return (self.distance(real, 1.0) + self.distance(fake, 0.0)) / 2


def squared_distance(scores: Tensor, target: float) -> Tensor:
    """Mean of ``(scores - target)**2``: Mao et al. 2017 (arXiv 1611.04076), Eq. (2).

    Examples
    --------
    >>> import torch
    >>> squared_distance(torch.tensor([0.0, 2.0]), 1.0).item()
    1.0
    """
    return (scores - target).square().mean()


def log_distance(scores: Tensor, target: float) -> Tensor:
    """Binary cross-entropy of logits, in the non-saturating form: Eq. (1) of the paper."""
    return nnf.binary_cross_entropy_with_logits(scores, scores.new_full(scores.shape, target))


ADVERSARIAL: dict[AdversarialName, AdversarialLoss] = {
    "least-squares": AdversarialLoss(squared_distance),
    "log": AdversarialLoss(log_distance),
}
"""Adversarial losses by name: the least squares that CycleGAN trains with, and the logarithms of Eq. (1)."""
