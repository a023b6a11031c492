"""How much a pixel counts in a mean over pixels."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

TUMOUR_WEIGHT: Final = 10.0
"""How many background pixels a tumour pixel weighs."""


def pixel_weights(
    label: Tensor, tumour_weight: float = TUMOUR_WEIGHT, within: Tensor | None = None
) -> Tensor:
    """Return the weight of every pixel: `tumour_weight` on tumours, 1 beside them, 0 where none counts.

    Parameters
    ----------
    label : Tensor, (N, 1, Y, X), float, 0 or 1
    tumour_weight : float
        The papers give no number. Tumours cover about one pixel in 200; 10 finds small ones without
        calling their surroundings tumour.
    within : Tensor, same shape, float, 0 or 1, or None
        The pixels that count; None for all.

    Examples
    --------
    >>> import torch
    >>> pixel_weights(torch.tensor([0.0, 1.0, 1.0]), 5, torch.tensor([1.0, 1.0, 0.0])).tolist()
    [1.0, 5.0, 0.0]
    """
    weights = 1 + (tumour_weight - 1) * label
    return weights if within is None else weights * within


def mean_over(values: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean of `values`, (N, C, Y, X), over all pixels, or with `weights`, (N, 1, Y, X).

    0 where no pixel has a weight.
    """
    if weights is None:
        return values.mean()
    counted = weights.expand_as(values)
    return (values * counted).sum() / counted.sum().clamp(min=torch.finfo(counted.dtype).tiny)
