"""A tumour channel whose planes fit each other: the mean of what is generated in three orientations.

The networks are 2-D. Each voxel lies in a plane along Z, one along Y and one along X: it is generated in
each.

Notes
-----
The decision a reader would question is that `metgan inpaint` does not offer it. A region must be read as far
around along Z, too, as the network sees. In blocks of 512 voxels a side that comes to 17 times a block's
voxels to be computed, six times as much as planes along Z alone in blocks of 1024 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from metgan.data import check_camera
from metgan.errors import ArrayError
from metgan.images import Block
from metgan.parts import sides_of, widen, within
from metgan.types import AnyArray, Camera, Mask

from .inpainter import Inpainter
from .volume import Read, VolumeSource, inpaint_region

Axes = tuple[int, int, int]
_ORIENTATIONS: Final[tuple[Axes, ...]] = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
"""Planes along Z, Y and X: which axis of the volume stands first, second and third."""
_FILL_REACH: Final = 2
"""Pixels that decide whether one is fill, which comes in areas of 3 x 3."""


def inpaint_in_three_orientations(inpainter: Inpainter, source: VolumeSource, region: Block) -> Camera:
    """Return the tumour channel of a region of a volume as the mean of three orientations.

    Parameters
    ----------
    inpainter : Inpainter
        One that `refuse_dependent_on_size` lets pass.
    source : VolumeSource
        Its voxels should be as long along Z as along Y and X: the network was trained on planes, and takes
        those along Y and X for such.
    region : tuple of slice
        Along Z, Y and X.

    Returns
    -------
    ndarray, (Z, Y, X)
        As `inpaint_region`, whatever the region, but that it is the mean of three. Where an orientation sees
        fill and others light, the mean is that of the others.

    Raises
    ------
    ArrayError
        When the volume is shorter along an axis than the network takes.
    """
    if min(source.shape) < inpainter.minimum_side:
        raise ArrayError(
            f"a volume of {' x '.join(map(str, source.shape))} voxels",
            f"at least {inpainter.minimum_side} along each axis, for planes in three orientations",
            "Generate planes along Z alone, with inpaint_region",
        )
    scale = inpainter.card.normalisation
    summed = np.zeros(sides_of(region), np.float32)
    counted = np.zeros(summed.shape, np.uint8)
    for axes, light in zip(_ORIENTATIONS, _light(inpainter, source, region), strict=True):
        made = inpaint_region(inpainter, _turned(source, axes), tuple(region[k] for k in axes))
        made = made.transpose(np.argsort(axes))
        np.add(summed, made, out=summed, where=True if light is None else light)
        counted += 1 if light is None else light
    np.divide(summed, counted, out=summed, where=counted > 0)
    if scale.fill is not None and source.real_tumour is None:
        summed[counted == 0] = scale.fill.tumour
    dtype = np.dtype(scale.tumour.dtype)
    return np.rint(summed, out=summed).astype(dtype) if dtype.kind in "ui" else summed.astype(dtype)


def _light(inpainter: Inpainter, source: VolumeSource, region: Block) -> Iterator[Mask | None]:
    """Yield of each orientation where it generates, (Z, Y, X), and does not fill in; None for everywhere."""
    if inpainter.card.normalisation.fill is None or source.real_tumour is not None:
        yield from (None,) * len(_ORIENTATIONS)
        return
    wide = widen(tuple(region), _FILL_REACH, source.shape)
    anatomy, label = check_camera(source.anatomy(wide), "anatomy"), source.label(region)
    for axes in _ORIENTATIONS:
        planes = anatomy.transpose(axes)
        filled = np.stack([inpainter.filled(plane) for plane in planes]).transpose(np.argsort(axes))
        yield ~filled[within(region, wide)] | label


def _turned(source: VolumeSource, axes: Axes) -> VolumeSource:
    """Return a volume with its axes in another order."""
    back = np.argsort(axes)

    def turned(read: Read) -> Callable[[Sequence[slice]], AnyArray]:
        return lambda region: read([region[k] for k in back]).transpose(axes)

    real = source.real_tumour
    shape = source.shape[axes[0]], source.shape[axes[1]], source.shape[axes[2]]
    return VolumeSource(
        shape, turned(source.anatomy), turned(source.label), None if real is None else turned(real)
    )
