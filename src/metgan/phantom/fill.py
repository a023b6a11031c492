"""Where an image was never recorded: pixels that hold one exact value in both channels.

Skull-stripping, stitching and rotation leave such areas, often most of an image. What matters to a network
is that they are exact, have sharp borders, lie alike in both channels, and never hold a tumour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from scipy import ndimage

from metgan.errors import SettingError
from metgan.types import Mask

from .fields import Field, cloud, grid

FillKind = Literal["none", "mask", "mosaic", "rotation", "clipped"]
"""How exact values come into an image, see `Fill`."""
_LARGEST = 0.7  # of all pixels, on average
_MOST = 0.88  # of the pixels of one image
_EVENNESS = 20.0  # of the shares of a set's images; the larger, the more alike


@dataclass(frozen=True)
class Fill:
    """How much of the images is one exact value, and why.

    Parameters
    ----------
    kind : {"none", "mask", "mosaic", "rotation", "clipped"}
        "mask": all outside a smooth closed contour, as after skull-stripping. "mosaic": rectangles at the
        borders, as after stitching. "rotation": corners, as of a scan that was turned. "clipped": nothing
        is missing, but the tumour channel, and it alone, had its background subtracted and what is
        negative set to 0.
    share : float
        Mean share of the pixels, in [0, 0.7]; images differ.
    value : int
        What these pixels hold, >= 0, in the units of the file. 0 for "clipped".

    Raises
    ------
    SettingError
        For an unknown kind, a share out of range, or one that contradicts the kind.
    """

    kind: FillKind = "none"
    share: float = 0.0
    value: int = 0

    def __post_init__(self) -> None:
        known = ("none", "clipped", *_SHAPES)
        if self.kind not in known:
            raise SettingError(f"fill is {self.kind!r}", f"one of: {', '.join(known)}", "Choose another kind")
        SettingError.unless_within("share", self.share, 0.0, _LARGEST)
        if (self.kind == "none") != (self.share == 0):
            raise SettingError(
                f"fill {self.kind!r} of share {self.share}",
                "a share above 0 for every kind but 'none'",
                "Change one of them",
            )
        if not 0 <= self.value <= 255 or (self.kind == "clipped" and self.value):
            raise SettingError(
                f"value is {self.value} for fill {self.kind!r}",
                "a whole number in [0, 255], 0 for 'clipped'",
                "Change value",
            )


def draw_share(fill: Fill, rng: np.random.Generator) -> float:
    """Return the share of one image: random, `fill.share` on average.

    Examples
    --------
    >>> draw_share(Fill(), np.random.default_rng(0))
    0.0
    """
    if fill.share == 0:
        return 0.0
    return float(min(rng.beta(fill.share * _EVENNESS, (1 - fill.share) * _EVENNESS), _MOST))


def draw_fill(fill: Fill, size: int, rng: np.random.Generator) -> Mask:
    """Draw the pixels of one image that were never recorded, (Y, X); none for "none" and "clipped".

    Examples
    --------
    >>> bool(draw_fill(Fill(), 48, np.random.default_rng(0)).any())
    False
    """
    if fill.kind not in _SHAPES:
        return np.zeros((size, size), dtype=np.bool_)
    return _SHAPES[fill.kind](size, draw_share(fill, rng), rng)


def _outside_body(size: int, share: float, rng: np.random.Generator) -> Mask:
    """Draw the outside of a smooth body in the middle of the image: one piece without holes."""
    y, x = (axis - rng.uniform(-0.08, 0.08) * size for axis in grid(size))
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.85, 1.18)
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    radius = np.hypot(across * stretch, along / stretch) + 0.035 * size * cloud(size, 5.0, rng)
    pieces, _ = ndimage.label(radius <= np.quantile(radius, 1 - share))
    body = ndimage.binary_fill_holes(pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:]))
    return np.asarray(~body, dtype=np.bool_)


def _corners(size: int, share: float, rng: np.random.Generator) -> Mask:
    """Draw what a rotated square leaves of the image: triangles in its corners, wider with the share."""
    y, x = (axis - rng.uniform(-0.06, 0.06) * size for axis in grid(size))
    turn = rng.choice([-1, 1]) * rng.uniform(np.pi / 10, np.pi / 4)
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    reach: Field = np.maximum(np.abs(across), np.abs(along))
    return np.asarray(reach > np.quantile(reach, 1 - share), dtype=np.bool_)


def _tiles(size: int, share: float, rng: np.random.Generator) -> Mask:
    """Draw rectangles that are missing at the borders, one after the other, until the share is reached."""
    missing = np.zeros((size, size), dtype=np.bool_)
    while missing.mean() < share:
        side = int(rng.integers(4))
        turned = np.rot90(missing, side)  # a view: what is written there stands in `missing`
        length = size if rng.random() < 0.4 else int(rng.uniform(0.25, 0.7) * size)
        columns = slice(0, length) if rng.random() < 0.5 else slice(size - length, size)
        for row in range(int(rng.uniform(0.12, 0.4) * size)):
            if missing.mean() >= share:
                break
            turned[row, columns] = True
    return missing


_SHAPES: Mapping[str, Callable[[int, float, np.random.Generator], Mask]] = MappingProxyType(
    {"mask": _outside_body, "mosaic": _tiles, "rotation": _corners}
)
