"""Volumes to pair sets: crops of planes or projections of cubes, grouped by the block of tissue they show.

A crop's group is its block, the same in every plane, because neighbouring planes and overlapping crops
show the same tissue. A projection's is its block of three sides: its three views show the same voxels, and
another block's show others. Crops never straddle blocks, so no pixel is ever in two groups.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from metgan.errors import StorageError
from metgan.io import hold_folder, normal_form, refuse_lookalikes
from metgan.progress import progress

from .crops import Crop, CropPlan, place_crops
from .identity import refuse_mixed_scans
from .pairs import PairSet, image_names, write_pair
from .scan import Scan
from .scan_crops import CropImages, ScanCrops
from .shared_tissue import Rows, refuse_shared_tissue
from .survey import survey
from .table import read_table, write_table

OnCrop = Callable[[int, CropImages], None]


@dataclass(frozen=True)
class Prepared:
    """What `prepare` did: pairs written, pairs with a tumour among them, crops left out."""

    written: int
    with_tumour: int
    left_out: int


def prepare(
    scan: Scan, plan: CropPlan, out: Path, crops: Sequence[Crop] | None = None, on_crop: OnCrop | None = None
) -> Prepared:
    """Cut a scan into a pair set, adding to what `out` already holds.

    Flat crops and those with too little tissue are left out and counted. Of a scan without a label the pairs
    are unlabelled. The table is written last, and an empty one first: a killed call leaves the former table,
    so `PairSet.open` says that it and the images disagree, and never takes crops of one block for groups of
    their own. Calling again completes the set. The folder is held while it is read and written, so that of
    two calls at once none loses the other's rows.

    Parameters
    ----------
    scan : Scan
    plan : CropPlan
    out : Path
    crops : sequence of Crop or None, default None
        Those that are written; None for all that `survey` finds useful.
    on_crop : function of (int, CropImages), or None
        Is shown each crop that is written, with its number.

    Raises
    ------
    StorageError
        When `out` already has pairs of these names, holds images of a killed call that cut other crops, or is
        being written to by another process.
    SettingError
        When `out` has crops of another scan of this name, or a group that differs only in case, blanks or
        zeros.
    LeakageError
        When a crop overlaps one that `out` holds in another group or part, or the scan has another name
        there.
    """
    useful = survey(scan, plan).crops.crops if crops is None else crops
    planned = _PlannedRows(scan, plan, useful)
    with hold_folder(out, "metgan prepare"):
        rows = read_table(out)
        refuse_mixed_scans(out, rows, scan.name, scan.source)
        refuse_lookalikes((row["group"] for row in chain(rows, planned)), "groups", str(out))
        _refuse_twice(out, rows, planned)
        refuse_shared_tissue(out, rows, planned)
        _refuse_leftovers(out, chain(rows, planned))
        if not rows:
            write_table(out, [])
        with_tumour = 0
        with progress("prepare", len(useful)) as advance:
            for number, shown in ScanCrops(scan, useful, plan.crop).visit():
                write_pair(out, _name(scan, useful[number]), shown.anatomy, shown.tumour, shown.label)
                if on_crop is not None:
                    on_crop(number, shown)
                with_tumour += shown.label is not None and bool(shown.label.any())
                advance()
        write_table(out, rows, planned)
        PairSet.check(out)
    return Prepared(len(useful), with_tumour, len(place_crops(scan.region.whole, plan)) - len(useful))


@dataclass(frozen=True)
class _PlannedRows(Collection[dict[str, str]]):
    """The rows of crops, made anew each time: those of a large scan would take much memory."""

    scan: Scan
    plan: CropPlan
    crops: Sequence[Crop]

    def __iter__(self) -> Iterator[dict[str, str]]:
        return (_row(self.scan, crop, self.plan) for crop in self.crops)

    def __len__(self) -> int:
        return len(self.crops)

    def __contains__(self, row: object) -> bool:
        return any(row == one for one in self)


def _name(scan: Scan, crop: Crop) -> str:
    name = f"{scan.name}_z{crop.plane:04d}_y{crop.top:05d}_x{crop.left:05d}"
    return f"{name}_{crop.view}" if crop.view else name


def _row(scan: Scan, crop: Crop, plan: CropPlan) -> dict[str, str]:
    """Return a crop's row of ``pairs.csv``: with where it lies, in the pixels that are cut."""
    return {
        "name": _name(scan, crop),
        "group": normal_form(plan.group) or f"{scan.name}_block{'-'.join(map(str, crop.block))}",
        "organ": normal_form(plan.organ),
        "split": plan.split,
        "scan": scan.name,
        "source": scan.source,
        "plane": str(crop.plane),
        "top": str(crop.top),
        "left": str(crop.left),
        "size": str(plan.crop),
        **({"view": crop.view} if crop.view else {}),
        **({"pixel_um": f"{scan.pixel_um:.12g}"} if scan.pixel_um else {}),
        **({"voxel_um": " ".join(f"{size:.12g}" for size in scan.voxel_um)} if scan.voxel_um else {}),
    }


def _refuse_twice(out: Path, rows: Rows, planned: Rows) -> None:
    there = {row["name"] for row in rows}
    twice = sorted({row["name"] for row in planned if row["name"] in there})
    if twice:
        raise StorageError(
            f"{out} already has {len(twice)} of these crops ({twice[0]}, ...)",
            "each crop once",
            "Choose other --planes, --rows or --columns; if this is another scan, give it a name of its own, "
            "as in --name mouse-2; or start anew with --overwrite",
        )


def _refuse_leftovers(out: Path, rows: Rows) -> None:
    """Refuse images that no row will name: the set that they make would not open."""
    names = image_names(out)
    names.difference_update(row["name"] for row in rows)
    if astray := sorted(names):
        raise StorageError(
            f"{out} holds {len(astray)} images that are none of these crops and stand in no table "
            f"({astray[0]}, ...)",
            "pairs of finished calls alone; these are from a call that was stopped",
            "Call that one again first, as it was, or start anew with --overwrite",
        )
