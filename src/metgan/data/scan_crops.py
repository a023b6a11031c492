"""What the crops of a scan show, cut block by block: planes, or maximum projections of cubes."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from metgan.errors import ArrayError
from metgan.images import LazyVolume
from metgan.memory import return_memory
from metgan.parts import Part, overlap, within
from metgan.types import AnyArray, Camera, Mask

from .crops import ChosenCrops, Crop
from .scan import Scan
from .scan_summary import ScanBlock


@dataclass(frozen=True, eq=False)
class CropImages:
    """The images of one crop, all (Y, X), and how many of its voxels are tissue; None without a mask."""

    anatomy: Camera
    tumour: Camera
    label: Mask | None
    tissue_voxels: int | None
    voxels: int

    @property
    def tissue_share(self) -> float | None:
        """Share of the voxels that are tissue, of a projection those of its cube."""
        return None if self.tissue_voxels is None else self.tissue_voxels / self.voxels


@dataclass(frozen=True, eq=False)
class ScanCrops:
    """Some crops of a scan, whose images are cut when asked for: a block of it is in memory at a time.

    Parameters
    ----------
    scan : Scan
        Of one that is read in blocks, these hold whole crops along Y and X.
    crops : sequence of Crop
        In reading order, which does not depend on how the scan is read.
    size : int
        Their side in pixels.
    """

    scan: Scan
    crops: Sequence[Crop]
    size: int

    def __len__(self) -> int:
        return len(self.crops)

    def chosen(self, flags: Iterable[bool]) -> ScanCrops:
        """Return the crops whose flag is set; there is one for each."""
        return replace(self, crops=ChosenCrops(self.crops, flags))

    def together(self) -> Iterator[list[int]]:
        """Yield the numbers of the crops in groups that stay or go together: a plane, or views of a cube."""
        for _, numbers in groupby(range(len(self)), lambda number: self.crops[number].place):
            yield [*numbers]

    def visit(self, on_block: Callable[[ScanBlock], None] | None = None) -> Iterator[tuple[int, CropImages]]:
        """Yield each crop's number and images once, as blocks are read; views of a cube follow each other.

        Parameters
        ----------
        on_block : callable or None
            Is shown each block of the scan. Without it, blocks that hold no crop are not read, nor is the
            mask of the tissue, so that there is no share of it.

        Raises
        ------
        ArrayError
            When a crop lies in several blocks along Y or X.
        """
        begun: dict[int, CropImages] = {}
        for index, numbers in self._by_block():
            if not numbers and on_block is None:
                continue
            block = self.scan.block(index, with_tissue=on_block is not None)
            if on_block is not None:
                on_block(block)
            for number in numbers:
                place = self._place(self.crops[number])
                images = self._images(self.crops[number], place, index, block)
                if number in begun:
                    images = _joined(begun.pop(number), images, self.crops[number])
                if place[0].stop <= index[0].stop:
                    yield number, images
                else:
                    begun[number] = images
            del block  # so that two are never in memory
            return_memory()

    def _by_block(self) -> list[tuple[Part, Sequence[int]]]:
        """Return each block with the crops that lie in it; those that share one follow each other along Z."""
        blocks = self.scan.blocks()
        if isinstance(self.scan.anatomy, LazyVolume):
            depth, height, width = self.scan.anatomy.block
        else:
            depth, height, width = self.scan.anatomy.shape
        found: dict[tuple[int, int, int], array[int]] = {}
        is_divided = False
        for number, crop in enumerate(self.crops):
            planes, rows, columns = self._place(crop)
            first, last = planes.start // depth, (planes.stop - 1) // depth
            row, column = rows.start // height, columns.start // width
            if rows.stop > (row + 1) * height or columns.stop > (column + 1) * width:
                raise ArrayError(
                    f"blocks of {height} x {width} pixels divide crops of {self.size}",
                    "blocks that hold whole crops along Y and X",
                    "Give the LazyVolume larger blocks",
                )
            is_divided = is_divided or first < last
            for k in range(first, last + 1):
                found.setdefault((k, row, column), array("L")).append(number)
        if is_divided:
            blocks.sort(key=lambda block: (block[1].start, block[2].start, block[0].start))
        return [
            (block, found.get((z.start // depth, y.start // height, x.start // width), ()))
            for block in blocks
            for z, y, x in [block]
        ]

    def _place(self, crop: Crop) -> Part:
        """Return where a crop lies in the volumes."""
        planes, rows, columns = self.scan.region.place(crop.index(self.size))
        assert isinstance(rows, slice)
        assert isinstance(columns, slice)
        return (planes if isinstance(planes, slice) else slice(planes, planes + 1)), rows, columns

    def _images(self, crop: Crop, place: Part, index: Part, block: ScanBlock) -> CropImages:
        """Return what a crop shows of a block."""
        inner = within(overlap(place, index), index)
        voxels = self.size**3 if crop.view else self.size**2
        return CropImages(
            crop.project(block.anatomy[inner]),
            crop.project(block.tumour[inner]),
            None if block.label is None else crop.project(block.label[inner]),
            None if block.tissue is None else int(block.tissue[inner].sum()),
            voxels,
        )


def _joined(one: CropImages, other: CropImages, crop: Crop) -> CropImages:
    """Return the images of a projection from those of two parts of its cube, one below the other along Z."""

    def join(a: AnyArray, b: AnyArray) -> AnyArray:
        return np.maximum(a, b) if crop.view == "Z" else np.concatenate([a, b])

    label, tissue = None, None
    if one.label is not None and other.label is not None:
        label = join(one.label, other.label)
    if one.tissue_voxels is not None and other.tissue_voxels is not None:
        tissue = one.tissue_voxels + other.tissue_voxels
    anatomy, tumour = join(one.anatomy, other.anatomy), join(one.tumour, other.tumour)
    return CropImages(anatomy, tumour, label, tissue, one.voxels)
