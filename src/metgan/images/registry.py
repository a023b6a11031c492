"""Which reader and writer serves which kind of image file: one table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from metgan.errors import StorageError
from metgan.io import check_image_file
from metgan.types import AnyArray

from .png import open_png, read_png, write_png
from .source import ImageSource
from .tiff import TiffImage, read_tiff, write_tiff

Entry = TypeVar("Entry")

READERS: Final[dict[str, Callable[[Path], AnyArray]]] = {
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".png": read_png,
}
"""Suffix to reader."""
WRITERS: Final[dict[str, Callable[[Path, AnyArray], None]]] = {
    ".tif": write_tiff,
    ".tiff": write_tiff,
    ".png": write_png,
}

SOURCES: Final[dict[str, Callable[[Path], ImageSource]]] = {
    ".tif": TiffImage.open,
    ".tiff": TiffImage.open,
    ".png": open_png,
}
"""Suffix to what opens a file to read parts of it."""


def open_image(path: Path) -> ImageSource:
    """Open an image file to read parts of it.

    What has a suffix of its own is opened as the TIFF that many microscopes' formats are, such as LSM.

    Raises
    ------
    StorageError
        When the file is missing, empty, damaged or of an unknown kind.
    """
    check_image_file(path, "an image")
    return SOURCES.get(path.suffix.lower(), TiffImage.open)(path)


def read_image(path: Path) -> AnyArray:
    """Read one image file as stored.

    Raises
    ------
    StorageError
        When the file is missing, empty, damaged or of an unknown kind.
    """
    check_image_file(path, "an image")
    return _lookup(READERS, path)(path)


def write_image(path: Path, image: AnyArray) -> None:
    """Write one (Y, X) image in the format of the path's suffix, all or nothing.

    The folder is left to be synced when all images are there, with `sync_folder`.
    """
    _lookup(WRITERS, path)(path, image)


def is_image(path: Path) -> bool:
    """Say whether the suffix is one that `read_image` knows."""
    return path.suffix.lower() in READERS and not path.name.startswith(".")


def _lookup(table: dict[str, Entry], path: Path) -> Entry:
    suffix = path.suffix.lower()
    if suffix not in table:
        raise StorageError(f"{path} ends in {suffix!r}", f"one of {', '.join(table)}", "Convert the file")
    return table[suffix]
