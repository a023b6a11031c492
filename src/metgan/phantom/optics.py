"""From light in the tissue to counts in a file.

A stored scan is not what the camera saw: it was resampled to even voxels, which smooths the noise with the
picture. Real noise therefore has a grain (neighbours correlate 0.5 to 0.8 in the scans that we measured), and
noise drawn per pixel looks wrong at a glance. So the order here is blur, detect, resample.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .animal import Animal
from .camera import Scan
from .fields import Field

_HAZE_REACH = 10.0  # pixels


def focus(light: Field, animal: Animal) -> Field:
    """Return the light that reaches the camera's plane: blurred by the optics, veiled by scattering above it.

    (Y, X), >= 0, with (nearly) the same sum.
    """
    sharp = ndimage.gaussian_filter(light, animal.focus, mode="reflect")
    veil = ndimage.gaussian_filter(light, _HAZE_REACH, mode="reflect", truncate=2.5)
    return np.asarray((1 - animal.haze) * sharp + animal.haze * veil, dtype=np.float32)


def expose(light: Field, animal: Animal, rng: np.random.Generator) -> Scan:
    """Count photons, read the camera out and resample the scan: counts, neither rounded nor cut.

    `light`, (Y, X), >= 0, is that on the camera, where 1 is ordinary tissue.
    """
    photons = rng.poisson(light * animal.photons)
    counts = animal.gain * photons + animal.read_noise * rng.standard_normal(light.shape)
    return np.asarray(
        animal.offset + ndimage.gaussian_filter(counts, animal.grain, mode="reflect"), dtype=np.float64
    )
