"""What is measured on all voxels of a scan, which come block by block and are not kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.errors import ArrayError
from metgan.labels import FillSearch
from metgan.metrics import Contrast
from metgan.types import Camera, Channel, Mask

MOST_LABELLED: Final = 0.5
"""Share of the pixels that tumours cover at most: a mask of more is inverted, or shows the tissue."""
_TUMOURS_ARE_RARE = (
    "tumours to cover the smaller part",
    "Check the mask; invert one that is inverted, and replace one that shows the tissue",
)
_TWO_CHANNELS = ("two different channels", "Check the sources, and --channels")


@dataclass(frozen=True, eq=False)
class ScanBlock:
    """A part of a scan, all (Z, Y, X); None for masks that it does not have."""

    anatomy: Camera
    tumour: Camera
    label: Mask | None
    tissue: Mask | None


class ScanCheck:
    """Whether the channels differ, and how much is labelled.

    Parameters
    ----------
    name : str
        The scan's, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._are_equal, self._lowest, self._highest = True, np.inf, -np.inf
        self._voxels = self._labelled = 0

    def add(self, block: ScanBlock) -> None:
        """Look at a block."""
        self._are_equal = self._are_equal and np.array_equal(block.anatomy, block.tumour)
        self._lowest = min(self._lowest, float(block.anatomy.min()))
        self._highest = max(self._highest, float(block.anatomy.max()))
        self._voxels += block.anatomy.size
        self._labelled += 0 if block.label is None else int(block.label.sum())

    def refuse_faults(self) -> None:
        """Raise an ArrayError of two equal channels, or labels of most of the scan."""
        if self._are_equal and self._lowest < self._highest:
            raise ArrayError(f"scan {self._name} has one image in both channels", *_TWO_CHANNELS)
        if (share := self._labelled / self._voxels) > MOST_LABELLED:
            given = f"the label of scan {self._name} covers {share:.0%} of the pixels"
            raise ArrayError(given, *_TUMOURS_ARE_RARE)


class ScanContrast:
    """How labelled pixels stand out from the other tissue, in both channels; fill is no tissue.

    Tumours are bright in the tumour channel and hardly show in the anatomy: where it is the other way round,
    the channels have probably been named in the wrong order.
    """

    def __init__(self) -> None:
        self._channels: dict[Channel, _ChannelContrast] = {
            "anatomy": _ChannelContrast(),
            "tumour": _ChannelContrast(),
        }

    def add(self, block: ScanBlock) -> None:
        """Measure a block; one without a label has no contrast."""
        if block.label is not None:
            around = ~block.label if block.tissue is None else ~block.label & block.tissue
            self._channels["anatomy"].add(block.anatomy, block.label, around)
            self._channels["tumour"].add(block.tumour, block.label, around)

    def __getitem__(self, channel: Channel) -> Contrast:
        """Return that of all blocks together."""
        return self._channels[channel].result


class _ChannelContrast:
    """The contrast of one channel. What is fill is decided at the end, upon the whole.

    Until then, areas of one value each are counted apart, by their values: one of these may be fill.
    """

    def __init__(self) -> None:
        self._fill = FillSearch()
        self._light: list[tuple[int, Contrast]] = []
        self._areas: Counter[float] = Counter()

    def add(self, image: Camera, label: Mask, around: Mask) -> None:
        planes = []  # one by one: deviations are floats of 64 bits
        for plane, marked, beside in zip(image, label, around, strict=True):
            areas = self._fill.add(plane)
            planes.append((int(marked.sum()), Contrast.between(plane[marked], plane[beside & ~areas])))
            values, counts = np.unique(plane[beside & areas], return_counts=True)
            self._areas.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self._light.append((int(label.sum()), Contrast.pooled(planes)))

    @property
    def result(self) -> Contrast:
        flat = [
            (0, Contrast(np.nan, value, 0.0, value, count))
            for value, count in self._areas.items()
            if value != self._fill.value
        ]
        return Contrast.pooled([*self._light, *flat])
