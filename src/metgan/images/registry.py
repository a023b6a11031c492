"""Which reader and writer serves which kind of image: one table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from metgan.errors import StorageError
from metgan.io import check_image_file, has_folder, kind_of_folder
from metgan.types import AnyArray

from .nifti import NiftiImage
from .ome_zarr import OmeZarrImage, is_zarr, refuse_lacking
from .plane_folder import PlaneFolder
from .png import read_png, write_png
from .source import ArrayImage, ImageSource
from .tiff import TiffImage, read_tiff, tiff_files, write_tiff


def _open_png(path: Path) -> ImageSource:
    """Open what has to be read whole to be read at all."""
    array = read_png(path)
    return ArrayImage(array, "YXS"[: array.ndim])


READERS: Final[dict[str, Callable[[Path], AnyArray]]] = {
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".png": read_png,
}
"""Suffix to reader."""
OPENERS: Final[dict[str, Callable[[Path], ImageSource]]] = {
    ".png": _open_png,
    ".nii": NiftiImage.open,
    ".nii.gz": NiftiImage.open,
}
"""End of a file's name to what opens it; any other file is opened as TIFF."""


def open_image(path: Path | str) -> ImageSource:
    """Open an image to read parts of it: a TIFF, PNG or NIfTI file, an OME-Zarr, or a folder of planes.

    What has a suffix of its own is opened as the TIFF that many microscopes' formats are, such as LSM. Of an
    OME-Zarr, the finest level is read, unless the path leads to another: ``scan.ome.zarr/1``; of its labels
    the one that is named: ``scan.ome.zarr/labels/tumours``. A folder of planes holds one TIFF or PNG for
    each, in the order of the numbers in their names.

    Raises
    ------
    StorageError
        When it is missing, empty, damaged or of an unknown kind, or planes are missing.
    """
    path = Path(path)
    if os.path.isdir(path):  # noqa: PTH112  # `check_image_file` says why one cannot be looked at
        if is_zarr(path):
            return OmeZarrImage.open(path)
        if names := [file.name for file in path.iterdir() if is_image(file)]:
            return PlaneFolder.open(path, names, _open_file)
        held = kind_of_folder(path) or ("a pair set" if has_folder(path / "anatomy") else "no image")
        raise StorageError(
            f"{path} holds {held}", "an image: TIFF, OME-Zarr, NIfTI or a folder of planes", "Give its path"
        )
    refuse_lacking(path)
    return _open_file(path)


def _open_file(path: Path) -> ImageSource:
    check_image_file(path, "an image")
    name = path.name.lower()
    return next((opener for end, opener in OPENERS.items() if name.endswith(end)), TiffImage.open)(path)


def pixel_files(path: Path | str) -> list[Path]:
    """Return the files that hold the pixels of an image that `open_image` opens, in a fixed order.

    Raises
    ------
    StorageError
        As `open_image`.
    """
    source = open_image(path)
    if isinstance(source, PlaneFolder):
        return [*source.files]
    if isinstance(source, OmeZarrImage):
        return sorted(Path(folder, name) for folder, _, names in os.walk(source.folder) for name in names)
    return tiff_files(Path(path)) if isinstance(source, TiffImage) else [Path(path)]


def read_image(path: Path | str) -> AnyArray:
    """Read one image file as stored.

    Raises
    ------
    StorageError
        When the file is missing, empty, damaged or of an unknown kind.
    """
    path = Path(path)
    check_image_file(path, "an image")
    return READERS[_known_suffix(path)](path)


def write_image(path: Path | str, image: AnyArray) -> None:
    """Write one (Y, X) image in the format of the path's suffix, all or nothing.

    The folder is left to be synced when all images are there, with `sync_folder`.
    """
    path = Path(path)
    (write_png if _known_suffix(path) == ".png" else write_tiff)(path, image)


def is_image(path: Path) -> bool:
    """Say whether the suffix is one that `read_image` knows."""
    return path.suffix.lower() in READERS and not path.name.startswith(".")


def _known_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise StorageError(f"{path} ends in {suffix!r}", f"one of {', '.join(READERS)}", "Convert the file")
    return suffix
