"""CycleGAN's generator: nine residual blocks at a quarter of the resolution.

Zhu et al. 2017 (arXiv 1703.10593), appendix 7.2, after Johnson et al. 2016 (arXiv 1603.08155):
c7s1-64, d128, d256, nine R256, u128, u64, c7s1-1, with instance normalisation and reflected edges.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from .blocks import convolution, instance_norm, reflecting_convolution, transposed_convolution
from .generator import IMAGE_AND_LABEL, PlainGenerator


@dataclass(frozen=True)
class ResNetSpec:
    """Sizes of CycleGAN's generator.

    Parameters
    ----------
    width : int
        Channels of the first layer; the residual blocks have four times as many.
    blocks : int
        Residual blocks; nine for images of 256 pixels and more.
    dims : int
        2 for images, 3 for volumes.
    """

    width: int = 64
    blocks: int = 9
    dims: int = 2


class ResNetGenerator(PlainGenerator):
    """Halves twice, nine residual blocks, doubles twice.

    An output depends on the whole tile, since instance normalisation takes its mean.

    Deviates: the label joins the image as a second input channel, which CycleGAN has no place for. Pinned by
    ``test_a_plain_generator_listens_to_the_label``.
    """

    def __init__(self, spec: ResNetSpec) -> None:
        super().__init__()
        self.spec = spec
        dims, width = spec.dims, spec.width
        self.body = nn.Sequential(
            *_cell(dims, reflecting_convolution(dims, IMAGE_AND_LABEL, width, 7), width),
            *_cell(dims, convolution(dims, width, 2 * width, 3, stride=2), 2 * width),
            *_cell(dims, convolution(dims, 2 * width, 4 * width, 3, stride=2), 4 * width),
            *(ResidualBlock(dims, 4 * width) for _ in range(spec.blocks)),
            *_cell(dims, transposed_convolution(dims, 4 * width, 2 * width, 3), 2 * width),
            *_cell(dims, transposed_convolution(dims, 2 * width, width, 3), width),
        )
        self.last = reflecting_convolution(dims, width, 1, 7)

    @property
    def stride(self) -> int:
        """Pixels per cell of the coarsest grid; also the smallest image side: reflection needs two cells."""
        return 8

    @property
    def halo(self) -> None:
        """None: the whole tile."""
        return None


class ResidualBlock(nn.Module):
    """Two 3-convolutions with reflected edges, added to what came in."""

    def __init__(self, dims: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_cell(dims, reflecting_convolution(dims, channels, channels, 3), channels),
            reflecting_convolution(dims, channels, channels, 3),
            instance_norm(dims, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, Y, X) to the same shape."""
        return x + self.layers(x)  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped


def _cell(dims: int, layer: nn.Module, channels: int) -> list[nn.Module]:
    return [layer, instance_norm(dims, channels), nn.ReLU()]
