"""A running average of a network's weights: it generates more steadily than the newest weights.

Yazici et al. 2019 (arXiv 1806.04498). Whether it helps here is measured in docs/results.
"""

from __future__ import annotations

import copy
from typing import Generic

import torch

from .engine import Network

# Singular vectors of spectral norms: an average of unit vectors is shorter, and would enlarge the weights.
_DIRECTIONS = (".weight.0._u", ".weight.0._v")


class EMA(Generic[Network]):
    """Exponential average of weights and of normalisation statistics.

    Parameters
    ----------
    network : Module
        The one that trains.
    decay : float
        In [0, 1). Early on it is lowered to ``(1 + step) / (4 + step)``, so that the average spans the last
        third of the steps so far and the random first weights are forgotten; 0 follows the network exactly.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, newest: Network, step: int) -> None:
        """Take in the weights after `step`, counted from 0."""
        decay = min(self.decay, (1 + step) / (4 + step))
        theirs = newest.state_dict()
        for name, mine in self.network.state_dict().items():
            if mine.is_floating_point() and not name.endswith(_DIRECTIONS):
                mine.lerp_(theirs[name], 1 - decay)
            else:
                mine.copy_(theirs[name])
