"""The layers every network is made of, for two or three dimensions.

``dims`` is an argument of each block and never a constant of a network, so that 3-D
networks are the same code. Shapes are written for two: (N, C, Y, X).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from metgan.errors import ArrayError, SettingError

Network = TypeVar("Network", bound=nn.Module)
_CONVOLUTIONS: Final[dict[int, type[nn.Conv2d] | type[nn.Conv3d]]] = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED: Final[dict[int, type[nn.ConvTranspose2d] | type[nn.ConvTranspose3d]]] = {
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
_BATCH_NORMS: Final[dict[int, type[nn.BatchNorm2d] | type[nn.BatchNorm3d]]] = {
    2: nn.BatchNorm2d,
    3: nn.BatchNorm3d,
}
_INSTANCE_NORMS: Final[dict[int, type[nn.InstanceNorm2d] | type[nn.InstanceNorm3d]]] = {
    2: nn.InstanceNorm2d,
    3: nn.InstanceNorm3d,
}
_LINEAR: Final = {2: "bilinear", 3: "trilinear"}
BATCH_NORM_EPSILON: Final = 1e-4  # of the released U-Net; docs/paper.md, "The released networks"


def channels_last(network: Network) -> Network:
    """Bring the weights of a network into the memory layout that 2-D convolutions are fastest in."""
    for weight in network.parameters():
        if weight.dim() == 4:  # (outputs, inputs, Y, X)
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def check_dims(dims: int) -> None:
    """Raise `SettingError` unless `dims` is 2 or 3."""
    if dims not in _CONVOLUTIONS:
        raise SettingError(f"dims={dims}", "2 (images) or 3 (volumes)", "Pass dims=2 or dims=3")


def convolution(
    dims: int, inputs: int, outputs: int, kernel: int, *, stride: int = 1, bias: bool = True
) -> nn.Module:
    """Return a convolution padded by ``(kernel - 1) // 2``, so that odd kernels keep the size."""
    check_dims(dims)
    return _CONVOLUTIONS[dims](inputs, outputs, kernel, stride=stride, padding=(kernel - 1) // 2, bias=bias)


def reflecting_convolution(dims: int, inputs: int, outputs: int, kernel: int) -> nn.Module:
    """Return a convolution that keeps the size and sees the image reflected beyond its edges; odd kernel."""
    check_dims(dims)
    return _CONVOLUTIONS[dims](inputs, outputs, kernel, padding=(kernel - 1) // 2, padding_mode="reflect")


def transposed_convolution(
    dims: int, inputs: int, outputs: int, kernel: int, *, bias: bool = True
) -> nn.Module:
    """Return a transposed convolution of stride 2 that doubles every spatial axis; kernel 3 or 4."""
    check_dims(dims)
    return _TRANSPOSED[dims](
        inputs, outputs, kernel, stride=2, padding=1, output_padding=kernel % 2, bias=bias
    )


def batch_norm(dims: int, channels: int, *, affine: bool = True, epsilon: float = 1e-5) -> nn.Module:
    """Return a batch normalisation: in eval mode a fixed map, hence the same in every tile."""
    check_dims(dims)
    return _BATCH_NORMS[dims](channels, affine=affine, eps=epsilon)


def instance_norm(dims: int, channels: int) -> nn.Module:
    """Return an instance normalisation without learned scale, as the discriminators use it."""
    check_dims(dims)
    return _INSTANCE_NORMS[dims](channels, affine=False)


class ConvNormReLU(nn.Module):
    """Convolution 3 (no bias), batch normalisation, ReLU: the cell of the U-Net."""

    def __init__(self, dims: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = convolution(dims, inputs, outputs, 3, bias=False)
        self.norm = batch_norm(dims, outputs, epsilon=BATCH_NORM_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, Y, X) to (N, outputs, Y, X), values >= 0."""
        return nnf.relu(self.norm(self.conv(x)), inplace=True)


def in_full_precision(head: nn.Module, x: Tensor) -> Tensor:
    """Apply the last layer of a network, (N, C, Y, X), in float32 also where the rest is in bfloat16.

    What follows it is a tanh or a sigmoid, and a loss. In bfloat16 the slope of tanh is 0 beyond 3.5, so that
    what is black could never become tissue again.
    """
    with torch.autocast(x.device.type, enabled=False):
        return head(x.float() if x.dtype == torch.bfloat16 else x)  # type: ignore[no-any-return]  # Module call


def cells(dims: int, widths: Sequence[int]) -> nn.Sequential:
    """Chain `ConvNormReLU` cells through `widths`: (1, 24, 24) gives two cells."""
    return nn.Sequential(*(ConvNormReLU(dims, i, o) for i, o in itertools.pairwise(widths)))


def max_pool(x: Tensor, factor: int = 2) -> Tensor:
    """Divide every spatial axis by `factor` through the maximum of its cells."""
    return nnf.max_pool2d(x, factor) if x.dim() == 4 else nnf.max_pool3d(x, factor)


def average_pool(x: Tensor, factor: int) -> Tensor:
    """Divide every spatial axis by `factor` through the mean of its cells."""
    return nnf.avg_pool2d(x, factor) if x.dim() == 4 else nnf.avg_pool3d(x, factor)


def resize_linear(x: Tensor, sizes: Sequence[int], *, align_corners: bool) -> Tensor:
    """Resize `x` linearly to these spatial `sizes`."""
    return nnf.interpolate(x, size=tuple(sizes), mode=_LINEAR[x.dim() - 2], align_corners=align_corners)


def check_sides(x: Tensor, least: int) -> None:
    """Raise `ArrayError` when a spatial axis of `x`, (N, C, Y, X), is shorter than `least` pixels."""
    sizes = x.shape[2:]
    if min(sizes) < least:
        given = " x ".join(str(size) for size in sizes)
        raise ArrayError(
            f"image of {given} pixels",
            f"at least {least} pixels along every axis, the minimum of this network",
            "Use larger crops, or a preset with fewer stages (small)",
        )


def pad_to_multiple(x: Tensor, multiple: int, *, mirror: bool) -> Tensor:
    """Pad the far end of every spatial axis of `x`, (N, C, Y, X), until it divides by `multiple` pixels.

    Only the far end grows, so the grid of the pooling keeps its origin and a tile that
    starts at a multiple sees the same grid as the whole image. It is filled with the mirrored image, or with
    zeros (for labels: there are no tumours outside); an axis shorter than `multiple` is refused.
    """
    check_sides(x, multiple)
    sizes = x.shape[2:]
    padding = [amount for size in reversed(sizes) for amount in (0, -size % multiple)]
    if not any(padding):
        return x
    return nnf.pad(x, padding, mode="reflect" if mirror else "constant")


def mirror(x: Tensor, margin: int) -> Tensor:
    """Surround `x`, (N, C, Y, X), with `margin` pixels of its own mirrored image, as often as it takes.

    Examples
    --------
    >>> mirror(torch.tensor([[[[1, 2]]]]), 1).tolist()
    [[[[1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2]]]]
    """
    for axis in range(2, x.dim()):
        order = np.pad(np.arange(x.shape[axis]), margin, mode="symmetric")
        x = x.index_select(axis, torch.from_numpy(order).to(x.device))
    return x


def crop_like(x: Tensor, sizes: Sequence[int]) -> Tensor:
    """Cut (N, C, Y, X) back to the given spatial `sizes`, from the first pixel of every axis."""
    for axis, size in enumerate(sizes, start=2):
        x = x.narrow(axis, 0, size)
    return x
