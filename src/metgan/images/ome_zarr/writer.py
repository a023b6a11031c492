"""OME-Zarr written block by block, crash-safe: a killed call goes on with the blocks that are missing.

Notes
-----
Nothing stands under the final name before it is whole. Beside ``OUT.zarr``, in ``OUT.zarr.part``, lie what is
being written (``layout.json``), and in a folder of a random name the store as far as it is (``store``) and an
empty file for each block that is on the disk (``done``). When all blocks and levels are there, the groups'
metadata are written, the store takes its name in one step, and the folder beside it goes.
A block is a shard, or the chunks of one, that no other block shares: several processes may write several
blocks of one store at once, as long as one of them holds it (`writing_ome_zarr`).
The random name is drawn when a volume is begun, and stands in ``layout.json``. A worker whose call was killed
may write its block at any later time: into a volume that was resumed, which is the same request, so that the
block has the same bytes and takes its name in one step; or where nothing reads, once it was finished or begun
anew, and the next call removes it. No lock is needed for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import zarr
from zarr.codecs import BloscCodec

from metgan.errors import ArrayError, StorageError
from metgan.io import has_file, has_folder, sync_file, sync_folder, unwritable, write_json, write_text
from metgan.parts import blocks_of, sides_of, within
from metgan.progress import each
from metgan.types import AnyArray

from .downsample import downsample
from .layout import Block, OmeZarrLayout
from .store import DAMAGED, part_of

TEMPORARY = "*.partial"
"""What zarr writes before it is renamed."""


@dataclass(frozen=True)
class OmeZarrWriter:
    """An OME-Zarr that is being written, by this process or others; see `writing_ome_zarr`, which makes one.

    Parameters
    ----------
    path : Path
        Where it will stand.
    layout : OmeZarrLayout
    token : str
        Name of the folder, in the one beside it, that store and marks lie in; drawn when it was begun.
    """

    path: Path
    layout: OmeZarrLayout
    token: str = ""

    @property
    def part(self) -> Path:
        """The folder beside it, in which it is made."""
        return part_of(self.path)

    @property
    def store(self) -> Path:
        """The store as far as it is."""
        return self.part / self.token / "store"

    @property
    def done(self) -> Path:
        """The folder of the marks of the blocks that are on the disk."""
        return self.part / self.token / "done"

    @property
    def has_begun(self) -> bool:
        """Whether a block, of whatever level, is on the disk."""
        return any(not path.is_dir() for path in self.done.rglob("*"))

    def missing(self, level: int = 0, label: str = "") -> list[Block]:
        """Return the blocks of the image, or of a label, that are not yet on the disk."""
        return [b for b in self.layout.all_blocks(level, label) if not self._is_done(b, level, label)]

    def write(self, block: Block, array: AnyArray, label: str = "") -> None:
        """Write a block of the finest level, all or nothing, and note that it is done.

        Parameters
        ----------
        block : tuple of slice
            One of `missing`.
        array : ndarray
            Of the block's shape, and the layout's dtype.
        label : str, default ""
            Name of the label image that it is of; "" for the image.

        Raises
        ------
        ArrayError
            When it is no block of the layout, or the array is of another shape or dtype.
        StorageError
            When the disk is full or cannot be written; the block is then missing.
        """
        self._write(block, array, 0, label)

    def downsample(self, block: Block, level: int, label: str = "") -> None:
        """Write a block of a coarser level from the level before, which has to be there.

        An image's voxel is the mean of those that it stands for, rounded; a label's the largest of them, so
        that small tumours are seen in the coarsest level (measure in the finest).

        Raises
        ------
        StorageError
            When a block of the level before is missing or damaged, or this one cannot be written.
        """
        if missing := [
            b for b in self._sources(block, level, label) if not self._is_done(b, level - 1, label)
        ]:
            raise StorageError(
                f"{self._folder(level - 1, label)} lacks {len(missing)} blocks, such as {missing[0]}",
                "the level that the next is made from",
                "Write it first: what `missing` lists",
            )
        step, whole = self.layout.levels(label)[level].step, self.layout.levels(label)[level - 1].shape
        made = np.empty(sides_of(block), self.layout.dtype_of(label))
        source = self._array(level - 1, label)
        for part in blocks_of(block, self.layout.chunk_shape(label)):  # memory must not grow with the block
            wanted = tuple(
                slice(p.start * s, min(p.stop * s, n)) for p, s, n in zip(part, step, whole, strict=True)
            )
            try:
                fine = np.asarray(source[wanted])
            except DAMAGED as error:
                raise StorageError(
                    f"{self._folder(level - 1, label)} cannot be read ({error})",
                    "the level that the next is made from",
                    "Start anew with --overwrite",
                ) from error
            made[within(part, block)] = downsample(fine, step, largest=bool(label))
        self._write(block, made, level, label)

    def finish(self) -> None:
        """Make the coarser levels that are missing, write the metadata, and give the store its name.

        Raises
        ------
        StorageError
            When blocks of the finest level are missing, or the disk is full or cannot be written.
        """
        images = ("", *self.layout.labels)
        for label in images:
            if missing := len(self.missing(label=label)):
                given = f"{self.path} lacks {missing} blocks of {label or 'the image'}"
                raise StorageError(given, "all of them, before it is finished", "Write what `missing` lists")
        for label in images:
            for level in range(1, len(self.layout.levels(label))):
                for block in each(self.missing(level, label), "block"):
                    self.downsample(block, level, label)
        self._write_metadata()
        try:
            if has_folder(self.path):
                self.path.rename(self.part / "former")
            self.store.rename(self.path)
            for file in self.path.rglob(TEMPORARY):  # of a worker whose call was killed; no more can come
                file.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error
        sync_folder(self.path.parent)

    def prepare(self) -> None:
        """Make the arrays that are not there yet, empty."""
        for label in ("", *self.layout.labels):
            for number, level in enumerate(self.layout.levels(label)):
                folder = self._folder(number, label)
                if not any(has_file(folder / name) for name in (".zarray", "zarr.json")):
                    self._create(folder, level.shape, label)

    def _sources(self, block: Block, level: int, label: str) -> list[Block]:
        """Return the blocks of the level before that a block is made from."""
        step, whole = self.layout.levels(label)[level].step, self.layout.levels(label)[level - 1].shape
        sides = [
            [
                slice(at, min(at + side, n))
                for at in range(b.start * s // side * side, min(b.stop * s, n), side)
            ]
            for b, s, side, n in zip(block, step, self.layout.block_shape(label), whole, strict=True)
        ]
        return [*product(*sides)]

    def _create(self, folder: Path, shape: tuple[int, ...], label: str) -> None:
        is_sharded = self.layout.version == "0.5"
        more: dict[str, Any] = {
            "shards": self.layout.block_shape(label),
            "dimension_names": [*self.layout.axes_of(label).lower()],
            "compressors": BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
        }
        if not is_sharded:
            more = {
                "chunk_key_encoding": {"name": "v2", "separator": "/"},
                "compressors": numcodecs.Blosc(cname="zstd", clevel=3, shuffle=numcodecs.Blosc.BITSHUFFLE),
            }
        try:
            zarr.create_array(
                store=folder,
                shape=shape,
                dtype=self.layout.dtype_of(label),
                chunks=self.layout.chunk_shape(label),
                fill_value=0,
                zarr_format=3 if is_sharded else 2,
                **more,
            )
        except OSError as error:
            raise unwritable(folder, error) from error

    def _write(self, block: Block, array: AnyArray, level: int, label: str) -> None:
        whole, sides = self.layout.levels(label)[level].shape, self.layout.block_shape(label)
        if len(block) != len(whole) or any(
            b.start % side or b.stop != min(b.start + side, n)
            for b, side, n in zip(block, sides, whole, strict=True)
        ):
            raise ArrayError(f"{block} of {self.path}", f"a block of {sides}", "Write what `missing` lists")
        shape, dtype = sides_of(block), self.layout.dtype_of(label)
        if (array.shape, array.dtype) != (shape, dtype):
            raise ArrayError(
                f"{array.dtype} of shape {array.shape} for a block of {self.path}",
                f"{dtype} of shape {shape}",
                "Convert it",
            )
        try:
            self._array(level, label)[block] = array
        except OSError as error:
            raise unwritable(self._folder(level, label), error) from error
        files = self._files(block, level, label)
        for file in files:
            sync_file(file)
        for folder in {folder for file in files for folder in file.parents if self.store in folder.parents}:
            sync_folder(folder)
        write_text(self._marker(block, level, label), "")

    def _is_done(self, block: Block, level: int, label: str) -> bool:
        """Return whether a block was written, and its files are there."""
        if not has_file(self._marker(block, level, label)):
            return False
        return all(map(has_file, self._files(block, level, label)))

    def _marker(self, block: Block, level: int, label: str) -> Path:
        name = ".".join(str(b.start // n) for b, n in zip(block, self.layout.block_shape(label), strict=True))
        return self.done / _place(level, label) / name

    def _folder(self, level: int, label: str) -> Path:
        return self.store / _place(level, label)

    def _array(self, level: int, label: str) -> zarr.Array[Any]:
        """Open an array, for writing all chunks."""
        found = zarr.open_array(self._folder(level, label), mode="r+")
        return found.with_config({"write_empty_chunks": True})  # so that a chunk that is absent was lost

    def _files(self, block: Block, level: int, label: str) -> list[Path]:
        """Return the files of a block: its shard, or its chunks."""
        is_sharded = self.layout.version == "0.5"
        sides = self.layout.block_shape(label) if is_sharded else self.layout.chunk_shape(label)
        numbers = [range(b.start // n, (b.stop - 1) // n + 1) for b, n in zip(block, sides, strict=True)]
        keys = ("/".join(map(str, place)) for place in product(*numbers))
        return [self._folder(level, label) / ("c" if is_sharded else "") / key for key in keys]

    def _write_metadata(self) -> None:
        """Write the groups: the labels first, the image last."""
        named = [*self.layout.labels]
        for label in named:
            self._write_group(self.store / "labels" / label, self.layout.attributes(label))
        if named:
            self._write_group(self.store / "labels", self.layout.with_version({"labels": named}))
        self._write_group(self.store, self.layout.attributes())

    def _write_group(self, folder: Path, attributes: dict[str, Any]) -> None:
        if self.layout.version == "0.5":
            content = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
            write_json(folder / "zarr.json", content)
        else:
            write_json(folder / ".zattrs", attributes)
            write_json(folder / ".zgroup", {"zarr_format": 2})


def _place(level: int, label: str) -> str:
    return f"labels/{label}/{level}" if label else str(level)
