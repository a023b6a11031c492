"""Classical augmentation beyond the eight symmetries: other light, other grain, bent tissue.

It is the honest rival of synthetic data, since it costs nothing. A view is cut first and distorted then, so
that a step costs what its crops cost; pixels from beyond a crop's edge are mirrored. As with views, a random
draw has a deterministic twin.

Light is changed in units of what the crop itself shows. On [-1, 1] the brightest tumours of a data set are 1,
and most tissue lies close to -1: a fixed offset would put it out, and dim tumours with it. For the same
reason nothing is clipped there; what is seen may lie outside [-1, 1].

Exposure is another thing: how long a scan was exposed, and how strongly an animal was stained. It multiplies
the light of both channels, largely alike, and a camera saturates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.errors import SettingError
from metgan.seeding import stream
from metgan.types import Channel, Mask, Scaled

_KNOTS = 5
_CHANNELS: dict[Channel, int] = {"anatomy": 0, "tumour": 1}


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
        elastic deformation of U-Net [1]_.

    Raises
    ------
    SettingError
        For a value that is negative or not finite.

    References
    ----------
    .. [1] Ronneberger, Fischer and Brox (2015), U-Net, section 3.1. https://doi.org/10.1007/978-3-319-24574-4_28
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


STRONG = Augmentation(
    brightness=0.5, contrast=0.4, gamma=0.5, noise=0.4, blur=1.0, turn=20.0, stretch=0.3, bend=2.0
)
"""About as strong as nnU-Net's default: Isensee et al. 2021, supplement 4, https://doi.org/10.1038/s41592-020-01008-z"""


@dataclass(frozen=True, eq=False)
class Distortion:
    """One draw: the same change of place for all images of a pair, and of light for both channels.

    Parameters
    ----------
    places : ndarray, (2, Y, X), float, pixels
        Row and column of the pixel that comes to each place.
    offset, factor, exponent, noise, blur : float
        What is drawn for brightness, contrast, gamma, noise and blur.
    seed : int
        Of the grain, which differs between the channels.
    exposure : mapping of str to float
        What the light of each channel is multiplied by.
    """

    places: NDArray[np.float64]
    offset: float
    factor: float
    exponent: float
    noise: float
    blur: float
    seed: int
    exposure: Mapping[Channel, float]

    def apply(self, image: Scaled, channel: Channel) -> Scaled:
        """Change an image, (Y, X) on [-1, 1]; a flat one stays flat and gets no grain."""
        moved = ndimage.map_coordinates(image, self.places, order=1, mode="mirror")
        if (exposure := self.exposure[channel]) != 1:
            moved = np.minimum((moved + 1) * exposure - 1, 1)
        if self.blur:
            moved = ndimage.gaussian_filter(moved, self.blur)
        low, height = moved.min(), np.ptp(moved) or 1
        light = low + height * ((moved - low) / height) ** self.exponent
        stretched = (light - light.mean()) * self.factor + light.mean()
        spread = np.subtract(*np.percentile(light, [90, 10])) / 2
        grain = stream(self.seed, "grain", _CHANNELS[channel]).standard_normal(light.shape, "float32")
        changed: Scaled = (stretched + spread * (self.offset + self.noise * grain)).astype(np.float32)
        return changed

    def apply_to_label(self, label: Mask) -> Mask:
        """Move a label, (Y, X), as the images are moved; a pixel is tumour where half of it is."""
        moved: Mask = (
            ndimage.map_coordinates(label.astype(np.float32), self.places, order=1, mode="mirror") >= 0.5
        )
        return moved


def draw_distortion(
    shape: tuple[int, ...], augmentation: Augmentation, rng: np.random.Generator
) -> Distortion:
    """Draw one distortion of images of `shape`, (Y, X).

    Examples
    --------
    >>> image = np.array([[-1, 0], [0.5, 1]], np.float32)
    >>> same = draw_distortion((2, 2), Augmentation(), np.random.default_rng(0))
    >>> bool((same.apply(image, "tumour") == image).all())
    True
    """
    a = augmentation
    brightness, contrast, gamma, turn, stretch = rng.uniform(-1, 1, 5)
    noise, blur = rng.uniform(0, 1, 2)
    return Distortion(
        _places(shape, math.radians(a.turn * turn), 2.0 ** (a.stretch * stretch), a.bend, rng),
        offset=a.brightness * brightness,
        factor=2.0 ** (a.contrast * contrast),
        exponent=2.0 ** (a.gamma * gamma),
        noise=a.noise * noise,
        blur=a.blur * blur,
        seed=int(rng.integers(2**31)),
        exposure=_exposures(a, rng),
    )


def _exposures(augmentation: Augmentation, rng: np.random.Generator) -> Mapping[Channel, float]:
    both, balance = rng.uniform(-1, 1, 2)
    exposure = 2.0 ** (augmentation.exposure * both)
    return {"anatomy": exposure * 2.0 ** (augmentation.balance * balance), "tumour": exposure}


def _places(
    shape: tuple[int, ...], angle: float, factor: float, bend: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return where each pixel comes from: turned and stretched about the centre, then bent."""
    where = np.indices(shape, dtype=float)
    centre = (np.array(shape, float)[:, None, None] - 1) / 2
    away = where - centre  # (2, Y, X)
    turned = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    places = np.tensordot(turned / factor, away, 1) + centre
    knots = bend * rng.standard_normal((2, _KNOTS, _KNOTS))
    if bend:
        scale = [(_KNOTS - 1) / max(1, side - 1) for side in shape]
        at = where * np.array(scale)[:, None, None]
        places += [ndimage.map_coordinates(knot, at, order=3, mode="mirror") for knot in knots]
    return np.asarray(places)
