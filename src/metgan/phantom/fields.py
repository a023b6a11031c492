"""Random fields and curves: the raw material from which tissue is drawn.

Texture is filtered noise rather than placed primitives, because its spectrum is what we know of tissue.
Noise is filtered in Fourier space on a larger, periodic square and cropped, so that opposite borders of a
picture are not neighbours, as they would be if the square were used whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Field = NDArray[np.float32]
"""A quantity per pixel of the scene, (Y, X), float32, in the unit its maker states."""


def grid(size: int) -> tuple[Field, Field]:
    """Return the centred coordinates of `size` x `size` pixels: y, (Y, 1), and x, (1, X), from the middle.

    Examples
    --------
    >>> y, x = grid(3)
    >>> y.ravel().tolist(), x.shape
    ([-1.0, 0.0, 1.0], (1, 3))
    """
    axis = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    return axis[:, None], axis[None, :]


def filter_noise(size: int, gain: NDArray[np.float32], rng: np.random.Generator) -> Field:
    """Return white noise with the amplitude spectrum `gain`, standardised and cropped to `size` pixels.

    `gain`, (P, P // 2 + 1), is of the larger square of edge P, as `frequencies` orders them.
    """
    edge = gain.shape[0]
    white = rng.standard_normal((edge, edge), dtype=np.float32)
    noise = fft.irfft2(fft.rfft2(white) * gain, s=(edge, edge))[:size, :size]
    return np.asarray((noise - noise.mean()) / (noise.std() + 1e-12), dtype=np.float32)


def frequencies(size: int) -> NDArray[np.float32]:
    """Return the radial frequencies, cycles per pixel, of the square that pads `size` by a quarter."""
    edge = fft.next_fast_len(size + size // 4, real=True)
    y, x = np.fft.fftfreq(edge)[:, None], np.fft.rfftfreq(edge)[None, :]
    return np.asarray(np.hypot(y, x), dtype=np.float32)


def cloud(size: int, slope: float, rng: np.random.Generator) -> Field:
    """Return a scale-free texture of mean 0 and standard deviation 1.

    Its power decays with frequency by `slope`, > 0: 2 is grainy, 4 is smooth.

    Examples
    --------
    >>> field = cloud(32, 3.0, np.random.default_rng(0))
    >>> field.shape, bool(abs(field.std() - 1) < 1e-3)
    ((32, 32), True)
    """
    radius = frequencies(size)
    gain = np.maximum(radius, np.float32(0.5 / size)) ** np.float32(-slope / 2)
    gain[0, 0] = 0
    return filter_noise(size, gain, rng)


def ripple(size: int, wavelength: float, rng: np.random.Generator, octaves: float = 0.35) -> Field:
    """Return a texture in which one size rules: cells, tubules, alveoli; mean 0, standard deviation 1.

    `wavelength`, pixels, > 2, is the distance from one crest to the next; `octaves`, > 0, spread about it.
    """
    octave = np.log2(np.maximum(frequencies(size), 1e-6) * wavelength)
    return filter_noise(size, np.exp(-0.5 * (octave / octaves) ** 2).astype(np.float32), rng)


def strands(size: int, width: float, angle: float, rng: np.random.Generator) -> Field:
    """Return a texture drawn out along one wavering direction: fibres and straight tubules.

    Mean about 0, standard deviation about 1. `width`, pixels, > 2, is the distance between neighbouring
    strands, which begin, bend and end; `angle`, radians, the direction across them.
    """
    y, x = grid(size)
    waver = cloud(size, 4.5, rng) * np.float32(0.05 * size)
    across = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)) + waver
    along = (y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))) * np.float32(0.13)
    noise = ripple(size, width, rng, octaves=0.5)
    drawn_out = ndimage.map_coordinates(noise, np.stack([along, across]), order=1, mode="mirror")
    return np.asarray(drawn_out, dtype=np.float32)


def step(distance: Field, softness: float) -> Field:
    """Turn a signed distance (pixels, positive inside) into a soft mask in [0, 1], 0.5 on the outline.

    Examples
    --------
    >>> step(np.array([[-9.0, 0.0, 9.0]], dtype=np.float32), 1.0).round(2).tolist()
    [[0.0, 0.5, 1.0]]
    """
    return np.asarray(0.5 + 0.5 * np.tanh(distance / np.float32(2 * softness)), dtype=np.float32)
