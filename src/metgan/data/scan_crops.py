"""What the crops of a scan show, cut when asked for: planes, or maximum projections of cubes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from metgan.images import Index, LazyVolume
from metgan.labels import find_fill, find_tissue_level, shows_outside_alone
from metgan.types import AnyArray, Camera, Mask

from .crops import Crop
from .scan import Scan
from .subset import evenly

_ASKED = 100  # crops, for the light of tissue


@dataclass(frozen=True, eq=False)
class CropImages:
    """The images of one crop, all (Y, X); None for masks that the scan does not have."""

    anatomy: Camera
    tumour: Camera
    label: Mask | None
    tissue: Mask | None


@dataclass(frozen=True, eq=False)
class ScanCrops:
    """Some crops of a scan, whose images are cut when asked for: a block of it is in memory at a time.

    Parameters
    ----------
    scan : Scan
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

    def visit(self) -> Iterator[tuple[int, CropImages]]:
        """Yield the number of each crop with its images, in the order in which blocks are read soonest."""
        for number in self._in_blocks():
            yield number, self._images(self.crops[number], keep=True)

    def chosen(self, flags: Iterable[bool]) -> ScanCrops:
        """Return the crops whose flag is set; there is one for each."""
        return replace(self, crops=[crop for crop, is_so in zip(self.crops, flags, strict=True) if is_so])

    def sample(self, most: int) -> Iterator[CropImages]:
        """Yield the images of at most `most` crops, evenly spread; no more is read for each."""
        return (self._images(crop, keep=False) for crop in evenly(self.crops, most))

    def has_tumour(self) -> list[bool]:
        """Return for each crop whether a pixel of its label is set."""
        label, found = self.scan.label, [False] * len(self.crops)
        if label is not None:
            for number in self._in_blocks():
                found[number] = bool(self._shown(label, self.crops[number], keep=True).any())
        return found

    def find_air(self) -> list[bool] | None:
        """Return for each crop whether it shows air alone, by the light of the others; None with fill.

        One with a labelled pixel is not of air.

        Notes
        -----
        Where there is fill, its seams pass for the edge of tissue, and up to a fifth of the crops of tissue
        would be taken for air (phantoms of all laboratories).
        """
        level = find_tissue_level(crop.anatomy for crop in self.sample(_ASKED))
        found = [False] * len(self.crops)
        for number, images in self.visit():
            if find_fill(images.anatomy).any():
                return None
            is_unmarked = images.label is None or not images.label.any()
            found[number] = is_unmarked and shows_outside_alone(images.anatomy, level)
        return found

    def _in_blocks(self) -> list[int]:
        """Return the numbers of the crops in the order of the blocks that they lie in."""
        volume, numbers = self.scan.anatomy, [*range(len(self.crops))]
        if isinstance(volume, LazyVolume):
            numbers.sort(key=lambda k: volume.block_of(self._place(self.crops[k])))
        return numbers

    def _place(self, crop: Crop) -> Index:
        return self.scan.region.place(crop.index(self.size))

    def _images(self, crop: Crop, *, keep: bool) -> CropImages:
        shown = partial(self._shown, crop=crop, keep=keep)
        label, tissue = self.scan.label, self.scan.tissue
        return CropImages(
            shown(self.scan.anatomy),
            shown(self.scan.tumour),
            None if label is None else shown(label),
            None if tissue is None else shown(tissue),
        )

    def _shown(self, volume: AnyArray | LazyVolume, crop: Crop, *, keep: bool) -> AnyArray:
        place = self._place(crop)
        part = volume[place] if keep or not isinstance(volume, LazyVolume) else volume.peek(place)
        return crop.project(part)
