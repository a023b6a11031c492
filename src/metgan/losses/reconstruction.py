"""Distance between an image and what it should have been."""

from __future__ import annotations

from torch import Tensor

from .weighting import mean_over


def absolute_difference(generated: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of ``|generated - real|``: the norm of Eqs. (1) and (2) of the paper.

    Parameters
    ----------
    generated, real : Tensor, (N, C, Y, X)
    weights : Tensor, (N, 1, Y, X), float, 0 or more, or None
        How much each pixel counts; None for all alike. 0 where none counts.

    Examples
    --------
    >>> import torch
    >>> absolute_difference(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])).item()
    0.25
    """
    return mean_over((generated - real).abs(), weights)
