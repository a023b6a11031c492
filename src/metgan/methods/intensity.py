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
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from metgan.errors import SettingError
from metgan.seeding import stream
from metgan.transforms import change_contrast, each_image, normal_noise

Show = Callable[[Tensor, int], Tensor]
"""Image, (N, C, Y, X), float in [-1, 1], and its place in the step to the image as it is seen.

What is seen may lie outside [-1, 1]; it is not clipped.
"""


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

    def at(self, seed: int, purpose: str, step: int) -> Show:
        """Return the light of one training step.

        What is drawn depends on the seed, the purpose, the step and an image's place in it alone, so that a
        resumed run draws the same.

        Examples
        --------
        >>> from torch import zeros
        >>> image = zeros(1, 1, 2, 2)
        >>> show = IntensityAugment(brightness=0.5).at(seed=0, purpose="judges", step=3)
        >>> bool((show(image, 0) == show(image, 0)).all()), bool((show(image, 0) == show(image, 1)).any())
        (True, False)
        >>> IntensityAugment().at(seed=0, purpose="judges", step=3)(image, 0) is image
        True
        """
        if self == IntensityAugment():
            return lambda image, _: image
        return lambda image, place: self._show(image, stream(seed, f"light {purpose}", step, place))

    def _show(self, image: Tensor, rng: np.random.Generator) -> Tensor:
        offset = self.brightness * rng.uniform(-1, 1, len(image))
        factor = 2.0 ** (self.contrast * rng.uniform(-1, 1, len(image)))
        seen = change_contrast(image, each_image(factor, image)) + each_image(offset, image)
        if not self.noise:
            return seen
        return seen + self.noise * normal_noise(image, rng.integers(2**31, size=len(image)))
