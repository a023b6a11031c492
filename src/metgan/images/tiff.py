"""TIFF through tifffile, whole or in part: every page is accounted for, 8 bit, 16 bit and float."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from metgan.errors import MetganError, StorageError
from metgan.io import check_image_file, placing, unreadable
from metgan.progress import each, note_once
from metgan.types import AnyArray

from .region import check_region
from .tiff_log import Listener
from .voxel_size import voxel_size_um

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
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green and blue
_FALLING = 0.1  # share of the steps of a palette at which it may grow darker, as where saturation is marked


@dataclass(frozen=True)
class TiffImage:
    """A TIFF of which every page is accounted for; an `ImageSource` whose pixels stay in the file.

    Parameters
    ----------
    path : Path
    shape : tuple of int
    dtype : numpy.dtype
    axes : str
        As the file states them; I for planes that were written one by one.
    voxel_size_um : tuple of float or None
        As ImageJ and OME files state it.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    axes: str
    voxel_size_um: tuple[float, ...] | None

    @classmethod
    def open(cls, path: Path) -> TiffImage:
        """Look at what a TIFF holds.

        Raises
        ------
        StorageError
            When the file is missing, empty, truncated or no TIFF, lacks planes, or holds several images.
        """
        with _opened(path) as images:
            first = images[0]
            many = len(images) > 1
            shape, axes = ((len(images),) * many + first.shape), "I" * many + first.axes
            dtype = np.dtype(first.dtype).newbyteorder("=")
            return cls(path, shape, dtype, axes, voxel_size_um(first.keyframe.parent, axes))

    def read(self, region: Sequence[slice]) -> AnyArray:
        """Return a part: of the pages that are wanted, the strips or tiles that hold the rows.

        A file that is stored in none of the ways that allow it is read whole first.
        """
        check_region(region, self.shape)
        with _opened(self.path) as images:
            if len(images) == 1:
                return _part(images[0], tuple(region))
            planes = each(images[region[0]], "plane")
            return np.stack([_part(image, tuple(region[1:])) for image in planes])


def stated_voxel_size_um(path: Path, axes: str) -> tuple[float, ...] | None:
    """Return the size of a voxel along those of Z, Y and X that `axes` holds, also where a file has no Z.

    A file of one plane may say how far the next one is, in another file.

    Raises
    ------
    StorageError
        As `TiffImage.open`.
    """
    with _opened(path) as images:
        return voxel_size_um(images[0].keyframe.parent, axes)


def tiff_files(path: Path) -> list[Path]:
    """Return the files that hold a TIFF's pixels: of an OME-TIFF in several all, whichever is given.

    Raises
    ------
    StorageError
        As `TiffImage.open`.
    """
    with _opened(path) as images:
        pages = [page for image in images for page in _pages(image) if page is not None]
        return sorted({Path(page.parent.filehandle.path) for page in pages})


def read_tiff(path: Path) -> AnyArray:
    """Read one TIFF as it is stored, axes of length 1 dropped."""
    with _opened(path) as images:
        planes = [image.asarray() for image in images]
    return np.squeeze(planes if len(planes) > 1 else planes[0])


def write_tiff(path: Path, image: AnyArray) -> None:
    """Write one (Y, X) image, losslessly compressed (deflate, which every reader knows)."""
    with placing(path) as temporary:
        tifffile.imwrite(temporary, image, compression="zlib", photometric="minisblack", metadata=None)


@contextmanager
def _opened(path: Path) -> Iterator[list[tifffile.TiffPageSeries]]:
    """Open a file of which every page is accounted for: one image, or planes of one size."""
    check_image_file(path, "a TIFF")
    with Listener() as listener:
        try:
            with tifffile.TiffFile(path) as file:
                images = _whole_images(file, path, listener)
                _refuse_several(images, path)
                _tell_of_display(images[0].keyframe, path)
                yield images
        except MetganError:
            raise
        except _DAMAGED as error:
            raise unreadable(path, "TIFF", error) from error
    if listener.errors:
        raise unreadable(path, "TIFF", listener.errors[0])
    for warning in listener.warnings:
        note_once(f"{path}: {warning}")


def _tell_of_display(page: tifffile.TiffPage, path: Path) -> None:
    """Note what makes the numbers of a file others than what viewers show of them."""
    said = []
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        said.append("shows large numbers dark (photometric MINISWHITE)")
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        shown = _LUMINANCE @ page.colormap  # by number
        if (np.diff(shown) < 0).mean() > _FALLING:
            said.append("has a palette whose colours do not grow brighter with their numbers")
    if (turned := page.tags.valueof("Orientation", 1)) != 1:
        said.append(f"asks to be turned or mirrored when it is shown (orientation {turned})")
    noted = page.parent.imagej_metadata if page.parent.is_imagej else None
    if noted and "cf" in noted:
        said.append("states a calibration of its values (ImageJ)")
    for what in said:
        note_once(f"{path} {what}: its pixels are taken as they are stored")


def _part(image: tifffile.TiffPageSeries, wanted: tuple[slice, ...]) -> AnyArray:
    """Return a part of one image: ``image.asarray()[wanted]``."""
    if (offset := image.dataoffset) is not None:
        file = image.keyframe.parent
        dtype = np.dtype(image.dtype).newbyteorder(file.byteorder)
        with _reopened(file.filehandle) as handle:
            part = handle.memmap_array(dtype, image.shape, offset)[wanted]
            if part.ndim <= len("YX"):
                return np.array(part, dtype.newbyteorder("="))
            read = np.empty(part.shape, dtype.newbyteorder("="))
            for k in each(range(len(part)), "plane"):
                read[k] = part[k]
            return read
    page = image.keyframe
    outer = image.ndim - page.ndim
    pages = [page for page in _pages(image) if page is not None]
    if image.shape[outer:] != page.shape or len(pages) != math.prod(image.shape[:outer]):
        return np.asarray(image.asarray()[wanted])
    numbers = np.arange(len(pages)).reshape(image.shape[:outer])[wanted[:outer]]
    y = page.axes.index("Y")
    rows = range(page.imagelength)[wanted[outer + y]]
    inner = list(wanted[outer:])
    inner[y] = slice(None, None, rows.step)
    numbered = each([*numbers.flat], "plane")
    parts = [_rows(pages[k], y, slice(rows.start, rows.stop))[tuple(inner)] for k in numbered]
    return np.stack(parts).reshape(*numbers.shape, *parts[0].shape)


def _rows(page: tifffile.TiffPage | tifffile.TiffFrame, y: int, rows: slice) -> AnyArray:
    """Return the array of a page with only some rows along axis `y`, from the strips that hold them."""
    key = page.keyframe
    assert key is not None
    is_plain = key.imagedepth == 1 and key.jpegheader is None and page.jpegtables is None
    if not is_plain or rows == slice(0, key.imagelength):
        with _reopened(page.parent.filehandle):
            return np.asarray(page.asarray().take(np.arange(rows.start, rows.stop), y))
    length, across = key.rowsperstrip, 1
    if key.is_tiled:
        length, across = key.tilelength, -(-key.imagewidth // key.tilewidth)
    down = -(-key.imagelength // length)
    tops = [k // across % down * length for k in range(len(page.dataoffsets))]
    kept = [k for k, top in enumerate(tops) if top < rows.stop and top + length > rows.start]
    samples, _, _, width, channels = key.shaped
    found = np.full((samples, rows.stop - rows.start, width, channels), key.nodata, key.dtype)
    with _reopened(page.parent.filehandle) as file:
        offsets, counts = ([every[k] for k in kept] for every in (page.dataoffsets, page.databytecounts))
        for data, k in file.read_segments(offsets, counts, kept):
            strip, (sample, _, top, left, _), _ = key.decode(data, k)
            if strip is None:
                continue  # never written: nodata
            first, last = max(top, rows.start), min(top + length, rows.stop)
            cut = strip[0, first - top : last - top, : width - left]
            found[sample, first - rows.start : last - rows.start, left : left + cut.shape[1]] = cut
    shape = list(page.shape)
    shape[y] = rows.stop - rows.start
    return found.reshape(shape)


def _whole_images(file: tifffile.TiffFile, path: Path, listener: Listener) -> list[tifffile.TiffPageSeries]:
    """Return the images of a file in full resolution, once no page is lacking or left over."""
    series = list(file.series)
    pages = [page for one in series for level in one.levels for page in _pages(level)]
    if missing := sum(page is None for page in pages):
        warnings = "".join(f"; {text}" for text in listener.warnings)
        raise StorageError(
            f"{path} lacks {missing} of its {len(pages)} planes{warnings}",
            "a TIFF with all its planes, and every file of a set of files beside it",
            "Copy the other files into the same folder, or save the planes that are there as their own stack",
        )
    read = {page.treeindex for page in pages if page is not None and page.parent is file}
    left = sum((index,) not in read for index in range(len(file.pages)))
    if listener.errors:
        raise unreadable(path, "TIFF", listener.errors[0])
    if left:
        raise StorageError(
            f"{path} has {len(file.pages)} pages, and its description does not cover {left}",
            "a TIFF whose description covers all its pages",
            "Open it in Fiji and save it again, or write the planes that are meant as a stack of their own",
        )
    return [one for one in series if not one.keyframe.is_reduced] or series


def _pages(series: tifffile.TiffPageSeries) -> list[tifffile.TiffPage | tifffile.TiffFrame | None]:
    """Return the pages of a series; of one that only its first page describes, that page."""
    return [series[0]] if series.is_truncated else [*series]


@contextmanager
def _reopened(file: tifffile.FileHandle) -> Iterator[tifffile.FileHandle]:
    """Open a file for a while that may be closed, as all but the first of a set of files are."""
    is_closed = file.closed
    if is_closed:
        file.open()
    try:
        yield file
    finally:
        if is_closed:
            file.close()


def _refuse_several(images: list[tifffile.TiffPageSeries], path: Path) -> None:
    """Refuse several images, unless they are planes of one size that were written one by one."""
    first = images[0]
    if len(images) == 1:
        return
    if any(
        (one.kind, one.shape, one.dtype, one.axes) != ("shaped", first.shape, first.dtype, "YX")
        for one in images
    ):
        names = [f"{one.name} {one.axes} {one.shape}".strip() for one in images]
        more = ", ..." if len(names) > _LISTED else ""
        remedy, pixels = "Save the one that is meant as a TIFF of its own", "tifffile.imread(PATH, series=0)"
        kinds = {(one.shape[-2:], one.dtype, one.axes.removeprefix("I")) for one in images}
        if kinds == {(first.shape[-2:], first.dtype, "YX")} and first.kind == "generic":
            remedy = f"{remedy}; where they are the planes of one, save them together"
            pixels = "numpy.stack([page.asarray() for page in tifffile.TiffFile(PATH).pages])"
        raise StorageError(
            f"{path} holds {len(images)} images: {', '.join(names[:_LISTED])}{more}",
            "one image, with its planes and channels",
            f"{remedy}, as in Python with tifffile.imwrite('new.tif', {pixels}, photometric='minisblack')",
        )
    note_once(f"{path} holds {len(images)} images of one size, which are taken as planes (axes ZYX)")
