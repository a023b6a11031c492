"""The light that images are seen in: as they are, or brighter, starker and noisier at random.

Absolute brightness, exact contrast and single grains of camera noise differ from exposure to exposure and
from depth to depth. Two kinds of networks must not rely on them.

Discriminators: one that sees them finds generated images by them and then teaches little else. The generator
answers with invented noise, and with a brightness that follows the anatomy too closely; both cost similarity.

The generator that generates tumours: where it takes the anatomy's brightness at its word, tissue that is
darker than any it was trained on comes out far too dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from metgan.errors import SettingError
from metgan.seeding import stream
from metgan.transforms import change_contrast, each_image, normal_noise


@dataclass(frozen=True, eq=False)
class DrawnIntensity:
    """The light that N images of one place in a step are seen in: numbers on the images' device.

    Parameters
    ----------
    factor, offset : Tensor, (N, 1, 1, 1), float
        Distances from an image's mean are multiplied by the one, and the other is added.
    noise : Tensor, (N, 1, Y, X), float, or None
        Is added; None for none.
    """

    factor: Tensor
    offset: Tensor
    noise: Tensor | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """Return images, (N, 1, Y, X), in this light. They may lie outside [-1, 1]: nothing is clipped."""
        seen = change_contrast(images, self.factor) + self.offset
        return seen if self.noise is None else seen + self.noise


@dataclass(frozen=True)
class IntensityAugment:
    """What is changed at random in every image; nothing by default, as in the paper.

    Differentiable augmentation of Zhao et al. 2020 (arXiv 2006.10738), which is made for little data: its
    brightness and contrast; and instance noise of Sønderby et al. 2017 (arXiv 1610.04490).

    Parameters
    ----------
    brightness : float
        An offset up to this, on [-1, 1], is added or taken away; 0 or more.
    contrast : float
        Distances from the mean of each channel are stretched by up to 2 to this power, or shrunk; 0 or more.
    noise : float
        Standard deviation of Gaussian noise, on [-1, 1]; 0 or more.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "noise"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise SettingError(
                    f"{name}={value} of an intensity augmentation", "0 or more", "Choose 0 for none"
                )

    def draw(
        self, images: Tensor, places: int, seed: int, purpose: str, step: int
    ) -> tuple[DrawnIntensity, ...]:
        """Return the light of each of so many places in one training step; none where nothing is changed.

        `images`, (N, 1, Y, X), are some that will be seen. What is drawn depends on the seed, the purpose,
        the step and the place alone, so that a resumed run draws the same.

        Examples
        --------
        >>> from torch import zeros
        >>> image = zeros(1, 1, 2, 2)
        >>> first, second = IntensityAugment(brightness=0.5).draw(image, 2, seed=0, purpose="judges", step=3)
        >>> bool((first(image) == first(image)).all()), bool((first(image) == second(image)).any())
        (True, False)
        >>> IntensityAugment().draw(image, 2, seed=0, purpose="judges", step=3)
        ()
        """
        if self == IntensityAugment():
            return ()
        return tuple(self._draw(images, stream(seed, f"light {purpose}", step, k)) for k in range(places))

    def _draw(self, images: Tensor, rng: np.random.Generator) -> DrawnIntensity:
        count = len(images)
        offset = self.brightness * rng.uniform(-1, 1, count)
        factor = 2.0 ** (self.contrast * rng.uniform(-1, 1, count))
        light = DrawnIntensity(each_image(factor, images), each_image(offset, images))
        if not self.noise:
            return light
        return replace(light, noise=self.noise * normal_noise(images, rng.integers(2**31, size=count)))
