"""A scan with named axes, channel by channel: opened first, and read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.errors import ArrayError
from metgan.progress import note
from metgan.types import AnyArray

from .ome_zarr import OmeZarrImage
from .registry import open_image
from .source import ImageSource
from .tiff import TiffImage

WHOLE = (slice(None),) * 3
"""All planes, rows and columns."""


@dataclass(frozen=True)
class Stack:
    """An image file, with one letter per axis as it is to be read (Z, C, Y, X, S for RGB samples).

    ``contradicted`` are the axes that the file states where others were given, else "".
    """

    path: Path
    source: ImageSource
    axes: str
    contradicted: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored."""
        return self.source.shape

    @property
    def channels(self) -> int:
        """How many channels there are; 1 without a C axis."""
        return self.shape[self.axes.index("C")] if "C" in self.axes else 1

    @property
    def has_channels(self) -> bool:
        """Whether there is a C axis longer than 1."""
        return self.channels > 1

    def plane_shape(self, channel: int | None) -> tuple[int, ...]:
        """Return the shape of one channel, (Z, Y, X); `channel` is None for a stack without a C axis.

        Raises
        ------
        ArrayError
            When an axis other than Z, C, Y, X is longer than 1, or the channel does not exist.
        """
        self._check_channel(channel)
        lengths = [*zip(self.axes, self.shape, strict=True)]
        long = [axis for axis, length in lengths if length > 1 or axis in "YX"]
        if sorted(set(long) - {"C", "Z"}) != ["X", "Y"] or len(set(long)) < len(long):
            raise ArrayError(
                f"{self.path} has {self._told} and shape {self.shape}",
                "planes Y, X with optional Z and C",
                self._advice(long),
            )
        of_axis = dict(lengths)
        return of_axis.get("Z", 1), of_axis["Y"], of_axis["X"]

    def plane_order(self, channel: int | None, region: Sequence[slice] = WHOLE) -> AnyArray:
        """Read a part of one channel, (Z, Y, X): planes, rows and columns, and of the file little else.

        Raises
        ------
        ArrayError
            As `plane_shape`.
        StorageError
            When that part is damaged.
        """
        self.plane_shape(channel)
        number = channel or 0
        asked = {**dict(zip("ZYX", region, strict=True)), "C": slice(number, number + 1)}
        part = self.source.read([asked.get(axis, slice(None)) for axis in self.axes])
        kept = [self.axes.index(axis) for axis in "ZYX" if axis in self.axes]
        rest = [k for k in range(part.ndim) if k not in kept]
        planes = part.transpose([*rest, *kept])
        return planes.reshape(-1, *planes.shape[-2:])  # (Z, Y, X): axes of length 1 are before it

    def _advice(self, long: Sequence[str]) -> str:
        """Return what to do where an axis is neither planes nor channels, or one of two called so."""
        odd = [
            k
            for k, (axis, length) in enumerate(zip(self.axes, self.shape, strict=True))
            if length > 1 and (axis not in "ZCYX" or (axis in "ZC" and long.count(axis) > 1))
        ]
        if not odd:
            return "Name the axes in their order, as in --axes ZCYX; of masks, as in --mask-axes ZYX"
        place = min(odd, key=lambda k: self.shape[k])  # of two alike, the shorter one is rather no planes
        axis, count = self.axes[place], self.shape[place]
        others = self.axes[:place], self.axes[place + 1 :]
        free = [(letter, name) for letter, name in _MEANINGS.items() if letter not in "".join(others)]
        ways = [
            f"give --axes {letter.join(others)}, of masks --mask-axes {letter.join(others)}, for {name}"
            for letter, name in free
        ]
        counted = f"{count} {_COUNTED.get(axis, 'images')}"
        what = f"Axis {axis}, number {place + 1} of {len(self.axes)}, holds {counted}"
        return f"{what}: {'; '.join([*ways, _take_one(self.source, place, ''.join(others))])}"

    @property
    def _told(self) -> str:
        """The axes in words, with those that the file states where they are others."""
        but = f" as named, while the file says {self.contradicted}" if self.contradicted else ""
        return f"axes {self.axes}{but}"

    @property
    def _numbers(self) -> str:
        """The channels' numbers, with their names where the file says them."""
        names = self.source.channel_names if isinstance(self.source, OmeZarrImage) else ()
        if len(names) != self.channels or not all(names):
            return f"0 to {self.channels - 1}"
        return ", ".join(f"{number} {name}" for number, name in enumerate(names))

    def _check_channel(self, channel: int | None) -> None:
        if not self.has_channels:
            if channel not in (None, 0):
                raise ArrayError(
                    f"{self.path} has {self._told}, shape {self.shape}: one channel, number 0; channel "
                    f"{channel} was asked for (channels count from 0)",
                    "both channels in one file, along an axis C, or a file for each",
                    "Give two files, anatomy and then tumour; or name the axes in their order, as in --axes "
                    "ZCYX, if one of them is that of the channels",
                )
            return
        if channel is None or not 0 <= channel < self.channels:
            asked = "one is needed" if channel is None else f"channel {channel} was asked for"
            last = self.channels - 1
            raise ArrayError(
                f"{self.path} has {self.channels} channels ({self._numbers}; {self._told}, shape "
                f"{self.shape}), and {asked}",
                "one channel, or its number" if channel is None else f"a channel from 0 to {last}",
                "Of sources, say which is which with --channels ANATOMY TUMOUR, as in --channels 0 1; planes "
                "that are stored as channels are named with --axes ZYX (of masks, with --mask-axes ZYX)",
            )


_MEANINGS = {"C": "channels", "Z": "planes"}
_COUNTED = {"T": "time points", "S": "colours", "Z": "planes", "C": "channels"}
_REST = {3: "YX", 4: "ZYX"}
"""Axes of one of what the first axis holds, by the number of axes."""
_UNKNOWN = "QI"
"""Letters of axes that a file does not name; a single one is taken for planes."""


def read_stack(path: Path, axes: str | None = None) -> Stack:
    """Open an image file with its axes: `axes` if given, else those it states; note where they contradict.

    Raises
    ------
    StorageError
        When the file is missing, empty, truncated or no image.
    ArrayError
        When there are more or fewer letters than axes, or the file does not name them and none are given.
    """
    source = open_image(path)
    shape, stated = source.shape, source.axes
    named = (axes or stated).upper()
    if len(named) != len(shape):
        raise ArrayError(
            f"axes {named} for {path}, whose shape is {shape}",
            f"{len(shape)} letters",
            "Name every axis, as in --axes ZCYX (masks: --mask-axes ZYX)",
        )
    unknown = [length for letter, length in zip(named, shape, strict=True) if letter in _UNKNOWN]
    if sum(length > 1 for length in unknown) > 1:
        raise ArrayError(
            f"{path} has shape {shape}, and does not say which axis is which",
            "planes Y, X with optional Z and C",
            f"Name the axes in their order, as in {_example(shape)} (of masks, with --mask-axes); if one is "
            "neither that of planes nor that of channels, "
            f"{_take_one(source, 0, _REST.get(len(shape), 'ZCYX'))}",
        )
    found = "".join("Z" if letter in _UNKNOWN else letter for letter in named)
    contradicted = ""
    if axes is not None and not _agree(found, stated):
        contradicted = stated
        note(
            f"{path} says that its axes are {stated}, of shape {shape}; they are read as {found}, as --axes "
            "or --mask-axes names them. Leave the option out if the file is right"
        )
    return Stack(path, source, found, contradicted)


def _agree(given: str, stated: str) -> bool:
    """Tell whether axes may be what a file states; colour samples may be called channels."""
    pairs = zip(given, stated.upper(), strict=True)
    return all(one == other or other in _UNKNOWN or (one, other) == ("C", "S") for one, other in pairs)


def _take_one(source: ImageSource, place: int, axes: str) -> str:
    """Return how to save one of what an axis holds as an image with the other axes."""
    read = f"tifffile.imread(PATH).take(0, axis={place})"
    if not isinstance(source, TiffImage):
        region = ", ".join("slice(1)" if k == place else "slice(None)" for k in range(len(source.shape)))
        read = f"metgan.images.open_image(Path(PATH)).read(({region})).squeeze({place})"
    return (
        "save the one that is meant as a stack of its own, as in Python with "
        f"tifffile.imwrite('new.tif', {read}, photometric='minisblack', metadata={{'axes': '{axes}'}})"
    )


def _example(shape: tuple[int, ...]) -> str:
    """Return an option that names as many axes, channels being the shortest."""
    if len(shape) == 4 and shape[0] < shape[1]:
        return "--axes CZYX"
    return {4: "--axes ZCYX", 5: "--axes TZCYX"}.get(len(shape), "--axes ZYX")
