"""How far images are changed at random, and what is drawn for them: numbers, before any pixel is touched.

Classical augmentation beyond the eight symmetries: other light, other grain, bent tissue. It is the honest
rival of synthetic data, since it costs nothing.

Light is changed in units of what a crop itself shows. On [-1, 1] the brightest tumours of a data set are 1,
and most tissue lies close to -1: a fixed offset would put it out, and dim tumours with it. For the same
reason nothing is clipped there; what is seen may lie outside [-1, 1].

Exposure is another thing: how long a scan was exposed, and how strongly an animal was stained. It multiplies
the light of both channels, largely alike, and a camera saturates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metgan.errors import SettingError

KNOTS: Final = 5
"""Points along each axis that a bend displaces."""


@dataclass(frozen=True)
class Augmentation:
    """How far images are changed at random, at most; nothing by default, beyond crops and symmetries.

    Parameters
    ----------
    exposure : float
        The light of both channels is multiplied by one factor, up to 2 to this power, or its inverse. Light
        is what exceeds -1; what becomes brighter than 1 saturates.
    balance : float
        The anatomy's light is multiplied by a further factor, up to 2 to this power, or its inverse: a bright
        anatomy goes with a bright tumour channel, but not in proportion.
    brightness : float
        Offset, up or down, in spreads of the image: half the distance of its 10th and 90th percentiles.
    contrast : float
        Distances from the image's mean are stretched by up to 2 to this power, or shrunk.
    gamma : float
        Values between the image's darkest and brightest are raised to up to 2 to this power, or its inverse.
    noise : float
        Standard deviation of Gaussian noise, between 0 and this, in spreads of the image.
    blur : float, pixels
        Standard deviation of a Gaussian, between 0 and this.
    turn : float, degrees
    stretch : float
        Both axes are stretched by one factor up to 2 to this power, or its inverse.
    bend : float, pixels
        Standard deviation of the displacement of five by five points, with a smooth surface through them: the
        elastic deformation of U-Net [1].

    Raises
    ------
    SettingError
        For a value that is negative or not finite.

    References
    ----------
    [1] Ronneberger, Fischer and Brox (2015), U-Net, section 3.1. https://doi.org/10.1007/978-3-319-24574-4_28
    """

    exposure: float = 0.0
    balance: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    turn: float = 0.0
    stretch: float = 0.0
    bend: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0):
                given = f"{field.name}={value} of an augmentation"
                raise SettingError(given, "a finite number, 0 or more", "Choose 0 for none")


STRONG: Final = Augmentation(
    exposure=1.0,
    brightness=0.5,
    contrast=0.4,
    gamma=0.5,
    noise=0.4,
    blur=1.0,
    turn=20.0,
    stretch=0.3,
    bend=2.0,
)
"""About as strong as nnU-Net's default: Isensee et al. 2021, supplement 4, https://doi.org/10.1038/s41592-020-01008-z

Exposures stand for what nnU-Net does to each image, before it is augmented: to scale it by its own light.
"""


@dataclass(frozen=True, eq=False)
class Distortions:
    """What is drawn for N pairs: a change of place for all images of a pair, and of light for both channels.

    Parameters
    ----------
    angle, stretch : ndarray, (N,), float
        Turn about the centre in radians, and the factor of both axes.
    knots : ndarray, (N, 2, 5, 5), float, pixels
        Displacements of row and column at five by five points that span the image.
    exposure : ndarray, (N, 2), float
        What the light of anatomy and tumour is multiplied by.
    blur : ndarray, (N,), float, pixels
    exponent, factor, offset, noise : ndarray, (N,), float
        What is drawn for gamma, contrast, brightness and noise.
    seed : ndarray, (N,), int64
        Of the noise, which differs between the channels.
    """

    angle: NDArray[np.float64]
    stretch: NDArray[np.float64]
    knots: NDArray[np.float64]
    exposure: NDArray[np.float64]
    blur: NDArray[np.float64]
    exponent: NDArray[np.float64]
    factor: NDArray[np.float64]
    offset: NDArray[np.float64]
    noise: NDArray[np.float64]
    seed: NDArray[np.int64]

    @classmethod
    def join(cls, draws: Sequence[Distortions]) -> Distortions:
        """Return the draws of several batches as those of one, in their order."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(each, name) for each in draws]) for name in names})

    @property
    def moves(self) -> bool:
        """Whether any pixel is moved."""
        return bool(self.angle.any() or (self.stretch != 1).any() or self.knots.any())


def draw_distortion(augmentation: Augmentation, rng: np.random.Generator) -> Distortions:
    """Draw the distortion of one pair: `Distortions` of length 1.

    As many numbers are drawn whatever the augmentation, so that each of its settings leaves the others' draws
    alone.

    Examples
    --------
    >>> drawn = draw_distortion(Augmentation(turn=180), np.random.default_rng(0))
    >>> bool(abs(drawn.angle[0]) <= np.pi), drawn.factor[0].item(), drawn.moves
    (True, 1.0, True)
    """
    a = augmentation
    brightness, contrast, gamma, turn, stretch, both, balance = rng.uniform(-1, 1, (7, 1))
    noise, blur = rng.uniform(0, 1, (2, 1))
    exposure = 2.0 ** (a.exposure * both)
    return Distortions(
        angle=math.radians(a.turn) * turn,
        stretch=2.0 ** (a.stretch * stretch),
        knots=a.bend * rng.standard_normal((1, 2, KNOTS, KNOTS)),
        exposure=np.stack([exposure * 2.0 ** (a.balance * balance), exposure], 1),
        blur=a.blur * blur,
        exponent=2.0 ** (a.gamma * gamma),
        factor=2.0 ** (a.contrast * contrast),
        offset=a.brightness * brightness,
        noise=a.noise * noise,
        seed=rng.integers(2**31, size=1),
    )
