"""Where crops lie within a scan: as data, before any pixel is cut."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from metgan.errors import SettingError
from metgan.images import Index, Region
from metgan.types import AnyArray

Part = Literal["train", "val", "test", ""]
Range = tuple[int, int] | None
View = Literal["", "Z", "Y", "X"]
"""The axis that a maximum projection is seen along; "" for a plane as it is."""
VIEWS: tuple[View, ...] = ("Z", "Y", "X")
_MOST = 2**31 - 1


@dataclass(frozen=True)
class CropPlan:
    """Which crops to cut.

    Parameters
    ----------
    crop : int
        Side in pixels.
    stride : int
        Distance of neighbouring crops within a block, in pixels.
    block : int
        Side in pixels of the blocks that become groups.
    planes, rows, columns : (first, end) or None
        Half-open ranges along Z, Y and X; None for all.
    every : int
        Take every Nth plane, 1 or more.
    least_tissue : float
        Share of a crop that must be tissue, in [0, 1]; of projections, of their cube.
    split : {"train", "val", "test", ""}
    group : str
        One group for all crops instead of their blocks.
    organ : str
    is_projected : bool
        Whether crops are maximum projections of cubes along Z, Y and X, each three images; blocks are cubes
        then, too.
    """

    crop: int = 256
    stride: int = 256
    block: int = 256
    planes: Range = None
    rows: Range = None
    columns: Range = None
    every: int = 1
    least_tissue: float = 0.0
    split: Part = ""
    group: str = ""
    organ: str = ""
    is_projected: bool = False

    def region(self, shape: tuple[int, ...]) -> Region:
        """Return the planes, rows and columns asked for of a scan of `shape` (Z, Y, X).

        Raises
        ------
        SettingError
            When a range lies outside the scan.

        Examples
        --------
        >>> CropPlan(crop=4, block=4, rows=(2, 8), every=2).region((3, 9, 9)).index
        (slice(0, 3, 2), slice(2, 8, None), slice(0, 9, None))
        """
        asked = zip(("planes", "rows", "columns"), (self.planes, self.rows, self.columns), shape, strict=True)
        (first, end), rows, columns = (_range(*axis) for axis in asked)
        return Region(shape, (slice(first, end, self.every), slice(*rows), slice(*columns)))

    def __post_init__(self) -> None:
        for name in ("crop", "stride", "block", "every"):
            SettingError.unless_within(name, getattr(self, name), 1, _MOST)
        SettingError.unless_within("least_tissue", self.least_tissue, 0.0, 1.0)
        if self.is_projected and self.every > 1:
            raise SettingError(
                f"every {self.every}th plane of projections",
                "all planes: a projection is of all that its cube holds",
                "Leave --every out, or cut planes",
            )
        if self.block < self.crop:
            raise SettingError(
                f"block is {self.block}, with crops of {self.crop} pixels",
                "blocks at least as large as a crop",
                "Choose a larger block or smaller crops",
            )


@dataclass(frozen=True, slots=True)
class Crop:
    """Where a crop lies: plane, top and left in pixels of the scan, and its block's number.

    Of a maximum projection, `plane` is the first of its cube, and `view` the axis that it is seen along.
    """

    plane: int
    top: int
    left: int
    block: tuple[int, ...]
    view: View = ""

    @property
    def place(self) -> tuple[int, int, int]:
        """Plane, top and left: what the views of a cube share, and no other crop has."""
        return self.plane, self.top, self.left

    def index(self, size: int) -> Index:
        """Return what picks a crop of `size` pixels a side from its scan, (Z, Y, X); a projection's cube."""
        rows, columns = slice(self.top, self.top + size), slice(self.left, self.left + size)
        return (slice(self.plane, self.plane + size) if self.view else self.plane), rows, columns

    def project(self, part: AnyArray) -> AnyArray:
        """Return the image, (Y, X), that a crop shows of its planes, rows and columns, (Z, Y, X): a copy.

        Along Z it has the cube's rows and columns, along Y its planes and columns, along X its planes and
        rows.
        """
        if not self.view:
            plane: AnyArray = part[0].copy()  # a view would keep all that was read with it
            return plane
        image: AnyArray = part.max(axis=VIEWS.index(self.view))
        return image


class _Crops(Sequence[Crop]):
    """Crops that are made when they are asked for: a large scan has a hundred thousand."""

    @abstractmethod
    def _at(self, number: int) -> Crop:
        """Return the crop of a number from 0 to the last."""

    @overload
    def __getitem__(self, index: int) -> Crop: ...
    @overload
    def __getitem__(self, index: slice) -> list[Crop]: ...
    def __getitem__(self, index: int | slice) -> Crop | list[Crop]:
        numbers = range(len(self))[index]
        return self._at(numbers) if isinstance(numbers, int) else [self._at(number) for number in numbers]


@dataclass(frozen=True, eq=False)
class _Grid(_Crops):
    """All crops of a plan, in reading order; `starts` are (start, block number or None) along Z, Y and X."""

    starts: Sequence[Sequence[tuple[int, int | None]]]
    views: Sequence[View]

    def __len__(self) -> int:
        planes, rows, columns = map(len, self.starts)
        return planes * rows * columns * len(self.views)

    def _at(self, number: int) -> Crop:
        number, view = divmod(number, len(self.views))
        number, column = divmod(number, len(self.starts[2]))
        plane, row = divmod(number, len(self.starts[1]))
        (z, bz), (y, by), (x, bx) = (
            axis[k] for axis, k in zip(self.starts, (plane, row, column), strict=True)
        )
        return Crop(z, y, x, tuple(block for block in (bz, by, bx) if block is not None), self.views[view])


class ChosenCrops(_Crops):
    """Those of some crops whose flag is set; there is one for each."""

    def __init__(self, crops: Sequence[Crop], flags: Iterable[bool]) -> None:
        self._crops = crops
        numbered = zip(range(len(crops)), flags, strict=True)
        self._numbers = array("L", (number for number, is_chosen in numbered if is_chosen))

    def __len__(self) -> int:
        return len(self._numbers)

    def _at(self, number: int) -> Crop:
        return self._crops[self._numbers[number]]


def place_crops(shape: tuple[int, ...], plan: CropPlan) -> Sequence[Crop]:
    """Return the crops of a scan of `shape` (Z, Y, X), in reading order.

    Raises
    ------
    SettingError
        When a range lies outside the scan or no crop fits.

    Examples
    --------
    >>> crops = place_crops((1, 4, 6), CropPlan(crop=4, stride=2, block=6))
    >>> [(crop.top, crop.left) for crop in crops]
    [(0, 0), (0, 2)]
    """
    region = plan.region(shape)
    starts = _starts(region, plan)
    if plan.is_projected:
        return _Grid(starts, VIEWS)
    planes = [(z, None) for z in range(shape[0])[region.index[0]]]
    return _Grid([planes, *starts], ("",))


@dataclass(frozen=True)
class Uncovered:
    """What no crop of a plan holds: whole planes, rows and columns, and their share of the region."""

    rows: int
    columns: int
    share: float
    planes: int = 0


def find_uncovered(shape: tuple[int, ...], plan: CropPlan) -> Uncovered:
    """Return what lies in the region that is asked for, and in no crop; raises what `place_crops` raises.

    Examples
    --------
    >>> find_uncovered((1, 10, 8), CropPlan(crop=4, stride=4, block=4))
    Uncovered(rows=2, columns=0, share=0.2, planes=0)
    """
    region = plan.region(shape)
    covered = [
        len({pixel for start, _ in axis for pixel in range(start, start + plan.crop)})
        for axis in _starts(region, plan)
    ]
    depth, height, width = region.shape
    planes, rows, columns = covered if plan.is_projected else (depth, *covered)
    share = 1 - planes * rows * columns / (depth * height * width)
    return Uncovered(height - rows, width - columns, round(share, 6), depth - planes)


def _starts(region: Region, plan: CropPlan) -> list[list[tuple[int, int]]]:
    """List (start, block number) along Y and X, and Z of cubes; a block's number is its first pixel."""
    axes = region.index if plan.is_projected else region.index[1:]
    starts = [_starts_along(axis, plan) for axis in axes]
    if not all(starts):
        what, unit = ("cube", "voxels") if plan.is_projected else ("crop", "pixels")
        sides = " x ".join(map(str, region.shape[-len(axes) :]))
        raise SettingError(
            f"{what}s of {plan.crop} {unit} in a region of {sides}",
            f"a region that holds at least one {what}",
            "Choose a smaller --crop, larger ranges, or a smaller --pixel-size-um",
        )
    return starts


def _starts_along(within: slice, plan: CropPlan) -> list[tuple[int, int]]:
    return [
        (start, begin)
        for begin in range(within.start, within.stop, plan.block)
        for start in range(begin, min(begin + plan.block, within.stop) - plan.crop + 1, plan.stride)
    ]


def _range(axis: str, wanted: Range, length: int) -> tuple[int, int]:
    first, end = wanted or (0, length)
    if not 0 <= first < end <= length:
        raise SettingError(
            f"{axis} {first}:{end} of a scan with {length}", f"a range within 0:{length}", "Correct the range"
        )
    return first, end
