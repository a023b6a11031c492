"""Volumes to pair sets: crops of planes, grouped by the block of tissue they were cut from.

A crop's group is its block, the same in every plane, because neighbouring planes and overlapping crops
show the same tissue. Crops never straddle blocks, so no pixel is ever in two groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metgan.errors import ArrayError, StorageError
from metgan.labels import check_binary
from metgan.types import AnyArray, Camera, Mask

from .crops import Crop, CropPlan, place_crops
from .pairs import read_table, write_pair, write_table
from .sample import check_camera


@dataclass(frozen=True)
class Scan:
    """A registered two-channel scan with its label, all (Z, Y, X) of one shape.

    Parameters
    ----------
    name : str
        Becomes part of the pairs' names.
    anatomy, tumour : array of a camera's dtype
    label : array of two values
    tissue : array of two values or None
        Where there is tissue; None for everywhere.
    """

    name: str
    anatomy: Camera
    tumour: Camera
    label: Mask
    tissue: Mask | None = None

    @classmethod
    def checked(
        cls, name: str, anatomy: AnyArray, tumour: AnyArray, label: AnyArray, tissue: AnyArray | None
    ) -> Scan:
        """Check dtypes, finiteness, label values and shapes, and give the scan.

        Raises
        ------
        ArrayError
            Naming the channel and what is wrong with it.
        """
        shapes = {"anatomy": anatomy.shape, "tumour": tumour.shape, "label": label.shape}
        if tissue is not None:
            shapes["tissue"] = tissue.shape
        if len(set(shapes.values())) > 1:
            raise ArrayError(
                f"scan {name} has shapes {', '.join(f'{k} {v}' for k, v in shapes.items())}",
                "one shape (Z, Y, X) for all",
                "Check the files and, for several channels or planes, --axes and --channels",
            )
        return cls(
            name,
            check_camera(anatomy, f"{name} anatomy"),
            check_camera(tumour, f"{name} tumour"),
            check_binary(label, f"{name} label"),
            None if tissue is None else check_binary(tissue, f"{name} tissue"),
        )


@dataclass(frozen=True)
class Prepared:
    """What `prepare` did: pairs written, pairs with a tumour among them, crops left out."""

    written: int
    with_tumour: int
    left_out: int


def useful_crops(scan: Scan, plan: CropPlan) -> list[Crop]:
    """List the crops of `scan` that have contrast in both channels and enough tissue.

    Raises
    ------
    ArrayError
        When there is none.
    """
    placed = place_crops(scan.label.shape, plan)
    useful = [crop for crop in placed if _is_useful(scan, crop, plan)]
    if not useful:
        raise ArrayError(
            f"all {len(placed)} crops are flat or hold too little tissue", "some image", "Check the ranges"
        )
    return useful


def prepare(scan: Scan, plan: CropPlan, out: Path) -> Prepared:
    """Cut a scan into a pair set, adding to what `out` already holds.

    Flat crops and those with too little tissue are left out and counted. The table is written last, and an
    empty one first: a killed call leaves the former table, so `PairSet.open` says that it and the images
    disagree, and never takes crops of one block for groups of their own. Calling again completes the set.

    Raises
    ------
    StorageError
        When `out` already has pairs of these names.
    """
    rows = read_table(out)
    known = {row["name"] for row in rows}
    useful = useful_crops(scan, plan)
    twice = [name for name in (_name(scan, crop) for crop in useful) if name in known]
    if twice:
        raise StorageError(
            f"{out} already has {len(twice)} of these crops ({twice[0]}, ...)",
            "each crop once",
            "Choose other ranges, or start anew with --overwrite",
        )
    if not rows:
        write_table(out, [])
    written = []
    for crop in useful:
        anatomy, tumour, label = (_cut(c, crop, plan.crop) for c in (scan.anatomy, scan.tumour, scan.label))
        name = _name(scan, crop)
        write_pair(out, name, anatomy, tumour, label)
        group = plan.group or f"{scan.name}_block{crop.block[0]}-{crop.block[1]}"
        row = {"name": name, "group": group, "organ": plan.organ, "split": plan.split}
        written.append((row, bool(label.any())))
    write_table(out, [*rows, *(row for row, _ in written)])
    left_out = len(place_crops(scan.label.shape, plan)) - len(useful)
    return Prepared(len(written), sum(positive for _, positive in written), left_out)


def _is_useful(scan: Scan, crop: Crop, plan: CropPlan) -> bool:
    channels = (_cut(channel, crop, plan.crop) for channel in (scan.anatomy, scan.tumour))
    if any(channel.min() == channel.max() for channel in channels):
        return False
    return scan.tissue is None or float(_cut(scan.tissue, crop, plan.crop).mean()) >= plan.least_tissue


def _cut(volume: AnyArray, crop: Crop, size: int) -> AnyArray:
    return np.ascontiguousarray(volume[crop.plane, crop.top : crop.top + size, crop.left : crop.left + size])


def _name(scan: Scan, crop: Crop) -> str:
    return f"{scan.name}_z{crop.plane:04d}_y{crop.top:05d}_x{crop.left:05d}"
