"""``metgan prepare``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from metgan.data import CropPlan, Scan, useful_crops
from metgan.data import prepare as cut_pairs
from metgan.errors import SettingError
from metgan.io import claim_folder, read_stack

from .folders import written
from .options import Positive


@Parameter(name="*")
@dataclass(frozen=True)
class Files:
    """Masks that belong to the sources, and how the files are to be read.

    Parameters
    ----------
    labels
        TIFF with the tumours' mask: 0, and one other value.
    tissue
        TIFF with the mask of the tissue; crops with less than --least-tissue of it are left out.
    channels
        Numbers of the anatomy and the tumour channel in a file with both, counted from 0.
    axes
        Axes of the sources, as in ZCYX, where the file does not state them rightly.
    name
        First part of the pairs' names. Default: the source's file name.
    """

    labels: Path
    tissue: Path | None = None
    channels: Annotated[tuple[int, int], Parameter(negative="")] = (0, 1)
    axes: str | None = None
    name: str | None = None


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
    """

    crop: Positive = 256
    stride: Positive | None = None
    block: Positive | None = None
    planes: str | None = None
    rows: str | None = None
    columns: str | None = None
    every: Positive = 1
    least_tissue: float = 0.5
    split: Literal["train", "val", "test", ""] = ""
    group: str = ""
    organ: str = ""

    def plan(self, *, has_tissue: bool) -> CropPlan:
        """Give the plan, with the defaults that depend on other options."""
        stride = self.stride or self.crop
        return CropPlan(
            crop=self.crop,
            stride=stride,
            block=self.block or (self.crop if stride >= self.crop else 3 * self.crop),
            planes=_range("--planes", self.planes),
            rows=_range("--rows", self.rows),
            columns=_range("--columns", self.columns),
            every=self.every,
            least_tissue=self.least_tissue if has_tissue else 0.0,
            split=self.split,
            group=self.group,
            organ=self.organ,
        )


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
    """Cut registered TIFF stacks into a pair set; repeated calls add to it.

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
    scan = _read_scan(sources, files)
    useful_crops(scan, plan)  # refuses ranges without an image, before anything is written or deleted
    inputs = [*sources, files.labels, *([files.tissue] if files.tissue else [])]
    claim_folder(out, "pairs", resume=not overwrite, overwrite=overwrite, inputs=inputs)
    done = cut_pairs(scan, plan, out)
    print(
        f"{done.written} pairs, {done.with_tumour} with a tumour; {done.left_out} crops left out "
        "(flat, or too little tissue)"
    )
    written(out)


def _read_scan(sources: list[Path], files: Files) -> Scan:
    if len(sources) not in (1, 2):
        raise SettingError(
            f"{len(sources)} sources",
            "one TIFF with both channels, or two: anatomy and tumour",
            "Name one or two",
        )
    stacks = [read_stack(path, files.axes) for path in sources]
    both = len(stacks) == 1
    return Scan.checked(
        files.name or sources[0].name.split(".")[0],
        stacks[0].plane_order(files.channels[0] if both else None),
        stacks[-1].plane_order(files.channels[1] if both else None),
        read_stack(files.labels).plane_order(None),
        None if files.tissue is None else read_stack(files.tissue).plane_order(None),
    )


def _range(option: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, colon, end = text.partition(":")
    if not (colon and first.isdigit() and end.isdigit()):
        raise SettingError(f"{option} {text}", "first:end in whole numbers, as in 0:600", "Mend the range")
    return int(first), int(end)
