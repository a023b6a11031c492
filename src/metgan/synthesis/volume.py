"""The tumour channel of a whole volume, region by region: nothing here knows how large the volume is.

Each plane along Z is an image of its own. A region is computed with as much of its planes around it as the
network sees, mirrored at their borders as `Generator.generate` does, and from the network's own grid. So its
voxels are those of the whole plane, whichever regions the volume is divided into.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.data import check_camera
from metgan.errors import SettingError
from metgan.images import Block, OmeZarrWriter
from metgan.networks import Part, widen
from metgan.progress import SLOW, each, progress
from metgan.types import AnyArray, Camera, Channel

from .inpainter import Inpainter
from .plane_part import PlanePart, sides_of, surroundings, within
from .refine.contrast import HALO

TUMOURS: Final = "tumours"
"""Name of the label image."""
MOST_READ: Final = 2**26
"""Voxels that are read at once, at least a plane of a region with its surroundings."""

Read = Callable[[Sequence[slice]], AnyArray]
"""Reads a region of a volume, a slice along each of Z, Y and X."""


@dataclass(frozen=True, eq=False)
class VolumeSource:
    """What a tumour channel is generated from.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X) of the volume.
    anatomy : function of (slice, slice, slice)
        Returns a region of the anatomy, (Z, Y, X), in the camera's units and dtype.
    label : function of (slice, slice, slice)
        Returns where tumours should be there, (Z, Y, X), bool.
    real_tumour : function of (slice, slice, slice), or None, default None
        Returns the real tumour channel there. It is kept, and the light of generated tumours is added to it,
        see `insert_tumours`. None generates the whole channel.
    """

    shape: tuple[int, int, int]
    anatomy: Read
    label: Read
    real_tumour: Read | None = None


def refuse_dependent_on_size(inpainter: Inpainter) -> None:
    """Refuse a model that generates a pixel otherwise in a region than in the whole plane.

    Raises
    ------
    SettingError
        When its network has no halo, or every image was scaled by its own range.
    """
    card = inpainter.card
    if inpainter.generator.halo is None:
        raise SettingError(
            f"a model of generator {card.generator}, preset {card.preset}, whose pixels depend on the size "
            "of the image that they are in, so that regions of a volume would not fit each other",
            "a generator whose pixels depend on their surroundings alone",
            "Train one: metgan train with --preset small or paper, and a method such as metgan or pix2pix",
        )
    scales = card.normalisation.anatomy, card.normalisation.tumour
    if any(scale.per_image for scale in scales):
        raise SettingError(
            "a model that was trained on images each scaled by its own range, so that regions of a volume "
            "would differ in brightness",
            "a model with one scale for all images",
            "Train one with scaling shared, the default",
        )


def inpaint_volume(writer: OmeZarrWriter, inpainter: Inpainter, source: VolumeSource) -> None:
    """Write the label and the tumour channel of a volume, whatever of them is missing; then finish it.

    Parameters
    ----------
    writer : OmeZarrWriter
        Of a layout with axes ZYX, or YX for a single plane, and a label `TUMOURS`.
    inpainter : Inpainter
    source : VolumeSource

    Raises
    ------
    ArrayError, StorageError
        When a region cannot be read or written, or the network does not take it. What was done by then stays.
    """
    layout = writer.layout
    labels = writer.missing(label=TUMOURS)
    with progress("copy the label", len(labels), every_s=SLOW) as advance:
        for block in labels:
            mask = source.label(_region(block)).astype(layout.dtype_of(TUMOURS))
            writer.write(block, mask.reshape(sides_of(block)), TUMOURS)
            advance()
    blocks, total = writer.missing(), len(layout.all_blocks())
    begun, voxels = time.monotonic(), 0
    with progress("inpaint", total + 1, total - len(blocks), every_s=SLOW) as advance:
        for block in blocks:
            writer.write(block, inpaint_region(inpainter, source, _region(block)).reshape(sides_of(block)))
            voxels += math.prod(sides_of(block))
            advance(f"{voxels / max(time.monotonic() - begun, 1e-9):,.0f} voxels/s")
        writer.finish()
        advance()


def inpaint_region(inpainter: Inpainter, source: VolumeSource, region: Block) -> Camera:
    """Return the tumour channel of a region of a volume.

    Parameters
    ----------
    inpainter : Inpainter
        One that `refuse_dependent_on_size` lets pass.
    source : VolumeSource
    region : tuple of slice
        Along Z, Y and X.

    Returns
    -------
    ndarray, (Z, Y, X)
        In the units and dtype of the training set's tumour channel, no brighter than its camera gives. Of a
        generated channel, what `Inpainter.inpaint` gives of the whole planes, but for the last bits before it
        is rounded; where the anatomy was filled in, fill. Of a real one, each pixel away from the label is
        the real one.
    """
    planes, *sides = region
    part = tuple(sides)
    read = surroundings(inpainter, source.shape[1:], part)
    at_once = max(1, MOST_READ // math.prod(sides_of(read)))
    made = np.empty(sides_of(region), inpainter.card.normalisation.tumour.dtype)
    for start in each(range(planes.start, planes.stop, at_once), "group of planes"):
        slab = slice(start, min(start + at_once, planes.stop))
        made[start - planes.start : slab.stop - planes.start] = _slab(inpainter, source, (slab, *part), read)
    return made


def _slab(inpainter: Inpainter, source: VolumeSource, region: Block, read: Part) -> AnyArray:
    """Return the tumour channel of some planes; of them, `read` is what the network sees."""
    slab, *sides = region
    part, whole = tuple(sides), source.shape[1:]
    label = source.label((slab, *read))
    if source.real_tumour is None:
        anatomy = _checked(inpainter, source.anatomy((slab, *read)), "anatomy")
        planes = [PlanePart(inpainter, whole, read, *images) for images in zip(anatomy, label, strict=True)]
        return np.stack([plane.synthesise(part) for plane in planes])
    around = widen(part, HALO, whole)
    real = _checked(inpainter, source.real_tumour((slab, *around)), "tumour")
    made = real[(slice(None), *within(part, around))].copy()
    asked = [k for k, plane in enumerate(label) if plane.any()]
    if asked:
        anatomy = _checked(inpainter, source.anatomy((slab, *read)), "anatomy")
        for k in asked:
            plane = PlanePart(inpainter, whole, read, anatomy[k], label[k])
            plane.insert_into(made[k], part, real[k], around)
    return made


def _checked(inpainter: Inpainter, image: AnyArray, channel: Channel) -> Camera:
    """Return a region of a channel, refused where the model does not take it."""
    camera = check_camera(image, channel)
    inpainter.card.normalisation.check(camera, channel, channel)
    return camera


def _region(block: Block) -> Block:
    """Return the region of a block, along Z, Y and X, also where there is no Z."""
    return (slice(0, 1),) * (3 - len(block)) + block
