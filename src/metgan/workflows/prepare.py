"""Cutting registered scans into a pair set."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from metgan.checked import Checked
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
from metgan.images import Index
from metgan.metrics import Contrast
from metgan.progress import Listener, each, listening, note
from metgan.types import Mask

from .air import tell_of_air
from .doubtful_tumours import DoubtfulTumours
from .output import OutputPolicy, reserve
from .ranges import COUNT, SHARE, check_ranges
from .registration import find_shift
from .scan_files import ScanFiles, read_label_plane, read_scan

_LEAST_TISSUE = 0.5


@dataclass(frozen=True, kw_only=True)
class CropChoice(Checked):
    """Which crops are cut, and what is noted of them.

    Parameters
    ----------
    crop : int
        Side of the crops in pixels, 1 or more.
    stride : int or None
        Distance between neighbouring crops in pixels, 1 or more. Default: the crop.
    block : int or None
        Side in pixels of the blocks of tissue that become groups; crops never straddle them. Default: the
        crop, or three crops when the stride is smaller.
    planes : str or None
        Range along Z, as in 0:20 (the end is not included). Planes do not separate tissue: a crop's
        group is the same in all of them.
    rows : str or None
        Range along Y in pixels, as in 0:600.
    columns : str or None
        Range along X in pixels.
    every : int
        Take every Nth plane, 1 or more.
    least_tissue : float or None
        Share of a crop that must be tissue, in [0, 1]; needs --tissue. Default: 0.5.
    split : {"train", "val", "test", ""}
        Part that these crops belong to; without it metgan train draws one.
    group : str
        One group for all these crops (an animal) instead of one per block.
    organ : str
        Noted in pairs.csv, for balanced splits.
    """

    crop: int = 256
    stride: int | None = None
    block: int | None = None
    planes: str | None = None
    rows: str | None = None
    columns: str | None = None
    every: int = 1
    least_tissue: float | None = None
    split: Literal["train", "val", "test", ""] = ""
    group: str = ""
    organ: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, crop=COUNT, stride=COUNT, block=COUNT, every=COUNT, least_tissue=SHARE)

    def plan(self, *, has_tissue: bool) -> CropPlan:
        """Return the plan, with the defaults that depend on other options."""
        if self.least_tissue is not None and not has_tissue:
            raise SettingError(
                f"--least-tissue {self.least_tissue} without --tissue",
                "a mask of the tissue to measure it on",
                "Give --tissue MASK.tif, or leave --least-tissue out",
            )
        stride = self.crop if self.stride is None else self.stride
        usual = self.crop if stride >= self.crop else 3 * self.crop
        return CropPlan(
            crop=self.crop,
            stride=stride,
            block=usual if self.block is None else self.block,
            planes=_range("--planes", self.planes),
            rows=_range("--rows", self.rows),
            columns=_range("--columns", self.columns),
            every=self.every,
            least_tissue=_LEAST_TISSUE * has_tissue if self.least_tissue is None else self.least_tissue,
            split=self.split,
            group=self.group,
            organ=self.organ,
        )


@dataclass(frozen=True, kw_only=True)
class PrepareRequest(Checked):
    """Crops to be cut, into a pair set or beside those that are there.

    Parameters
    ----------
    sources : list of Path
        One image with both channels, or two: anatomy, then tumour. Planes and channels in any order. TIFF,
        OME-Zarr (or one of its levels, as in scan.ome.zarr/1), NIfTI, or a folder of planes.
    files : ScanFiles
    out : Path
        Pair set to write or to add to.
    crops : CropChoice
    overwrite : bool
        Delete the pair set first.
    """

    sources: list[Path]
    files: ScanFiles = ScanFiles()
    out: Path
    crops: CropChoice = CropChoice()
    overwrite: bool = False


@dataclass(frozen=True)
class PrepareResult:
    """What was cut.

    Attributes
    ----------
    out : Path
    written, with_tumour, left_out : int
        Crops; those left out are flat, or show too little tissue.
    contrast : str
        How labelled pixels stand out, in words; "" where there is none.
    is_labelled : bool
        Whether there was a mask of the tumours; without one the crops are unlabelled pairs.
    """

    out: Path
    written: int
    with_tumour: int
    left_out: int
    contrast: str
    is_labelled: bool


def prepare(request: PrepareRequest, on_event: Listener | None = None) -> PrepareResult:
    """Cut registered scans into a pair set; repeated calls add to it.

    Parameters
    ----------
    request : PrepareRequest
    on_event : callable or None
        Told of notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, ArrayError, SettingError
        When a file, a range or the folder will not do; nothing is written then.
    """
    files, out = request.files, request.out
    plan = request.crops.plan(has_tissue=files.tissue is not None)
    policy = OutputPolicy(resume=not request.overwrite, overwrite=request.overwrite)
    inputs = [*request.sources, files.labels, files.tissue]
    with listening(on_event):
        with reserve(out, "pairs", "metgan prepare", policy, inputs, tell_new=False) as output:
            known = [] if request.overwrite else read_table(out)
            scan = read_scan(request.sources, files, plan, known)
            useful = useful_crops(scan, plan)  # refuses, before anything is written, ranges without an image
            _tell_uncovered(find_uncovered(scan.region.whole, plan), plan)
            with output.prepared():
                done = cut_pairs(scan, plan, out)
        contrast = ""
        if files.labels is None:
            note("no --labels: the crops become unlabelled pairs, without label/")
        elif not done.with_tumour:
            note("no crop holds a tumour; is it the right mask, and --labels-above low enough?")
        else:
            contrast = _compare_channels(scan.contrast("anatomy"), scan.contrast("tumour"))
        places = [scan.region.place(crop.index(plan.crop)) for crop in useful]
        tell_of_air(scan, places)
        if files.labels is not None:
            found = check_mask(scan, places)
            _tell_of_mask(scan, found, partial(read_label_plane, files, files.labels))
            _look_for_doubtful(scan, places).tell(dark=not found.marks_nothing)
        find_shift([(scan.anatomy[place], scan.tumour[place]) for place in places])
    is_labelled = files.labels is not None
    return PrepareResult(out, done.written, done.with_tumour, done.left_out, contrast, is_labelled)


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


def _look_for_doubtful(scan: Scan, places: Sequence[Index]) -> DoubtfulTumours:
    """Count the doubtful tumours in the crops of a scan."""
    doubtful = DoubtfulTumours()
    if scan.label is not None:
        for place in each(places, "look at tumours"):
            doubtful.look_at(scan.label[place], scan.anatomy[place], scan.tumour[place])
    return doubtful


def _tell_of_mask(scan: Scan, found: StandingOut, read_plane: Callable[[int], Mask]) -> None:
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
        better = find_orientation(scan, read_plane)
    if better is not None:
        text += f"; {TURNED[better[0]]} it fits ({better[1].median:.1f} standard deviations)"
    note(text)


def _compare_channels(anatomy: Contrast, tumour: Contrast) -> str:
    """Say how labelled pixels stand out, and note where they do so in the wrong channel.

    In both channels by the same measure: a ratio where both have light around, else in standard deviations.
    """
    ratios, spreads = (anatomy.ratio, tumour.ratio), (anatomy.in_spreads, tumour.in_spreads)
    if np.isnan(ratios).any():
        measured, invisible = spreads, 0.0
        text = (
            f"Labelled pixels are {spreads[1]:.2f} standard deviations brighter than others in the tumour "
            f"channel, {spreads[0]:.2f} in the anatomy"
        )
    else:
        measured, invisible = ratios, 1.0
        text = (
            f"Labelled pixels are {ratios[1]:.2f} times as bright as others in the tumour channel, "
            f"{ratios[0]:.2f} times in the anatomy"
        )
    if measured[0] > max(measured[1], invisible):
        note(
            "labelled pixels stand out more in the anatomy than in the tumour channel: "
            "is the order of --channels right?"
        )
    return text


def _range(option: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    digits = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if digits is None:
        raise SettingError(f"{option} {text}", "first:end in whole numbers, as in 0:600", "Correct the range")
    return int(digits[1]), int(digits[2])
