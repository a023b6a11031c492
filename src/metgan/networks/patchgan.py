"""The PatchGAN discriminator: it says of every patch, not of the image, whether it is real.

Isola et al. 2017 (arXiv 1611.07004), section 3.2.2 and appendix 6.1.2, with the instance
normalisation of CycleGAN (Zhu et al. 2017, arXiv 1703.10593). It ends without a sigmoid: the
adversarial losses take scores.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from .blocks import convolution, in_full_precision, instance_norm

_KERNEL = 4


@dataclass(frozen=True)
class DiscriminatorSpec:
    """Sizes of a PatchGAN.

    Parameters
    ----------
    width : int
        Channels of the first layer; they double until eightfold.
    layers : int
        Layers of stride 2; three see 70 x 70 pixels.
    channels : int
        Input channels: 1, or 3 for a discriminator that also sees the input and the label.
    dims : int
        2 for images, 3 for volumes.
    """

    width: int = 64
    layers: int = 3
    channels: int = 1
    dims: int = 2

    @property
    def strides(self) -> tuple[int, ...]:
        """Stride of every convolution, first to last."""
        return (2,) * self.layers + (1, 1)

    @property
    def receptive_field(self) -> int:
        """Side in pixels of the patch that one score sees.

        Examples
        --------
        >>> DiscriminatorSpec().receptive_field
        70
        """
        field = 1
        for stride in reversed(self.strides):
            field = stride * (field - 1) + _KERNEL
        return field


class PatchGAN(nn.Module):
    """Convolutional discriminator; higher scores mean "more real"."""

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        self.spec = spec
        widths = [spec.width * min(2**k, 8) for k in range(spec.layers + 1)]
        layers: list[nn.Module] = []
        inputs = spec.channels
        for k, (outputs, stride) in enumerate(zip(widths, spec.strides[:-1], strict=True)):
            layers.append(convolution(spec.dims, inputs, outputs, _KERNEL, stride=stride))
            if k:  # the first layer is not normalised: absolute brightness must stay visible
                layers.append(instance_norm(spec.dims, outputs))
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        layers.append(convolution(spec.dims, inputs, 1, _KERNEL))
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, channels, Y, X) in [-1, 1] to scores (N, 1, about Y / 8, about X / 8)."""
        return in_full_precision(self.layers[-1], self.layers[:-1](image))
