"""NIfTI through nibabel, in the order in which its pixels are stored: X first."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from metgan.errors import MetganError, StorageError
from metgan.io import check_image_file
from metgan.progress import note_once
from metgan.types import AnyArray

from .region import check_region

_AXES = "XYZTC"
_UM: Final = {"meter": 1e6, "mm": 1e3, "micron": 1.0}
_NUMBERS = "biuf"
_PIECE = 1 << 22  # bytes
_OTHER_SIZE = 0.01  # of a voxel's side
_DAMAGED = (OSError, EOFError, ValueError, TypeError, KeyError, ArithmeticError, zlib.error)


@dataclass(frozen=True)
class NiftiImage:
    """A NIfTI file; an `ImageSource` whose pixels stay in it.

    Parameters
    ----------
    path : Path
    shape : tuple of int
    dtype : numpy.dtype
        As stored; float64 where the file says a slope or an intercept, which are applied.
    axes : str
        As stored, the first of XYZTC; how the animal lay (the affine) is compared, and not applied.
    voxel_size_um : tuple of float or None
        Along Z, Y and X; None, and a note, where the file says no unit.
    affine : tuple of tuple of float, or None
        From voxels to places in the animal, four rows; None where the file says none.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    axes: str
    voxel_size_um: tuple[float, ...] | None
    affine: tuple[tuple[float, ...], ...] | None = None

    @classmethod
    def open(cls, path: Path) -> NiftiImage:
        """Look at the header of a ``.nii`` or ``.nii.gz``.

        Raises
        ------
        StorageError
            When the file is missing, empty, damaged, no NIfTI, or holds what is no number; or when nibabel
            is not installed.
        """
        with _opened(path) as image:
            shape = tuple(map(int, image.shape))
            if not 2 <= len(shape) <= len(_AXES):
                given = f"{path} has shape {shape}"
                raise StorageError(given, f"2 to {len(_AXES)} axes", "Save the image that is meant alone")
            stored = image.dataobj.dtype
            if stored.kind not in _NUMBERS:
                raise StorageError(f"{path} holds {stored}", "one number a voxel", "Save it as grey levels")
            is_scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
            dtype: np.dtype[np.generic] = np.dtype(np.float64 if is_scaled else stored).newbyteorder("=")
            axes = _AXES[: len(shape)]
            is_placed = image.header["qform_code"] > 0 or image.header["sform_code"] > 0
            affine = tuple(tuple(map(float, row)) for row in image.affine) if is_placed else None
            if affine is not None:
                _compare_with_affine(path, image)
            return cls(path, shape, dtype, axes, _voxel_size_um(image.header, path), affine)

    @property
    def directions(self) -> str:
        """Where X, Y and Z run to, as in RAS: right, anterior, superior; "" where the file does not say."""
        import nibabel

        if self.affine is None:
            return ""
        letters = nibabel.aff2axcodes(np.array(self.affine))  # type: ignore[no-untyped-call]  # has no annotations
        return "".join(map(str, letters))

    def read(self, region: Sequence[slice]) -> AnyArray:
        """Return a part. A compressed file (``.nii.gz``) has to be decompressed up to it each time.

        Before the first time all of it is, since nibabel does not come to the checksum at its end.
        """
        check_region(region, self.shape)
        with _opened(self.path) as image:
            if self.path.suffix.lower() == ".gz":
                _decompress(self.path, self.path.stat().st_mtime_ns)
            return np.array(image.dataobj[tuple(region)], self.dtype)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import nibabel  # an optional extra
    except ImportError as error:
        raise StorageError(
            f"{path} is a NIfTI file, and nibabel is not installed",
            "the package that reads it",
            'Install it with pip install "metgan[nifti]", or save the volume as TIFF',
        ) from error
    check_image_file(path, "a NIfTI file")
    try:
        image = nibabel.load(path)
        if not isinstance(image, nibabel.Nifti1Pair):  # the parent of NIfTI-2 as well
            raise nibabel.filebasedimages.ImageFileError(f"{type(image).__name__}")
        yield image
    except MetganError:
        raise
    except (
        *_DAMAGED,
        nibabel.filebasedimages.ImageFileError,
        nibabel.spatialimages.HeaderDataError,
    ) as error:
        raise StorageError(
            f"{path} cannot be read as NIfTI ({error})",
            "a complete NIfTI file",
            "Copy it again from its source, or save the volume as TIFF",
        ) from error


@lru_cache
def _decompress(path: Path, _changed_at: int) -> None:
    """Read a compressed file to its end, once for each time of its last change; a wrong sum raises."""
    with gzip.open(path) as file:
        while file.read(_PIECE):
            pass


def _compare_with_affine(path: Path, image: Any) -> None:
    """Note that the affine says another size of a voxel than the header does beside it."""
    stated = image.header.get_zooms()[: len("XYZ")]
    placed = np.linalg.norm(image.affine[:3, : len(stated)], axis=0)
    if not np.allclose(stated, placed, rtol=_OTHER_SIZE, atol=0):
        one, other = (" x ".join(f"{size:.7g}" for size in sizes) for sizes in (stated, placed))
        note_once(
            f"{path} says that its voxels are {one} large (pixdim, X first), and {other} by its affine: the "
            "first is taken, unless --voxel-size-um says another"
        )


def _voxel_size_um(header: Any, path: Path) -> tuple[float, ...] | None:
    sizes = [float(f"{size:.7g}") for size in header.get_zooms()[: len("XYZ")]]  # stored as float32
    try:
        unit = header.get_xyzt_units()[0]
    except KeyError:
        unit = "unknown"
    if unit not in _UM:
        stated = " x ".join(f"{size:g}" for size in sizes)
        note_once(
            f"{path} says that its voxels are {stated} large (X first), without a unit: their size in um is "
            "taken as not known"
        )
        return None
    found = tuple(_UM[unit] * size for size in reversed(sizes))
    return found if all(0 < size < np.inf for size in found) else None
