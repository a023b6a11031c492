"""Distance between an image and what it should have been."""

from __future__ import annotations

from torch import Tensor


def absolute_difference(generated: Tensor, real: Tensor, within: Tensor | None = None) -> Tensor:
    """Mean of ``|generated - real|``: the norm of Eqs. (1) and (2) of the paper.

    Parameters
    ----------
    generated, real : Tensor, (N, C, Y, X)
    within : Tensor, (N, 1, Y, X), float, 0 or 1, or None
        The pixels that count; None for all. 0 where none counts.

    Examples
    --------
    >>> import torch
    >>> absolute_difference(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])).item()
    0.25
    """
    return mean_over((generated - real).abs(), within)


def mean_over(values: Tensor, within: Tensor | None) -> Tensor:
    """Return the mean of `values`, (N, C, Y, X), over the pixels of `within`, or over all: see above."""
    if within is None:
        return values.mean()
    counted = within.expand_as(values)
    return (values * counted).sum() / counted.sum().clamp(min=1)
