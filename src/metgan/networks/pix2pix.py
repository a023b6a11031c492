"""Pix2Pix's generator: a U-Net of strided convolutions, with dropout as its noise.

Isola et al. 2017 (arXiv 1611.07004), appendix 6.1.1: C64-C128-C256-C512-C512-C512-C512-C512 and
back, kernel 4, stride 2, skips between mirrored layers, and no normalisation of the first layer nor, in their
errata, of the bottleneck.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from metgan.errors import SettingError

from .blocks import batch_norm, convolution, transposed_convolution
from .generator import IMAGE_AND_LABEL, PlainGenerator

_WIDEST = 8  # times the first layer's channels; where the decoder gives so many, it has dropout


@dataclass(frozen=True)
class Pix2PixSpec:
    """Sizes of Pix2Pix's generator.

    Parameters
    ----------
    width : int
        Channels of the first layer; they double until eightfold.
    depth : int
        Halvings, 2 or more: 8 for images of 256 pixels.
    dims : int
        2 for images, 3 for volumes.
    """

    width: int = 64
    depth: int = 8
    dims: int = 2

    def __post_init__(self) -> None:
        if self.depth < 2:
            raise SettingError(f"depth={self.depth}", "2 or more halvings", "Choose 8 for 256 pixels")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each halving, finest first."""
        return tuple(self.width * min(2**k, _WIDEST) for k in range(self.depth))


class Pix2PixGenerator(PlainGenerator):
    """U-Net of nested halvings; the innermost cell of a 256-pixel image sees all of it.

    It is trained and used on images of one size, with zeros beyond their edges, so it is given no mirrored
    surroundings (`margin`): they were no gain.

    Deviates: the paper keeps dropout and batch statistics at test time, as noise; ours generates in eval
    mode, so that the same seed gives the same bytes, and a pixel does not depend on its tile. Pinned by
    ``test_pix2pix_paints_the_same_twice_although_it_trains_with_dropout``. Dropout follows the three layers
    behind the bottleneck, where the authors' code has it, and not the bottleneck's own. Pinned by
    ``test_pix2pix_drops_where_its_decoder_is_widest``.
    """

    def __init__(self, spec: Pix2PixSpec) -> None:
        super().__init__()
        self.spec = spec
        dims, widths = spec.dims, spec.widths
        inner: nn.Module | None = None
        for level in reversed(range(1, spec.depth)):
            is_widest = widths[level - 1] == _WIDEST * spec.width
            inner = Halving(
                dims, widths[level - 1], widths[level], inner, dropout=is_widest and inner is not None
            )
        first = convolution(dims, IMAGE_AND_LABEL, widths[0], 4, stride=2)
        self.body = nn.Sequential(first, *([inner] if inner else []), nn.ReLU())
        self.last = transposed_convolution(dims, 2 * widths[0], 1, 4)

    @property
    def stride(self) -> int:
        """Pixels per cell of the coarsest grid; also the smallest image side."""
        return 1 << self.spec.depth

    @property
    def halo(self) -> int:
        """How many pixels away an input can change an output in eval mode, at most.

        Through the bottleneck: a transposed 4-convolution reads one coarser cell to either side, and a
        4-convolution of stride 2 maps ``r`` cells to ``2 r + 2`` finer ones.
        """
        radius = 1
        for _ in range(self.spec.depth):
            radius = 2 * radius + 2
        return radius


class Halving(nn.Module):
    """One level: halve, go through the levels within, double, and stand beside what came in."""

    def __init__(
        self, dims: int, outer: int, width: int, inner: nn.Module | None, *, dropout: bool = False
    ) -> None:
        super().__init__()
        down: list[nn.Module] = [
            nn.LeakyReLU(0.2),
            convolution(dims, outer, width, 4, stride=2, bias=inner is None),
        ]
        if inner is not None:
            down += [batch_norm(dims, width), inner]
        up = [
            nn.ReLU(),
            transposed_convolution(dims, width if inner is None else 2 * width, outer, 4, bias=False),
            batch_norm(dims, outer),
        ]
        self.layers = nn.Sequential(*down, *up, *([nn.Dropout(0.5)] if dropout else []))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, outer, Y, X) to (N, 2 outer, Y, X)."""
        return torch.cat([x, self.layers(x)], 1)
