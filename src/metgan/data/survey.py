"""The first look at a scan, in one pass over it: its faults, its contrast, and what its crops show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from itertools import compress, groupby
from typing import Final

import numpy as np

from metgan.errors import ArrayError, SettingError
from metgan.labels import brightest_light, find_fill, median_lights, tissue_level
from metgan.progress import SLOW, progress
from metgan.seeding import stream

from .crops import CropPlan, place_crops
from .scan import Scan
from .scan_crops import CropImages, ScanCrops
from .scan_summary import ScanBlock, ScanCheck, ScanContrast

_ASKED: Final = 100
"""Crops, for the light of tissue."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What was seen of a scan.

    Parameters
    ----------
    crops : ScanCrops
        Those that have contrast in both channels and enough tissue; of a cube all views, or none.
    has_tumour : sequence of bool
        Of each of them whether a pixel of its label is set.
    is_air : sequence of bool, or None
        Of each of them whether it shows air alone, by the light of the others. None with a mask of the
        tissue, and where there is fill: its seams pass for the edge of tissue, and up to a fifth of the
        crops of tissue would be taken for air (phantoms of all laboratories). One with a labelled pixel is
        not of air, nor is a cube of which a view is not.
    contrast : ScanContrast
    """

    crops: ScanCrops
    has_tumour: Sequence[bool]
    is_air: Sequence[bool] | None
    contrast: ScanContrast


def survey(scan: Scan, plan: CropPlan) -> Survey:
    """Look at all voxels of a scan, and at its crops.

    Raises
    ------
    ArrayError
        When both channels are one image, most of the scan is labelled, or no crop is useful.
    SettingError
        When the plan asks for planes, rows or columns that the scan was not read for.
    """
    crops = ScanCrops(scan, place_crops(scan.region.whole, plan), plan.crop)
    if not scan.region.covers(plan.region(scan.region.whole)):
        raise SettingError(
            f"crops outside the planes, rows and columns that scan {scan.name} was read for",
            "a plan within them",
            "Read the scan anew for these",
        )
    is_useful, has_tumour = ([False] * len(crops) for _ in range(2))
    check, contrast = ScanCheck(scan.name), ScanContrast()
    air = None if scan.tissue is not None else _AirSearch(len(crops))

    def look_at(block: ScanBlock) -> None:
        check.add(block)
        contrast.add(block)

    with progress("look at crops", len(crops), every_s=SLOW) as advance:
        for _, visited in groupby(crops.visit(look_at), lambda one: crops.crops[one[0]].place):
            views = dict(visited)
            are_useful = all(_is_useful(shown, plan) for shown in views.values())
            for number, shown in views.items():
                is_useful[number], has_tumour[number] = are_useful, _has_tumour(shown)
                advance()
            if air is not None and are_useful:
                air.add(views)
    check.refuse_faults()
    is_air = None if air is None else air.result
    if not any(is_useful):
        why = "flat" if scan.tissue is None else "flat or hold too little tissue"
        raise ArrayError(
            f"all {len(crops)} crops are {why}",
            "images with contrast in both channels",
            "Check the files, the ranges and --channels",
        )
    return Survey(
        crops.chosen(is_useful),
        [*compress(has_tumour, is_useful)],
        None if is_air is None else [*compress(is_air, is_useful)],
        contrast,
    )


class _AirSearch:
    """Which of `count` crops show air alone; they come in any order, and are not kept.

    The light of tissue is that of a hundred of them, which are drawn: the same in whichever order they come.
    """

    def __init__(self, count: int) -> None:
        self._ranks = stream(0, "light of tissue").permutation(count)
        self._asked: list[tuple[int, tuple[float, float] | None]] = []
        self._brightest = np.full(count, np.inf)
        self._has_fill = False

    def add(self, views: Mapping[int, CropImages]) -> None:
        """Look at a plane, or all views of a cube, by their numbers."""
        self._has_fill = self._has_fill or any(find_fill(shown.anatomy).any() for shown in views.values())
        if self._has_fill:
            return
        is_labelled = any(map(_has_tumour, views.values()))
        lights = (brightest_light(shown.anatomy) for shown in views.values())
        brightest = float("inf") if is_labelled else max(lights)
        for number, shown in views.items():
            self._brightest[number] = brightest
            rank = -int(self._ranks[number])  # the lowest ranks are kept
            if len(self._asked) < _ASKED:
                heappush(self._asked, (rank, median_lights(shown.anatomy)))
            elif rank > self._asked[0][0]:
                heappushpop(self._asked, (rank, median_lights(shown.anatomy)))

    @property
    def result(self) -> list[bool] | None:
        if self._has_fill:
            return None
        level = tissue_level(lights for _, lights in self._asked if lights is not None)
        return [level is not None and bool(light < level) for light in self._brightest]


def _has_tumour(shown: CropImages) -> bool:
    return shown.label is not None and bool(shown.label.any())


def _is_useful(shown: CropImages, plan: CropPlan) -> bool:
    if any(channel.min() == channel.max() for channel in (shown.anatomy, shown.tumour)):
        return False
    return shown.tissue_share is None or shown.tissue_share >= plan.least_tissue
