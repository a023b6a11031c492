"""Pairs cut from volumes: planes and projections, resampled or not, in memory that does not grow."""

from __future__ import annotations

import importlib
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

import metgan.workflows.scan_files
from metgan.data import PairSet, read_pair, read_table
from metgan.errors import ArrayError, LeakageError, SettingError, StorageError
from metgan.images import ArrayImage, OmeZarrImage, write_ome_zarr
from metgan.progress import Event, Note
from metgan.types import AnyArray
from metgan.workflows import CropChoice, PrepareRequest, PrepareResult, ScanFiles, prepare

pytestmark = pytest.mark.volume

RANDOM = np.random.default_rng(0)
SHAPE = (20, 36, 44)
SCAN = RANDOM.integers(100, 4000, (2, *SHAPE)).astype(np.uint16)  # CZYX
LABEL = np.zeros(SHAPE, np.uint8)
LABEL[3:9, 8:16, 20:31] = 1
LABEL[15, 30, 2] = 1
SCAN[1][LABEL > 0] += 9000


def store(path: Path, voxel_um: tuple[float, float, float] | None = (8.0, 8.0, 8.0)) -> Path:
    if not path.exists():
        image, labels = ArrayImage(SCAN, "CZYX", voxel_um), {"tumours": ArrayImage(LABEL, "ZYX", voxel_um)}
        write_ome_zarr(path, image, labels)
    return path


def cut(volume: Path, out: Path, crops: CropChoice, **files: object) -> tuple[PrepareResult, list[str]]:
    told: list[Event] = []
    masks = {"labels": volume / "labels" / "tumours", **files}
    request = PrepareRequest(sources=[volume], files=ScanFiles(**masks, name="m"), out=out, crops=crops)  # type: ignore[arg-type]
    result = prepare(request, told.append)
    return result, [event.text for event in told if isinstance(event, Note)]


def contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.suffix in (".tif", ".csv"))
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.parametrize(
    "crops",
    [
        CropChoice(crop=12, planes="2:12", keep_empty=0.4),
        CropChoice(crop=8, stride=4, block=12, planes="3:19", every=4, rows="4:36"),
        CropChoice(crop=8, cut="projections"),
        CropChoice(crop=8, cut="projections", stride=4, block=16, columns="2:30", keep_empty=0.5),
    ],
)
def test_a_volume_that_is_read_in_blocks_gives_the_same_bytes_and_notes(
    tmp_path: Path, crops: CropChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = store(tmp_path / "v.ome.zarr")
    at_once = cut(volume, tmp_path / "at-once", crops)
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 3000)
    monkeypatch.setattr(metgan.workflows.scan_files, "_PLANES", 7)
    in_blocks = cut(volume, tmp_path / "blocks", crops)
    assert contents(tmp_path / "blocks") == contents(tmp_path / "at-once")
    assert in_blocks[1] == at_once[1]
    assert in_blocks[0].contrast == at_once[0].contrast
    assert in_blocks[0].with_tumour == at_once[0].with_tumour > 0


def test_a_projection_is_the_maximum_of_its_cube_along_its_axis(tmp_path: Path) -> None:
    cut(store(tmp_path / "v.ome.zarr"), tmp_path / "p", CropChoice(crop=10, cut="projections"))
    rows = read_table(tmp_path / "p")
    assert Counter(row["view"] for row in rows) == dict.fromkeys("ZYX", 2 * 3 * 4)
    entries = {entry.name: entry for entry in PairSet.open(tmp_path / "p")}
    for row in rows:
        z, y, x = (int(row[one]) for one in ("plane", "top", "left"))
        cube = (slice(z, z + 10), slice(y, y + 10), slice(x, x + 10))
        pair, axis = read_pair(entries[row["name"]]), "ZYX".index(row["view"])
        np.testing.assert_array_equal(pair.anatomy, SCAN[0][cube].max(axis))
        np.testing.assert_array_equal(pair.tumour, SCAN[1][cube].max(axis))
        np.testing.assert_array_equal(pair.label, LABEL[cube].max(axis) > 0)
        assert row["name"] == f"m_z{z:04d}_y{y:05d}_x{x:05d}_{row['view']}"
        assert (row["scan"], row["size"]) == ("m", "10")


@pytest.mark.parametrize("choice", [{}, {"stride": 5, "block": 15}, {"block": 20}])
def test_no_voxel_is_in_two_groups_of_projections(tmp_path: Path, choice: dict[str, int]) -> None:
    cut(store(tmp_path / "v.ome.zarr"), tmp_path / "p", CropChoice(crop=10, cut="projections", **choice))
    owner: dict[tuple[int, int, int], str] = {}
    for row in read_table(tmp_path / "p"):
        corner = [int(row[one]) for one in ("plane", "top", "left")]
        for place in np.ndindex(10, 10, 10):
            voxel = (corner[0] + place[0], corner[1] + place[1], corner[2] + place[2])
            assert owner.setdefault(voxel, row["group"]) == row["group"]
    assert len(set(owner.values())) > 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CropChoice(crop=10, cut="projections", planes="0:10"), CropChoice(crop=8, planes="15:16")),
        (CropChoice(crop=8, planes="15:16"), CropChoice(crop=10, cut="projections", planes="0:10")),
        (
            CropChoice(crop=10, cut="projections", planes="0:10"),
            CropChoice(crop=10, cut="projections", planes="5:15"),
        ),
        (
            CropChoice(crop=10, cut="projections", planes="0:10", split="train"),
            CropChoice(crop=10, cut="projections", planes="0:20", split="test", group="other"),
        ),
    ],
)
def test_tissue_of_one_group_is_refused_in_another_whatever_way_it_is_cut(
    tmp_path: Path, first: CropChoice, second: CropChoice
) -> None:
    volume, out = store(tmp_path / "v.ome.zarr"), tmp_path / "p"
    cut(volume, out, first)
    before = contents(out)
    with pytest.raises((LeakageError, StorageError), match=r"overlap|already has"):
        cut(volume, out, second)
    assert contents(out) == before


def test_cubes_apart_along_z_may_be_added(tmp_path: Path) -> None:
    volume, out = store(tmp_path / "v.ome.zarr"), tmp_path / "p"
    cut(volume, out, CropChoice(crop=10, cut="projections", planes="0:10", split="train"))
    cut(volume, out, CropChoice(crop=10, cut="projections", planes="10:20", split="test"))
    assert {entry.split for entry in PairSet.open(out)} == {"train", "test"}


def test_ranges_of_new_pixels_are_told(tmp_path: Path) -> None:
    """Also where they lie outside: the error alone would not say which pixels are meant."""
    volume = store(tmp_path / "v.ome.zarr", (4.0, 4.0, 4.0))

    def told(*, pixel_um: float | None = 8.0, **choice: object) -> str:
        notes: list[Event] = []
        crops = CropChoice(**{"crop": 8, **choice})  # type: ignore[arg-type]
        files = ScanFiles(labels=volume / "labels" / "tumours", pixel_size_um=pixel_um)
        asked = PrepareRequest(sources=[volume], files=files, out=tmp_path / "p", crops=crops, overwrite=True)
        with suppress(SettingError):
            prepare(asked, notes.append)
        texts = [event.text for event in notes if isinstance(event, Note)]
        return " ".join(text for text in texts if "count pixels" in text)

    z, y, x = (n // 2 for n in SHAPE)
    said = f"ranges of rows, columns count pixels of 8 um: there are {y} x {x}"
    assert told(rows="0:8") == told(rows="0:9999") == said
    said = f"ranges of planes, rows, columns count pixels of 8 um: there are {z} x {y} x {x}"
    assert told(planes="0:8", cut="projections") == said
    assert told() == told(planes="0:8") == told(rows="0:8", pixel_um=None) == ""


def test_crops_of_two_sizes_of_pixels_are_not_mixed(tmp_path: Path) -> None:
    volume, out = store(tmp_path / "v.ome.zarr"), tmp_path / "p"
    cut(volume, out, CropChoice(crop=8, rows="0:8"))
    with pytest.raises(LeakageError, match=r"pixels of its own size, these have 16 um"):
        cut(volume, out, CropChoice(crop=8, rows="8:16"), pixel_size_um=16.0)


def test_crops_of_a_scan_whose_voxels_are_given_another_size_lie_on_another_grid(tmp_path: Path) -> None:
    """Rows of 8 um count other voxels of the file then: numbers that do not overlap show the same tissue."""
    volume, out = store(tmp_path / "v.ome.zarr", None), tmp_path / "p"
    train, test = CropChoice(crop=6, rows="0:6", split="train"), CropChoice(crop=6, rows="6:12", split="test")
    cut(volume, out, train, pixel_size_um=8.0, voxel_size_um=(5.0, 2.0, 2.0))
    with pytest.raises(LeakageError, match=r"5 x 2 x 2 um\), these have 8 um.*5 x 4 x 4.*--voxel-size-um"):
        cut(volume, out, test, pixel_size_um=8.0, voxel_size_um=(5.0, 4.0, 4.0))


def test_cubes_of_tissue_alone_pass_whatever_the_blocks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten parts of a tenth are no whole in floats."""
    volume, everywhere = store(tmp_path / "v.ome.zarr"), tmp_path / "tissue.tif"
    tifffile.imwrite(everywhere, np.ones(SHAPE, np.uint8), photometric="minisblack")
    crops = CropChoice(crop=10, cut="projections", least_tissue=1.0)
    whole, _ = cut(volume, tmp_path / "at-once", crops, tissue=everywhere)
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 100)
    divided, _ = cut(volume, tmp_path / "divided", crops, tissue=everywhere)
    assert divided.written == whole.written > 0


def test_resampled_pixels_are_even_in_micrometres(tmp_path: Path) -> None:
    """A ball in flat voxels is round in all views, and its mask with it."""
    z, y, x = np.ogrid[:16, :40, :44]
    away = np.sqrt(((z - 7.5) * 16) ** 2 + ((y - 20) * 8) ** 2 + ((x - 21) * 4) ** 2)  # um
    ball = away < 60
    noise = RANDOM.integers(0, 50, ball.shape)
    scan = np.stack([noise + 500, 100 + 1000 * ball + noise]).astype(np.uint16)
    labels = {"tumours": ArrayImage(ball.astype(np.uint8), "ZYX")}
    volume = tmp_path / "v.ome.zarr"
    write_ome_zarr(volume, ArrayImage(scan, "CZYX", (16.0, 8.0, 4.0)), labels)
    result, _ = cut(volume, tmp_path / "p", CropChoice(crop=20, cut="projections"), pixel_size_um=8.0)
    assert result.written == 3 * 1 * 2 * 1
    for row in read_table(tmp_path / "p"):
        assert row["pixel_um"] == "8"
    labels_of = [read_pair(e).label for e in PairSet.open(tmp_path / "p")]
    areas = [int(label.sum()) for label in labels_of if label.sum() > 100]
    assert len(areas) >= 1
    whole, _ = cut(
        volume, tmp_path / "q", CropChoice(crop=22, cut="projections", rows="9:31"), pixel_size_um=8.0
    )
    assert whole.written == 3
    for entry in PairSet.open(tmp_path / "q"):
        label = read_pair(entry).label
        rows, columns = (np.flatnonzero(label.any(axis)) for axis in (1, 0))
        assert abs(np.ptp(rows) - np.ptp(columns)) <= 2  # flat voxels would make it 8 x 15 or so
        assert abs(label.sum() - np.pi * 7.5**2) < 25


def test_resampled_values_do_not_depend_on_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = store(tmp_path / "v.ome.zarr", (10.0, 6.5, 6.5))
    crops = CropChoice(crop=8, cut="projections")
    cut(volume, tmp_path / "a", crops, pixel_size_um=9.0)
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 2000)
    cut(volume, tmp_path / "b", crops, pixel_size_um=9.0)
    a, b = (sorted(PairSet.open(tmp_path / n), key=lambda e: e.name) for n in "ab")
    assert len(a) == len(b) > 0
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(read_pair(one).tumour.astype(int), read_pair(other).tumour, atol=1)
        np.testing.assert_array_equal(read_pair(one).label, read_pair(other).label)


def test_unlabelled_volumes_are_cut_as_well(tmp_path: Path) -> None:
    volume = store(tmp_path / "v.ome.zarr")
    result, told = cut(volume, tmp_path / "p", CropChoice(crop=10, cut="projections"), labels=None)
    assert (result.written, result.is_labelled) == (72, False)
    assert any("unlabelled pairs" in text for text in told)
    assert len(PairSet.open(tmp_path / "p").unlabelled) == 72


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_crops_without_a_tumour_are_thinned(tmp_path: Path, share: float) -> None:
    volume = store(tmp_path / "v.ome.zarr")
    every, _ = cut(volume, tmp_path / "a", CropChoice(crop=16, every=2))
    result, told = cut(volume, tmp_path / "b", CropChoice(crop=16, every=2, keep_empty=share))
    empty = every.written - every.with_tumour
    assert result.with_tumour == every.with_tumour
    assert result.written - result.with_tumour == round(share * empty)
    assert result.left_out == empty - round(share * empty)
    assert any(f"of {empty} crops without a tumour {round(share * empty)} are kept" in text for text in told)


def world_with_air(path: Path, fill: bool = False) -> Path:
    """Tissue in the left half, air in the right."""
    scan = RANDOM.normal(110, 8, (2, 4, 64, 128))
    scan[:, :, :, :64] += 900 + 120 * RANDOM.standard_normal((2, 4, 64, 64))
    scan = scan.clip(1, 4000).astype(np.uint16)
    if fill:
        scan[..., :20, :] = 0
    write_ome_zarr(path, ArrayImage(scan, "CZYX", (8.0, 8.0, 8.0)))
    return path


def test_crops_of_air_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    volume = world_with_air(tmp_path / "v.ome.zarr")
    kept, told = cut(volume, tmp_path / "a", CropChoice(crop=32, stride=24, block=128), labels=None)
    assert any("--leave-out-air" in text for text in told)
    choice = CropChoice(crop=32, stride=24, block=128, leave_out_air=True)
    left, told = cut(volume, tmp_path / "b", choice, labels=None)
    assert any("which show air alone, are left out" in text for text in told)
    assert 0 < left.written < kept.written
    assert all(int(row["left"]) < 64 for row in read_table(tmp_path / "b"))
    filled = world_with_air(tmp_path / "f.ome.zarr", fill=True)
    with pytest.raises(SettingError, match="--leave-out-air of scan m, parts of which were filled in"):
        cut(filled, tmp_path / "c", choice, labels=None)
    assert not (tmp_path / "c").exists()


def peak_of(make: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        make()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Reads:
    """What is read of OME-Zarrs: the most voxels at once, and how often each voxel, by the folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most, self.counts = 0, dict[Path, NDArray[np.int64]]()
        real = OmeZarrImage.read

        def reading(image: OmeZarrImage, region: Sequence[slice]) -> AnyArray:
            self.counts.setdefault(image.folder, np.zeros(image.shape, np.int64))[tuple(region)] += 1
            self.most = max(self.most, (part := real(image, region)).size)
            return part

        monkeypatch.setattr(OmeZarrImage, "read", reading)


OVERLAPPING = CropChoice(crop=10, cut="projections", stride=4, block=18, rows="0:18", columns="0:18")


@pytest.mark.parametrize(
    ("crops", "most"),
    [
        (CropChoice(crop=10, keep_empty=0.0), 3000),
        (CropChoice(crop=10, keep_empty=0.0), 9000),
        (CropChoice(crop=10, cut="projections", keep_empty=0.0), 3000),
        (OVERLAPPING, 3000),  # a block of tissue has 5832 voxels
        (CropChoice(crop=10, stride=5, keep_empty=0.0), 1500),  # one plane of a block has 900
    ],
)
@pytest.mark.parametrize("pixel_um", [None, 9.0, 16.0])
def test_no_more_is_read_at_once_than_is_allowed(
    tmp_path: Path, crops: CropChoice, most: int, pixel_um: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same pairs come of it."""
    volume, reads = store(tmp_path / "v.ome.zarr"), Reads(monkeypatch)
    asked = replace(crops, crop=crops.crop // 2) if pixel_um == 16 else crops
    cut(volume, tmp_path / "at-once", asked, pixel_size_um=pixel_um)
    assert reads.most > most
    reads.most = 0
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", most)
    cut(volume, tmp_path / "blocks", asked, pixel_size_um=pixel_um)
    assert 0 < reads.most <= most
    if pixel_um is None:
        assert contents(tmp_path / "blocks") == contents(tmp_path / "at-once")
    else:
        assert [*contents(tmp_path / "blocks")] == [*contents(tmp_path / "at-once")]


@pytest.mark.parametrize(
    "crops",
    [
        CropChoice(crop=10, keep_empty=0.1),
        CropChoice(crop=10, cut="projections", keep_empty=0.1),
        OVERLAPPING,
    ],
)
@pytest.mark.parametrize("masks", ["label", "tissue"])
def test_a_volume_is_read_twice_once_to_look_and_once_to_cut(
    tmp_path: Path, crops: CropChoice, masks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume, tissue = store(tmp_path / "v.ome.zarr"), tmp_path / "tissue.ome.zarr"
    write_ome_zarr(tissue, ArrayImage(np.ones(SHAPE, np.uint8), "ZYX"))
    reads = Reads(monkeypatch)
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 3000)
    given = {"label": {}, "tissue": {"tissue": tissue}}[masks]
    cut(volume, tmp_path / "p", crops, **given)
    counts = dict(reads.counts)
    assert counts.pop(volume / "0").max() == 2
    if masks == "tissue":
        assert counts.pop(tissue / "0").max() == 1
    (of_label,) = counts.values()
    assert of_label.max() == 2


def test_views_of_a_cube_are_kept_and_left_out_together(tmp_path: Path) -> None:
    volume = store(tmp_path / "v.ome.zarr")
    crops = CropChoice(crop=10, cut="projections", keep_empty=0.3)
    result, told = cut(volume, tmp_path / "p", crops)
    views = Counter((row["plane"], row["top"], row["left"]) for row in read_table(tmp_path / "p"))
    assert set(views.values()) == {3}
    empty = 72 - result.with_tumour
    assert any(f"of {empty} crops without a tumour {3 * round(0.3 * empty / 3)} are kept" in t for t in told)


def test_the_share_of_tissue_of_a_projection_is_that_of_its_cube(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One plane in five of the first cubes is tissue: all of their maximum along Z."""
    volume, mask = store(tmp_path / "v.ome.zarr"), np.zeros(SHAPE, np.uint8)
    mask[:10:5] = mask[10:] = 1
    tifffile.imwrite(tmp_path / "t.tif", mask, photometric="minisblack", metadata={"axes": "ZYX"})
    for most in (2**24, 600):
        monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", most)
        for share, planes in ((0.2, {"0", "10"}), (0.21, {"10"})):
            crops, out = (
                CropChoice(crop=10, cut="projections", least_tissue=share),
                tmp_path / f"{share}{most}",
            )
            cut(volume, out, crops, tissue=tmp_path / "t.tif")
            assert {row["plane"] for row in read_table(out)} == planes
            assert Counter(row["view"] for row in read_table(out)) == dict.fromkeys("ZYX", 12 * len(planes))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["planes", "projections"])
def test_memory_does_not_grow_with_the_volume(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 2**18)
    monkeypatch.setattr(metgan.workflows.scan_files, "_PLANES", 16)
    monkeypatch.setattr(
        importlib.import_module("metgan.data.survey"), "_ASKED", 20
    )  # crops: both volumes have more
    monkeypatch.setattr(importlib.import_module("metgan.workflows.prepare"), "MOST_ASKED", 10)
    every = {"planes": 2, "projections": 1}[kind]
    crops = CropChoice(crop=64, every=every, cut=kind, keep_empty=0.0)  # type: ignore[arg-type]  # both are words
    peaks = {}
    for planes, side in ((64, 64), (64, 128), (128, 256)):  # chunks of one size
        image = np.broadcast_to(
            RANDOM.integers(100, 900, (1, 1, side, side)).astype(np.uint16), (1, planes, side, side)
        )
        scan = np.concatenate([image, image + np.uint16(7)])
        scan[1, :, :4, :4] += 3000
        label = np.zeros(scan.shape[1:], np.uint8)
        label[:, :4, :4] = 1
        path = tmp_path / f"{side}.ome.zarr"
        write_ome_zarr(path, ArrayImage(scan, "CZYX", (8.0, 8.0, 8.0)), {"tumours": ArrayImage(label, "ZYX")})
        del scan, label, image
        peaks[side] = peak_of(lambda p=path, s=side: cut(p, tmp_path / f"{s}", crops))  # type: ignore[misc]
    assert peaks[256] < 1.1 * peaks[128] + 2**21  # lists of crops; the volume grew by 36 MB
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 2**30)
    assert peak_of(lambda: cut(path, tmp_path / "whole", crops)) > 3 * peaks[256]  # it does grow at once


@pytest.mark.parametrize(
    ("choice", "files", "error", "said"),
    [
        ({"cut": "projections", "every": 2}, {}, SettingError, "--every 2 with --cut projections"),
        (
            {"cut": "projections", "crop": 24},
            {},
            SettingError,
            "cubes of 24 voxels in a region of 20 x 36 x 44",
        ),
        ({"keep_empty": 0.5}, {"labels": None}, SettingError, "--keep-empty 0.5 without --labels"),
        ({"keep_empty": 1.5}, {}, SettingError, "keep_empty is 1.5"),
        ({"keep_empty": 0.0, "rows": "16:28"}, {}, ArrayError, "none of the"),
        ({}, {"pixel_size_um": 0.0}, SettingError, "pixel_size_um is 0.0"),
        ({}, {"pixel_size_um": 400.0}, SettingError, "pixels smaller than the scan"),
        ({"crop": 30}, {"pixel_size_um": 16.0}, SettingError, "crops of 30 pixels in a region of 18 x 22"),
    ],
)
def test_what_cannot_be_cut_is_refused(
    tmp_path: Path, choice: dict[str, object], files: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        cut(store(tmp_path / "v.ome.zarr"), tmp_path / "p", CropChoice(**{"crop": 8, **choice}), **files)  # type: ignore[arg-type]
    assert not (tmp_path / "p").exists()


def test_air_and_a_mask_of_the_tissue_are_not_asked_for_at_once() -> None:
    with pytest.raises(SettingError, match="--leave-out-air with --tissue"):
        CropChoice(leave_out_air=True).plan(has_tissue=True)


def test_a_size_that_no_file_tells_is_refused(tmp_path: Path) -> None:
    volume = store(tmp_path / "v.ome.zarr", None)
    with pytest.raises(StorageError, match="does not say how large its voxels are"):
        cut(volume, tmp_path / "p", CropChoice(crop=8), pixel_size_um=8.0)


def test_squeezed_projections_are_told(tmp_path: Path) -> None:
    flat = store(tmp_path / "v.ome.zarr", (16.0, 8.0, 8.0))
    _, told = cut(flat, tmp_path / "p", CropChoice(crop=10, cut="projections"))
    assert any("are 16 x 8 x 8 um large, so that projections along Y and X are squeezed" in t for t in told)
    _, told = cut(flat, tmp_path / "q", CropChoice(crop=10, cut="projections"), pixel_size_um=8.0)
    assert not any("are squeezed" in text for text in told)


def test_a_mask_whose_blocks_have_different_values_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered = LABEL.copy()
    numbered[15, 30, 2] = 2
    tifffile.imwrite(tmp_path / "m.tif", numbered, photometric="minisblack", metadata={"axes": "ZYX"})
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 3000)
    with pytest.raises(ArrayError, match=r"m label has values \{0, 1, 2\}"):
        cut(store(tmp_path / "v.ome.zarr"), tmp_path / "p", CropChoice(crop=8), labels=tmp_path / "m.tif")
    assert not (tmp_path / "p").exists()


def test_a_chunk_that_vanishes_in_mid_run_is_an_error_and_leaves_the_former_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = store(tmp_path / "v.ome.zarr")
    monkeypatch.setattr(metgan.workflows.scan_files, "AT_ONCE", 3000)
    module = importlib.import_module("metgan.workflows.prepare")  # its package has a function of that name
    real = module.choose_crops

    def losing(*given: object) -> object:
        chosen = real(*given)  # type: ignore[arg-type]
        next(p for p in (volume / "0").rglob("*") if p.is_file() and p.name.isdigit()).unlink()
        return chosen

    monkeypatch.setattr(module, "choose_crops", losing)
    with pytest.raises(StorageError, match="lacks the chunk"):
        cut(volume, tmp_path / "p", CropChoice(crop=8))
    with pytest.raises(StorageError):
        PairSet.open(tmp_path / "p")
