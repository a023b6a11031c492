"""What an OME-Zarr is to hold: image and labels, their levels and blocks, and what is said of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from metgan import __version__
from metgan.errors import SettingError
from metgan.io import check_name
from metgan.parts import blocks_of

from ..source import SPATIAL
from .store import COMPLETE

Block = tuple[slice, ...]
"""A part of an image that is written at once: a slice for each axis, with a start and a stop."""
Version = Literal["0.4", "0.5"]
"""Of OME-Zarr."""
_ORDER = "TCZYX"
_TYPES: Final = {"T": "time", "C": "channel"}
_CHUNKS: Final = {2: 512, 3: 64}
"""Side of a chunk along Y and X, or Z, Y and X, by their number: half a megabyte of 16 bits."""
_CHUNKS_IN_SHARD = 4
"""Along each side: 32 megabytes of 16 bits of a volume, 8 of a plane."""
_COARSE_ENOUGH = 256
_LABELS = "ui"
_IMAGES = "uif"


@dataclass(frozen=True)
class OmeZarrChannel:
    """A channel, and how viewers are to show it.

    Parameters
    ----------
    name : str
    colour : str, default "FFFFFF"
        RRGGBB, each two hexadecimal digits.
    window : (float, float) or None, default None
        What is shown black, and what in full colour. Default: all that an integer can be, or 0 to 1.
    """

    name: str
    colour: str = "FFFFFF"
    window: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9A-Fa-f]{6}", self.colour):
            given = f"colour {self.colour!r} of channel {self.name!r}"
            raise SettingError(given, "RRGGBB in hexadecimal digits, as in FF00FF", "Correct the colour")


@dataclass(frozen=True)
class Level:
    """One level: its shape, and how many voxels one is long, of the finest level and of the one before."""

    shape: tuple[int, ...]
    factors: tuple[int, ...]
    step: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OmeZarrLayout:
    """What an OME-Zarr is to hold.

    Parameters
    ----------
    shape : tuple of int
        Of the image.
    dtype : str
        As numpy names it: "uint16".
    axes : str, default "ZYX"
        Some of TCZYX, in this order, with Y and X.
    voxel_size_um : tuple of float or None, default None
        Along those of Z, Y and X that there are; None writes sizes of 1 without a unit.
    origin : tuple of float, default ()
        Where the first voxel lies along those, in voxels; at 0 by default.
    channels : tuple of OmeZarrChannel, default ()
        One for each along C, one for an image without C; or none.
    labels : mapping of str to str, default {}
        Label images by name: their dtypes. They have the image's axes but C.
    version : {"0.5", "0.4"}
        0.5 is Zarr 3, with shards: one file for a block. 0.4 is Zarr 2, with one file for each chunk.
    chunks : tuple of int or None, default None
        What is compressed at once. Default: 64 voxels along Z, Y and X, in planes 512 along Y and X, 1 else.
    blocks : tuple of int or None, default None
        What is written at once, whole chunks; in 0.5 a shard. Default: four chunks along Z, Y and X.
    provenance : mapping of str to str, default {}
        What it is made from and how, stored in the attributes under ``metgan``. A call that goes on must say
        the same.

    Raises
    ------
    SettingError
        When these do not fit each other.
    """

    shape: tuple[int, ...]
    dtype: str
    axes: str = "ZYX"
    voxel_size_um: tuple[float, ...] | None = None
    origin: tuple[float, ...] = ()
    channels: tuple[OmeZarrChannel, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    version: Version = "0.5"
    chunks: tuple[int, ...] | None = None
    blocks: tuple[int, ...] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes, spatial = self.voxel_size_um, sum(axis in SPATIAL for axis in self.axes)
        sides = [one for one in (self.chunks, self.blocks) if one is not None]
        in_order = [axis for axis in _ORDER if axis in self.axes]
        n = len(self.axes)
        rules = (
            (
                "axes",
                [*self.axes] == in_order and {*"YX"} <= {*in_order},
                "some of TCZYX in this order, with Y and X",
            ),
            ("shape", len(self.shape) == n and min(self.shape) > 0, f"{n} lengths of 1 or more"),
            (
                "voxel_size_um",
                sizes is None or (len(sizes) == spatial and all(0 < size < math.inf for size in sizes)),
                f"{spatial} positive sizes, or None",
            ),
            ("origin", len(self.origin) in (0, spatial), f"{spatial} places, or none"),
            ("channels", len(self.channels) in (0, self._count), f"{self._count} channels, or none"),
            ("dtype", np.dtype(self.dtype).kind in _IMAGES, "integers or floats"),
            ("labels", all(np.dtype(one).kind in _LABELS for one in self.labels.values()), "integers"),
            ("version", self.version in ("0.4", "0.5"), "0.4 or 0.5"),
            (
                "chunks, blocks",
                all(len(one) == n and min(one) > 0 for one in sides),
                f"{n} sides of 1 or more",
            ),
        )
        for name, holds, expected in rules:
            if not holds:
                given = ", ".join(
                    f"{one} {getattr(self, one)}" for one in dict.fromkeys(["axes", *name.split(", ")])
                )
                raise SettingError(f"an OME-Zarr with {given}", f"{name}: {expected}", "Correct the layout")
        if any(block % chunk for block, chunk in zip(self.block_shape(), self.chunk_shape(), strict=True)):
            given = f"blocks of {self.block_shape()} and chunks of {self.chunk_shape()}"
            raise SettingError(given, "blocks of whole chunks", "Choose blocks that chunks divide")
        for name in self.labels:
            check_name(name, "label", "Choose another name")

    @property
    def _count(self) -> int:
        return dict(zip(self.axes, self.shape, strict=False)).get("C", 1)

    def axes_of(self, label: str = "") -> str:
        """Return the axes of the image, or of its labels."""
        return self.axes.replace("C", "") if label else self.axes

    def dtype_of(self, label: str = "") -> np.dtype[Any]:
        """Return the dtype of the image, or of a label."""
        return np.dtype(self.labels[label] if label else self.dtype)

    def chunk_shape(self, label: str = "") -> tuple[int, ...]:
        """Return the shape of what is compressed at once."""
        side = _CHUNKS[sum(axis in SPATIAL for axis in self.axes)]
        usual = [
            min(side, n) if axis in SPATIAL else 1 for axis, n in zip(self.axes, self.shape, strict=True)
        ]
        return self._without_channels(self.chunks or tuple(usual), label)

    def block_shape(self, label: str = "") -> tuple[int, ...]:
        """Return the shape of what is written at once."""
        if self.blocks is not None:
            return self._without_channels(self.blocks, label)
        sides = zip(self.axes_of(label), self.chunk_shape(label), self.levels(label)[0].shape, strict=True)
        return tuple(c * min(_CHUNKS_IN_SHARD, -(-n // c)) if axis in SPATIAL else c for axis, c, n in sides)

    def levels(self, label: str = "") -> tuple[Level, ...]:
        """Return the levels, the finest first; the last is 256 voxels or less along Z, Y and X.

        An axis is halved from one level to the next where its voxels are less than twice as long as the
        shortest: so the planes of a scan, which lie far apart, are kept until the pixels are as large.
        """
        return tuple(
            Level(*(self._without_channels(values, label) for values in (one.shape, one.factors, one.step)))
            for one in self._levels
        )

    @cached_property
    def _levels(self) -> tuple[Level, ...]:
        ones = (1,) * len(self.axes)
        found = [Level(self.shape, ones, ones)]
        sizes = dict(
            zip([a for a in SPATIAL if a in self.axes], self.voxel_size_um or (1.0,) * 3, strict=False)
        )
        while (
            max(n for n, axis in zip(found[-1].shape, self.axes, strict=True) if axis in SPATIAL)
            > _COARSE_ENOUGH
        ):
            last = found[-1]
            now = {
                axis: sizes[axis] * factor
                for axis, n, factor in zip(self.axes, last.shape, last.factors, strict=True)
                if axis in SPATIAL and n > 1
            }
            step = tuple(1 + (now.get(axis, math.inf) < 2 * min(now.values())) for axis in self.axes)
            shape = tuple(-(-n // s) for n, s in zip(last.shape, step, strict=True))
            found.append(Level(shape, tuple(f * s for f, s in zip(last.factors, step, strict=True)), step))
        return tuple(found)

    def all_blocks(self, level: int = 0, label: str = "") -> list[Block]:
        """Return the blocks of a level, which do not overlap and together are all of it."""
        whole = [slice(0, n) for n in self.levels(label)[level].shape]
        return blocks_of(whole, self.block_shape(label))

    def attributes(self, label: str = "") -> dict[str, Any]:
        """Return the attributes of the image's group, or of a label's."""
        said: dict[str, Any] = {"multiscales": [self._multiscale(label)]}
        if label:
            said["image-label"] = {"source": {"image": "../../"}}
        elif self.channels:
            said["omero"] = {"channels": [*map(self._shown, self.channels)]}
        made = {"version": __version__, COMPLETE: True}
        if self.provenance:
            made["provenance"] = dict(self.provenance)
        return {**self.with_version(said), "metgan": made}

    def with_version(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return attributes as this version of OME-Zarr has them."""
        if self.version == "0.5":
            return {"ome": {"version": self.version, **said}}
        for key in ("image-label", "omero"):
            if key in said:
                said[key] = {"version": self.version, **said[key]}
        return said

    def as_json(self) -> dict[str, Any]:
        """Return the layout as what JSON can hold, to be compared with another."""
        said = {name: value for name, value in asdict(self).items() if name != "origin" or value}
        return {**said, "labels": dict(self.labels), "provenance": dict(self.provenance)}

    def _multiscale(self, label: str) -> dict[str, Any]:
        axes = self.axes_of(label)
        spatial = [a for a in SPATIAL if a in axes]
        sizes = dict(zip(spatial, self.voxel_size_um or (1.0,) * 3, strict=False))
        begins = dict(zip(spatial, self.origin, strict=False))
        unit = {} if self.voxel_size_um is None else {"unit": "micrometer"}
        datasets = []
        for number, level in enumerate(self.levels(label)):
            scale = [sizes.get(axis, 1.0) * f for axis, f in zip(axes, level.factors, strict=True)]
            # The middle of the first voxel lies where the middle of those that it was made of does.
            middle = [
                sizes.get(axis, 1.0) * (begins.get(axis, 0.0) + (factor - 1) / 2)
                for axis, factor in zip(axes, level.factors, strict=True)
            ]
            transformations: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
            if any(middle):
                transformations.append({"type": "translation", "translation": middle})
            datasets.append({"path": str(number), "coordinateTransformations": transformations})
        named = [
            {"name": a.lower(), "type": _TYPES.get(a, "space"), **(unit if a in SPATIAL else {})}
            for a in axes
        ]
        version = {"version": self.version} if self.version == "0.4" else {}
        return {**version, "name": label or "image", "axes": named, "datasets": datasets}

    def _shown(self, channel: OmeZarrChannel) -> dict[str, Any]:
        dtype = self.dtype_of()
        start, end = (0.0, 1.0) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        low, high = channel.window or (start, end)
        window = {"min": float(start), "max": float(end), "start": float(low), "end": float(high)}
        return {"label": channel.name, "color": channel.colour.upper(), "window": window, "active": True}

    def _without_channels(self, values: tuple[int, ...], label: str) -> tuple[int, ...]:
        return tuple(v for v, axis in zip(values, self.axes, strict=True) if not (label and axis == "C"))
