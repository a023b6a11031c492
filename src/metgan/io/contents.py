"""What a path really holds, so that absent, unreadable and of another kind get different answers.

Notes
-----
``Path.is_file`` says no to a dangling link, a pipe and a folder as it does to nothing at all. Who goes on
without a file that is absent would go on without one that is there and cannot be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from metgan.errors import StorageError

_HEAD = 512  # bytes that are looked at
_FIJI = "Open it in Fiji (File > Import > Bio-Formats) and save it as TIFF"
_MASK = "Export the outlines as a mask image from the program that they were drawn in"
_FROM_PYTHON: Final = (
    "Save the volume as TIFF and say what its axes are (--axes ZCYX; of masks, --mask-axes ZYX), as in "
    "Python with tifffile.imwrite('new.tif', {}, photometric='minisblack')"
)

_KINDS: Final[tuple[tuple[int, bytes, str, str], ...]] = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", _FROM_PYTHON.format("h5py.File(PATH)[NAME][:]")),
    (344, b"n+1\0", "a NIfTI file", "Name it .nii"),
    (0, b"\x93NUMPY", "a NumPy file", _FROM_PYTHON.format("np.load(PATH)")),
    (0, b"NRRD", "an NRRD file", _FIJI),
    (0, b"ZISRAWFILE", "a CZI file", _FIJI),
    (0, b"\x70\0\0\0", "a LIF file", _FIJI),
    (0, b"\xda\xce\xbe\x0a", "an ND2 file", _FIJI),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG", "Save it as TIFF, or name it .png where PNGs are taken"),
    (0, b"\xff\xd8\xff", "a JPEG, which has lost detail", "Export it anew as TIFF"),
    (0, b"GIF8", "a GIF", "Save it as TIFF"),
    (0, b"BM", "a BMP", "Save it as TIFF"),
    (0, b"II*\0", "a TIFF", "Name it .tif"),
    (0, b"MM\0*", "a TIFF", "Name it .tif"),
    (0, b"II+\0", "a BigTIFF", "Name it .tif"),
    (0, b"MM\0+", "a BigTIFF", "Name it .tif"),
    (0, b"PK\x03\x04", "a ZIP archive", "Unpack it; of ImageJ's outlines (ROIs) make a mask image first"),
    (0, b"\x1f\x8b", "a gzip archive", "Unpack it with gunzip"),
    (0, b"version https://git-lfs", "a pointer of Git LFS", "Fetch the file itself with git lfs pull"),
    (0, b"<!DOCTYPE html", "a web page", "Download the file itself"),
    (0, b"<html", "a web page", "Download the file itself"),
    (0, b"{", "JSON (GeoJSON?)", _MASK),
    (0, b"[", "JSON (GeoJSON?)", _MASK),
)
"""Offset, the bytes there, what begins with them, and what to do."""
_ZARR = (".zgroup", ".zarray", ".zattrs", "zarr.json")
_IMAGES = {".tif", ".tiff", ".png"}


def has_file(path: Path) -> bool:
    """Return whether there is a file; False where there is nothing at all.

    Raises
    ------
    StorageError
        When something else is there: a folder, a link to nothing, a pipe, or what may not be looked at.
    """
    if _is_there(path) and not path.is_file():
        raise _no_file(path, "a file")
    return _is_there(path)


def has_folder(path: Path) -> bool:
    """Return whether there is a folder; False where there is nothing at all.

    Raises
    ------
    StorageError
        When something else is there: a file, a link to nothing, or what may not be looked at.
    """
    if _is_there(path) and not path.is_dir():
        given = f"{path} is not a folder but {'a file' if path.is_file() else _what_else(path)}"
        raise StorageError(given, "a folder", "Check the path; metgan prepare makes pair sets")
    return _is_there(path)


def check_image_file(path: Path, expected: str) -> None:
    """Refuse a path that is not that of a file with something in it.

    Raises
    ------
    StorageError
        Naming what is there instead.
    """
    if not _is_there(path):
        raise StorageError(f"there is no file {path}", expected, "Check the path")
    if not path.is_file():
        raise _no_file(path, expected)
    if path.stat().st_size == 0:
        raise StorageError(f"{path} is empty (0 bytes)", expected, "Copy it again from its source")


def unreadable(path: Path, kind: str, error: Exception | str) -> StorageError:
    """Return the error of a file that cannot be read as `kind`, "TIFF" or "PNG"; it says what it is if known.

    `error` is what the reader said.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for start, mark, what, remedy in _KINDS:
        if head[start : start + len(mark)] == mark and not what.endswith(kind):
            return StorageError(f"{path} is {what}", f"a {kind}", remedy)
    again = "Copy it again from its source, or write it anew as an uncompressed TIFF"
    return StorageError(f"{path} cannot be read as {kind} ({error})", f"a complete {kind}", again)


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StorageError(
            f"{path} cannot be accessed ({error.strerror})",
            "a path that may be read",
            "Check its permissions",
        ) from error
    return True


def _no_file(path: Path, expected: str) -> StorageError:
    if not path.is_dir():
        return StorageError(f"{path} is not a file but {_what_else(path)}", expected, "Correct or remove it")
    if any((path / name).exists() for name in _ZARR):
        remedy = _FROM_PYTHON.format("np.squeeze(zarr.open(PATH)['0'][:])")
        return StorageError(f"{path} is a Zarr folder", expected, remedy)
    images = sorted(p.suffix for p in path.iterdir() if p.suffix.lower() in _IMAGES)
    if not images:
        return StorageError(f"{path} is a folder", expected, "Check the path")
    pattern = repr(f"{path}/*{images[0]}")
    remedy = (
        "Save them as one stack, as in Python with "
        f"tifffile.imwrite('stack.tif', tifffile.imread({pattern}), photometric='minisblack')"
    )
    return StorageError(f"{path} is a folder of {len(images)} images", expected, remedy)


def _what_else(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return f"a link to {path.readlink()}, where nothing is"
    return "a pipe or a device"
