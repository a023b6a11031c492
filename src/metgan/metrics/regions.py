"""The scores of similarity on one part of an image: on the tumours, or on everything else.

Tumours cover a few per cent of a scan. A generator that generates none can have nearly the best mean error,
so the error on the tumours is asked for by itself.
"""

from __future__ import annotations

import numpy as np

from metgan.errors import ArrayError
from metgan.types import Mask, Scaled

from .similarity import WINDOW, Similarity, check_pair, correlation, similarity_map


def compare_within(generated: Scaled, real: Scaled, region: Mask) -> Similarity:
    """Return the four scores of `compare` on the pixels of a region.

    Parameters
    ----------
    generated, real : ndarray, (Y, X), floating, in [-1, 1]
        As for `compare`.
    region : ndarray, same shape, bool

    Returns
    -------
    Similarity
        All nan where the region is empty; the correlation also where either image is flat on it, the SSIM
        where no pixel of the region is 5 or more pixels away from the border.

    Raises
    ------
    ArrayError
        As `compare`, or for a region that is no mask of the images' shape.

    Notes
    -----
    The SSIM of a pixel is that of the window around it, which reaches beyond a small region.

    Examples
    --------
    >>> real = np.zeros((12, 12), np.float32)
    >>> generated, region = real.copy(), np.zeros((12, 12), bool)
    >>> region[5:7, 5:7], generated[5, 5:7] = True, 1
    >>> scores = compare_within(generated, real, region)
    >>> scores.mae, scores.msd, scores.correlation
    (0.5, 0.5, nan)
    """
    check_pair(generated, real)
    if region.dtype != np.bool_ or region.shape != real.shape:
        given = f"a region of {region.dtype} and shape {region.shape} for images of shape {real.shape}"
        raise ArrayError(given, "a bool mask of the images' shape", "Pass label or ~label")
    if not region.any():
        return Similarity(*[float("nan")] * 4)
    error = generated[region].astype(np.float64)
    error -= real[region]
    mae, msd = float(np.abs(error).mean()), float(np.square(error).mean())
    del error
    margin = WINDOW // 2
    inner = tuple(slice(margin, side - margin) for side in real.shape)
    windowed = similarity_map(generated, real)[inner][region[inner]]
    return Similarity(
        mae=mae,
        msd=msd,
        ssim=float(windowed.mean()) if windowed.size else float("nan"),
        correlation=correlation(generated[region][None], real[region][None]),
    )
