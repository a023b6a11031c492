"""What ``metgan info`` says about a volume or an image, by its header and metadata: no voxel is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from metgan.errors import MetganError
from metgan.images import (
    ImageSource,
    NiftiImage,
    OmeZarrImage,
    PlaneFolder,
    open_image,
    pixel_files,
    read_stack,
)

from .facts import Facts

_NAMED = "TCZYXS"
_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def volume_facts(path: Path) -> Facts:
    """Describe an image of any format that `metgan.images.open_image` opens.

    Raises
    ------
    StorageError
        As `open_image`.
    """
    image = open_image(path)
    size = image.voxel_size_um
    in_memory = math.prod(image.shape) * image.dtype.itemsize
    on_disk = sum(file.stat().st_size for file in pixel_files(path))
    return {
        "format": _format(image),
        **_shape(path, image),
        "voxel size": "not stated" if size is None else _sizes(image, size),
        **({} if size is None else {"extent": _extent(image, size)}),
        "values": str(image.dtype),
        **(_zarr_facts(image) if isinstance(image, OmeZarrImage) else {}),
        **(_nifti_facts(image) if isinstance(image, NiftiImage) else {}),
        "size": f"{_bytes(in_memory)} in memory, {_bytes(on_disk)} on disk",
    }


def _shape(path: Path, image: ImageSource) -> Facts:
    """Return how long each axis is, and what an axis that the file does not name is taken for."""
    axes = "".join(axis if axis in _NAMED else "?" for axis in image.axes)
    shape = {"shape": ", ".join(f"{axis} {n}" for axis, n in zip(axes, image.shape, strict=True))}
    if "?" not in axes:
        return shape
    try:
        taken = read_stack(path).axes
    except MetganError as error:
        return {**shape, "axes": f"? is not named in the file; {error.remedy}"}
    others = taken.replace("Z", "C") if "C" not in taken else ""
    or_channels = f", unless --axes {others} says that they are channels" if others else ""
    return {**shape, "axes": f"? is not named in the file, and taken for planes: {taken}{or_channels}"}


def _format(image: ImageSource) -> str:
    if isinstance(image, OmeZarrImage):
        sharded = ", sharded" if image.array.shards else ""
        return f"OME-Zarr {image.version} (Zarr {image.array.metadata.zarr_format}{sharded})"
    if isinstance(image, PlaneFolder):
        return f"a folder of {len(image.files)} planes, {image.files[0].name} to {image.files[-1].name}"
    return {"NiftiImage": "NIfTI", "TiffImage": "TIFF", "ArrayImage": "PNG"}[type(image).__name__]


def _sizes(image: ImageSource, sizes: Sequence[float]) -> str:
    axes = ", ".join(axis for axis in "ZYX" if axis in image.axes)
    return f"{' x '.join(f'{size:g}' for size in sizes)} um ({axes})"


def _extent(image: ImageSource, sizes: Sequence[float]) -> str:
    counts = [image.shape[image.axes.index(axis)] for axis in "ZYX" if axis in image.axes]
    return " x ".join(f"{n * size / 1000:.3g}" for n, size in zip(counts, sizes, strict=True)) + " mm"


def _zarr_facts(image: OmeZarrImage) -> Facts:
    """Describe channels, labels, levels and blocks, chunks that are not there, and how it was made."""
    names = [f"{k} {name or 'without a name'}" for k, name in enumerate(image.channel_names)]
    missing = image.missing_chunks()
    block = f"chunks of {_times(image.array.chunks)}"
    if image.array.shards:
        block += f" in shards of {_times(image.array.shards)}"
    return {
        **({"channels": ", ".join(names)} if names else {}),
        "labels": "\n".join(_label(image, name) for name in image.label_names) or "none",
        "level": f"{image.level} of {image.levels}"
        if image.level
        else "\n".join(f"{k}: {_times(shape)}" for k, shape in enumerate(image.level_shapes.values())),
        "blocks": block,
        **(
            {"not stored": f"{len(missing)} of its blocks, such as {missing[0]}: read as fill"}
            if missing
            else {}
        ),
        **image.provenance,
    }


def _label(image: OmeZarrImage, name: str) -> str:
    """Return a label with its dtype, or why it cannot be read."""
    try:
        label = image.label(name)
    except MetganError as error:
        return f"{name}, which cannot be used: {error}"
    return f"{name}, {label.dtype}"


def _nifti_facts(image: NiftiImage) -> Facts:
    directions = image.directions
    return {"orientation": f"X, Y and Z run to {', '.join(directions)}" if directions else "not stated"}


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _bytes(count: int) -> str:
    """Return a size in words.

    Examples
    --------
    >>> _bytes(999), _bytes(33_554_432), _bytes(2_000_000_000_000)
    ('999 bytes', '33.6 MB', '2 TB')
    """
    unit, size = next(((name, one) for name, one in _UNITS if count >= one), ("bytes", 1.0))
    return f"{count / size:.3g} {unit}"
