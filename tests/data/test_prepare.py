"""Crops are pieces of the scan, each pixel in one group, and the table comes last."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import (
    CropPlan,
    PairSet,
    Scan,
    StoredPairs,
    place_crops,
    prepare,
    read_table,
    survey,
    write_table,
)
from metgan.errors import ArrayError, LeakageError, MetganError, SettingError, StorageError
from metgan.images import read_stack

few = settings(max_examples=60, deadline=None)
plain = CropPlan(crop=4, stride=4, block=4)


def scan_of(*shape: int, tissue: np.ndarray | None = None) -> Scan:
    """A scan whose voxels all differ, with a tumour in the first corner."""
    anatomy = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    label = np.zeros(shape, bool)
    label[0, :2, :2] = True
    return Scan.checked("scan", anatomy, anatomy + 1000, label, tissue)


@st.composite
def plans(draw: st.DrawFn) -> tuple[tuple[int, int, int], CropPlan]:
    shape = (draw(st.integers(1, 4)), draw(st.integers(6, 30)), draw(st.integers(6, 30)))
    crop = draw(st.integers(1, 6))

    def part(length: int, least: int) -> tuple[int, int] | None:
        first = draw(st.integers(0, length - least))
        return draw(st.sampled_from([None, (first, draw(st.integers(first + least, length)))]))

    return shape, CropPlan(
        crop=crop,
        stride=draw(st.integers(1, 8)),
        block=draw(st.integers(crop, 14)),
        planes=part(shape[0], 1),
        rows=part(shape[1], crop),
        columns=part(shape[2], crop),
        every=draw(st.integers(1, 3)),
    )


@few
@given(plans())
def test_no_voxel_is_in_two_groups_and_every_crop_lies_in_its_ranges(
    world: tuple[tuple[int, int, int], CropPlan],
) -> None:
    shape, plan = world
    crops = place_crops(shape, plan)
    assert len(crops) == len(set(crops)) > 0
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    ranges = [
        wanted or (0, n) for wanted, n in zip((plan.planes, plan.rows, plan.columns), shape, strict=True)
    ]
    for crop in crops:
        assert ranges[0][0] <= crop.plane < ranges[0][1]
        assert (crop.plane - ranges[0][0]) % plan.every == 0
        assert ranges[1][0] <= crop.top <= ranges[1][1] - plan.crop
        assert ranges[2][0] <= crop.left <= ranges[2][1] - plan.crop
        for y in range(crop.top, crop.top + plan.crop):
            for x in range(crop.left, crop.left + plan.crop):
                assert owner.setdefault((y, x), crop.block) == crop.block


@few
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 20), st.integers(1, 20), st.integers(1, 3))
def test_crops_side_by_side_cover_every_pixel_of_the_whole_blocks_once(
    planes: int, crop: int, height: int, width: int, per_block: int
) -> None:
    plan = CropPlan(crop=crop, stride=crop, block=per_block * crop)
    if min(height, width) < crop:
        with pytest.raises(SettingError, match="expected a region that holds at least one crop"):
            place_crops((planes, height, width), plan)
        return
    seen = Counter(
        (c.plane, c.top + dy, c.left + dx)
        for c in place_crops((planes, height, width), plan)
        for dy in range(crop)
        for dx in range(crop)
    )
    covered = {
        (z, y, x)
        for z in range(planes)
        for y in range(height - height % crop)
        for x in range(width - width % crop)
    }
    assert set(seen) == covered
    assert set(seen.values()) == {1}


def test_the_written_crops_put_together_are_the_scan(tmp_path: Path) -> None:
    scan = scan_of(2, 9, 13)
    done = prepare(scan, plain, tmp_path)
    assert (done.written, done.left_out) == (2 * 2 * 3, 0)
    assert done.with_tumour == 1
    whole = {channel: np.full((2, 8, 12), -1) for channel in ("anatomy", "tumour", "label")}
    for pair in StoredPairs(PairSet.open(tmp_path)):
        z, y, x = (int(part[1:]) for part in pair.entry.name.split("_")[1:])
        for channel, volume in whole.items():
            volume[z, y : y + 4, x : x + 4] = getattr(pair, channel)
    for channel, volume in whole.items():
        np.testing.assert_array_equal(volume, getattr(scan, channel)[:, :8, :12])


def test_a_group_is_a_block_the_same_in_every_plane(tmp_path: Path) -> None:
    prepare(scan_of(3, 8, 8), CropPlan(crop=4, stride=2, block=8), tmp_path)
    assert {e.group for e in PairSet.open(tmp_path)} == {"scan_block0-0"}
    assert len(PairSet.open(tmp_path)) == 3 * 9


def test_group_organ_and_split_go_into_the_table(tmp_path: Path) -> None:
    prepare(scan_of(1, 4, 4), CropPlan(4, 4, 4, split="val", group="mouse-3", organ="lung"), tmp_path)
    (entry,) = PairSet.open(tmp_path)
    assert (entry.group, entry.organ, entry.split) == ("mouse-3", "lung", "val")


def test_another_call_adds_to_the_set_and_the_same_one_is_refused(tmp_path: Path) -> None:
    scan = scan_of(2, 4, 8)
    prepare(scan, CropPlan(4, 4, 4, planes=(0, 1)), tmp_path)
    first = read_table(tmp_path)
    with pytest.raises(StorageError, match="already has 2 of these crops"):
        prepare(scan, CropPlan(4, 4, 4, planes=(0, 1)), tmp_path)
    assert read_table(tmp_path) == first
    prepare(scan, CropPlan(4, 4, 4, planes=(1, 2)), tmp_path)
    assert read_table(tmp_path)[:2] == first
    assert len(PairSet.open(tmp_path)) == 4


@pytest.mark.parametrize(
    "second",
    [
        CropPlan(4, 4, 4, planes=(1, 2), split="test"),  # the same tissue, one plane deeper
        CropPlan(4, 4, 4, columns=(2, 6), group="another"),
        CropPlan(2, 2, 2, rows=(1, 3)),
    ],
)
def test_tissue_that_is_in_one_group_and_part_is_refused_in_another(tmp_path: Path, second: CropPlan) -> None:
    scan = scan_of(2, 4, 12)
    prepare(scan, CropPlan(4, 4, 4, planes=(0, 1), columns=(0, 8)), tmp_path)
    before = read_table(tmp_path)
    with pytest.raises(LeakageError, match="overlap"):
        prepare(scan, second, tmp_path)
    assert read_table(tmp_path) == before


def test_tissue_apart_may_be_in_another_part(tmp_path: Path) -> None:
    scan = scan_of(2, 4, 12)
    prepare(scan, CropPlan(4, 4, 4, columns=(0, 8), split="train"), tmp_path)
    prepare(scan, CropPlan(4, 4, 4, columns=(8, 12), split="test"), tmp_path)
    assert {entry.split for entry in PairSet.open(tmp_path)} == {"train", "test"}


def test_flat_crops_are_left_out_and_counted(tmp_path: Path) -> None:
    scan = scan_of(1, 4, 12)
    scan.anatomy[0, :, :4] = 7
    scan.tumour[0, :, 4:8] = 7
    done = prepare(scan, plain, tmp_path)
    assert (done.written, done.left_out) == (1, 2)
    assert [e.name for e in PairSet.open(tmp_path)] == ["scan_z0000_y00000_x00008"]


def test_crops_with_too_little_tissue_are_left_out(tmp_path: Path) -> None:
    tissue = np.zeros((1, 4, 12), bool)
    tissue[0, :, :6] = True  # all of the first crop, half of the second, nothing of the third
    scan = scan_of(1, 4, 12, tissue=tissue)

    def kept(share: float) -> list[int]:
        return [crop.left for crop in survey(scan, CropPlan(4, 4, 4, least_tissue=share)).crops.crops]

    assert kept(0) == [0, 4, 8]
    assert kept(0.5) == [0, 4]
    assert kept(0.51) == [0]


def test_a_scan_without_any_useful_crop_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    flat = np.ones((1, 4, 4), np.uint16)
    scan = Scan.checked("scan", flat, flat, flat * 0, None)
    with pytest.raises(ArrayError, match="all 1 crops are flat"):
        prepare(scan, plain, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change", [{"planes": (0, 3)}, {"rows": (4, 4)}, {"columns": (5, 2)}, {"rows": (-1, 4)}, {"rows": (0, 3)}]
)
def test_ranges_outside_the_scan_or_without_a_crop_are_refused(change: dict) -> None:
    with pytest.raises(SettingError):
        place_crops((2, 8, 8), CropPlan(4, 4, 4, **change))


@pytest.mark.parametrize(
    "change",
    [{"crop": 0}, {"stride": 0}, {"every": 0}, {"block": 3}, {"least_tissue": 1.1}, {"least_tissue": np.nan}],
)
def test_plans_that_make_no_sense_are_refused(change: dict) -> None:
    with pytest.raises(SettingError):
        CropPlan(**{"crop": 4, "stride": 4, "block": 4} | change)


def test_a_failed_call_leaves_the_former_table(tmp_path: Path) -> None:
    scan = scan_of(2, 4, 8)
    prepare(scan, CropPlan(4, 4, 4, planes=(0, 1)), tmp_path)
    former = (tmp_path / "pairs.csv").read_bytes()
    (tmp_path / "label" / ".scan_z0001_y00000_x00004.tif.part").mkdir()
    (tmp_path / "label" / "scan_z0001_y00000_x00004.tif").mkdir()  # the last image cannot be written
    with pytest.raises(StorageError, match="cannot write"):
        prepare(scan, CropPlan(4, 4, 4, planes=(1, 2)), tmp_path)
    assert (tmp_path / "pairs.csv").read_bytes() == former
    assert (tmp_path / "label" / "scan_z0001_y00000_x00000.tif").is_file()


def test_a_first_call_that_fails_leaves_no_set_whose_crops_pass_for_groups(tmp_path: Path) -> None:
    """Two crops of one block: complete on disk, they must not open as two groups."""
    (tmp_path / "label" / "scan_z0000_y00000_x00004.tif").mkdir(parents=True)
    plan = CropPlan(crop=4, stride=4, block=8)
    with pytest.raises(StorageError, match="cannot write"):
        prepare(scan_of(1, 4, 8), plan, tmp_path)
    (tmp_path / "label" / "scan_z0000_y00000_x00004.tif").rmdir()
    for channel in ("anatomy", "tumour"):
        (tmp_path / channel / "scan_z0000_y00000_x00004.tif").unlink()
    with pytest.raises(StorageError, match="disagree about scan_z0000_y00000_x00000"):
        PairSet.open(tmp_path)
    prepare(scan_of(1, 4, 8), plan, tmp_path)
    assert {e.group for e in PairSet.open(tmp_path)} == {"scan_block0-0"}


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX", "ZYXC"])
def test_every_order_of_axes_gives_the_same_pairs(tmp_path: Path, axes: str) -> None:
    scan = scan_of(2, 8, 8)
    both = np.stack([scan.anatomy, scan.tumour])  # CZYX
    tifffile.imwrite(
        tmp_path / "scan.tif",
        np.transpose(both, ["CZYX".index(letter) for letter in axes]),
        photometric="minisblack",
    )
    stack = read_stack(tmp_path / "scan.tif", axes)
    again = Scan.checked("scan", stack.plane_order(0), stack.plane_order(1), scan.label, None)
    prepare(scan, plain, tmp_path / "wanted")
    prepare(again, plain, tmp_path / "found")
    for wanted, found in zip(
        *([*StoredPairs(PairSet.open(tmp_path / n))] for n in ("wanted", "found")), strict=True
    ):
        np.testing.assert_array_equal(found.anatomy, wanted.anatomy)
        np.testing.assert_array_equal(found.tumour, wanted.tumour)


def test_scans_of_different_shapes_are_refused_with_the_shapes() -> None:
    image = np.arange(32, dtype=np.uint16).reshape(2, 4, 4)
    with pytest.raises(ArrayError, match=r"anatomy \(2, 4, 4\), tumour \(1, 4, 4\), label \(2, 4, 4\)"):
        Scan.checked("scan", image, image[:1], image > 3, None)


@pytest.mark.parametrize(
    ("channel", "value"),
    [("anatomy", np.nan), ("tumour", np.inf), ("label", 2.5), ("label", -1), ("tissue", np.nan)],
)
def test_scans_with_impossible_values_are_refused_by_channel(channel: str, value: float) -> None:
    """Zeros and ones, and one voxel of the value."""
    world = {name: np.zeros((1, 4, 4), np.float32) for name in ("anatomy", "tumour", "label", "tissue")}
    for image in world.values():
        image[0, 0, 0] = 1
    world["tumour"][0, 3, 3] = 1
    Scan.checked("scan", **world)
    world[channel][0, 1, 1] = value
    with pytest.raises(MetganError, match=f"scan {channel} has"):
        Scan.checked("scan", **world)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.suffix in (".tif", ".csv")}


@pytest.mark.parametrize(
    "other",
    [CropPlan(2, 2, 2, rows=(2, 8)), CropPlan(4, 4, 4, rows=(4, 8)), CropPlan(4, 4, 4, planes=(1, 2))],
)
def test_a_set_that_a_killed_call_left_half_made_takes_no_other_crops(
    tmp_path: Path, other: CropPlan
) -> None:
    """Images that no table names, as a kill before the last table leaves them."""
    scan = scan_of(2, 8, 4)
    prepare(scan, CropPlan(4, 4, 4, planes=(0, 1), rows=(0, 4)), tmp_path)
    write_table(tmp_path, [])
    before = contents(tmp_path)
    with pytest.raises(StorageError, match=r"1 images that are none of these crops.*Call that one again"):
        prepare(scan, other, tmp_path)
    assert contents(tmp_path) == before
    prepare(scan, plain, tmp_path)  # which has that crop, among others
    assert len(PairSet.open(tmp_path)) == 4
