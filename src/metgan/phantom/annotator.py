"""An annotator who is not always right: robustness to label noise can be tested with the truth at hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from metgan.types import Mask

from .metastases import Metastasis
from .settings import PhantomSettings


def annotate(
    tumours: Sequence[Metastasis], settings: PhantomSettings, rng: np.random.Generator
) -> tuple[Mask, Mask]:
    """Draw what the annotator made of the tumours of one picture, and what is there: two masks, (Y, X).

    Equal if both kinds of error are switched off; empty without tumours, which do not depend on `rng`.
    """
    label, truth = np.zeros((2, settings.size, settings.size), dtype=np.bool_)
    for tumour in tumours:
        truth[tumour.window] |= tumour.mask
        if not _is_missed(tumour, settings.missed_fraction, rng):
            label[tumour.window] |= _redraw(tumour.mask, settings.outline_noise, rng)
    return label, truth


def _is_missed(tumour: Metastasis, share: float, rng: np.random.Generator) -> bool:
    """Decide by the tumour's rank, and by attention that wavers: dim ones go first, the border is soft.

    `conspicuity` is even in [0, 1) and the limit stays in [0, 1] with mean `share`, which is therefore the
    chance of being missed.
    """
    attention = 1 + (1 - share) * rng.uniform(-0.5, 0.5)
    return tumour.conspicuity < share * attention


def _redraw(mask: Mask, noise: float, rng: np.random.Generator) -> Mask:
    """Shift, then grow or shrink an outline by normal deviates of `noise` pixels; something remains."""
    if noise == 0:
        return mask
    down, right, growth = rng.normal(0, noise, 3)
    inside = ndimage.distance_transform_edt(mask)
    depth = inside - ndimage.distance_transform_edt(~mask)
    shifted = ndimage.shift(depth, (down, right), order=1, mode="nearest")
    drawn = shifted > -growth
    return np.asarray(drawn if drawn.any() else inside == inside.max(), dtype=np.bool_)
