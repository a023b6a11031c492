"""A folder with one image file for each plane, as many light-sheet microscopes write a scan."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from metgan.errors import StorageError
from metgan.progress import each, note_once
from metgan.types import AnyArray

from .region import check_region
from .source import ImageSource
from .tiff import TiffImage, stated_voxel_size_um

Opener = Callable[[Path], ImageSource]
_NUMBER = re.compile(r"([0-9]+)")
_LISTED = 3
_APART = "Put the planes of one channel of one scan into a folder of their own"


@dataclass(frozen=True)
class PlaneFolder:
    """A scan whose planes are files of one folder, in the order of their numbers; an `ImageSource`.

    Parameters
    ----------
    path : Path
    files : tuple of Path
        One per plane, along Z.
    first : ImageSource
        The first plane, which says shape, dtype and axes; the others are compared with it when they are read.
    voxel_size_um : tuple of float or None
        As the first plane says it, if that tells how far the next is, as OME and ImageJ may.
    opener : callable
        What opens a plane.
    """

    path: Path
    files: tuple[Path, ...]
    first: ImageSource
    voxel_size_um: tuple[float, ...] | None
    opener: Opener

    @classmethod
    def open(cls, path: Path, names: Sequence[str], opener: Opener) -> PlaneFolder:
        """Look at a folder of planes.

        Parameters
        ----------
        path : Path
        names : sequence of str
            Of the image files in it, in any order; there is one or more.
        opener : callable
            What opens one of them.

        Raises
        ------
        StorageError
            When the names do not differ in one number alone, numbers are missing or come twice, or the first
            file holds several planes.
        """
        files = tuple(path / name for name in _in_order(path, names))
        first = opener(files[0])
        planes = dict(zip(first.axes, first.shape, strict=True)).get("Z", 1)
        if planes > 1 or "I" in first.axes:
            raise StorageError(
                f"{path} is a folder of {len(files)} images, of which {files[0].name} holds several planes "
                f"(axes {first.axes}, shape {first.shape})",
                "one plane in each file",
                f"If that file opens the whole scan, as OME-TIFF in several files does, give {files[0]}",
            )
        axes = "Z" + first.axes.replace("Z", "")
        size = stated_voxel_size_um(files[0], axes) if isinstance(first, TiffImage) else None
        return cls(path, files, first, size, opener)

    @property
    def shape(self) -> tuple[int, ...]:
        """Planes first."""
        return (
            len(self.files),
            *(n for n, axis in zip(self.first.shape, self.first.axes, strict=True) if axis != "Z"),
        )

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Of the first plane."""
        return self.first.dtype

    @property
    def axes(self) -> str:
        """Z, and those of a plane."""
        return "Z" + self.first.axes.replace("Z", "")

    def read(self, region: Sequence[slice]) -> AnyArray:
        """Return a part: of the planes that are wanted, their rows.

        A plane of another shape or dtype than the first is refused as a damaged one.
        """
        check_region(region, self.shape)
        wanted = self.files[region[0]]
        sides = [len(range(n)[part]) for n, part in zip(self.shape[1:], region[1:], strict=True)]
        read = np.empty((len(wanted), *sides), self.dtype)
        inner = iter(region[1:])
        of_plane = [slice(None) if axis == "Z" else next(inner) for axis in self.first.axes]
        for k, file in enumerate(each(wanted, "plane")):
            plane = self.opener(file)
            if (plane.shape, plane.dtype) != (self.first.shape, self.first.dtype):
                raise StorageError(
                    f"{file} is {plane.dtype} of shape {plane.shape}, and {self.files[0].name} "
                    f"{self.first.dtype} of {self.first.shape}",
                    "planes of one shape and dtype",
                    "Remove what is no plane of this scan, or write that plane anew",
                )
            read[k] = plane.read(of_plane).reshape(sides)
        return read


def _in_order(path: Path, names: Sequence[str]) -> list[str]:
    """Sort names by the one number in which they differ, and refuse those in which planes are missing."""
    parts = [_NUMBER.split(name.rpartition(".")[0]) for name in names]
    if len(names) == 1:
        return [*names]
    texts = {tuple(p[::2]) for p in parts}
    if len(texts) > 1:
        shown = ", ".join(sorted(names)[:_LISTED])
        given = f"{path} holds {len(names)} images whose names differ in more than a number ({shown}, ...)"
        raise StorageError(given, "one plane a file, numbered", _APART)
    counts = [[int(p) for p in one[1::2]] for one in parts]
    columns = [k for k in range(len(counts[0])) if len({one[k] for one in counts}) > 1]
    if len(columns) != 1:
        what = "in no number" if not columns else f"in {len(columns)} numbers"
        shown = ", ".join(sorted(names)[:_LISTED])
        whole = min((name for name in names if ".ome.tif" in name.lower()), default="")
        or_whole = f". If each opens the whole scan, as OME-TIFF in several files does, give {path / whole}"
        or_whole = or_whole if whole else ""
        raise StorageError(
            f"{path} holds {len(names)} images whose names differ {what} ({shown}, ...)",
            "names that differ in the number of the plane alone",
            f"{_APART}; several channels or tiles are several folders{or_whole}",
        )
    numbered = sorted(zip((one[columns[0]] for one in counts), names, strict=True))
    _refuse_gaps(path, [number for number, _ in numbered])
    return [name for _, name in numbered]


def _refuse_gaps(path: Path, numbers: Sequence[int]) -> None:
    steps = [b - a for a, b in pairwise(numbers)]
    if 0 in steps:
        given = f"{path} has two images of the number {numbers[steps.index(0)]}"
        raise StorageError(given, "one file a plane", "Remove the one that is not meant")
    step = min(steps)
    if len({*steps}) > 1:
        missing = sorted({*range(numbers[0], numbers[-1], step)} - {*numbers})
        shown = ", ".join(map(str, missing[:_LISTED])) + (", ..." if len(missing) > _LISTED else "")
        raise StorageError(
            f"{path} holds {len(numbers)} planes numbered {numbers[0]} to {numbers[-1]}, and lacks {shown}",
            "planes without a gap: neighbours are taken for neighbours",
            "Copy the missing ones, or put the planes of one side of the gap into a folder of their own",
        )
    if step > 1:
        note_once(f"{path}: the planes' numbers are {step} apart; they are taken as neighbouring planes")
