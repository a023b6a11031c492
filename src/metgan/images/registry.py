"""Which reader and writer serves which kind of image file: one table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from metgan.errors import StorageError
from metgan.io import check_image_file
from metgan.types import AnyArray

from .png import read_png, write_png
from .source import ArrayImage, ImageSource
from .tiff import TiffImage, read_tiff, write_tiff

READERS: Final[dict[str, Callable[[Path], AnyArray]]] = {
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".png": read_png,
}
"""Suffix to reader."""


def open_image(path: Path) -> ImageSource:
    """Open an image file to read parts of it.

    What has a suffix of its own is opened as the TIFF that many microscopes' formats are, such as LSM.

    Raises
    ------
    StorageError
        When the file is missing, empty, damaged or of an unknown kind.
    """
    check_image_file(path, "an image")
    if path.suffix.lower() == ".png":  # has to be read whole to be read at all
        array = read_png(path)
        return ArrayImage(array, "YXS"[: array.ndim])
    return TiffImage.open(path)


def read_image(path: Path) -> AnyArray:
    """Read one image file as stored.

    Raises
    ------
    StorageError
        When the file is missing, empty, damaged or of an unknown kind.
    """
    check_image_file(path, "an image")
    return READERS[_known_suffix(path)](path)


def write_image(path: Path, image: AnyArray) -> None:
    """Write one (Y, X) image in the format of the path's suffix, all or nothing.

    The folder is left to be synced when all images are there, with `sync_folder`.
    """
    (write_png if _known_suffix(path) == ".png" else write_tiff)(path, image)


def is_image(path: Path) -> bool:
    """Say whether the suffix is one that `read_image` knows."""
    return path.suffix.lower() in READERS and not path.name.startswith(".")


def _known_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise StorageError(f"{path} ends in {suffix!r}", f"one of {', '.join(READERS)}", "Convert the file")
    return suffix
