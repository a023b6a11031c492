"""What a network may see of a pair: a crop at a random place, in one of eight orientations.

The eight symmetries of the square invent no pixel values, unlike rotations by other angles. Each
random draw has a deterministic twin, so that what was drawn can be repeated and tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metgan.labels import symmetry
from metgan.types import AnyArray


@dataclass(frozen=True)
class View:
    """A crop and an orientation: the same for anatomy, tumour and label."""

    top: int
    left: int
    size: int
    orientation: int

    def apply(self, image: AnyArray) -> AnyArray:
        """Cut `image`, (Y, X), and turn it.

        An image smaller than the crop is mirrored at its far edges first, as often as it takes.
        """
        missing = [(0, max(0, self.size - length)) for length in image.shape]
        if any(after for _, after in missing):
            image = np.pad(image, missing, mode="symmetric")
        crop = image[self.top : self.top + self.size, self.left : self.left + self.size]
        return symmetry(crop, self.orientation)


def draw_view(shape: tuple[int, ...], size: int, rng: np.random.Generator) -> View:
    """Draw a crop of `size` pixels within `shape` and one of the eight orientations, all alike.

    Deviates: the release cuts the top-left corner, which loses tumours, and knows four of the eight
    orientations. Pinned by ``test_every_place_is_drawn_the_last_row_and_column_too`` and
    ``test_the_eight_orientations_differ_and_all_are_drawn``.
    """
    top, left = (int(rng.integers(max(0, length - size) + 1)) for length in shape)
    return View(top, left, size, int(rng.integers(8)))
