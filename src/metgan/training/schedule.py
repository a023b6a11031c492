"""The learning rate over a run: constant, then linear to zero (paper, section 3)."""

from __future__ import annotations


def rate_factor(step: int, steps: int, constant_share: float) -> float:
    """Give the factor on the learning rate at `step`, in (0, 1].

    Examples
    --------
    >>> [rate_factor(step, 8, 0.5) for step in (0, 4, 5, 7)]
    [1.0, 1.0, 0.75, 0.25]
    """
    constant = round(steps * constant_share)
    if step < constant:
        return 1.0
    return (steps - step) / (steps - constant)
