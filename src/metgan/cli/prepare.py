"""``metgan prepare``."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from cyclopts import Parameter

from metgan.data import (
    LEAST_STANDING_OUT,
    TURNED,
    CropPlan,
    Scan,
    StandingOut,
    Uncovered,
    check_mask,
    find_orientation,
    find_uncovered,
    read_table,
    useful_crops,
)
from metgan.data import prepare as cut_pairs
from metgan.errors import SettingError, StorageError
from metgan.io import prepare_output, reserve_folder
from metgan.metrics import Contrast
from metgan.progress import note

from .files import Files, read_label_plane, read_scan
from .folders import written
from .options import OutputPolicy, Positive
from .registration import find_shift


@Parameter(name="*")
@dataclass(frozen=True)
class Crops:
    """Which crops are cut, and what is noted of them.

    Parameters
    ----------
    crop
        Side of the crops in pixels.
    stride
        Distance of neighbouring crops in pixels. Default: the crop.
    block
        Side in pixels of the blocks of tissue that become groups; crops never straddle them. Default: the
        crop, or three crops when the stride is smaller.
    planes
        Range along Z, as in 0:20 (the end is not included). Planes do not separate tissue: a crop's
        group is the same in all of them.
    rows
        Range along Y in pixels, as in 0:600.
    columns
        Range along X in pixels.
    every
        Take each so-manieth plane.
    least_tissue
        Share of a crop that must be tissue, in [0, 1]; needs --tissue. Default: 0.5.
    split
        Part that these crops belong to; without it metgan train draws one.
    group
        One group for all these crops (an animal) instead of one per block.
    organ
        Noted in pairs.csv, for balanced splits.
    """

    crop: Positive = 256
    stride: Positive | None = None
    block: Positive | None = None
    planes: str | None = None
    rows: str | None = None
    columns: str | None = None
    every: Positive = 1
    least_tissue: float | None = None
    split: Literal["train", "val", "test", ""] = ""
    group: str = ""
    organ: str = ""

    def plan(self, *, has_tissue: bool) -> CropPlan:
        """Return the plan, with the defaults that depend on other options."""
        if self.least_tissue is not None and not has_tissue:
            raise SettingError(
                f"--least-tissue {self.least_tissue} without --tissue",
                "a mask of the tissue to measure it on",
                "Give --tissue MASK.tif, or leave --least-tissue out",
            )
        stride = self.stride or self.crop
        return CropPlan(
            crop=self.crop,
            stride=stride,
            block=self.block or (self.crop if stride >= self.crop else 3 * self.crop),
            planes=_range("--planes", self.planes),
            rows=_range("--rows", self.rows),
            columns=_range("--columns", self.columns),
            every=self.every,
            least_tissue=_LEAST_TISSUE * has_tissue if self.least_tissue is None else self.least_tissue,
            split=self.split,
            group=self.group,
            organ=self.organ,
        )


_LEAST_TISSUE = 0.5
_WHOLE = Crops()


def prepare(
    sources: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    files: Files,
    out: Path,
    crops: Crops = _WHOLE,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Cut registered TIFF stacks into a pair set.

    Parameters
    ----------
    sources
        One TIFF with both channels, or two: anatomy, then tumour. Planes and channels in any order.
    out
        Pair set to write or to add to.
    overwrite
        Delete the pair set first.
    """
    plan = crops.plan(has_tissue=files.tissue is not None)
    inputs = [*sources, files.labels, *([files.tissue] if files.tissue else [])]
    place = asdict(OutputPolicy(resume=not overwrite, overwrite=overwrite))
    with reserve_folder(out, "pairs", "metgan prepare", **place, inputs=inputs):
        scan = read_scan(sources, files, plan, [] if overwrite else read_table(out))
        useful = useful_crops(scan, plan)  # refuses, before anything is written, ranges without an image
        _tell_uncovered(find_uncovered(scan.region.whole, plan), plan)
        with prepare_output(out, "pairs", "metgan prepare", **place, inputs=inputs):
            done = cut_pairs(scan, plan, out)
    print(
        f"{done.written} pairs, {done.with_tumour} with a tumour; {done.left_out} crops left out "
        "(flat, or too little tissue)"
    )
    if not done.with_tumour:
        note("no crop holds a tumour; is it the right mask, and --labels-above low enough?")
    else:
        _tell_contrast(scan.contrast("anatomy"), scan.contrast("tumour"))
    places = [scan.region.place(crop.index(plan.crop)) for crop in useful]
    _tell_of_mask(scan, check_mask(scan, places), files)
    find_shift([(scan.anatomy[place], scan.tumour[place]) for place in places])
    written(out)


def _tell_uncovered(uncovered: Uncovered, plan: CropPlan) -> None:
    """Note what no crop holds, and how to include it."""
    if not uncovered.share:
        return
    note(
        f"{uncovered.rows} rows and {uncovered.columns} columns, {uncovered.share:.1%} of the pixels asked "
        f"for, lie in no crop: crops of {plan.crop} pixels, {plan.stride} apart, in blocks of {plan.block}, "
        "do not fill the region. To include them, choose a --crop that divides it, or a smaller --stride "
        "with a larger --block"
    )


def _tell_of_mask(scan: Scan, found: StandingOut, files: Files) -> None:
    """Note a mask that marks nothing bright, and the orientation that it should have, if one fits."""
    if not found.marks_nothing:
        return
    text = (
        f"the label of scan {scan.name} marks nothing brighter than its surroundings in the tumour channel: "
        f"the median of its {found.tumours} tumours in the crops differs by {found.median:.1f} standard "
        f"deviations ({LEAST_STANDING_OUT:g} or more is expected). Check that the mask is this scan's, its "
        "axes (--mask-axes), whether it is flipped or displaced, and the order of --channels"
    )
    better = None
    with suppress(StorageError):  # only what was asked for has to be readable
        better = find_orientation(scan, partial(read_label_plane, files))
    if better is not None:
        text += f"; {TURNED[better[0]]} it fits ({better[1].median:.1f} standard deviations)"
    note(text)


def _tell_contrast(anatomy: Contrast, tumour: Contrast) -> None:
    """Say how labelled pixels stand out, and note where they do so in the wrong channel.

    In both channels by the same measure: a ratio where both have light around, else in standard deviations.
    """
    ratios, spreads = (anatomy.ratio, tumour.ratio), (anatomy.in_spreads, tumour.in_spreads)
    if np.isnan(ratios).any():
        measured, invisible = spreads, 0.0
        print(f"Labelled pixels are {spreads[1]:.2f} standard deviations brighter than others ", end="")
        print(f"in the tumour channel, {spreads[0]:.2f} in the anatomy")
    else:
        measured, invisible = ratios, 1.0
        print(
            f"Labelled pixels are {ratios[1]:.2f} times as bright as others in the tumour channel, ", end=""
        )
        print(f"{ratios[0]:.2f} times in the anatomy")
    if measured[0] > max(measured[1], invisible):
        note("the label shows more in the anatomy: are the channels in the right order (--channels)?")


def _range(option: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    digits = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if digits is None:
        raise SettingError(f"{option} {text}", "first:end in whole numbers, as in 0:600", "Correct the range")
    return int(digits[1]), int(digits[2])
