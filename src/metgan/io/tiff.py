"""TIFF through tifffile: single images and stacks with named axes, 8 bit, 16 bit and float."""

from __future__ import annotations

import logging
import struct
import threading
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import tifffile

from metgan.errors import ArrayError, MetganError, StorageError
from metgan.progress import note
from metgan.types import AnyArray

from .atomic import placing
from .contents import check_image_file, unreadable

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
_LISTED = 3


@dataclass(frozen=True)
class Stack:
    """A TIFF as stored: an array and one letter per axis (Z, C, Y, X, S for RGB samples)."""

    array: AnyArray
    axes: str
    path: Path

    @property
    def channels(self) -> int:
        """How many channels there are; 1 without a C axis."""
        return self.array.shape[self.axes.index("C")] if "C" in self.axes else 1

    @property
    def has_channels(self) -> bool:
        """Whether there is a C axis longer than 1."""
        return self.channels > 1

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
    """Read a file of which every page is accounted for; gives the array and its axes."""
    check_image_file(path, "a TIFF")
    with _Listener() as listener:
        try:
            with tifffile.TiffFile(path) as file:
                array, axes = _as_one(_whole_images(file, path, listener), path)
        except MetganError:
            raise
        except _DAMAGED as error:
            raise unreadable(path, "TIFF", error) from error
    if listener.errors:
        raise unreadable(path, "TIFF", listener.errors[0])
    for warning in listener.warnings:
        _note_once(f"{path}: {warning}")
    return array, axes


def _whole_images(file: tifffile.TiffFile, path: Path, listener: _Listener) -> list[tifffile.TiffPageSeries]:
    """Return the images of a file in full resolution, once no page is lacking or left over."""
    series = list(file.series)
    pages = [page for one in series for level in one.levels for page in _pages(level)]
    if lacking := sum(page is None for page in pages):
        told = "".join(f"; {text}" for text in listener.warnings)
        raise StorageError(
            f"{path} lacks {lacking} of its {len(pages)} planes{told}",
            "a TIFF with all its planes, and every file of a set of files beside it",
            "Copy the other files into the same folder, or save the planes that are there as their own stack",
        )
    read = {page.treeindex for page in pages if page is not None and page.parent is file}
    left = sum((index,) not in read for index in range(len(file.pages)))
    if listener.errors:
        raise unreadable(path, "TIFF", listener.errors[0])
    if left:
        raise StorageError(
            f"{path} has {len(file.pages)} pages, and what it says of itself tells nothing of {left}",
            "a TIFF whose description covers all its pages",
            "Open it in Fiji and save it again, or write the planes that are meant as a stack of their own",
        )
    return [one for one in series if not one.keyframe.is_reduced] or series


def _pages(series: tifffile.TiffPageSeries) -> list[tifffile.TiffPage | tifffile.TiffFrame | None]:
    """Return the pages of a series; of one that only its first page describes, that page."""
    return [series[0]] if series.is_truncated else [*series]


def _as_one(images: list[tifffile.TiffPageSeries], path: Path) -> tuple[AnyArray, str]:
    """Return the one image of a file, or planes of one size that were written one by one as a stack."""
    first = images[0]
    if len(images) == 1:
        return first.asarray(), first.axes
    if any(
        (one.kind, one.shape, one.dtype, one.axes) != ("shaped", first.shape, first.dtype, "YX")
        for one in images
    ):
        names = [f"{one.name} {one.axes} {one.shape}".strip() for one in images]
        more = ", ..." if len(names) > _LISTED else ""
        raise StorageError(
            f"{path} holds {len(images)} images: {', '.join(names[:_LISTED])}{more}",
            "one image, with its planes and channels",
            "Save the one that is meant as a TIFF of its own, as in Python with "
            "tifffile.imwrite('new.tif', tifffile.imread(PATH, series=0), photometric='minisblack')",
        )
    _note_once(f"{path} holds {len(images)} images of one size, which are taken for planes (axes ZYX)")
    return np.stack([one.asarray() for one in images]), "IYX"


class _Listener(logging.Handler):
    """Keeps what the reader logs in this thread: what it calls an error, and what it calls a warning.

    While anybody listens, the reader's logger speaks, and to listeners alone: what it says belongs into our
    errors and notes, also where a program has silenced it.
    """

    _logger: ClassVar = logging.getLogger("tifffile")
    _door: ClassVar = threading.Lock()
    _listening: ClassVar = 0
    _before: ClassVar = (logging.NOTSET, True)

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        text = record.getMessage()
        # A tag of a microscope's own that is damaged says nothing about the pixels.
        is_error = record.levelno >= logging.ERROR and not text.startswith("<TiffTag")
        (self.errors if is_error else self.warnings).append(text)

    def __enter__(self) -> _Listener:
        with self._door:
            if not _Listener._listening:
                _Listener._before = self._logger.level, self._logger.propagate
                self._logger.setLevel(logging.WARNING)
                self._logger.propagate = False
            _Listener._listening += 1
            self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        with self._door:
            self._logger.removeHandler(self)
            _Listener._listening -= 1
            if not _Listener._listening:
                level, self._logger.propagate = _Listener._before
                self._logger.setLevel(level)


@lru_cache(maxsize=1024)
def _note_once(text: str) -> None:
    """Tell of a file once in a process, however often it is read."""
    note(text)
