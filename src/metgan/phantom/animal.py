"""What the pictures of one animal share: its staining, and the microscope as it was set that day.

Pairs are split by animal, so there must be something to an animal that a network could learn by heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .settings import PhantomSettings


@dataclass(frozen=True)
class Animal:
    """One cleared mouse and the settings that it was scanned with.

    Parameters
    ----------
    autofluorescence : float
        Light of ordinary tissue in the anatomy channel, relative to other animals, about 1.
    staining : float
        Light of the dye that sticks everywhere, relative to other animals, about 1.
    crosstalk : float
        Share of the autofluorescence that enters the tumour channel; below 0 it is inverted.
    photons : float
        Photons per pixel of ordinary tissue, > 0.
    gain : float
        Camera counts per photon, > 0.
    offset : float
        Camera counts without light.
    read_noise : float
        Standard deviation of the camera's own noise, counts.
    focus : float
        Standard deviation of the point spread function, pixels.
    haze : float
        Share of the light that tissue above the plane scatters far away, in [0, 1].
    grain : float
        Standard deviation of the kernel with which the stored scan was resampled, pixels.
    """

    autofluorescence: float
    staining: float
    crosstalk: float
    photons: float
    gain: float
    offset: float
    read_noise: float
    focus: float
    haze: float
    grain: float


def draw_animal(settings: PhantomSettings, rng: np.random.Generator) -> Animal:
    """Draw an animal about the values in `settings`.

    Examples
    --------
    >>> draw_animal(PhantomSettings(crosstalk=0), np.random.default_rng(0)).crosstalk
    0.0
    """
    spread = settings.exposure_spread
    return Animal(
        autofluorescence=float(rng.lognormal(0, settings.animal_spread)),
        staining=float(rng.lognormal(0, settings.animal_spread)),
        crosstalk=settings.crosstalk * float(rng.uniform(1 - 0.3 * spread, 1 + 0.3 * spread)),
        photons=settings.photons * float(rng.lognormal(0, 0.4 * spread)),
        gain=settings.gain * float(rng.uniform(14 - 6 * spread, 14 + 6 * spread)),
        offset=float(rng.uniform(95, 125)),
        read_noise=float(rng.uniform(8, 25)),
        focus=float(rng.uniform(0.65, 1.0)),
        haze=float(rng.uniform(0.08, 0.25)),
        grain=float(rng.uniform(0.6, 0.9)),
    )
