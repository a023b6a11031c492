"""A trained network in fewer operations: what is fixed in eval mode is worked into the convolutions."""

from __future__ import annotations

import itertools
from typing import Final

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from .blocks import Network, convolution
from .init import blank
from .spade import Spade

_TRANSPOSED: Final = (nn.ConvTranspose2d, nn.ConvTranspose3d)
_CONVOLUTIONS: Final = (nn.Conv2d, nn.Conv3d, *_TRANSPOSED)
_BATCH_NORMS: Final = (nn.BatchNorm2d, nn.BatchNorm3d)


@torch.no_grad()
def fold(network: Network) -> Network:
    """Let a network compute what it does in eval mode with fewer operations, and return it in that mode.

    Weights are divided by their spectral norms once, a batch normalisation is worked into the convolution
    before it, and that of a SPADE layer into its scale and shift. Only the last bits of an output differ. The
    network itself is changed, and cannot be trained any more.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
    >>> [type(layer).__name__ for layer in fold(network)]
    ['Conv2d', 'Identity', 'ReLU']
    """
    network.eval()
    for module in [*network.modules()]:
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")
    for module in [*network.modules()]:
        layers = [*module.named_children()]  # in the order in which they are applied
        for (name, layer), (name_behind, behind) in itertools.pairwise(layers):
            if isinstance(layer, _CONVOLUTIONS) and isinstance(behind, _BATCH_NORMS):
                is_transposed = isinstance(layer, _TRANSPOSED)
                setattr(module, name, fuse_conv_bn_eval(layer, behind, transpose=is_transposed))
                setattr(module, name_behind, nn.Identity())
        for name, layer in layers:
            if isinstance(layer, Spade):
                setattr(module, name, FoldedSpade(layer))
    return network


class FoldedSpade(nn.Module):
    """A SPADE layer in eval mode, where its normalisation is a scale and a shift of each channel.

    ``(x - mean) * rate * (1 + gamma(label)) + beta(label)`` is `x` times one map of the label, plus another.
    """

    def __init__(self, layer: Spade) -> None:
        super().__init__()
        weights, biases = (
            [part.get_parameter(name) for part in (layer.gamma, layer.beta)] for name in ("weight", "bias")
        )
        mean, variance = (layer.norm.get_buffer(f"running_{name}") for name in ("mean", "var"))
        rate = (variance + float(layer.norm.eps)).rsqrt()  # type: ignore[arg-type]  # a number
        each = (-1, *[1] * (weights[0].dim() - 1))  # a number of each channel, beside a weight
        weight, bias = weights[0] * rate.view(each), (1 + biases[0]) * rate
        self.shared = layer.shared
        outputs, hidden, *kernel = weight.shape
        self.modulation = blank(lambda: convolution(len(kernel), hidden, 2 * outputs, kernel[0]))
        self.modulation.weight = nn.Parameter(torch.cat([weight, weights[1] - weight * mean.view(each)]))
        self.modulation.bias = nn.Parameter(torch.cat([bias, biases[1] - bias * mean]))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Modulate `x`, (N, C, Y, X), by `label`, (N, 2, Y, X), at the same size."""
        hidden = nnf.relu(self.shared(label), inplace=True)
        scale, shift = self.modulation(hidden).chunk(2, 1)
        return torch.addcmul(shift, x, scale)
