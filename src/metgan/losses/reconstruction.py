"""Distance between an image and what it should have been."""

from __future__ import annotations

from torch import Tensor


def absolute_difference(generated: Tensor, real: Tensor) -> Tensor:
    """Mean of ``|generated - real|``: the norm of Eqs. (1) and (2) of the paper.

    Examples
    --------
    >>> import torch
    >>> absolute_difference(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])).item()
    0.25
    """
    return (generated - real).abs().mean()
