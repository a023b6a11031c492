"""Where there is tissue in an anatomy, so that no tumour is drawn beside the animal.

Notes
-----
The decision a reader would question is that some images are taken to be tissue from edge to edge. A threshold
divides any image, also one that shows nothing but tissue, and would then forbid its darker half to tumours.
So the two classes must be further apart than those that a threshold makes of a single one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from metgan.errors import ArrayError
from metgan.types import Camera, Mask

from .fill import find_fill

LEAST_SEPARATION = 4.0
"""Ashman's D of outside and tissue, at least, for there to be an outside."""
BLUR = 2.0
"""Standard deviation in pixels of the Gaussian that keeps noise and single cells from being cut out."""

_HARDLY = 0.1  # of the way from outside to tissue
_LEAST_ISLAND = 0.01  # share of the image
_BRIGHTEST = 95  # percentile above which all is as bright: a vessel or debris is no class of its own


def find_tissue(anatomy: Camera) -> Mask:
    """Return the pixels that show tissue.

    Fill (`find_fill`) is no tissue, and nothing is measured on it. The rest is smoothed, its brightest 5 %
    are made alike, the square root is taken of what exceeds its darkest pixel, and Otsu's threshold divides
    it. Islands smaller than 1 % of it are dropped, and holes (airways, vessels, cavities) are filled, so that
    the mask is the body rather than what glows in it.

    Parameters
    ----------
    anatomy : ndarray, (Y, X), uint8, uint16 or floating, camera units
        Autofluorescence, brighter in tissue than outside.

    Returns
    -------
    ndarray, (Y, X), bool
        True but for fill where the image has no outside: its classes are less than `LEAST_SEPARATION` apart,
        as in a flat image, or all that is bright are small islands. An image of the outside alone cannot be
        told from one of tissue alone, and is taken for tissue (its set can tell: `shows_outside_alone`); so
        is one with less than 5 % of tissue, which cannot be told from tissue with a bright spot.

    Raises
    ------
    ArrayError
        If the image has other axes, no pixel, or anything but real, finite numbers.

    Notes
    -----
    The separation is Ashman's D [1], the distance of the classes' means in units of their spread,
    ``sqrt(2) |m1 - m2| / sqrt(s1**2 + s2**2)``. Halving a normal distribution gives 2.65, halving a flat
    histogram ``2 sqrt(3)``, 3.46, so 4 asks for a valley between the classes. Shot noise grows with the
    light and would spread the tissue alone; the square root evens that out [2].

    References
    ----------
    [1] K. M. Ashman, C. M. Bird and S. E. Zepf, "Detecting bimodality in astronomical datasets",
       Astronomical Journal 108, 2348 (1994). https://doi.org/10.1086/117248

    [2] F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika
       35, 246 (1948). https://doi.org/10.1093/biomet/35.3-4.246

    Examples
    --------
    >>> anatomy = np.full((40, 40), 100, np.uint16)
    >>> bool(find_tissue(anatomy).all())
    True
    >>> anatomy[:, 20:] = 1000
    >>> tissue = find_tissue(anatomy)
    >>> bool(tissue[:, 22:].all()), bool(tissue[:, :15].any())
    (True, False)
    """
    _check(anatomy)
    seen = ~find_fill(anatomy)
    light = smoothed(anatomy, seen)
    of_seen = light.ravel() if seen.all() else light[seen]
    bright, dark = np.percentile(of_seen, _BRIGHTEST), of_seen.min()
    np.clip(light, dark, bright, out=light)  # in place: images may be large
    light -= dark
    np.sqrt(light, out=light)
    of_seen = light.ravel() if seen.all() else light[seen]
    threshold = threshold_otsu(of_seen)  # type: ignore[no-untyped-call]  # scikit-image is not annotated
    above: Mask = (light > threshold) & seen
    if not _are_separate(light[~above & seen], light[above]):
        return seen
    least = int(np.ceil(_LEAST_ISLAND * seen.sum()))
    islands, _ = ndimage.label(above)
    kept: Mask = (np.bincount(islands.ravel()) >= least)[islands] & above
    if not kept.any():
        return seen
    return np.asarray(ndimage.binary_fill_holes(kept) & seen, bool)


def find_tissue_level(anatomies: Iterable[Camera]) -> float | None:
    """Return the light that hardly any tissue is darker than, of images of one set of which some show both.

    Parameters
    ----------
    anatomies : iterable of ndarray, (Y, X)
        As for `find_tissue`.

    Returns
    -------
    float or None
        In camera units: a tenth of the way from the median outside to the median tissue of those that show
        both, so that an animal of a quarter of the others' light is not taken for air; None where none does.

    Examples
    --------
    >>> edge = np.full((40, 40), 100, np.uint16)
    >>> edge[:, 20:] = 1000
    >>> find_tissue_level([edge, edge + 1000]), find_tissue_level([edge[:, 20:]])
    (690.0, None)
    """
    return tissue_level(filter(None, map(median_lights, anatomies)))


def median_lights(anatomy: Camera) -> tuple[float, float] | None:
    """Return the median light outside and of the tissue, camera units; None of an image without both."""
    seen, tissue = ~find_fill(anatomy), find_tissue(anatomy)
    outside = seen & ~tissue
    if not outside.any() or not tissue.any():
        return None
    return float(np.median(anatomy[outside])), float(np.median(anatomy[tissue]))


def tissue_level(lights: Iterable[tuple[float, float]]) -> float | None:
    """Return the `find_tissue_level` of images by their `median_lights`."""
    pairs = [*lights]
    if not pairs:
        return None
    outside_light, tissue_light = np.median(pairs, axis=0)
    return float(outside_light + _HARDLY * (tissue_light - outside_light))


def shows_outside_alone(anatomy: Camera, level: float | None) -> bool:
    """Tell whether nearly all of an image is darker than tissue, by the `find_tissue_level` of its set.

    Parameters
    ----------
    anatomy : ndarray, (Y, X), camera units
    level : float or None
        None where it is not known; then False.

    Examples
    --------
    >>> air = np.full((40, 40), 100, np.uint16)
    >>> shows_outside_alone(air, 190.0), shows_outside_alone(air + 900, 190.0), shows_outside_alone(air, None)
    (True, False, False)
    """
    return level is not None and brightest_light(anatomy) < level


def brightest_light(anatomy: Camera) -> float:
    """Return the light, smoothed, that nearly all of an image is darker than, camera units."""
    seen = ~find_fill(anatomy)
    return float(np.percentile(smoothed(anatomy, seen)[seen], _BRIGHTEST))


def smoothed(image: Camera, seen: Mask) -> NDArray[np.float64]:
    """Return the Gaussian mean of the pixels that are seen; what is not has no weight in it."""
    if seen.all():
        return np.asarray(ndimage.gaussian_filter(image.astype(np.float64), BLUR))
    weight = ndimage.gaussian_filter(seen.astype(np.float64), BLUR)
    summed = ndimage.gaussian_filter(np.where(seen, image, 0).astype(np.float64), BLUR)
    return np.asarray(summed / np.maximum(weight, 1e-12))


def _are_separate(outside: NDArray[np.float64], tissue: NDArray[np.float64]) -> bool:
    """Decide whether two classes of pixels are more than the halves of one."""
    if not outside.size or not tissue.size:
        return False
    apart = float(tissue.mean() - outside.mean())
    return bool(np.sqrt(2) * apart >= LEAST_SEPARATION * np.sqrt(outside.var() + tissue.var()))


def _check(anatomy: Camera) -> None:
    if anatomy.ndim != 2 or not anatomy.size or anatomy.dtype.kind not in "uif":
        given = f"anatomy has dtype {anatomy.dtype} and shape {anatomy.shape}"
        raise ArrayError(given, "numbers with axes (Y, X)", "Give one plane of one channel")
    if not np.isfinite(anatomy).all():
        raise ArrayError("anatomy has values of nan or infinity", "finite values", "Replace them")
