"""Whether the images of one scan say of the same voxel that it is the same place, in formats that tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Final

import numpy as np

from metgan.errors import ArrayError
from metgan.progress import note_once

from .nifti import NiftiImage
from .ome_zarr import OmeZarrImage
from .source import SPATIAL, ImageSource

_SHIFTED = 0.5  # voxels
_OTHER_SIZE = 0.01  # of a voxel's side
_SAME_WAY: Final = math.sqrt(0.5)
"""Cosine of the angle between two axes that run the same way, at least. The letters of their directions would
not do: those of axes half-way between two of them depend on the last bit."""


def compare_places(images: Mapping[str, ImageSource]) -> None:
    """Compare among images of one scan how large voxels are, how NIfTIs lie, and where OME-Zarrs do.

    Voxels are taken as they are stored. Files that say of the same voxel that it is another place do not fit
    then, though their shapes do.

    Parameters
    ----------
    images : mapping of str to ImageSource
        By what they show; those that say nothing of it fit any.

    Raises
    ------
    ArrayError
        When axes run another way, as in a file that was written mirrored. Of a shift of half a voxel or more,
        or another size of voxels, a note tells.
    """
    placed = [(what, one) for what, one in images.items() if isinstance(one, NiftiImage) and one.affine]
    for what, other in placed[1:]:
        first = placed[0]
        one, two = (np.array(image.affine)[:3] for image in (first[1], other))
        voxel, their_voxel = (np.linalg.norm(affine[:, :3], axis=0) for affine in (one, two))
        lengths = voxel * their_voxel
        cosines = np.divide((one * two)[:, :3].sum(axis=0), lengths, out=np.ones(3), where=lengths > 0)
        if not (cosines > _SAME_WAY).all():
            raise ArrayError(
                f"{first[0]} {first[1].path} runs to {first[1].directions}, and {what} {other.path} to "
                f"{other.directions} (X, Y, Z of their affines, up to "
                f"{np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))):.0f} degrees apart)",
                "files whose axes run the same way",
                "Write one anew in the orientation of the other, in Python with nibabel.as_closest_canonical "
                "of both; or with the other's affine, if that is wrong",
            )
        corners = np.array([[*corner, 1] for corner in product(*((0, n - 1) for n in other.shape[:3]))])
        if (
            shift := float((np.linalg.norm(corners @ (one - two).T, axis=1) / voxel.min()).max())
        ) >= _SHIFTED:
            _tell_of_shift(first[1].path, other.path, shift)
    _compare_stores([one for one in images.values() if isinstance(one, OmeZarrImage)])
    _compare_sizes(images)


def _compare_sizes(images: Mapping[str, ImageSource]) -> None:
    """Note the first image whose voxels are said to be larger or smaller than those of another before it."""
    stated = {
        what: dict(zip([axis for axis in SPATIAL if axis in one.axes], one.voxel_size_um, strict=True))
        for what, one in images.items()
        if one.voxel_size_um is not None
    }
    for (first, ours), (other, theirs) in combinations(stated.items(), 2):
        shared = [axis for axis in ours if axis in theirs]
        if all(abs(ours[axis] / theirs[axis] - 1) <= _OTHER_SIZE for axis in shared):
            continue
        one, another = (" x ".join(f"{sizes[axis]:g}" for axis in shared) for sizes in (ours, theirs))
        note_once(
            f"voxels of the {first} are {one} um large and those of the {other} {another} um "
            f"({', '.join(shared)}), as their files say: they are taken to lie as stored, voxel on voxel. "
            "Are both of one resolution?"
        )
        return


def _compare_stores(stores: Sequence[OmeZarrImage]) -> None:
    for store in stores[1:]:
        places = zip(reversed(stores[0].origin), reversed(store.origin), strict=False)  # one may have no Z
        shift = max((abs(one - other) for one, other in places), default=0.0)
        if shift >= _SHIFTED:
            _tell_of_shift(stores[0].path, store.path, shift)


def _tell_of_shift(one: Path, other: Path, voxels: float) -> None:
    note_once(
        f"{one} and {other} say of the same voxel that it lies elsewhere, {voxels:.1f} voxels apart where "
        "most: they are taken to lie as stored, voxel on voxel. Resample one to the other if they do not"
    )
