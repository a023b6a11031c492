"""A whole batch distorted at once: first where its pixels are, then what light they show."""

from __future__ import annotations

import torch
from torch import Tensor

from .augmentation import Distortions
from .geometry import warp
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
