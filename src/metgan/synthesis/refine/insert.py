"""Generated tumours on a real background: the light that they add, added to a real tumour channel.

A tumour channel shows more than tumours: vessels that took up dye, dust, threads. The anatomy does not tell
of them, so no generator makes them, and a segmentor that has seen generated images alone takes them for
tumours. Where the anatomy's own tumour channel is at hand, and annotated, it can be kept: the generator
generates the tissue with the tumours and without, and the difference is the light that they add.

Notes
-----
The decision a reader would question is that light is only added. Fluorescence adds up; where a generator
generates a tumour darker than the tissue, that is its error, and it would tear holes in a real image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import as_camera
from metgan.errors import EmptyDrawError
from metgan.models import DEFAULT_THRESHOLD
from metgan.objects import number_tumours
from metgan.types import Camera, Mask

from .contrast import HALO, fading
from .step import PairImages, RefineStep
from .strips import strips


def near(tumours: Mask) -> Mask:
    """Return tumours, and as far around them as their light fades: `HALO` pixels; (Y, X)."""
    return np.asarray(ndimage.binary_dilation(tumours, np.ones((3, 3), bool), HALO), bool)


def find_unseen(output: NDArray[np.float32], asked: Mask) -> Mask:
    """Return the tumours, (Y, X), that a segmentor does not see: its mean output in them is too low.

    Parameters
    ----------
    output : ndarray, (Y, X), float32, in [0, 1]
        What it gives for the finished image; below `metgan.models.DEFAULT_THRESHOLD` is no tumour.
    asked : Mask
        (Y, X), the tumours that were inserted.

    Examples
    --------
    >>> asked = np.array([[True, True, False, True, True]])
    >>> find_unseen(np.array([[0.9, 0.3, 0.0, 0.6, 0.2]], np.float32), asked)[0].tolist()
    [False, False, False, True, True]
    """
    numbered, sizes = number_tumours(asked)
    seen = np.bincount(numbered.ravel(), output.ravel(), len(sizes) + 1)[1:] / sizes
    return np.asarray(np.append(False, seen < DEFAULT_THRESHOLD)[numbered], bool)


def insert_tumours(real_tumour: Camera, generated: Camera, tumour_free: Camera, asked: Mask) -> Camera:
    """Add the light of generated tumours to a real image.

    Parameters
    ----------
    real_tumour : Camera
        (Y, X), the real tumour channel.
    generated, tumour_free : Camera
        (Y, X), the same tissue generated with the tumours, and with none.
    asked : Mask
        (Y, X), where they were asked for. Light beyond fades to nothing within three pixels; what the
        generator changed elsewhere stays out.

    Returns
    -------
    Camera
        (Y, X), in the units and dtype of `real_tumour`. Where the generator makes a tumour no brighter than
        the tissue, nothing is added.

    Examples
    --------
    >>> asked = np.arange(9)[None] == 4
    >>> real_tumour = np.arange(100, 109, dtype=np.uint16)[None]
    >>> plain = np.full((1, 9), 50, np.uint16)
    >>> generated = np.where(asked, 90, plain).astype(np.uint16)
    >>> insert_tumours(real_tumour, generated, plain, asked)[0, 3:6].tolist()
    [103, 144, 105]
    """
    lit = np.empty_like(real_tumour)
    for rows, around, inner in strips(len(asked), HALO):
        light = np.clip(generated[rows].astype(np.float64) - tumour_free[rows], 0, None)
        shown = light * fading(asked[around])[inner]
        lit[rows] = as_camera(real_tumour[rows] + shown, real_tumour)
    return lit


@dataclass(frozen=True)
class Insert(RefineStep):
    """Generated tumours are added to the anatomy's real tumour channel: see `insert_tumours`."""

    name = purpose = "insert"
    needs_tumour_free = True

    def __str__(self) -> str:
        return "insert"

    def apply(self, images: PairImages) -> PairImages:
        """Return the real channel with the tumours, and without them: that surrounds them from here on.

        Raises
        ------
        EmptyDrawError
            When they add no light to it; another label may.
        """
        real, tumour_free = images.real_tumour, images.tumour_free
        assert real is not None
        assert tumour_free is not None
        tumour = insert_tumours(real, images.tumour, tumour_free, images.asked)
        if np.array_equal(tumour, real):
            raise EmptyDrawError(
                f"the tumours generated in {images.name} are nowhere brighter than its tissue",
                "light to add to the real image",
                "Train the model longer, or leave this anatomy out",
            )
        return replace(images, tumour=tumour, tumour_free=real)
