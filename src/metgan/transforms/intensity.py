"""Changes of light, for a batch of images with numbers of its own for each."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

_TRUNCATE = 4.0  # standard deviations that a Gaussian reaches, as scipy's
_PERCENTILE = 0.1  # and the same from above


def each_image(numbers: ArrayLike, images: Tensor) -> Tensor:
    """Return numbers, (N,) or (N, C), as a float32 tensor that multiplies images, (N, C, Y, X)."""
    values = torch.as_tensor(np.asarray(numbers, np.float32), device=images.device)
    return values.reshape(*values.shape, *(1,) * (images.dim() - values.dim()))


def expose(images: Tensor, factors: Tensor) -> Tensor:
    """Return images, (N, C, Y, X), whose light, what exceeds -1, is multiplied; it saturates at 1.

    Examples
    --------
    >>> expose(torch.tensor([-1.0, -0.5, 0.5]), torch.tensor(2.0)).tolist()
    [-1.0, 0.0, 1.0]
    """
    return ((images + 1) * factors - 1).clamp(max=1)


def change_contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Return images, (N, C, Y, X), whose distances from the mean of each channel are multiplied.

    Examples
    --------
    >>> change_contrast(torch.tensor([[[[0.0, 1.0]]]]), torch.tensor(2.0)).tolist()
    [[[[-0.5, 1.5]]]]
    """
    mean = images.mean([*range(2, images.dim())], keepdim=True)
    return (images - mean) * factors + mean


def change_gamma(images: Tensor, exponents: Tensor) -> Tensor:
    """Return images, (N, C, Y, X), with their values between the darkest and the brightest raised to a power.

    The darkest and the brightest pixel of each channel keep their values, and a flat one is left as it is.

    Examples
    --------
    >>> change_gamma(torch.tensor([[[[0.0, 1.0, 2.0]]]]), torch.tensor(2.0)).tolist()
    [[[[0.0, 0.5, 2.0]]]]
    """
    axes = [*range(2, images.dim())]
    low = images.amin(axes, keepdim=True)
    height = images.amax(axes, keepdim=True) - low
    height = torch.where(height > 0, height, 1)
    return low + height * ((images - low) / height) ** exponents


def measure_spread(images: Tensor) -> Tensor:
    """Return half the distance of the 10th and the 90th percentile of each channel, (N, C, 1, 1).

    Percentiles are linear between ranks. They are taken from the outermost tenths, without sorting the rest.

    Examples
    --------
    >>> measure_spread(torch.arange(11.0).view(1, 1, 1, 11)).item()
    4.0
    """
    pixels = images.flatten(2)
    count = pixels.shape[2]
    rank = math.floor(_PERCENTILE * (count - 1))
    share = _PERCENTILE * (count - 1) - rank
    high, low = (_percentile(pixels, rank, share, largest=side) for side in (True, False))
    return ((high - low) / 2).reshape(*images.shape[:2], *(1,) * (images.dim() - 2))


def _percentile(pixels: Tensor, rank: int, share: float, *, largest: bool) -> Tensor:
    """Return the value between two ranks, counted from the largest or from the smallest, (N, C)."""
    tail = pixels.topk(min(rank + 2, pixels.shape[2]), largest=largest, sorted=False).values
    inner = tail.topk(min(2, tail.shape[2]), largest=not largest).values  # rank + 1, rank
    return torch.lerp(inner[..., -1], inner[..., 0], share)


def blur(images: Tensor, deviations: NDArray[np.float64]) -> Tensor:
    """Return images, (N, C, Y, X), each blurred by a Gaussian with a standard deviation of its own.

    Parameters
    ----------
    images : Tensor, (N, C, Y, X), float
    deviations : ndarray, (N,), pixels
        On the host, because they decide how far a kernel reaches. 0 leaves an image as it is.

    Notes
    -----
    Sampled to four standard deviations and mirrored at the edges, whose pixels repeat, as scipy does.
    A sum over shifted images and no convolution, because CUDA's may round to ten bits (TF32), and most tissue
    lies within a hundredth of the range.
    """
    radii = (_TRUNCATE * deviations + 0.5).astype(int)
    reach = int(radii.max(initial=0))
    if reach == 0:
        return images
    steps = np.abs(np.arange(-reach, reach + 1))
    weights = np.exp(-0.5 * (steps / np.maximum(deviations, 1e-12)[:, None]) ** 2)
    weights = np.where(steps <= radii[:, None], weights, 0)
    each = each_image((weights / weights.sum(1, keepdims=True)).T, images[None])  # (K, N, 1, 1, 1)
    for axis in (2, 3):
        side = images.shape[axis]
        mirrored = torch.as_tensor(np.pad(np.arange(side), reach, mode="symmetric"), device=images.device)
        wide = images.index_select(axis, mirrored)
        blurred = each[0] * wide.narrow(axis, 0, side)
        for first in range(1, 2 * reach + 1):
            blurred.addcmul_(wide.narrow(axis, first, side), each[first])
        images = blurred
    return images


def normal_noise(images: Tensor, seeds: Iterable[int]) -> Tensor:
    """Return standard normal noise for images, (N, C, Y, X): a seed for each, whatever else is in the batch.

    Examples
    --------
    >>> both = normal_noise(torch.zeros(2, 1, 4, 4), [7, 8])
    >>> bool((both[1] == normal_noise(torch.zeros(1, 1, 4, 4), [8])[0]).all())
    True
    """
    device = images.device
    generators = [torch.Generator(device).manual_seed(int(seed)) for seed in seeds]
    return torch.stack([torch.randn(images.shape[1:], generator=one, device=device) for one in generators])
