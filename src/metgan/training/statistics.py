"""Statistics of batch normalisation that fit the images a network will be used on.

Wu and Johnson 2021 (arXiv 2105.07576). The running averages of a training are of small crops and of weights
that were changing. In the coarsest cells of a crop the padded border has a larger part than in those of a
whole image, and segmentors that were trained for long on small crops read whole images badly, their own
training images among them, until the statistics were computed again. docs/results has a trial.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def update_batch_norm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Compute the statistics of every batch normalisation again, as the mean over some batches.

    The network is left in training mode, its weights and the way that it trains on are as before.

    Parameters
    ----------
    network : Module
    batches : iterable of Tensor, (N, 1, Y, X) in [-1, 1]
        Images as the network will see them, N of 2 or more so that the differences among images count.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch's word for the mean over all batches
    network.train()
    for batch in batches:
        network(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
