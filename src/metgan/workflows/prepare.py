"""Cutting registered scans into a pair set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from metgan.checked import Checked
from metgan.data import (
    LEAST_STANDING_OUT,
    TURNED,
    CropImages,
    CropPlan,
    Scan,
    StandingOut,
    StandingOutSearch,
    Survey,
    Uncovered,
    evenly,
    find_orientation,
    find_uncovered,
    read_table,
    survey,
)
from metgan.data import prepare as cut_pairs
from metgan.errors import StorageError
from metgan.metrics import Contrast
from metgan.progress import Listener, listening, note
from metgan.types import AnyArray, Mask

from .air import choose_crops
from .crop_choice import CropChoice
from .doubtful_tumours import DoubtfulTumours
from .mask_as_image import tell_of_mask
from .output import OutputPolicy, reserve
from .registration import MOST_ASKED, find_shift
from .scan_files import ScanFiles, read_label_plane, read_scan

_MOST_MEASURED = 100  # crops with a tumour


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
        Crops; those left out are flat, show too little tissue, or were not wanted.
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
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, ArrayError, SettingError
        When a file, a range or the folder will not do; nothing is written then.
    """
    files, out = request.files, request.out
    plan = request.crops.plan(has_tissue=files.tissue is not None, has_labels=files.labels is not None)
    policy = OutputPolicy(resume=not request.overwrite, overwrite=request.overwrite)
    inputs = [*request.sources, files.labels, files.tissue]
    with listening(on_event):
        with reserve(out, "pairs", "metgan prepare", policy, inputs, tell_new=False) as output:
            scan = read_scan(request.sources, files, plan, [] if request.overwrite else read_table(out))
            found = survey(scan, plan)  # refuses, before anything is written, ranges without an image
            wanted = choose_crops(found, request.crops)
            _tell_uncovered(find_uncovered(scan.region.whole, plan), plan)
            _tell_of_empty_planes(found, plan)
            has_tumour = [is_so for is_so, is_kept in zip(found.has_tumour, wanted, strict=True) if is_kept]
            checks = _CropChecks(has_tumour)
            with output.prepared():
                done = cut_pairs(scan, plan, out, found.crops.chosen(wanted).crops, checks.look_at)
            _tell_of_divided(out)
        contrast = ""
        if files.labels is None:
            note("no --labels: the crops become unlabelled pairs, without label/")
        elif not done.with_tumour:
            note("no crop holds a tumour; is it the right mask, and --labels-above low enough?")
        else:
            contrast = _compare_channels(found.contrast["anatomy"], found.contrast["tumour"])
        if files.labels is not None:
            standing_out = checks.standing_out.result
            _tell_of_mask(scan, standing_out, _planes_of_label(files, scan, plan))
            checks.doubtful.tell(dark=not standing_out.marks_nothing)
        shown = [images for _, images in sorted(checks.both_channels.items())]
        find_shift(shown)
        for what, images in zip(("anatomy", "tumour channel"), zip(*shown, strict=True), strict=False):
            tell_of_mask(images, f"{what} of scan {scan.name}")
    is_labelled = files.labels is not None
    return PrepareResult(out, done.written, done.with_tumour, done.left_out, contrast, is_labelled)


def _tell_of_divided(out: Path) -> None:
    """Note groups that the table has in more than one split, which no training accepts."""
    splits: dict[str, set[str]] = {}
    for row in read_table(out):
        splits.setdefault(row["group"], set()).add(row["split"])
    divided = sorted(group for group, parts in splits.items() if len(parts - {""}) > 1)
    if divided:
        parts = ", ".join(sorted(splits[divided[0]] - {""}))
        note(
            f"group {divided[0]} is in the parts {parts}"
            + (f", and {len(divided) - 1} other groups are in several" if len(divided) > 1 else "")
            + ": no training accepts this, since what is tested on would be tissue that was trained on. Give "
            "each part a --group of its own where it is another animal; else cut all of one with one --split"
        )


def _tell_uncovered(uncovered: Uncovered, plan: CropPlan) -> None:
    """Note what no crop holds, and how to include it."""
    if not uncovered.share:
        return
    counts = {"planes": uncovered.planes, "rows": uncovered.rows, "columns": uncovered.columns}
    told = " and ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    note(
        f"{told}, {uncovered.share:.1%} of the pixels asked for, lie in no crop: crops of {plan.crop} "
        f"pixels, {plan.stride} apart, in blocks of {plan.block}, do not fill the region. To include "
        "them, choose a --crop that divides it, or a smaller --stride with a larger --block"
    )


def _tell_of_empty_planes(found: Survey, plan: CropPlan) -> None:
    """Note that the mask is empty in half of the planes or more, as where a few of them were annotated."""
    if plan.is_projected:
        return
    planes = {crop.plane for crop in found.crops.crops}
    marked = sorted(
        {crop.plane for crop, is_so in zip(found.crops.crops, found.has_tumour, strict=True) if is_so}
    )
    if not marked or 2 * len(marked) > len(planes):
        return
    first, step = marked[0], marked[1] - marked[0] if len(marked) > 1 else 1
    end = next(plane for plane in range(first, marked[-1] + step + 1, step) if plane not in marked)
    every = f" --every {step}" if step > 1 else ""
    note(
        f"the mask is empty in {len(planes) - len(marked)} of {len(planes)} planes, and their crops count as "
        "free of tumours. Where nobody has looked for tumours there, cut annotated planes alone, as in "
        f"--planes {first}:{end - step + 1}{every}, into a new --out (--overwrite deletes the crops of all "
        "scans there), and the others without --labels"
    )


class _CropChecks:
    """What is measured on crops while they are written, `has_tumour` saying which hold one.

    Doubtful tumours are counted in all of them; how tumours stand out is measured on some of those with one,
    and some others are kept for the shift between the channels.
    """

    def __init__(self, has_tumour: Sequence[bool]) -> None:
        self.doubtful, self.standing_out = DoubtfulTumours(), StandingOutSearch()
        self.both_channels: dict[int, tuple[AnyArray, AnyArray]] = {}
        labelled = [number for number, is_so in enumerate(has_tumour) if is_so]
        self._measured = {*evenly(labelled, _MOST_MEASURED)}
        self._kept = {*evenly(range(len(has_tumour)), MOST_ASKED)}

    def look_at(self, number: int, shown: CropImages) -> None:
        if number in self._kept:
            self.both_channels[number] = shown.anatomy, shown.tumour
        if shown.label is not None and shown.label.any():
            self.doubtful.look_at(shown.label, shown.anatomy, shown.tumour)
            if number in self._measured:
                self.standing_out.add(shown.label, shown.anatomy, shown.tumour)


def _planes_of_label(files: ScanFiles, scan: Scan, plan: CropPlan) -> Callable[[int], Mask] | None:
    """Return what reads a plane of the mask as it is in its file; None where crops are not its pixels."""
    if files.labels is None or scan.pixel_um is not None or plan.is_projected:
        return None
    return partial(read_label_plane, files, files.labels)


def _tell_of_mask(scan: Scan, found: StandingOut, read_plane: Callable[[int], Mask] | None) -> None:
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
        better = None if read_plane is None else find_orientation(scan, read_plane)
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
