"""How the power of an image is spread over spatial frequencies: what stripes and checkerboards betray.

Upsampling layers leave a pattern that hardly moves a mean error and that the eye sees at once. It stands out
in the spectrum: a radial average over frequencies, as Durall et al. 2020 (arXiv 2003.01826) use it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from metgan.types import Scaled

from .similarity import as_pair

FLOOR = 1e-6
"""Power density added to both spectra: that of noise of 0.001 on [-1, 1], which no camera shows."""


def spectrum_distance(generated: Scaled, real: Scaled) -> float:
    """Return the mean distance of two radial power spectra in decibels; 0 for equal ones.

    Parameters
    ----------
    generated, real : ndarray, (Y, X), floating, in [-1, 1]
        As for `compare_within`; sides of 4 pixels or more.

    Returns
    -------
    float, 0 or more, dB
        Mean over the rings of frequency of ``|10 log10(generated / real)|``. Rings are as wide as the lowest
        frequency of the shorter side, and reach to the corner of the frequency plane, where checkerboards
        are; the mean brightness is left out. Every ring counts alike.

    Raises
    ------
    ArrayError
        As for `compare_within`.

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
    """Return the power density of an image, (Y, X), in rings of growing frequency.

    White noise of variance v has the density v in every ring. The mean is taken away, and a Hann window keeps
    the image's edges from counting as structure.
    """
    down, across = (np.hanning(side) for side in image.shape)
    windowed = image - image.mean()
    windowed *= down[:, None]
    windowed *= across
    # The frequencies of a real image are symmetric: half of them are computed, and nearly all count twice.
    power = np.square(np.abs(fft.rfft2(windowed)))
    power /= np.square(down).sum() * np.square(across).sum()
    rows, columns = fft.fftfreq(image.shape[0]), fft.rfftfreq(image.shape[1])
    rings = np.rint(np.hypot(rows[:, None], columns) * min(image.shape)).astype(int).ravel()
    twice = np.where((columns == 0) | (columns == 0.5), 1.0, 2.0)
    power *= twice
    counts = np.bincount(rings, np.broadcast_to(twice, power.shape).ravel())
    totals = np.bincount(rings, power.ravel())
    present = np.flatnonzero(counts)[1:]  # without the ring of the mean
    return np.asarray(totals[present] / counts[present], np.float64)
