"""What an image file or an array is to whoever reads images: something of which any part can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from metgan.errors import ArrayError
from metgan.types import AnyArray

from .region import check_region

SPATIAL = "ZYX"
"""Letters of the axes that have a voxel size."""


class ImageSource(Protocol):
    """An image that is read by parts."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Of what `read` returns, in the machine's byte order."""

    @property
    def axes(self) -> str:
        """One letter per axis: T, C, Z, Y, X, S for colours; Q or I for one that is not named."""

    @property
    def voxel_size_um(self) -> tuple[float, ...] | None:
        """Along those of Z, Y and X that the image has, in this order; None where it is not told."""

    def read(self, region: Sequence[slice]) -> AnyArray:
        """Return ``whole[region]``, a slice per axis, and read little more for it.

        Raises
        ------
        ArrayError
            When there are more or fewer slices than axes.
        StorageError
            When that part of a file is damaged.
        """


@dataclass(frozen=True, eq=False)
class ArrayImage:
    """An image that is in memory already.

    Raises
    ------
    ArrayError
        When there are more or fewer letters than axes, or sizes than spatial axes, or pixels are masked.

    Examples
    --------
    >>> image = ArrayImage(np.arange(20).reshape(4, 5), "YX", (0.5, 0.5))
    >>> image.read((slice(1, 3), slice(2))).tolist()
    [[5, 6], [10, 11]]
    """

    array: AnyArray
    axes: str
    voxel_size_um: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        ArrayError.if_masked("an image", self.array)
        sizes = self.voxel_size_um
        spatial = sum(letter in SPATIAL for letter in self.axes)
        if len(self.axes) != self.array.ndim or (sizes is not None and len(sizes) != spatial):
            raise ArrayError(
                f"axes {self.axes!r} and voxel size {sizes} for an array of shape {self.array.shape}",
                "a letter for each axis, and a size for each of Z, Y and X among them",
                "Name the axes in their order, as in ZCYX",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """That of the array."""
        return self.array.dtype

    def read(self, region: Sequence[slice]) -> AnyArray:
        """Return a view of the array."""
        check_region(region, self.shape)
        part: AnyArray = self.array[tuple(region)]
        return part
