"""What a volume shows before any of it is computed, by a window of some of its planes.

Notes
-----
Where anatomy and tumour channel are exchanged, the model's ranges show it in some sets alone (on phantoms, in
6 of 16 laboratories), and an anatomy of twice the exposure looks the same; one of half of it or less does
not. So it is noted as one of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from metgan.data import check_camera, evenly, measure_standing_out, tell_of_inverted
from metgan.progress import note
from metgan.synthesis import Inpainter, VolumeSource
from metgan.types import Camera

from .generate import MUCH_OUTSIDE, note_warnings
from .mask_as_image import refuse_mask
from .volume_source import Volume, mask_of, read_label

if TYPE_CHECKING:
    from .inpaint import InpaintRequest

_WINDOW: Final = 1024
"""Side of what is looked at of a plane, in pixels."""
_PLACES: Final = ((2, 2), (0, 3), (1, 0), (3, 4), (4, 1))
"""How far down and to the right it lies in each plane, in quarters: in the middle of the middle one."""
_FEWEST_MARKED, _BRIGHT = 3, 2.0
"""Marked regions that are needed to tell, and standard deviations by which tumours are brighter."""
_TIMES_BETTER: Final = 10
"""Fewer pixels above the tumour channel's range than above the anatomy's: a choice. Dim ones tell nothing."""


def look_at_anatomy(volume: Volume) -> Camera:
    """Return a window of some planes of the anatomy, one below the other, (Y, X).

    Raises
    ------
    ArrayError
        When it is a mask, see `refuse_mask`.
    """
    stack, number = volume["anatomy"]
    shape = stack.plane_shape(number)
    windows = [stack.plane_order(number, window)[0] for window in _windows(shape)]
    refuse_mask(windows, shape, f"anatomy of {stack.path}")
    return check_camera(np.concatenate(windows), "anatomy")


def tell_of_model(run: Path, inpainter: Inpainter, anatomy: Camera) -> None:
    """Note what speaks against the model, and an anatomy, (Y, X), unlike what it was trained on."""
    scales = inpainter.card.normalisation
    note_warnings(run, inpainter, scales.share_outside(anatomy, "anatomy"))
    above, as_tumour = (float((anatomy > scale.high).mean()) for scale in (scales.anatomy, scales.tumour))
    if above > MUCH_OUTSIDE and as_tumour < above / _TIMES_BETTER:
        note(
            f"what was given as the anatomy fits the range of the model's tumour channel, "
            f"{scales.tumour.low:.5g} to {scales.tumour.high:.5g}: it is brighter than in training, or it is "
            "the tumour channel. Look at the order of --channels, or of the sources"
        )


def look_at_mask(request: InpaintRequest, volume: Volume) -> None:
    """Note a mask of tumours, that are wanted or there, that covers most of what is looked at."""
    if (mask := mask_of(volume)) is not None:
        windows = _windows(mask.plane_shape(None))
        labels = (read_label(request, mask, window)[0] for window in windows)
        tell_of_inverted(labels, f"labels of {mask.path}")


def look_at_tumour(request: InpaintRequest, source: VolumeSource) -> None:
    """Look at a window of some planes of the kept channel; note a label image that marks tumours of it.

    Raises
    ------
    ArrayError
        When that channel is a mask, see `refuse_mask`.
    """
    if source.real_tumour is None:
        return
    tumour = [source.real_tumour(window)[0] for window in _windows(source.shape)]
    refuse_mask(tumour, source.shape, f"tumour channel of {request.sources[-1]}")
    if request.labels is None:
        return
    found = measure_standing_out(
        (source.label(window)[0], source.anatomy(window)[0], image)
        for window, image in zip(_windows(source.shape), tumour, strict=True)
    )
    if found.tumours >= _FEWEST_MARKED and found.median >= _BRIGHT:
        by = f"{found.median:.1f} standard deviations" if np.isfinite(found.median) else "far"
        note(
            f"{request.labels} marks what is bright in the tumour channel already (the median of "
            f"{found.tumours} marked regions is {by} above its surroundings): light is added there a second "
            "time. Is it the mask of the tumours that the volume has? --labels says where new "
            "ones should be; with --recipe grown, give that mask with --real-tumours"
        )


def _windows(shape: Sequence[int]) -> Iterator[tuple[slice, slice, slice]]:
    """Return a window of some planes of a volume, (Z, Y, X), the middle plane first."""
    planes, *sides = shape
    chosen = sorted(evenly(range(planes), len(_PLACES)), key=lambda z: abs(2 * z - planes))
    for z, place in zip(chosen, _PLACES, strict=False):
        starts = [max(n - _WINDOW, 0) * quarters // 4 for n, quarters in zip(sides, place, strict=True)]
        y, x = (slice(at, at + min(n, _WINDOW)) for at, n in zip(starts, sides, strict=True))
        yield slice(z, z + 1), y, x
