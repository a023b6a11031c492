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
        self.check_axes()
        self._check_channel(channel)
        of_axis = dict(zip(self.axes, self.shape, strict=True))
        return of_axis.get("Z", 1), of_axis["Y"], of_axis["X"]

    def check_axes(self) -> None:
        """Raise an ArrayError where the axes are not Y and X with optional Z and C, but for those of one."""
        if _are_usable(self.axes, self.shape):
            return
        advice = self._advice()
        if _are_usable(self.contradicted, self.shape):
            advice = f"Leave the option out if the file is right. {advice}"
        raise ArrayError(
            f"{self.path} has {self._told} and shape {self.shape}",
            "planes Y, X with optional Z and C",
            advice,
        )

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

    def _advice(self) -> str:
        """Return what to do where an axis is neither planes nor channels, or one of two called so."""
        long = _long(self.axes, self.shape)
        odd = [
            k
            for k, (axis, length) in enumerate(zip(self.axes, self.shape, strict=True))
            if length > 1 and (axis not in "ZCYX" or (axis in "ZC" and long.count(axis) > 1))
        ]
        if not odd or sorted(axis for axis in self.axes if axis in "YX") != ["X", "Y"]:
            return f"Name the axes in their order, as in {_example(self.shape)}"
        place = min(odd, key=lambda k: self.shape[k])  # of two alike, the shorter one is rather no planes
        axis, count = self.axes[place], self.shape[place]
        others = self.axes[:place], self.axes[place + 1 :]
        ways = []
        if "C" not in "".join(others):
            ways.append(f"give --axes {'C'.join(others)} for channels (a mask has none)")
        if "Z" not in "".join(others) and (axis != "S" or place + 1 < len(self.axes)):  # colours last
            named = "Z".join(others)
            of_masks = "" if "C" in named else f", of masks --mask-axes {named},"
            ways.append(f"give --axes {named}{of_masks} for planes")
        counted = f"{count} {_COUNTED.get(axis, 'images')}"
        what = f"Axis {axis}, number {place + 1} of {len(self.axes)}, holds {counted}"
        return f"{what}: {'; '.join([*ways, _take_one(self.source, place, ''.join(others))])}"

    @property
    def _told(self) -> str:
        """The axes in words, with those that the file states where they are others."""
        but = f" as named, while the file says {_shown(self.contradicted)}" if self.contradicted else ""
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
                channels = self.axes.translate(_EXCHANGED)
                or_channels = (
                    f"; or, if its planes are channels, --axes {channels}" if "C" in channels else ""
                )
                raise ArrayError(
                    f"{self.path} has {self._told}, shape {self.shape}: one channel, number 0; channel "
                    f"{channel} was asked for (channels count from 0)",
                    "both channels in one file, along an axis C, or a file for each",
                    f"Give two files, anatomy and then tumour{or_channels}",
                )
            return
        if channel is None or not 0 <= channel < self.channels:
            asked = "one is needed" if channel is None else f"channel {channel} was asked for"
            last = self.channels - 1
            planes = self.axes.translate(_EXCHANGED)
            would_be = self.shape[planes.index("C")] if "C" in planes else 1  # more of them are no remedy
            or_planes = (
                f"; where these are planes, name the axes as in {_option(planes)}"
                if would_be < self.channels
                else ""
            )
            raise ArrayError(
                f"{self.path} has {self.channels} channels ({self._numbers}; {self._told}, shape "
                f"{self.shape}), and {asked}",
                "one channel, or its number" if channel is None else f"a channel from 0 to {last}",
                f"Say which is which with --channels ANATOMY TUMOUR, as in --channels 0 1{or_planes}",
            )


_EXCHANGED = str.maketrans("CZ", "ZC")
_COUNTED = {"T": "time points", "S": "colours", "Z": "planes", "C": "channels"}
_REST = {3: "YX", 4: "ZYX"}
"""Axes of one of what the first axis holds, by the number of axes."""
_LETTERS = frozenset("TCZYXS")
_UNKNOWN = "QI"
"""Letters of axes that a file does not name; a single one is taken for planes."""


def read_stack(path: Path | str, axes: str | None = None) -> Stack:
    """Open an image file with its axes: `axes` if given, else those it states; note where they contradict.

    Raises
    ------
    StorageError
        When the file is missing, empty, truncated or no image.
    ArrayError
        When there are more or fewer letters than axes, or the file does not name them and none are given.
    """
    path = Path(path)
    source = open_image(path)
    shape, stated = source.shape, source.axes
    named = (axes or stated).upper()
    if len(named) != len(shape) or (axes and not set(named) <= _LETTERS):
        raise ArrayError(
            f"axes {named} for {path}, whose shape is {shape}",
            f"{len(shape)} letters out of Z (planes), C (channels), Y, X, T (time) and S (colours)",
            f"Name every axis in its order, as in {_example(shape)}",
        )
    unknown = [length for letter, length in zip(named, shape, strict=True) if letter in _UNKNOWN]
    if sum(length > 1 for length in unknown) > 1:
        raise ArrayError(
            f"{path} has shape {shape}, and does not say which axis is which",
            "planes Y, X with optional Z and C",
            f"Name the axes in their order, as in {_example(shape)}; if one is neither that of planes "
            f"nor that of channels, {_take_one(source, 0, _REST.get(len(shape), 'ZCYX'))}",
        )
    contradicted = "" if axes is None or _agree(named, stated) else stated
    stack = Stack(path, source, _read_as(named), contradicted)
    stack.check_axes()
    if contradicted:
        advice = ". Leave the option out if the file is right" if _are_usable(stated, shape) else ""
        note(
            f"{path} says that its axes are {_shown(stated)}, of shape {shape}; they are read as {named}, as "
            f"--axes or --mask-axes names them{advice}"
        )
    return stack


def _long(axes: str, shape: tuple[int, ...]) -> list[str]:
    """Return the letters of axes longer than 1, and Y and X."""
    return [axis for axis, length in zip(axes, shape, strict=True) if length > 1 or axis in "YX"]


def _are_usable(axes: str, shape: tuple[int, ...]) -> bool:
    """Tell whether axes, if any are given, are Y and X with optional Z and C, but for those of one."""
    long = _long(_read_as(axes), shape) if axes else []
    return sorted(set(long) - {"C", "Z"}) == ["X", "Y"] and len(set(long)) == len(long)


def _read_as(axes: str) -> str:
    """Return axes with planes for those that are not named."""
    return "".join("Z" if letter in _UNKNOWN else letter for letter in axes.upper())


def _shown(axes: str) -> str:
    """Return the axes that a file states, in letters that mean something.

    Examples
    --------
    >>> _shown("QZYX"), _shown("CYX")
    ('?ZYX (? is not named)', 'CYX')
    """
    shown = "".join("?" if letter in _UNKNOWN else letter for letter in axes)
    return f"{shown} (? is not named)" if "?" in shown else shown


def _agree(given: str, stated: str) -> bool:
    """Tell whether axes may be what a file states; colour samples may be called channels."""
    pairs = zip(given, stated.upper(), strict=True)
    return all(one == other or other in _UNKNOWN or (one, other) == ("C", "S") for one, other in pairs)


def _take_one(source: ImageSource, place: int, axes: str) -> str:
    """Return how to save one of what an axis holds as an image with the other axes."""
    imports, read = "import tifffile", f"tifffile.imread(PATH).take(0, axis={place})"
    if not isinstance(source, TiffImage):
        region = ", ".join("slice(1)" if k == place else "slice(None)" for k in range(len(source.shape)))
        imports += "; from metgan.images import open_image"
        read = f"open_image(PATH).read(({region})).squeeze({place})"
    write = f"tifffile.imwrite('new.tif', {read}, photometric='minisblack', metadata={{'axes': '{axes}'}})"
    return f"save the one that is meant as a stack of its own, as in Python with {imports}; {write}"


def _example(shape: tuple[int, ...]) -> str:
    """Return an option that names as many axes; of the first two of four, the shorter is the channels'."""
    of_four = "CZYX" if len(shape) == 4 and shape[0] < shape[1] else "ZCYX"
    usual = {2: "YX", 3: "ZYX", 4: of_four, 5: "TZCYX"}
    return _option(usual.get(len(shape), "T" * (len(shape) - 4) + "ZCYX"))


def _option(axes: str) -> str:
    """Return how axes are named, of sources and of masks."""
    return f"--axes {axes} (of masks, --mask-axes {axes})"
