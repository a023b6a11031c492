"""The tumour channel of a whole volume, region by region: nothing here knows how large the volume is.

Each plane along Z is an image of its own. A region is computed with as much of its planes around it as the
network sees, mirrored at their borders as `Generator.generate` does, and from the network's own grid. So its
voxels are those of the whole plane, whichever regions the volume is divided into.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.data import check_camera
from metgan.errors import SettingError
from metgan.images import Block
from metgan.networks import EmptyFeatures
from metgan.parts import Part, overlap, sides_of, widen, within
from metgan.progress import tell_part
from metgan.types import AnyArray, Camera, Channel

from .inpainter import Inpainter
from .plane_part import PlanePart, surroundings
from .refine.contrast import HALO

TUMOURS: Final = "tumours"
"""Name of the label image."""
MOST_READ: Final = 2**26
"""Voxels that are read at once, at least a plane of a region with its surroundings."""
_LOOKED_AT: Final = 64
"""Pixels along a side of the middle of a region: a chunk of most volumes."""

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
    return joined(region, inpainter, (slab.read() for slab in slabs_of(inpainter, source, region)))


@dataclass(frozen=True, eq=False)
class Slab:
    """Some planes of a region: `read`, and then computed.

    Parameters
    ----------
    inpainter : Inpainter
    source : VolumeSource
    region : tuple of slice
        Along Z, Y and X.
    seen : tuple of slice
        What of its planes the network sees, along Y and X.
    """

    inpainter: Inpainter
    source: VolumeSource
    region: Block
    seen: Part

    @property
    def part(self) -> Part:
        """The region's part of its planes, along Y and X."""
        return tuple(self.region[1:])

    @property
    def whole(self) -> tuple[int, ...]:
        """Rows and columns of the volume."""
        return self.source.shape[1:]

    def read(self) -> SlabImages:
        """Read what is needed: of planes of which nothing is to be computed, next to nothing."""
        planes = self.region[0]
        if self.source.real_tumour is None:
            return SlabImages(self, None, {} if self._is_blank() else self._seen(planes))
        around = widen(self.part, HALO, self.whole)
        real = _checked(self.inpainter, self.source.real_tumour((planes, *around)), "tumour")
        near = self.source.label((planes, *around))
        asked = [k for k, plane in enumerate(near, planes.start) if plane.any()]
        return SlabImages(self, real, self._seen(slice(asked[0], asked[-1] + 1)) if asked else {})

    def _seen(self, planes: slice) -> dict[int, PlanePart]:
        """Return of each of some planes what the network sees."""
        label = self.source.label((planes, *self.seen))
        anatomy = _checked(self.inpainter, self.source.anatomy((planes, *self.seen)), "anatomy")
        both, empty_features = zip(anatomy, label, strict=True), EmptyFeatures()
        return {
            k: PlanePart(self.inpainter, self.whole, self.seen, *images, empty_features)
            for k, images in enumerate(both, planes.start)
        }

    def _is_blank(self) -> bool:
        """Return whether nothing was imaged here, and no tumour is asked for.

        Looked at in the middle first, so that it costs little where there is tissue.
        """
        if self.inpainter.card.normalisation.fill is None:
            return False
        for part in (_middle(self.part), self.part):
            wide = widen(part, 2, self.whole)  # fill comes in areas of 3 x 3 pixels
            anatomy = _checked(self.inpainter, self.source.anatomy((self.region[0], *wide)), "anatomy")
            label = self.source.label((self.region[0], *wide))
            inner = within(part, wide)
            for image, asked in zip(anatomy, label, strict=True):
                if asked.any() or not self.inpainter.filled(image)[inner].all():
                    return False
        return True


@dataclass(frozen=True, eq=False)
class SlabImages:
    """What was read of a slab: the real tumour channel, and of planes by their number what a network sees."""

    slab: Slab
    real: Camera | None
    planes: Mapping[int, PlanePart]

    def compute(self, tell: Callable[[int], None]) -> Camera:
        """Return the tumour channel, (Z, Y, X), and tell each plane of the volume that is computed."""
        slab, part = self.slab, self.slab.part
        if self.real is None:
            scale = slab.inpainter.card.normalisation
            blank = 0 if scale.fill is None else scale.fill.tumour
            made: Camera = np.full(sides_of(slab.region), blank, scale.tumour.dtype)
            for k, plane in self.planes.items():
                made[k - slab.region[0].start] = plane.synthesise(part)
                tell(k)
            return made
        around = widen(part, HALO, slab.whole)
        made = self.real[(slice(None), *within(part, around))].copy()
        for k, plane in self.planes.items():
            at = k - slab.region[0].start
            plane.insert_into(made[at], part, self.real[at], around)
            tell(k)
        return made


def slabs_of(inpainter: Inpainter, source: VolumeSource, region: Block) -> list[Slab]:
    """Return the planes of a region in groups, each of which is read at once."""
    planes, *sides = region
    part = tuple(sides)
    seen = surroundings(inpainter, source.shape[1:], part)
    at_once = max(1, MOST_READ // math.prod(sides_of(seen)))
    starts = range(planes.start, planes.stop, at_once)
    return [
        Slab(inpainter, source, (slice(at, min(at + at_once, planes.stop)), *part), seen) for at in starts
    ]


def joined(region: Block, inpainter: Inpainter, read: Iterable[SlabImages], what: str = "") -> Camera:
    """Return the tumour channel of a region, (Z, Y, X), from what was read of each of `slabs_of`.

    `what` is the region in words, as "block 3 of 40", to be told with each plane.
    """
    first, count = region[0].start, region[0].stop - region[0].start

    def tell(plane: int) -> None:
        done = plane + 1 - first
        tell_part(f"{what}, plane {done} of {count}" if what else f"plane {done} of {count}", done / count)

    made = np.empty(sides_of(region), inpainter.card.normalisation.tumour.dtype)
    for images in read:
        made[within(images.slab.region[:1], region[:1])] = images.compute(tell)
    return made


def _middle(part: Part) -> Part:
    """Return the middle of a part, a chunk of most volumes long."""
    middles = [(side.start + side.stop) // 2 for side in part]
    return overlap(part, [slice(at - _LOOKED_AT // 2, at + _LOOKED_AT // 2) for at in middles])


def _checked(inpainter: Inpainter, image: AnyArray, channel: Channel) -> Camera:
    """Return a region of a channel, refused where the model does not take it."""
    camera = check_camera(image, channel)
    inpainter.card.normalisation.check(camera, channel, channel)
    return camera
