"""OME-Zarr 0.4 and 0.5 through zarr: an image, one of its levels or one of its labels, read by region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from metgan.errors import ArrayError, SettingError, StorageError, UnknownNameError
from metgan.io import has_file
from metgan.progress import note_once
from metgan.types import AnyArray

from ..region import check_region
from ..source import SPATIAL
from .metadata import Metadata, ome_attributes, read_metadata
from .store import AGAIN, COMPLETE, DAMAGED, group_of, label_names, no_image, open_node

_NUMBERS = "biuf"


@dataclass(frozen=True, eq=False)
class OmeZarrImage:
    """One level of an image or a label; an `ImageSource` whose pixels stay in the store.

    Parameters
    ----------
    path : Path
        Of the image's group.
    folder : Path
        Of the array, below it.
    array : zarr.Array
    axes : str
    voxel_size_um : tuple of float or None
        None, and a note, where an axis has no unit of length.
    level : int
        0 is the finest.
    levels : int
        How many there are.
    channel_names : tuple of str
        Of the axis C, where the store says them; "" for one that has none.
    label_names : tuple of str
        Label images that belong to it, see `label`.
    origin : tuple of float
        Where the first voxel lies along Z, Y and X, in voxels; it is compared, and not applied.
    """

    path: Path
    folder: Path
    array: zarr.Array[Any]
    axes: str
    voxel_size_um: tuple[float, ...] | None
    level: int
    levels: int
    channel_names: tuple[str, ...]
    label_names: tuple[str, ...]
    origin: tuple[float, ...] = ()

    @classmethod
    def open(cls, path: Path, level: int = 0) -> OmeZarrImage:
        """Look at what an OME-Zarr holds.

        Parameters
        ----------
        path : Path
            The store, ``scan.ome.zarr``; a label in it, ``scan.ome.zarr/labels/tumours``; or a level of
            either, as in ``scan.ome.zarr/1``.
        level : int, default 0
            Which one is read, where `path` is not that of a level; 0 is the finest.

        Raises
        ------
        StorageError
            When it is no image (a plate, a collection, another Zarr), or its metadata are missing or damaged.
        SettingError
            When there is no such level.
        """
        node = open_node(path)
        if isinstance(node, zarr.Array):
            group, number = group_of(path)
            return cls.open(group, number)
        attributes = dict(node.attrs)
        if "multiscales" not in ome_attributes(attributes):
            raise no_image(path, node, attributes)
        found = read_metadata(attributes, path)
        levels = found.multiscales[0].datasets
        if not 0 <= level < len(levels):
            given = f"level {level} of {path}, which has {len(levels)}"
            raise SettingError(given, f"a level from 0 (the finest) to {len(levels) - 1}", "Choose another")
        return cls._checked(path, found, level)

    @classmethod
    def _checked(cls, path: Path, found: Metadata, level: int) -> OmeZarrImage:
        image = found.multiscales[0]
        folder = path / image.datasets[level].path
        array = open_node(folder)
        if not isinstance(array, zarr.Array) or array.dtype.kind not in _NUMBERS:
            what = f"of {array.dtype}" if isinstance(array, zarr.Array) else "a group"
            raise StorageError(f"{folder} is {what}", "an array of numbers", "Write the store anew")
        if array.ndim != len(image.axes):
            raise StorageError(
                f"{path} names the axes {', '.join(axis.name for axis in image.axes)}, and {folder} has "
                f"shape {array.shape}",
                "one axis for each dimension",
                "Correct the axes in the metadata of the store, or write it anew",
            )
        names = tuple(channel.label or "" for channel in found.omero.channels)
        return cls(
            path,
            folder,
            array,
            image.letters,
            image.voxel_size_um(level, path),
            level,
            len(image.datasets),
            names,
            label_names(path),
            image.origin(level),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Of what `read` returns, in the machine's byte order."""
        dtype: np.dtype[np.generic] = np.dtype(self.array.dtype).newbyteorder("=")
        return dtype

    @property
    def level_shapes(self) -> dict[Path, tuple[int, ...]]:
        """Of every level, by its folder, the finest first."""
        arrays = {folder: open_node(folder) for folder in self._level_folders}
        return {folder: one.shape for folder, one in arrays.items() if isinstance(one, zarr.Array)}

    def level_of(self, shape: Sequence[int]) -> Path | None:
        """Return the folder of the level of a shape, (Z, Y, X), of one plane where it has no Z; if any.

        The image's own level is looked at first, and those that cannot be opened are passed over.
        """
        folders = self._level_folders
        for folder in (folders[self.level], *folders):
            with suppress(StorageError):
                level = open_node(folder)
                if isinstance(level, zarr.Array) and _planes_of(self.axes, level.shape) == tuple(shape):
                    return folder
        return None

    @property
    def _level_folders(self) -> list[Path]:
        image = read_metadata(dict(open_node(self.path).attrs), self.path).multiscales[0]
        return [self.path / one.path for one in image.datasets]

    @property
    def version(self) -> str:
        """Of OME-Zarr: "0.5", "0.4" or what the store says."""
        attributes = dict(open_node(self.path).attrs)
        said = ome_attributes(attributes)
        inner = said.get("multiscales", [{}])[0]
        return str(said.get("version") or inner.get("version") or "of an unknown version")

    @property
    def provenance(self) -> dict[str, str]:
        """What metgan noted when it wrote the store: what it is made from, and how."""
        noted = dict(open_node(self.path).attrs).get("metgan")
        said = noted.get("provenance") if isinstance(noted, dict) else None
        return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}

    def read(self, region: Sequence[slice]) -> AnyArray:
        """Return a part, for which the chunks that hold it are read.

        A chunk that is not stored has the fill value throughout, and a note says so; in a store whose chunks
        were all written, it is refused as a damaged one.
        """
        check_region(region, self.shape)
        self._look_for_chunks(region)
        try:
            part = np.asarray(self.array[tuple(region)])
        except DAMAGED as error:
            raise StorageError(
                f"{self.folder} cannot be read at {_in_words(region, self.axes)} ({error})",
                "complete chunks",
                AGAIN,
            ) from error
        return part.astype(self.dtype, copy=False)

    def channel(self, name: str) -> int:
        """Return the number of a channel along the axis C by its name.

        Raises
        ------
        UnknownNameError
            Listing the names that the store says.
        """
        UnknownNameError.unless_known(f"channel of {self.path}", self.channel_names, name)
        return self.channel_names.index(name)

    def label(self, name: str) -> OmeZarrImage:
        """Return a label image, at the level that has this one's shape along Z, Y and X.

        Raises
        ------
        UnknownNameError
            Listing the labels that there are.
        ArrayError
            When no level of it has.
        StorageError
            As `open`.
        """
        UnknownNameError.unless_known(f"label of {self.path}", self.label_names, name)
        found = OmeZarrImage.open(self.path / "labels" / name)
        sides, others = (_planes_of(one.axes, one.shape) for one in (self, found))
        if (folder := found.level_of(sides)) is not None:
            return replace(OmeZarrImage.open(folder), label_names=())
        level = self.level_of(others)
        raise ArrayError(
            f"label {name} of {self.path} is {others} and the image {sides}, (Z, Y, X)",
            "one shape for both",
            f"Take the image's level of that shape, {level}" if level else "Write it anew, from this image",
        )

    def _look_for_chunks(self, region: Sequence[slice]) -> None:
        missing = []
        for key in self._chunk_keys(region):
            try:
                size = (self.folder / key).stat().st_size
            except OSError:
                missing.append(key)
            else:
                if not size:
                    raise StorageError(
                        f"{self.folder} cannot be read: {key} is empty (0 bytes)", "complete chunks", AGAIN
                    )
        if not missing:
            return
        metgan = dict(open_node(self.path).attrs).get("metgan")
        if isinstance(metgan, dict) and metgan.get(COMPLETE):
            raise StorageError(
                f"{self.folder} lacks the chunk {missing[0]}, which was written", "all its chunks", AGAIN
            )
        what = "shards" if self.array.shards else "chunks"
        note_once(  # the same words whatever is read first, so that they are told once
            f"{self.folder} lacks some of its {what}: they are read as its fill value, "
            f"{self.array.fill_value}. Those without light are often left out; a copy that was cut short "
            "looks the same. metgan info counts them"
        )

    def missing_chunks(self) -> list[str]:
        """Return the names of the chunks, or shards, that this level has no file of: it looks for each."""
        everything = self._chunk_keys((slice(None),) * len(self.shape))
        return [key for key in everything if not has_file(self.folder / key)]

    def _chunk_keys(self, region: Sequence[slice]) -> Iterator[str]:
        """Yield the files, below the array's folder, of the chunks or shards that hold a region."""
        sides = self.array.shards or self.array.chunks
        asked = [range(length)[part] for length, part in zip(self.shape, region, strict=True)]
        if all(asked):
            numbers = [range(r[0] // side, r[-1] // side + 1) for r, side in zip(asked, sides, strict=True)]
            yield from map(self.array.metadata.encode_chunk_key, product(*numbers))


def _planes_of(axes: str, shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape along Z, Y and X."""
    sides = dict(zip(axes, shape, strict=True))
    return tuple(sides.get(axis, 1) for axis in SPATIAL)


def _in_words(region: Sequence[slice], axes: str) -> str:
    sides = zip(axes, region, strict=True)
    return ", ".join(f"{axis} {'all' if s == slice(None) else f'{s.start}:{s.stop}'}" for axis, s in sides)
