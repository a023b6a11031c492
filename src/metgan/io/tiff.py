"""TIFF through tifffile: single images and stacks with named axes, 8 bit, 16 bit and float."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from metgan.errors import ArrayError, StorageError
from metgan.types import AnyArray

from .atomic import placing

_DAMAGED = (
    tifffile.TiffFileError,
    struct.error,
    zlib.error,
    ValueError,
    IndexError,
    KeyError,
    RuntimeError,
    OSError,
)


@dataclass(frozen=True)
class Stack:
    """A TIFF as stored: an array and one letter per axis (Z, C, Y, X, S for RGB samples)."""

    array: AnyArray
    axes: str
    path: Path

    @property
    def has_channels(self) -> bool:
        """Whether there is a C axis longer than 1."""
        return "C" in self._squeezed()[1]

    def plane_order(self, channel: int | None) -> AnyArray:
        """Give one channel as (Z, Y, X); `channel` is None for a stack without a C axis.

        Raises
        ------
        ArrayError
            When an axis other than Z, C, Y, X is longer than 1, or the channel does not exist.
        """
        array, axes = self._squeezed()
        if "C" in axes:
            array, axes = self._one_channel(array, axes, channel)
        elif channel not in (None, 0):
            raise ArrayError(
                f"{self.path} has axes {self.axes} and no channel {channel}",
                "a file with a C axis",
                "Give one file per channel, or name the axes, as in --axes ZCYX",
            )
        wanted = "ZYX" if "Z" in axes else "YX"
        if sorted(axes) != sorted(wanted):
            raise ArrayError(
                f"{self.path} has axes {self.axes} and shape {self.array.shape}",
                "planes Y, X with optional Z and C",
                "Name the axes in their order, as in --axes ZCYX; of masks, as in --mask-axes ZYX",
            )
        planes = array.transpose([axes.index(axis) for axis in wanted])
        return planes if wanted == "ZYX" else planes[None]  # (Z, Y, X)

    def _squeezed(self) -> tuple[AnyArray, str]:
        long = [k for k, a in enumerate(self.axes) if self.array.shape[k] > 1 or a in "YX"]
        return self.array.reshape([self.array.shape[k] for k in long]), "".join(self.axes[k] for k in long)

    def _one_channel(self, array: AnyArray, axes: str, channel: int | None) -> tuple[AnyArray, str]:
        at = axes.index("C")
        count = array.shape[at]
        if channel is None or not 0 <= channel < count:
            asked = "one is needed" if channel is None else f"channel {channel} was asked for"
            raise ArrayError(
                f"{self.path} has {count} channels and {asked}",
                "one channel, or its number" if channel is None else f"a channel from 0 to {count - 1}",
                "Of sources, say which is which with --channels ANATOMY TUMOUR, as in --channels 0 1; planes "
                "that are stored as channels are named with --axes ZYX (of masks, with --mask-axes ZYX)",
            )
        return np.take(array, channel, at), axes.replace("C", "")


def read_stack(path: Path, axes: str | None = None) -> Stack:
    """Read a whole TIFF with its axes: `axes` if given, else those the file states.

    Raises
    ------
    StorageError
        When the file is missing, empty, truncated or no TIFF.
    """
    array, stated = _read(path)
    axes = (axes or stated).upper().replace("Q", "Z").replace("I", "Z")
    if len(axes) != array.ndim:
        raise ArrayError(
            f"axes {axes} for {path}, whose shape is {array.shape}",
            f"{array.ndim} letters",
            "Name every axis, as in --axes ZCYX (masks: --mask-axes ZYX)",
        )
    return Stack(array, axes, path)


def read_tiff(path: Path) -> AnyArray:
    """Read one TIFF as it is stored, axes of length 1 dropped."""
    return np.squeeze(_read(path)[0])


def write_tiff(path: Path, image: AnyArray) -> None:
    """Write one (Y, X) image, losslessly compressed (deflate, which every reader knows)."""
    with placing(path) as temporary:
        tifffile.imwrite(temporary, image, compression="zlib", photometric="minisblack", metadata=None)


def _read(path: Path) -> tuple[AnyArray, str]:
    if not path.is_file():
        raise StorageError(f"there is no file {path}", "a TIFF", "Check the path")
    if path.stat().st_size == 0:
        raise StorageError(f"{path} is empty (0 bytes)", "a TIFF", "Copy the file again from its source")
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            return series.asarray(), series.axes
    except _DAMAGED as error:
        hint = "pip install 'metgan[compression]'" if "imagecodecs" in str(error) else ""
        raise StorageError(
            f"{path} cannot be read as TIFF ({error})",
            "a complete TIFF",
            (hint and f"Its compression needs one more package: {hint}") or "Copy it again from its source",
        ) from error
