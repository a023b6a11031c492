"""Losses that compare pixel by pixel: an image with what it should have been, a reading with the label.

For readings, the paper asks for a weighted binary cross-entropy; the release uses L1 on probabilities, with
which a missed median tumour costs 0.06 while the pair term is 1.1 (docs/paper.md, "Where paper and
release differ"). Both are here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import torch
import torch.nn.functional as nnf
from torch import Tensor

SegmentationName = Literal["weighted-bce", "l1"]
"""Names of the segmentation losses."""
TUMOUR_WEIGHT: Final = 10.0
"""How many background pixels a tumour pixel weighs."""
NEIGHBOURHOOD: Final = 33
"""Pixels of a side of the square whose mean a pixel's structure is measured from; odd."""
LEAST_SPREAD: Final = 0.01
"""Added to the spread of an image on [-1, 1], so that images without structure have no infinite weight."""
_LEAST_SHARE: Final = 0.5 / NEIGHBOURHOOD**2
"""Half of one pixel's share of a neighbourhood: a pixel that counts is always in its own."""


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


def absolute_difference(generated: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of ``|generated - real|``, both (N, C, Y, X): the norm of Eqs. (1) and (2) of the paper.

    `weights`, (N, 1, Y, X), 0 or more, say how much each pixel counts; None for all alike.

    Examples
    --------
    >>> absolute_difference(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])).item()
    0.25
    """
    return mean_over((generated - real).abs(), weights)


def structure_difference(generated: Tensor, real: Tensor, within: Tensor) -> Tensor:
    """Mean of how far the structure of two images differs, in units of the real image's own contrast.

    Structure is what is left of an image when from every pixel the mean of its neighbourhood, a square of
    `NEIGHBOURHOOD`, is taken away: two images that differ by one brightness everywhere, or by a slow
    gradient, have the same, and an edge of tissue counts only near it. The difference is divided by the mean
    size of the real image's own structure, to which `LEAST_SPREAD` is added: somewhat below 1 where
    `generated` is flat, twice that where it is inverted. So images of an animal whose stain is faint count
    for more than their light, if less than those of one that glows.
    After the loss of Ranftl et al. 2020 (arXiv 1907.01341) that sees neither shift nor scale; ours has the
    real image's scale for both, since a faint structure is to be told from a strong one.

    Parameters
    ----------
    generated, real : Tensor, (N, C, Y, X), float in [-1, 1]
    within : Tensor, (N, 1, Y, X), float, 0 or 1
        The pixels that count, as neighbours too. An image without any counts nothing.

    Examples
    --------
    >>> real, all_pixels = torch.tensor([[[[-0.9, -0.8, -0.7, -0.6]]]]), torch.ones(1, 1, 1, 4)
    >>> flat = torch.full_like(real, 0.3)
    >>> [round(structure_difference(x, real, all_pixels).item(), 2) for x in (real + 0.4, flat, -real)]
    [0.0, 0.91, 1.82]
    """
    axes = tuple(range(2, real.ndim))
    neighbours = _neighbourhood_mean(within)

    def structure(image: Tensor) -> Tensor:
        mean = _neighbourhood_mean(image * within) / neighbours.clamp(min=_LEAST_SHARE)
        return (image - mean) * within

    pixels = within.sum(axes, keepdim=True).clamp(min=1)
    spread = structure(real).abs().sum(axes, keepdim=True) / pixels
    return mean_over(structure(generated - real).abs() / (spread + LEAST_SPREAD), within)


def _neighbourhood_mean(image: Tensor) -> Tensor:
    """Return the mean of the square around each pixel, (N, C, Y, X): 2-D alone; beyond the edge all is 0."""
    side = NEIGHBOURHOOD
    columns = nnf.avg_pool2d(image, (side, 1), 1, (side // 2, 0))
    return nnf.avg_pool2d(columns, (1, side), 1, (0, side // 2))


def weighted_cross_entropy(logits: Tensor, label: Tensor, within: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of logits in which a tumour pixel weighs `TUMOUR_WEIGHT` times a background pixel.

    Divided by the sum of the weights, so that its size does not depend on how much tumour an image
    holds. With no tumour at all it is the plain cross-entropy. All are (N, 1, Y, X), label and `within`, the
    pixels that count, float, 0 or 1.

    Deviates: the release uses L1 on probabilities, which hardly notices a missed tumour. Pinned by
    ``test_a_missed_median_tumour_costs_far_more_than_with_the_release_s_loss``.

    Examples
    --------
    >>> zero = torch.zeros(1, 1, 1, 2)
    >>> round(weighted_cross_entropy(zero, torch.tensor([[[[0.0, 1.0]]]])).item(), 4)
    0.6931
    """
    losses = nnf.binary_cross_entropy_with_logits(logits, label, reduction="none")
    return mean_over(losses, pixel_weights(label, within=within))


def absolute_error(logits: Tensor, label: Tensor, within: Tensor | None = None) -> Tensor:
    """Mean of ``|probability - label|`` over the pixels that count: the release's choice."""
    return mean_over((logits.sigmoid() - label).abs(), within)


SEGMENTATION: Final[dict[SegmentationName, Callable[[Tensor, Tensor, Tensor | None], Tensor]]] = {
    "weighted-bce": weighted_cross_entropy,
    "l1": absolute_error,
}
"""Segmentation losses by name: logits, label and the pixels that count (None for all) to a scalar."""
