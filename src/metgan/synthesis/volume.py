"""The tumour channel of a whole volume, region by region: nothing here knows how large the volume is.

Each plane along Z is an image of its own. A region is computed with as much of its planes around it as the
network sees, mirrored at their borders as `Generator.generate` does, and from the network's own grid. So its
voxels are those of the whole plane, whichever regions the volume is divided into.

Notes
-----
The decision a reader would question is how much is read where planes were filled in. A generator is shown the
nearest light there. A pixel of fill that a pixel of light depends on lies at most a halo away from it, so
that its own nearest light is at most that far away, too: along a diagonal 1.42 halos. What is generated of
fill itself is not kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import check_camera
from metgan.errors import SettingError
from metgan.images import Block, OmeZarrWriter
from metgan.labels import BESIDE
from metgan.models import predict
from metgan.progress import SLOW, each, progress
from metgan.types import AnyArray, Camera, Channel, Mask

from .inpainter import Inpainter
from .refine.contrast import HALO
from .refine.insert import insert_tumours

TUMOURS: Final = "tumours"
"""Name of the label image."""
MOST_READ: Final = 2**26
"""Voxels that are read at once, at least a plane of a region with its surroundings."""
_SQUARE = np.ones((3, 3), bool)

Read = Callable[[Sequence[slice]], AnyArray]
"""Reads a region of a volume, a slice along each of Z, Y and X."""
Part = tuple[slice, ...]
"""Rows and columns of a plane."""


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
            writer.write(block, mask.reshape(_sides(block)), TUMOURS)
            advance()
    blocks, total = writer.missing(), len(layout.all_blocks())
    begun, voxels = time.monotonic(), 0
    with progress("inpaint", total + 1, total - len(blocks), every_s=SLOW) as advance:
        for block in blocks:
            writer.write(block, inpaint_region(inpainter, source, _region(block)).reshape(_sides(block)))
            voxels += math.prod(_sides(block))
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
    read = _surroundings(inpainter, source.shape[1:], part)
    at_once = max(1, MOST_READ // math.prod(_sides(read)))
    made = np.empty(_sides(region), inpainter.card.normalisation.tumour.dtype)
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
        planes = [_PlanePart(inpainter, whole, read, *images) for images in zip(anatomy, label, strict=True)]
        return np.stack([plane.synthesise(part) for plane in planes])
    around = _widen(part, HALO, whole)
    real = _checked(inpainter, source.real_tumour((slab, *around)), "tumour")
    made = real[(slice(None), *_within(part, around))].copy()
    asked = [k for k, plane in enumerate(label) if plane.any()]
    if asked:
        anatomy = _checked(inpainter, source.anatomy((slab, *read)), "anatomy")
        for k in asked:
            plane = _PlanePart(inpainter, whole, read, anatomy[k], label[k])
            plane.insert_into(made[k], part, real[k], around)
    return made


@dataclass(frozen=True, eq=False)
class _PlanePart:
    """What is in memory of one plane: `anatomy` and `label`, (Y, X), of the part `place` of the `whole`."""

    inpainter: Inpainter
    whole: tuple[int, ...]
    place: Part
    anatomy: Camera
    label: Mask

    def synthesise(self, part: Part) -> Camera:
        """Return a part as it is generated; where nothing was imaged, without a call of the network."""
        scale = self.inpainter.card.normalisation
        blank = 0 if scale.fill is None else scale.fill.tumour
        made: Camera = np.full(_sides(part), blank, scale.tumour.dtype)
        seen = ~self.inpainter.filled(self.anatomy) | self.label
        if (box := _bounds(seen[_within(part, self.place)], part)) is not None:
            (made[_within(box, part)],) = self.generate(box, [self.label])
        return made

    def insert_into(self, made: Camera, part: Part, real: Camera, around: Part) -> None:
        """Add the light of tumours to `made`, a part of a real channel; `real` is what lies `around` it."""
        near = ndimage.binary_dilation(self.label, _SQUARE, HALO)[_within(part, self.place)]
        if (box := _bounds(near, part)) is None:
            return
        wide = _widen(box, HALO, self.whole)
        generated, tumour_free = self.generate(wide, [self.label, np.zeros_like(self.label)])
        before = real[_within(wide, around)]
        lit = insert_tumours(before, generated, tumour_free, self.label[_within(wide, self.place)])
        ceiling = self.inpainter.card.normalisation.tumour.ceiling
        if ceiling is not None:
            lit = np.maximum(before, np.minimum(lit, lit.dtype.type(ceiling)))
        made[_within(box, part)] = lit[_within(box, wide)]

    def generate(self, part: Part, labels: Sequence[Mask]) -> list[Camera]:
        """Return a part of the plane generated with each of several labels, which are all of `place`."""
        generator, scale = self.inpainter.generator, self.inpainter.card.normalisation
        windows = [
            _window(self.inpainter, side, length) for side, length in zip(part, self.whole, strict=True)
        ]
        seen = np.ix_(*(places - side.start for (places, _), side in zip(windows, self.place, strict=True)))
        inner = tuple(side for _, side in windows)
        filled = self.inpainter.filled(self.anatomy)
        fills = [filled & ~label for label in labels]
        shown = [
            (scale.shown(self.anatomy, fill)[seen], label[seen].astype(np.float32))
            for label, fill in zip(labels, fills, strict=True)
        ]
        generated = predict(
            lambda image, label: generator.translate_part(image, label, inner).clamp(-1, 1),
            shown,
            self.inpainter.device,
        )
        tumours = [scale.bound(scale.undo(image, "tumour"), "tumour") for image in generated]
        if scale.fill is not None:
            for tumour, fill in zip(tumours, fills, strict=True):
                tumour[fill[_within(part, self.place)]] = scale.fill.tumour
        return tumours


def _window(inpainter: Inpainter, part: slice, length: int) -> tuple[NDArray[np.intp], slice]:
    """Return, along an axis, which pixels of a plane a network has to see for a part, and where that lies.

    Pixels of the mirrored surroundings are those that they mirror. The first lies on the network's grid.
    """
    generator = inpainter.generator
    halo, stride, margin = generator.halo or 0, generator.stride, generator.margin
    first = max((part.start + margin - halo) // stride * stride, 0)
    last = min(-(-(part.stop + margin + halo) // stride) * stride, length + 2 * margin)
    places = np.pad(np.arange(length), margin, mode="symmetric")[first:last]
    return places, slice(part.start + margin - first, part.stop + margin - first)


def _surroundings(inpainter: Inpainter, whole: Sequence[int], part: Part) -> Part:
    """Return what is read of a plane for a part: what the network sees, and what its fill depends on."""
    further = 0
    if inpainter.card.normalisation.fill is not None:
        further = math.ceil(math.sqrt(2) * (inpainter.generator.halo or 0)) + BESIDE // 2 + 2  # areas: 3 x 3
    windows = [
        _window(inpainter, side, n)[0] for side, n in zip(_widen(part, HALO, whole), whole, strict=True)
    ]
    return _widen(tuple(slice(int(w.min()), int(w.max()) + 1) for w in windows), further, whole)


def _checked(inpainter: Inpainter, image: AnyArray, channel: Channel) -> Camera:
    """Return a region of a channel, refused where the model does not take it."""
    camera = check_camera(image, channel)
    inpainter.card.normalisation.check(camera, channel, channel)
    return camera


def _bounds(mask: Mask, part: Part) -> Part | None:
    """Return the smallest part that holds all of a mask of `part`; None for an empty one."""
    if not mask.any():
        return None
    found = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    return tuple(
        slice(side.start + int(at[0]), side.start + int(at[-1]) + 1)
        for side, at in zip(part, found, strict=True)
    )


def _widen(part: Part, pixels: int, whole: Sequence[int]) -> Part:
    return tuple(
        slice(max(side.start - pixels, 0), min(side.stop + pixels, length))
        for side, length in zip(part, whole, strict=True)
    )


def _within(part: Part, other: Part) -> Part:
    """Return where a part lies in an array of another that holds it."""
    return tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(part, other, strict=True))


def _sides(part: Sequence[slice]) -> tuple[int, ...]:
    return tuple(side.stop - side.start for side in part)


def _region(block: Block) -> Block:
    """Return the region of a block, along Z, Y and X, also where there is no Z."""
    return (slice(0, 1),) * (3 - len(block)) + block
