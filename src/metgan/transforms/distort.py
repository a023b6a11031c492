"""A whole batch distorted at once: where its pixels are, in one look-up of each, and what light they show."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from .augmentation import KNOTS, Distortions
from .intensity import blur, change_contrast, change_gamma, each_image, expose, measure_spread, normal_noise


def distort(images: Tensor, masks: Tensor, draws: Distortions) -> tuple[Tensor, Tensor]:
    """Return images and masks with a draw of its own for each pair.

    Parameters
    ----------
    images : Tensor, (N, 2, Y, X), float
        Anatomy and tumour on [-1, 1].
    masks : Tensor, (N, M, Y, X), float, 0 or 1
        They are moved as the images are; a pixel is 1 where half of it is.
    draws : Distortions
        Of length N.

    Returns
    -------
    images : Tensor, (N, 2, Y, X), float
        May lie outside [-1, 1]. A flat image stays flat and gets no noise.
    masks : Tensor, (N, M, Y, X), float, 0 or 1
    """
    moved = warp(torch.cat([images, masks], 1), draws)
    images, masks = moved[:, :2], (moved[:, 2:] >= 0.5).to(masks.dtype)
    if (draws.exposure != 1).any():
        images = expose(images, each_image(draws.exposure, images))
    images = blur(images, draws.blur)
    if (draws.exponent != 1).any():
        images = change_gamma(images, each_image(draws.exponent, images))
    changed = change_contrast(images, each_image(draws.factor, images))
    if not (draws.offset.any() or draws.noise.any()):
        return changed, masks
    added = each_image(draws.offset, images)
    if draws.noise.any():
        added = added + each_image(draws.noise, images) * normal_noise(images, draws.seed)
    return torch.addcmul(changed, measure_spread(images), added), masks


def warp(images: Tensor, draws: Distortions) -> Tensor:
    """Return images, (N, C, Y, X), turned and stretched about their centre, then bent.

    All channels of an image move alike. Between pixels the light is linear; what comes from beyond an edge is
    mirrored at the edge's pixels.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from metgan.transforms import Augmentation, draw_distortion
    >>> still = draw_distortion(Augmentation(), np.random.default_rng(0))
    >>> turned = warp(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), replace(still, angle=np.array([np.pi / 2])))
    >>> turned.round().int().tolist()
    [[[[3, 1], [4, 2]]]]
    """
    if not draws.moves:
        return images
    grid = _places(images, draws)
    return nnf.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def _places(images: Tensor, draws: Distortions) -> Tensor:
    """Return where each pixel comes from, (N, Y, X, 2): column and row, -1 and 1 at the outermost pixels."""
    height, width = images.shape[2:]
    turn = np.array([[np.cos(draws.angle), -np.sin(draws.angle)], [np.sin(draws.angle), np.cos(draws.angle)]])
    matrix = _like(images, np.moveaxis(turn / draws.stretch, 2, 0))  # (N, 2, 2)
    away = torch.stack(torch.meshgrid(_centred(images, height), _centred(images, width), indexing="ij"))
    places = (matrix @ away.flatten(1)).view(-1, 2, height, width)
    if draws.knots.any():
        down, along = (_like(images, _spline(side)) for side in (height, width))
        places = places + down @ _like(images, draws.knots) @ along.mT  # (N, 2, Y, X)
    half = images.new_tensor([max(1, width - 1), max(1, height - 1)]) / 2
    return places.flip(1).permute(0, 2, 3, 1) / half


def _like(images: Tensor, numbers: NDArray[np.float64]) -> Tensor:
    return torch.as_tensor(numbers, dtype=images.dtype, device=images.device)


def _centred(images: Tensor, side: int) -> Tensor:
    return torch.arange(side, dtype=images.dtype, device=images.device) - (side - 1) / 2


@lru_cache(maxsize=32)
def _spline(side: int) -> NDArray[np.float64]:
    """Return what each knot of a cubic spline adds at each of so many pixels, (side, 5).

    The spline is mirrored at its ends. It is linear in its knots, and in two dimensions the product of those
    along either axis; so these few numbers are all that a smooth surface takes.
    """
    at = np.arange(side)[None] * (KNOTS - 1) / max(1, side - 1)
    return np.stack([ndimage.map_coordinates(one, at, order=3, mode="mirror") for one in np.eye(KNOTS)], 1)
