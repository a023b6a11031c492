"""A scan's TIFF with named axes: opened first, and read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.errors import ArrayError
from metgan.types import AnyArray

from .tiff import describe_tiff, read_part

WHOLE = (slice(None),) * 3
"""All planes, rows and columns."""


@dataclass(frozen=True)
class Stack:
    """A TIFF: its shape as stored, and one letter per axis (Z, C, Y, X, S for RGB samples)."""

    path: Path
    shape: tuple[int, ...]
    axes: str

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
                f"{self.path} has axes {self.axes} and shape {self.shape}",
                "planes Y, X with optional Z and C",
                "Name the axes in their order, as in --axes ZCYX; of masks, as in --mask-axes ZYX",
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
        part = read_part(self.path, [asked.get(axis, slice(None)) for axis in self.axes])
        kept = [self.axes.index(axis) for axis in "ZYX" if axis in self.axes]
        rest = [k for k in range(part.ndim) if k not in kept]
        planes = part.transpose([*rest, *kept])
        return planes.reshape(-1, *planes.shape[-2:])  # (Z, Y, X): axes of length 1 are before it

    def _check_channel(self, channel: int | None) -> None:
        if not self.has_channels:
            if channel not in (None, 0):
                raise ArrayError(
                    f"{self.path} has axes {self.axes} and no channel {channel}",
                    "a file with a C axis",
                    "Give one file per channel, or name the axes, as in --axes ZCYX",
                )
            return
        if channel is None or not 0 <= channel < self.channels:
            asked = "one is needed" if channel is None else f"channel {channel} was asked for"
            last = self.channels - 1
            raise ArrayError(
                f"{self.path} has {self.channels} channels and {asked}",
                "one channel, or its number" if channel is None else f"a channel from 0 to {last}",
                "Of sources, say which is which with --channels ANATOMY TUMOUR, as in --channels 0 1; planes "
                "that are stored as channels are named with --axes ZYX (of masks, with --mask-axes ZYX)",
            )


def read_stack(path: Path, axes: str | None = None) -> Stack:
    """Open a TIFF with its axes: `axes` if given, else those the file states.

    Raises
    ------
    StorageError
        When the file is missing, empty, truncated or no TIFF.
    ArrayError
        When there are more or fewer letters than axes.
    """
    shape, stated = describe_tiff(path)
    axes = (axes or stated).upper().replace("Q", "Z").replace("I", "Z")
    if len(axes) != len(shape):
        raise ArrayError(
            f"axes {axes} for {path}, whose shape is {shape}",
            f"{len(shape)} letters",
            "Name every axis, as in --axes ZCYX (masks: --mask-axes ZYX)",
        )
    return Stack(path, shape, axes)
