"""``metgan prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from metgan.data import CropPlan, Scan
from metgan.data import prepare as cut_pairs
from metgan.errors import SettingError
from metgan.io import claim_folder, read_stack

from .folders import written
from .options import Positive


def prepare(
    sources: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    labels: Path,
    out: Path,
    tissue: Path | None = None,
    channels: tuple[int, int] = (0, 1),
    axes: str | None = None,
    crop: Positive = 256,
    stride: Positive | None = None,
    block: Positive | None = None,
    planes: str | None = None,
    rows: str | None = None,
    columns: str | None = None,
    every: Positive = 1,
    least_tissue: float = 0.5,
    split: Literal["train", "val", "test", ""] = "",
    group: str = "",
    organ: str = "",
    name: str | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Cut registered TIFF stacks into a pair set; repeated calls add to it.

    Parameters
    ----------
    sources
        One TIFF with both channels, or two: anatomy, then tumour. Planes and channels in any order.
    labels
        TIFF with the tumours' mask: 0, and one other value.
    out
        Pair set to write or to add to.
    tissue
        TIFF with the mask of the tissue; crops with less than --least-tissue of it are left out.
    channels
        Numbers of the anatomy and the tumour channel in a file with both, counted from 0.
    axes
        Axes of the sources, as in ZCYX, where the file does not state them rightly.
    crop
        Side of the crops in pixels.
    stride
        Distance of neighbouring crops in pixels. Default: the crop.
    block
        Side in pixels of the blocks of tissue that become groups; crops never straddle them. Default: the
        crop, or three crops when the stride is smaller.
    planes
        Range along Z, as in 0:20 (the end is not included).
    rows
        Range along Y in pixels, as in 0:600.
    columns
        Range along X in pixels.
    every
        Take each so-manieth plane.
    least_tissue
        Share of a crop that must be tissue, in [0, 1]; needs --tissue.
    split
        Part that these crops belong to; without it metgan train draws one.
    group
        One group for all these crops (an animal) instead of one per block.
    organ
        Noted in pairs.csv, for balanced splits.
    name
        First part of the pairs' names. Default: the source's file name.
    overwrite
        Delete the pair set first.
    """
    stride = stride or crop
    scan = _read_scan(sources, labels, tissue, channels, axes, name)
    plan = CropPlan(
        crop=crop,
        stride=stride,
        block=block or (crop if stride >= crop else 3 * crop),
        planes=_range("--planes", planes),
        rows=_range("--rows", rows),
        columns=_range("--columns", columns),
        every=every,
        least_tissue=least_tissue if tissue else 0.0,
        split=split,
        group=group,
        organ=organ,
    )
    claim_folder(out, "pairs", resume=not overwrite, overwrite=overwrite)
    done = cut_pairs(scan, plan, out)
    print(
        f"{done.written} pairs, {done.with_tumour} with a tumour; {done.left_out} crops left out "
        "(flat, or too little tissue)"
    )
    written(out)


def _read_scan(
    sources: list[Path],
    labels: Path,
    tissue: Path | None,
    channels: tuple[int, int],
    axes: str | None,
    name: str | None,
) -> Scan:
    if len(sources) not in (1, 2):
        raise SettingError(
            f"{len(sources)} sources",
            "one TIFF with both channels, or two: anatomy and tumour",
            "Name one or two",
        )
    stacks = [read_stack(path, axes) for path in sources]
    both = len(stacks) == 1
    return Scan.checked(
        name or sources[0].name.split(".")[0],
        stacks[0].plane_order(channels[0] if both else None),
        stacks[-1].plane_order(channels[1] if both else None),
        read_stack(labels).plane_order(None),
        None if tissue is None else read_stack(tissue).plane_order(None),
    )


def _range(option: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, colon, end = text.partition(":")
    if not (colon and first.isdigit() and end.isdigit()):
        raise SettingError(f"{option} {text}", "first:end in whole numbers, as in 0:600", "Mend the range")
    return int(first), int(end)
