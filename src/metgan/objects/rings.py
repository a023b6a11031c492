"""What surrounds tumours: the rings that their brightness is measured against."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from metgan.parts import widen
from metgan.types import Mask

from .components import number_tumours

RING_GAP = 2
"""Pixels around a tumour that belong to neither side: its blur, and uncertainty of its outline."""

RING_REACH = 6
"""Pixels from the tumour at which its surroundings end."""


def surroundings(label: Mask) -> Mask:
    """Return the pixels that surround any tumour, and are none.

    Parameters
    ----------
    label : ndarray, (Y, X) or (Z, Y, X), bool

    Returns
    -------
    ndarray, same shape, bool
        More than `RING_GAP` pixels away from every tumour, and `RING_REACH` at most from one.

    Examples
    --------
    >>> surroundings(np.arange(12)[None] == 2).astype(int).tolist()
    [[0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]]
    """
    if not label.any():
        return np.zeros(label.shape, bool)
    away = ndimage.distance_transform_edt(~label)
    return np.asarray((away > RING_GAP) & (away <= RING_REACH), bool)


def rings(label: Mask, fill: Mask | None = None) -> Iterator[tuple[tuple[slice, ...], Mask, Mask]]:
    """Yield each tumour of a label with the ring about it, in the order of `number_tumours`.

    Parameters
    ----------
    label : ndarray, (Y, X) or (Z, Y, X), bool
    fill : ndarray, same shape, bool, or None
        Where nothing was imaged: it surrounds no tumour. None for nowhere.

    Yields
    ------
    box : tuple of slice
        A part of the image that holds both.
    tumour, ring : ndarray, the part's shape, bool
        Pixels of other tumours, and as near to them as `RING_GAP`, are in no ring.

    Examples
    --------
    >>> [(box, tumour, ring)] = rings(np.arange(12)[None] == 2)
    >>> box[1], np.flatnonzero(tumour).tolist(), np.flatnonzero(ring).tolist()
    (slice(0, 9, None), [2], [5, 6, 7, 8])
    """
    numbered, areas = number_tumours(label)
    if areas.size == 0:
        return
    steps = np.indices((2 * RING_GAP + 1,) * label.ndim) - RING_GAP
    disc = np.square(steps).sum(axis=0) <= RING_GAP**2
    outside = ~ndimage.binary_dilation(label, disc)
    if fill is not None:
        outside &= ~fill
    for number, box in enumerate(ndimage.find_objects(numbered), start=1):
        # Nothing further than the ring's reach matters, so neither does the rest of a volume.
        near = widen(box, RING_REACH, label.shape)
        tumour = numbered[near] == number
        yield near, tumour, outside[near] & (ndimage.distance_transform_edt(~tumour) <= RING_REACH)
