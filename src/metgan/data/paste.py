"""Copy-paste: real tumours, with their pixels, on other real tissue (Ghiasi et al. 2021, arXiv 2012.07177).

The simplest synthetic data there is, and therefore what a generator has to be better than. A tumour is
carried over as the light it adds to its surroundings; whole pixels would carry the tissue of the giver along,
and an edge where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.errors import SettingError
from metgan.labels import SYMMETRIES, Spacing, find_tissue, place, symmetry
from metgan.objects import RING_GAP, RING_REACH, locate_tumours
from metgan.types import Mask

from .normalise import FillValues
from .sample import Pair, as_camera

HALO = RING_GAP
"""Pixels around a tumour over which its light fades: its blur."""


@dataclass(frozen=True, eq=False)
class _Piece:
    """A tumour and the light it adds, with a frame of `HALO` pixels around it."""

    mask: Mask
    light: NDArray[np.float64]


def paste(target: Pair, giver: Pair, rng: np.random.Generator, fill: FillValues | None = None) -> Pair:
    """Return the target with the giver's whole tumours beside its own.

    Parameters
    ----------
    target, giver : Pair
        Two different ones, of one camera.
    rng : numpy.random.Generator
    fill : FillValues or None, default None
        The constants of the set that both are from, see `Pair.filled`; no tumour is pasted there.

    Returns
    -------
    Pair
        Its anatomy is the target's. Each tumour is turned or mirrored at random and lies in tissue, apart
        from the others; one for which there is no room is left out. The entry's provenance names both
        sources, as that of a generated pair does.

    Raises
    ------
    SettingError
        If the giver is the target: the same tumours twice, with the same light, are no new image.

    Examples
    --------
    >>> from .entry import Entry
    >>> def pair(name, light):
    ...     tumour, label = np.full((15, 15), 100, np.uint16), np.zeros((15, 15), bool)
    ...     if light:
    ...         tumour[7, 7], label[7, 7] = 100 + light, True
    ...     return Pair(Entry(name, name, "", "", {}), np.full((15, 15), 5, np.uint16), tumour, label)
    >>> pasted = paste(pair("dark", 0), pair("bright", 50), np.random.default_rng(0))
    >>> int(pasted.label.sum()), pasted.tumour[pasted.label].tolist(), pasted.entry.provenance["label_groups"]
    (1, [150], 'bright')
    """
    if giver.entry == target.entry:
        given = f"tumours of {giver.entry.name} to paste into itself"
        raise SettingError(given, "two different pairs", "Give another target")
    tissue = find_tissue(target.anatomy) & ~target.filled(fill)
    light, label = target.tumour.astype(np.float64), target.label.copy()
    for piece in _pieces(giver, fill):
        orientation = int(rng.integers(SYMMETRIES))
        mask = symmetry(piece.mask, orientation)
        free = tissue & ~ndimage.binary_dilation(label, np.ones((3, 3), bool))
        placed = place([mask], free, Spacing(), rng).label
        if placed.any():
            label |= placed
            _add(light, symmetry(piece.light, orientation), placed)
    provenance = {
        "anatomy_source": target.entry.name,
        "label_sources": giver.entry.name,
        "label_groups": giver.entry.group,
        "recipe": "pasted",
    }
    return replace(
        target,
        entry=replace(target.entry, provenance={**target.entry.provenance, **provenance}),
        tumour=np.where(target.filled(fill), target.tumour, as_camera(light, target.tumour)),
        label=label,
        ignored=None if target.ignored is None else target.ignored & ~label,
    )


def _pieces(giver: Pair, fill: FillValues | None) -> Iterator[_Piece]:
    """Cut out each whole tumour with the light that it adds to the median of its surroundings."""
    image = np.pad(giver.tumour.astype(np.float64), RING_REACH, mode="edge")
    label = np.pad(giver.label, RING_REACH)
    apart = ndimage.distance_transform_edt(~label) > HALO
    apart &= ~np.pad(giver.filled(fill), RING_REACH, mode="edge")
    for box, shape in locate_tumours(giver.label):
        near = tuple(slice(side.start, side.stop + 2 * RING_REACH) for side in box)
        mask = np.pad(shape, RING_REACH)
        distance = ndimage.distance_transform_edt(~mask)
        ring = apart[near] & (distance <= RING_REACH)
        if not ring.any():
            continue  # so crowded that its own light cannot be told
        fading = np.clip(1 - distance / (HALO + 1), 0, 1)
        fading[label[near] & ~mask] = 0  # a neighbour's light stays there
        inner = (slice(RING_REACH - HALO, HALO - RING_REACH),) * 2
        light = (image[near] - np.median(image[near][ring])) * fading
        yield _Piece(mask[inner], light[inner])


def _add(image: NDArray[np.float64], light: NDArray[np.float64], placed: Mask) -> None:
    """Add the light of a piece where its mask was placed; what lies beyond the border is lost."""
    rows, columns = np.nonzero(placed)
    ends = [(int(line.min()) - HALO, int(line.max()) + HALO + 1) for line in (rows, columns)]
    sides = [*zip(ends, image.shape, strict=True)]
    there = tuple(slice(max(0, low), min(high, side)) for (low, high), side in sides)
    here = tuple(slice(max(0, -low), min(high, side) - low) for (low, high), side in sides)
    image[there] += light[here]
