"""Any image that can be read, written as OME-Zarr block by block, with its labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from metgan.errors import ArrayError
from metgan.progress import SLOW, progress
from metgan.types import AnyArray

from ..source import ImageSource
from .image import OmeZarrImage
from .layout import Block, OmeZarrChannel, OmeZarrLayout, Version
from .output import writing_ome_zarr

_ORDER = "TCZYX"


def layout_like(
    image: ImageSource,
    labels: Mapping[str, ImageSource] | None = None,
    channels: tuple[OmeZarrChannel, ...] = (),
    version: Version = "0.5",
) -> OmeZarrLayout:
    """Return the layout of an OME-Zarr that holds an image and its labels.

    Parameters
    ----------
    image : ImageSource
    labels : mapping of str to ImageSource, or None
        By name; of booleans, they become 0 and 1.
    channels : tuple of OmeZarrChannel, default ()
        Default: those that an OME-Zarr names, else none.
    version : {"0.5", "0.4"}

    Raises
    ------
    ArrayError
        When an axis is none of T, C, Z, Y, X, or a label is of another shape than the image.
    """
    order = _order_of(image, "the image")
    sides = {axis: image.shape[k] for axis, k in zip(_letters(order, image), order, strict=True)}
    dtypes = {}
    for name, label in (labels or {}).items():
        places = _order_of(label, f"label {name}")
        own = {axis: label.shape[k] for axis, k in zip(_letters(places, label), places, strict=True)}
        if own != {axis: n for axis, n in sides.items() if axis != "C"}:
            raise ArrayError(
                f"label {name} is {own} and the image {sides}",
                "one shape, and no channels in the label",
                "Write the label anew, from this image",
            )
        dtypes[name] = "uint8" if label.dtype == bool else str(label.dtype)
    if not channels and isinstance(image, OmeZarrImage):
        channels = tuple(map(OmeZarrChannel, image.channel_names))
    return OmeZarrLayout(
        shape=tuple(sides.values()),
        dtype=str(image.dtype),
        axes="".join(sides),
        voxel_size_um=image.voxel_size_um,
        origin=image.origin if isinstance(image, OmeZarrImage) else (),
        channels=channels,
        labels=dtypes,
        version=version,
    )


def write_ome_zarr(
    path: Path | str,
    image: ImageSource,
    labels: Mapping[str, ImageSource] | None = None,
    layout: OmeZarrLayout | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> OmeZarrImage:
    """Write an image and its labels as OME-Zarr, with coarser levels; memory does not grow with their size.

    Parameters
    ----------
    path : Path or str
        ``NEW.ome.zarr``.
    image : ImageSource
        As `open_image` returns it, or an `ArrayImage`. Axes may be in any order.
    labels : mapping of str to ImageSource, or None
        By name, of the image's shape.
    layout : OmeZarrLayout or None, default None
        Default: ``layout_like(image, labels)``.
    resume, overwrite : bool
        Go on with what a killed call has written; or replace a former volume. Not both.

    Returns
    -------
    OmeZarrImage
        What was written.

    Raises
    ------
    ArrayError
        As `layout_like`.
    StorageError
        As `writing_ome_zarr`, or when a part of an image cannot be read. What was done by then stays, and
        `resume` goes on.
    """
    layout = layout or layout_like(image, labels)
    sources = {"": image, **(labels or {})}
    with writing_ome_zarr(path, layout, "writing an OME-Zarr", resume=resume, overwrite=overwrite) as writer:
        waiting = [(name, block) for name in sources for block in writer.missing(label=name)]
        with progress("write", len(waiting) + 1, every_s=SLOW) as advance:
            for name, block in waiting:
                writer.write(
                    block, _read(sources[name], block).astype(layout.dtype_of(name), copy=False), name
                )
                advance()
            writer.finish()
            advance()
    return OmeZarrImage.open(Path(path))


def _read(source: ImageSource, block: Block) -> AnyArray:
    order = _order_of(source, "the image")
    region = [block[order.index(k)] for k in range(len(order))]
    return np.ascontiguousarray(source.read(region).transpose(order))


def _order_of(source: ImageSource, what: str) -> list[int]:
    """Return the places of T, C, Z, Y and X, as far as there are, in this order."""
    if len({*source.axes} & {*_ORDER}) < len(source.axes) or not {*"YX"} <= {*source.axes}:
        raise ArrayError(
            f"{what} has axes {source.axes}, shape {source.shape}",
            "Y, X and some of T, C, Z, each once",
            "Read it as an array and name its axes: ArrayImage(array, 'ZYX')",
        )
    return [source.axes.index(axis) for axis in _ORDER if axis in source.axes]


def _letters(order: list[int], source: ImageSource) -> str:
    return "".join(source.axes[k] for k in order)
