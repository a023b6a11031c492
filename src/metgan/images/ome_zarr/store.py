"""The groups and arrays of a Zarr store: opened, and told from what is no image."""

from __future__ import annotations

import lzma
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import zarr

from metgan.errors import MetganError, StorageError, UnknownNameError
from metgan.io import has_file, has_folder, kind_of_folder

from .metadata import ome_attributes, read_metadata

HALF_WRITTEN: Final = "a half-written volume"
"""What `metgan.io.kind_of_folder` says of the folder beside a volume that is being written."""
COMPLETE: Final = "all_chunks"
"""Key below "metgan" in a group's attributes: every chunk was written, so one that is absent was lost."""
_METADATA_FILES = (".zgroup", ".zarray", ".zattrs", "zarr.json")
_SUFFIX = ".zarr"
_DEEPEST = 3  # folders between a group and the array of one of its levels
AGAIN = "Copy it again from its source"
"""What to do where a part is damaged."""
DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    RuntimeError,
    EOFError,
    ArithmeticError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
"""What zarr and its codecs raise where a store is damaged."""


def is_zarr(folder: Path) -> bool:
    """Return whether a folder is a Zarr store or a part of one, by its metadata or its suffix."""
    return folder.suffix == _SUFFIX or any(has_file(folder / name) for name in _METADATA_FILES)


def open_node(path: Path) -> zarr.Group | zarr.Array[Any]:
    """Open a group or an array for reading; raises a `StorageError` where there is none, or it is damaged."""
    try:
        return zarr.open(path, mode="r")
    except DAMAGED as error:
        has_metadata = any(has_file(path / name) for name in _METADATA_FILES)
        why = f"has metadata that cannot be read ({error})" if has_metadata else "has no metadata"
        raise StorageError(
            f"{path} {why}", f"{' or '.join(_METADATA_FILES)} of a Zarr group or array", AGAIN
        ) from error


def group_of(path: Path) -> tuple[Path, int]:
    """Return the image that the array `path` is a level of, and which one."""
    group, levels = _image_above(path)
    if group is not None and (name := path.relative_to(group).as_posix()) in levels:
        return group, levels.index(name)
    raise StorageError(
        f"{path} is a Zarr array without OME metadata, which say what its axes are",
        "an image of OME-Zarr 0.4 or 0.5",
        "Write it as one, in Python with write_ome_zarr(NEW, ArrayImage(zarr.open(PATH)[:], 'ZYX')), both of "
        "metgan.images",
    )


def _image_above(path: Path) -> tuple[Path | None, list[str]]:
    """Return the nearest image that `path` is below, if any, and the names of its levels."""
    for group in [*path.parents][:_DEEPEST]:
        if group.is_dir() and is_zarr(group) and isinstance(node := open_node(group), zarr.Group):
            attributes = dict(node.attrs)
            if "multiscales" in ome_attributes(attributes):
                return group, [one.path for one in read_metadata(attributes, group).multiscales[0].datasets]
    return None, []


def label_names(path: Path) -> tuple[str, ...]:
    """Return the names of the label images that belong to the image `path`."""
    folder = path / "labels"
    if not is_zarr(folder):
        return ()
    named = ome_attributes(dict(open_node(folder).attrs)).get("labels")
    return tuple(map(str, named)) if isinstance(named, list) else ()


def part_of(path: Path) -> Path:
    """Return the folder in which a volume is written until it takes its name, `path`."""
    return path.with_name(f"{path.name}.part")


def refuse_unfinished(path: Path) -> None:
    """Refuse a volume, or a level or a label of one, of which there is nothing but a half-written part.

    Raises
    ------
    StorageError
    """
    for volume in (path, *[*path.parents][:_DEEPEST]):
        if not volume.name or has_folder(volume):
            continue
        part = part_of(volume)
        if os.path.isdir(part) and kind_of_folder(part) == HALF_WRITTEN:  # noqa: PTH112  # no name is too long
            raise StorageError(
                f"{volume} is not finished: {part} is what there is of it",
                "a finished volume",
                "Repeat the call that makes it, with --resume (in Python, resume=True)",
            )


def refuse_lacking(path: Path) -> None:
    """Refuse a path that leads to nothing in an image's store, or to one that is not finished; no other.

    Raises
    ------
    UnknownNameError
        Listing the levels and labels that there are.
    StorageError
        When it has no labels, or is not finished.
    """
    if has_file(path):
        return
    refuse_unfinished(path)
    try:
        image, levels = _image_above(path)
    except MetganError:  # a folder whose metadata cannot be read is no image
        return
    if image is None:
        return
    inside, labels = path.relative_to(image), label_names(image)
    if inside.parts[0] != "labels":
        known = [*levels, *(f"labels/{name}" for name in labels)]
        UnknownNameError.unless_known(f"level of {image}", known, inside.as_posix())
    elif labels:
        UnknownNameError.unless_known(f"label of {image}", labels, inside.parts[1])
    else:
        expected = f"its label {inside.parts[1]}" if len(inside.parts) > 1 else "its labels"
        raise StorageError(f"{image} has no labels", expected, "Check the path")


def no_image(path: Path, node: zarr.Group, attributes: Mapping[str, Any]) -> StorageError:
    """Return what a group is that is no image, and which of those in it may be meant."""
    said = ome_attributes(attributes)
    inside = sorted(name for name in ("0", "1") if (path / name).is_dir() and is_zarr(path / name))
    for key, what in (("plate", "a plate, of many wells"), ("well", "a well, of several fields of view")):
        if key in said:
            inner = (
                said[key].get({"plate": "wells", "well": "images"}[key])
                if isinstance(said[key], dict)
                else []
            )
            first = [one["path"] for one in inner or [] if isinstance(one, dict) and "path" in one][:1]
            inside = [f"{first[0]}/0" if key == "plate" else str(first[0])] if first else ["A/1/0"]
            return StorageError(
                f"{path} is {what}", "one image", f"Give one of them, as in {path}/{inside[0]}"
            )
    if isinstance(said.get("labels"), list):
        names = ", ".join(f"{path}/{name}" for name in said["labels"]) or "none"
        return StorageError(f"{path} holds the labels of an image", "one of them", f"Give one: {names}")
    if "bioformats2raw.layout" in said and inside:
        given = f"{path} is a collection of images, as bioformats2raw writes it"
        return StorageError(given, "one image", f"Give one of them, as in {path}/{inside[0]}")
    return StorageError(
        f"{path} is a Zarr {type(node).__name__.lower()} without the metadata of an image (multiscales)",
        "an image of OME-Zarr 0.4 or 0.5",
        "Give the group that holds it, or write it anew, as with bioformats2raw",
    )
