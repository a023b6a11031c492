"""How like a generated image is to the real one, pixel by pixel: Tables 1 and 3 of the paper.

All four scores read images scaled to [-1, 1], so that MAE and MSD of different scans can be averaged.

Notes
-----
The decision a reader would question is the window of SSIM, which the paper does not name: ours is the
Gaussian one of Wang et al. Absolute SSIM values of programs with another window differ; rankings made with
one window are comparable.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity as windowed_similarity

from metgan.errors import ArrayError
from metgan.types import AnyArray, Mask, Scaled

DATA_RANGE = 2.0
"""Width of [-1, 1]; it sets the two constants that keep SSIM finite on flat images."""

WINDOW_SIGMA = 1.5
"""Standard deviation of the SSIM window, in pixels."""

WINDOW = 11
"""Side of the SSIM window in pixels: the Gaussian is cut off at 3.5 sigma, rounded."""

STRIP = 512
"""Most rows of an image whose SSIM is computed at once: it takes fifteen times their memory."""


@dataclass(frozen=True)
class Similarity:
    """The four scores of one generated image against its real counterpart.

    Attributes
    ----------
    mae : float, in [0, 2]
        Mean absolute error; 0 for equal images.
    msd : float, in [0, 4]
        Mean squared difference; 0 for equal images.
    ssim : float, in [-1, 1]
        Structural similarity; 1 for equal images.
    correlation : float, in [-1, 1]
        Pearson coefficient; nan when either image is flat.
    """

    mae: float
    msd: float
    ssim: float
    correlation: float


def compare(generated: Scaled, real: Scaled) -> Similarity:
    """Return all four scores of a generated image against the real one: `compare_within` of all pixels.

    Examples
    --------
    >>> real = np.tile(np.float32([-1, 1]), (12, 6))
    >>> compare(real, real)
    Similarity(mae=0.0, msd=0.0, ssim=1.0, correlation=1.0)
    """
    return compare_within(generated, real, np.ones(real.shape, bool))


def compare_within(generated: Scaled, real: Scaled, region: Mask) -> Similarity:
    """Return the four scores on one part of an image: on the tumours, or on everything else.

    Tumours cover a few per cent of a scan. A generator that generates none can have nearly the best mean
    error, so the error on the tumours is asked for by itself.

    Parameters
    ----------
    generated, real : ndarray, (Y, X), floating, in [-1, 1]
        Two images of the same shape, at least 11 pixels along each side. Values beyond
        [-1, 1] (hot pixels above the scaling percentile) count as they are.
    region : ndarray, same shape, bool

    Returns
    -------
    Similarity
        All nan where the region is empty; the correlation also where either image is flat on it, the SSIM
        where no pixel of the region is 5 or more pixels away from the border.

    Raises
    ------
    ArrayError
        If shapes differ, an image is no floating (Y, X) array, is too small for the window
        or holds nan or infinity; or for a region that is no mask of the images' shape.

    Notes
    -----
    The SSIM is Eq. (13) of [1] with K1 = 0.01, K2 = 0.03: a Gaussian window of sigma 1.5 pixels, 11 x 11
    pixels wide, population covariance, a data range of 2, averaged over the pixels of the region whose window
    lies inside the image; it may reach beyond a small region. Two flat images are compared by brightness
    alone. The paper does not name its window, so its SSIM column can be compared with ours by rank, not by
    value. Its "mean sum of squared differences" is summed over pixels and divided by their number.

    References
    ----------
    [1] Wang, Bovik, Sheikh, Simoncelli (2004), doi:10.1109/TIP.2003.819861

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


def similarity_map(generated: Scaled, real: Scaled) -> NDArray[np.float64]:
    """Return the structural similarity of the window about every pixel, (Y, X): see `compare_within`.

    Windows that reach beyond the image see it mirrored. Of large images it is computed in strips that overlap
    by a window, to the same bit.
    """
    check_pair(generated, real)
    rows = generated.shape[0]
    if min(generated.shape) < WINDOW:
        given = f"images have shape {generated.shape}"
        raise ArrayError(given, f"at least {WINDOW} pixels along each side", "Compare larger images")
    whole = np.empty(generated.shape, np.float64)
    cuts = np.linspace(0, rows, -(-rows // STRIP) + 1).astype(int).tolist()
    for top, bottom in itertools.pairwise(cuts):
        first = max(top - WINDOW // 2, 0)
        strip = slice(first, bottom + WINDOW // 2)
        whole[top:bottom] = _map_of_strip(generated[strip], real[strip])[top - first :][: bottom - top]
    return whole


def _map_of_strip(generated: Scaled, real: Scaled) -> NDArray[np.float64]:
    first, second = as_pair(generated, real)
    _, values = windowed_similarity(  # type: ignore[no-untyped-call]  # scikit-image is not annotated
        first,
        second,
        gaussian_weights=True,
        sigma=WINDOW_SIGMA,
        use_sample_covariance=False,
        data_range=DATA_RANGE,
        full=True,
    )
    return np.asarray(values, np.float64)


def correlation(generated: Scaled, real: Scaled) -> float:
    """Return the Pearson coefficient over pixels, in [-1, 1]: the paper's CCoeff.

    Undefined, and therefore nan, when either image is flat (all pixels equal, as a single
    pixel is). Errors are those of `compare`; any size above zero is taken.

    Examples
    --------
    >>> correlation(np.float32([[-1, 0, 1]]), np.float32([[0.5, 0, -0.5]]))
    -1.0
    >>> correlation(np.zeros((1, 3)), np.float32([[0.5, 0, -0.5]]))
    nan
    """
    first, second = (_centred(image) for image in as_pair(generated, real))
    spread = float(np.sqrt(np.vdot(first, first) * np.vdot(second, second)))
    if spread == 0:
        return float("nan")
    return float(np.clip(np.vdot(first, second) / spread, -1, 1))


def _centred(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the mean and scale to a peak of 1, in place; a flat image gives exact zeros."""
    if np.ptp(image) == 0:
        return np.zeros_like(image)
    image -= image.mean()
    # A faint image must not underflow to a flat one when it is squared.
    image /= max(image.max(), -image.min())
    return image


def as_pair(generated: AnyArray, real: AnyArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Refuse what cannot be compared; give copies of both images in double precision."""
    check_pair(generated, real)
    return generated.astype(np.float64), real.astype(np.float64)


def check_pair(generated: AnyArray, real: AnyArray) -> None:
    """Refuse what cannot be compared."""
    for name, image in (("generated", generated), ("real", real)):
        ArrayError.if_masked(name, image)
        if image.ndim != 2 or image.size == 0 or not np.issubdtype(image.dtype, np.floating):
            given = f"{name} is a {image.dtype} array of shape {image.shape}"
            remedy = "Normalise the image, and compare volumes slice by slice"
            raise ArrayError(given, "a floating (Y, X) image scaled to [-1, 1]", remedy)
        if not np.isfinite(image).all():
            count = int(image.size - np.isfinite(image).sum())
            remedy = "Look for where the generator or the reader made them"
            raise ArrayError(f"{name} has {count} pixels of nan or infinity", "finite values", remedy)
    if generated.shape != real.shape:
        given = f"generated has shape {generated.shape} and real {real.shape}"
        raise ArrayError(given, "one shape", "Compare an image with the one it was made from")
