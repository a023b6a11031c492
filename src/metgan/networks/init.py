"""How fresh networks get their weights, without touching anyone's random state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from .blocks import Network
from .spade import Spade

_POWER_ITERATIONS: Final = 15  # as torch does when it wraps a weight


def build(make: Callable[[], Network], seed: int) -> Network:
    """Return ``make()`` with seeded weights: convolutions N(0, 0.02), norm scales N(1, 0.02), biases 0.

    The numbers are those of Pix2Pix and CycleGAN (docs/paper.md, "The numbers of the training"). The
    process's own random state is left as it was.

    Deviates: the convolutions of a SPADE layer are drawn by He et al. 2015 (arXiv 1502.01852), Eq. (10). Two
    of them follow each other without a normalisation, so with N(0, 0.02) a fresh SPADE layer all but ignores
    the label: MetGAN then took 80 to more than 180 steps to place its first tumour, where it now takes 20 to
    40. Pinned by ``test_a_fresh_spade_layer_listens_to_the_label``.

    Examples
    --------
    >>> first, again = (build(lambda: nn.Conv2d(1, 1, 3), seed=7).weight for _ in range(2))
    >>> bool((first == again).all())
    True
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
        for module in network.modules():
            initialise(module)
        for module in network.modules():
            if isinstance(module, Spade):
                for convolution in (module.shared, module.gamma, module.beta):
                    nn.init.kaiming_normal_(convolution.get_parameter("weight"), nonlinearity="relu")
    return network


def blank(make: Callable[[], Network]) -> Network:
    """Return ``make()`` for its shapes, or to be loaded: its weights mean nothing.

    The process's own random state is left as it was. On torch's meta device the spectral normalisation of
    weights that are not there would take twenty times as long.

    Examples
    --------
    >>> before = torch.get_rng_state()
    >>> blank(lambda: nn.Conv2d(1, 2, 3)).weight.shape, bool((torch.get_rng_state() == before).all())
    (torch.Size([2, 1, 3, 3]), True)
    """
    with torch.random.fork_rng(devices=[]):
        return make()


def initialise(module: nn.Module) -> None:
    """Redraw the weights of one layer; other modules are left alone."""
    if isinstance(module, nn.ConvTranspose2d | nn.ConvTranspose3d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.normal_(_raw_weight(module), 0.0, 0.02)
        _converge_spectral_norm(module)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _raw_weight(convolution: nn.Conv2d | nn.Conv3d) -> Tensor:
    """Return the weight that learns: with spectral norm, the one whose scale is divided out again."""
    if is_parametrized(convolution, "weight"):
        return convolution.get_parameter("parametrizations.weight.original")
    return convolution.weight


@torch.no_grad()
def _converge_spectral_norm(convolution: nn.Conv2d | nn.Conv3d) -> None:
    """Turn the singular vectors, which still belong to the weight before, to the redrawn one.

    With those of another weight, an untrained network in eval mode divides by almost nothing.
    """
    if is_parametrized(convolution, "weight"):
        for _ in range(_POWER_ITERATIONS):
            _ = convolution.weight  # in training mode, each look is one power iteration
