"""A part of one plane of a volume: what a network has to see for it, and what is generated of it.

Notes
-----
The decision a reader would question is how much is read where planes were filled in. A generator is shown the
nearest light there. A pixel of fill that a pixel of light depends on lies at most a halo away from it, so
that its own nearest light is at most that far away, too: along a diagonal 1.42 halos. What is generated of
fill itself is not kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.labels import BESIDE
from metgan.memory import return_memory
from metgan.models import predict
from metgan.networks import EmptyFeatures
from metgan.parts import Part, sides_of, widen, within
from metgan.types import Camera, Mask

from .inpainter import Inpainter
from .refine.contrast import HALO
from .refine.insert import insert_tumours

_SQUARE = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class PlanePart:
    """What is in memory of one plane: `anatomy` and `label`, (Y, X), of the part `place` of the `whole`.

    `empty_features` is what planes of one place have in common.
    """

    inpainter: Inpainter
    whole: tuple[int, ...]
    place: Part
    anatomy: Camera
    label: Mask
    empty_features: EmptyFeatures

    def synthesise(self, part: Part) -> Camera:
        """Return a part as it is generated; where nothing was imaged, without a call of the network."""
        scale = self.inpainter.card.normalisation
        blank = 0 if scale.fill is None else scale.fill.tumour
        made: Camera = np.full(sides_of(part), blank, scale.tumour.dtype)
        seen = ~self.inpainter.filled(self.anatomy) | self.label
        if (box := _bounds(seen[within(part, self.place)], part)) is not None:
            (made[within(box, part)],) = self.generate(box, [self.label])
        return made

    def insert_into(self, made: Camera, part: Part, real: Camera, around: Part) -> None:
        """Add the light of tumours to `made`, a part of a real channel; `real` is what lies `around` it."""
        near = ndimage.binary_dilation(self.label, _SQUARE, HALO)[within(part, self.place)]
        if (box := _bounds(near, part)) is None:
            return
        wide = widen(box, HALO, self.whole)
        generated, tumour_free = self.generate(wide, [self.label, np.zeros_like(self.label)])
        before = real[within(wide, around)]
        lit = insert_tumours(before, generated, tumour_free, self.label[within(wide, self.place)])
        ceiling = self.inpainter.card.normalisation.tumour.ceiling
        if ceiling is not None:
            lit = np.maximum(before, np.minimum(lit, lit.dtype.type(ceiling)))
        made[within(box, part)] = lit[within(box, wide)]

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
            lambda image, label: generator.translate_part(image, label, inner, self.empty_features).clamp(
                -1, 1
            ),
            shown,
            self.inpainter.device,
        )
        return_memory()  # or it grows from plane to plane
        tumours = [scale.bound(scale.undo(image, "tumour"), "tumour") for image in generated]
        if scale.fill is not None:
            for tumour, fill in zip(tumours, fills, strict=True):
                tumour[fill[within(part, self.place)]] = scale.fill.tumour
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


def surroundings(inpainter: Inpainter, whole: Sequence[int], part: Part) -> Part:
    """Return what is read of a plane for a part: what the network sees, and what its fill depends on."""
    further = 0
    if inpainter.card.normalisation.fill is not None:
        further = math.ceil(math.sqrt(2) * (inpainter.generator.halo or 0)) + BESIDE // 2 + 2  # areas: 3 x 3
    windows = [
        _window(inpainter, side, n)[0] for side, n in zip(widen(part, HALO, whole), whole, strict=True)
    ]
    return widen(tuple(slice(int(w.min()), int(w.max()) + 1) for w in windows), further, whole)


def _bounds(mask: Mask, part: Part) -> Part | None:
    """Return the smallest part that holds all of a mask of `part`; None for an empty one."""
    if not mask.any():
        return None
    found = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    return tuple(
        slice(side.start + int(at[0]), side.start + int(at[-1]) + 1)
        for side, at in zip(part, found, strict=True)
    )
