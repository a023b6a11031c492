"""What is shown of an image, and on which scale: numbers alone, before anything is drawn.

Generated and real images that are compared share one grey scale, because a picture that stretches each
by itself hides just what one looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from metgan.types import AnyArray, Mask, Scaled

LARGEST = 512
"""Pixels along the longer side of a panel, at most: it is drawn with fewer than half of them."""


@dataclass(frozen=True)
class Panel:
    """One image of a grid; of a large one every n-th pixel is kept, so that no side exceeds `LARGEST`.

    Parameters
    ----------
    image : array, (Y, X)
        Of a mask, and of the outline, a pixel is kept where any of n x n is True, so that no tumour vanishes.
    low, high : float
        Values shown as black and white (or as the two ends of the colours).
    outline : Mask or None
        Drawn as a thin line over the image.
    colours : {"grey", "difference", "mask"}
        A difference has its scale written below it.
    """

    image: AnyArray
    low: float
    high: float
    outline: Mask | None = None
    colours: Literal["grey", "difference", "mask"] = "grey"

    def __post_init__(self) -> None:
        step = -(-max(self.image.shape) // LARGEST)
        if step == 1:
            return
        image = _any_of(self.image, step) if self.colours == "mask" else self.image[::step, ::step].copy()
        object.__setattr__(self, "image", image)
        if self.outline is not None:
            object.__setattr__(self, "outline", _any_of(self.outline, step))


def _any_of(mask: Mask, step: int) -> Mask:
    """Return the largest value of each `step` x `step` pixels."""
    for axis, side in enumerate(mask.shape):
        mask = np.maximum.reduceat(mask, np.arange(0, side, step), axis)
    return mask


def compare_images(anatomy: Scaled, label: Mask, generated: Scaled, real: Scaled) -> list[Panel]:
    """Return the row of a pair and what was generated for it; images are (Y, X) on [-1, 1].

    Generated and real share one grey scale, so that a dim tumour is seen to be dim. In the difference,
    generated minus real, red is too bright and blue too dark, at full colour by half of that scale;
    `metgan.pictures.draw_comparison` gives all rows the widest.
    """
    low, high = window(generated, real)
    reach = (high - low) / 2
    return [
        Panel(anatomy, *window(anatomy)),
        Panel(label, 0, 1, colours="mask"),
        Panel(generated, low, high, outline=label),
        Panel(real, low, high, outline=label),
        Panel(generated - real, -reach, reach, colours="difference"),
    ]


def window(*images: Scaled) -> tuple[float, float]:
    """Return the values to show as black and white: all but the darkest and brightest pixels of `images`.

    The scale of a data set is set by its brightest tumours; on it, most tissue is black.
    """
    low, high = np.percentile(np.concatenate([image.ravel() for image in images]), [0.5, 99.7])
    return float(low), float(max(high, low + 1e-3))
