"""How the power of an image is spread over spatial frequencies: what stripes and checkerboards betray.

Upsampling layers leave a pattern that hardly moves a mean error and that the eye sees at once. It stands out
in the spectrum: a radial average over frequencies, as Durall et al. 2020 (arXiv 2003.01826) use it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metgan.types import Scaled

from .similarity import as_pair

FLOOR = 1e-6
"""Power density added to both spectra: that of noise of 0.001 on [-1, 1], which no camera shows."""


def spectrum_distance(generated: Scaled, real: Scaled) -> float:
    """Give the mean distance of two radial power spectra in decibels; 0 for equal ones.

    Parameters
    ----------
    generated, real : ndarray, (Y, X), floating, in [-1, 1]
        As for `compare`; sides of 4 pixels or more.

    Returns
    -------
    float, 0 or more, dB
        Mean over the rings of frequency of ``|10 log10(generated / real)|``. Rings are as wide as the lowest
        frequency of the shorter side, and reach to the corner of the frequency plane, where checkerboards
        are; the mean brightness is left out. Every ring counts alike.

    Raises
    ------
    ArrayError
        As for `compare`.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (64, 64))
    >>> spectrum_distance(noise, noise)
    0.0
    >>> round(spectrum_distance(noise * 10**0.5, noise), 2)  # ten times the power
    10.0
    """
    first, second = (radial_spectrum(image) for image in as_pair(generated, real))
    return float(np.abs(10 * np.log10((first + FLOOR) / (second + FLOOR))).mean())


def radial_spectrum(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the power density of an image, (Y, X), in rings of growing frequency.

    White noise of variance v has the density v in every ring. The mean is taken away, and a Hann window keeps
    the image's edges from counting as structure.
    """
    window = np.outer(*(np.hanning(side) for side in image.shape))
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2 / np.square(window).sum()
    rows, columns = (np.fft.fftfreq(side) for side in image.shape)
    rings = np.rint(np.hypot(rows[:, None], columns[None]) * min(image.shape)).astype(int)
    counts = np.bincount(rings.ravel())
    totals = np.bincount(rings.ravel(), power.ravel())
    present = np.flatnonzero(counts)[1:]  # without the ring of the mean
    density: NDArray[np.float64] = totals[present] / counts[present]
    return density
