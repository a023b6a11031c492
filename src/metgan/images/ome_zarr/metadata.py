"""What the metadata of an OME-Zarr say of an image: read from a group's attributes, and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from metgan.errors import StorageError
from metgan.progress import note_once

from ..source import SPATIAL
from ..voxel_size import UM_PER_UNIT, known_sizes

_LETTERS: Final = {"t": "T", "c": "C", "z": "Z", "y": "Y", "x": "X"}
_TYPES: Final = {"time": "T", "channel": "C"}
_UNKNOWN = "Q"
_LISTED = 3


class Axis(BaseModel):
    """An axis of an image."""

    name: str
    type: str | None = None
    unit: str | None = None

    @property
    def letter(self) -> str:
        """T, C, Z, Y or X; Q for another one."""
        return _TYPES.get(self.type or "", _LETTERS.get(self.name.lower(), _UNKNOWN))


class Transformation(BaseModel):
    """From pixels to lengths."""

    type: str
    scale: list[float] | None = None
    translation: list[float] | None = None


class Dataset(BaseModel):
    """One level: where its array is, and the size of its voxels."""

    path: str
    transformations: list[Transformation] = Field(default=[], alias="coordinateTransformations")


class Multiscale(BaseModel):
    """An image at several levels, the finest first."""

    axes: list[Axis] = Field(min_length=1)
    datasets: list[Dataset] = Field(min_length=1)
    transformations: list[Transformation] = Field(default=[], alias="coordinateTransformations")

    @property
    def letters(self) -> str:
        """One letter per axis, as in `ImageSource.axes`."""
        return "".join(axis.letter for axis in self.axes)

    def voxel_size_um(self, level: int, where: Path) -> tuple[float, ...] | None:
        """Return the size along Z, Y and X, in this order; None, with a note of sizes, without units."""
        scales = [t.scale for t in (*self.datasets[level].transformations, *self.transformations) if t.scale]
        if not scales:
            return None
        sizes, units = dict.fromkeys(self.letters, 1.0), {}
        for k, axis in enumerate(self.axes):
            sizes[axis.letter] = math.prod(scale[k] for scale in scales)
            units[axis.letter] = axis.unit or ""
        wanted = [letter for letter in SPATIAL if letter in sizes]
        missing = [letter for letter in wanted if units[letter] not in UM_PER_UNIT]
        if not any(units.values()) and {sizes[one] for one in wanted} == {1.0}:
            return None  # how OME-Zarr says that they are not known: nothing to be told
        if missing:
            stated = ", ".join(f"{sizes[one]:g} {units[one]}".strip() for one in wanted)
            note_once(
                f"{where} says that its voxels are {stated} large ({wanted[0]} to {wanted[-1]}), without a "
                f"unit of length for {', '.join(missing)}: their size in um is taken as not known"
            )
            return None
        return known_sizes([sizes[letter] * UM_PER_UNIT[units[letter]] for letter in wanted], where)

    def origin(self, level: int) -> tuple[float, ...]:
        """Return where the first voxel lies along Z, Y and X, in voxels of that level; 0 where not told."""
        places = {}
        for k, axis in enumerate(self.axes):
            place, size = 0.0, 1.0
            for t in (*self.datasets[level].transformations, *self.transformations):
                scale = t.scale[k] if t.scale else 1.0
                place, size = place * scale + (t.translation[k] if t.translation else 0.0), size * scale
            places[axis.letter] = place / size if size else 0.0
        return tuple(places[letter] for letter in SPATIAL if letter in places)


class Channel(BaseModel):
    """How a viewer shows a channel; only its name counts here."""

    label: str | None = None


class Omero(BaseModel):
    """The channels in their order."""

    channels: list[Channel] = []


class Metadata(BaseModel):
    """The attributes of an image's group."""

    multiscales: list[Multiscale] = Field(min_length=1)
    omero: Omero = Omero()


def ome_attributes(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a group's attributes say of OME: in 0.5 under a key of its own, in 0.4 with the others."""
    inner = attributes.get("ome")
    return inner if isinstance(inner, dict) else attributes


def read_metadata(attributes: Mapping[str, Any], where: Path) -> Metadata:
    """Check the attributes of the group `where`, which has multiscales.

    Raises
    ------
    StorageError
        Naming what is missing, or not what OME-Zarr 0.4 and 0.5 have there.
    """
    try:
        found = Metadata.model_validate(ome_attributes(attributes))
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        more = ", ..." if len(faults) > _LISTED else ""
        raise StorageError(
            f"the metadata of {where} are not complete ({'; '.join(faults[:_LISTED])}{more})",
            "an image of OME-Zarr 0.4 or 0.5, whose axes have names and whose levels have paths",
            "Write the store anew, as with bioformats2raw; `yaozarrs` or `ome-zarr-models` validate one",
        ) from error
    if len(found.multiscales) > 1:
        note_once(f"{where} holds {len(found.multiscales)} multiscale images, of which the first is read")
    image = found.multiscales[0]
    named = [letter for letter in image.letters if letter != _UNKNOWN]
    told = [*image.transformations, *(t for d in image.datasets for t in d.transformations)]
    counts = {len(numbers) for t in told for numbers in (t.scale, t.translation) if numbers}
    if len(set(named)) < len(named) or counts - {len(image.axes)}:
        raise StorageError(
            f"{where} has axes {', '.join(axis.name for axis in image.axes)} and scales or "
            f"translations of {sorted(counts)} numbers",
            "axes of different names among t, c, z, y, x, and one number of a scale for each",
            "Correct the metadata of the store, or write it anew",
        )
    return found
