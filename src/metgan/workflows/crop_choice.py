"""Which crops metgan prepare cuts, and what is noted about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from metgan.checked import Checked
from metgan.data import CropPlan
from metgan.errors import SettingError

from .ranges import COUNT, SHARE, check_ranges

_LEAST_TISSUE = 0.5


@dataclass(frozen=True, kw_only=True)
class CropChoice(Checked):
    """Which crops are cut, and what is noted about them.

    Parameters
    ----------
    crop : int
        Side of the crops in pixels, 1 or more; with --cut projections, of the cubes in voxels.
    cut : {"planes", "projections"}
        planes: crops of single planes along Z. projections: the scan is divided into cubes, and each gives
        three crops, its maximum projections along Z, Y and X, which have one group.
    stride : int or None
        Distance between neighbouring crops in pixels, 1 or more. Default: the crop.
    block : int or None
        Side in pixels of the blocks of tissue that become groups; crops never straddle them. Default: the
        crop, or three crops when the stride is smaller. Blocks of planes go through all of them, those of
        projections are cubes.
    planes : str or None
        Range along Z, as in 0:20 (the end is not included). Planes do not separate tissue: a crop's
        group is the same in all of them. With --pixel-size-um, ranges count the new pixels.
    rows : str or None
        Range along Y in pixels, as in 0:600.
    columns : str or None
        Range along X in pixels.
    every : int
        Take every Nth plane, 1 or more.
    least_tissue : float or None
        Share of a crop that must be tissue, in [0, 1], of projections the share of their cube; needs
        --tissue. Default: 0.5.
    leave_out_air : bool
        Leave out crops that show air alone, by the light of the others, where there is no --tissue; refused
        for scans with fill, where air cannot be recognised.
    keep_empty : float or None
        Share of the crops without a tumour that are kept, in [0, 1], evenly spread, with all three views of
        a cube; needs --labels. Default: all of them.
    split : {"train", "val", "test"} or None
        Part that these crops belong to; without it metgan train draws one.
    group : str
        One group for all these crops (an animal) instead of one per block.
    organ : str
        Noted in pairs.csv, for balanced splits.
    """

    crop: int = 256
    cut: Literal["planes", "projections"] = "planes"
    stride: int | None = None
    block: int | None = None
    planes: str | None = None
    rows: str | None = None
    columns: str | None = None
    every: int = 1
    least_tissue: float | None = None
    leave_out_air: bool = False
    keep_empty: float | None = None
    split: Literal["train", "val", "test"] | None = None
    group: str = ""
    organ: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, crop=COUNT, stride=COUNT, block=COUNT, every=COUNT, least_tissue=SHARE)
        check_ranges(self, keep_empty=SHARE)
        if self.cut == "projections" and self.every > 1:
            raise SettingError(
                f"--every {self.every} with --cut projections",
                "all planes: a projection is of all that its cube holds",
                "Leave --every out, or cut planes",
            )

    def plan(self, *, has_tissue: bool, has_labels: bool = True) -> CropPlan:
        """Return the plan, with the defaults that depend on other options.

        Raises
        ------
        SettingError
            Where an option needs a mask that is not there, or does not need it any more.
        """
        if self.keep_empty is not None and not has_labels:
            raise SettingError(
                f"--keep-empty {self.keep_empty} without --labels",
                "a mask of the tumours, which tells the crops without one",
                "Give --labels MASK.tif, or leave --keep-empty out",
            )
        if self.leave_out_air and has_tissue:
            raise SettingError(
                "--leave-out-air with --tissue",
                "one of them: the mask tells what is no tissue",
                "Leave --leave-out-air out, and choose --least-tissue",
            )
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
            split=self.split or "",
            group=self.group,
            organ=self.organ,
            is_projected=self.cut == "projections",
        )


def _range(option: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    digits = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if digits is None:
        raise SettingError(f"{option} {text}", "first:end in whole numbers, as in 0:600", "Correct the range")
    return int(digits[1]), int(digits[2])
