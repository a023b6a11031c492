"""How files become a scan: what is chosen is told or asked, what is not asked for is not checked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.data import CropPlan, PairSet, Scan, StoredPairs, prepare, read_table, survey
from metgan.errors import ArrayError, LeakageError, SettingError, StorageError
from metgan.workflows.scan_files import ScanFiles, read_scan

from .conftest import Capture

PLAN = CropPlan(crop=8, stride=8, block=8)
VOXELS = np.random.default_rng(0).integers(100, 4000, (3, 3, 16, 24)).astype(np.uint16)  # ZCYX
MASK = np.zeros((3, 16, 24), np.uint8)
MASK[1, 2:4, 2:4] = 255


@pytest.fixture
def files(tmp_path: Path) -> ScanFiles:
    """A mask, ``mask.tif``, and its scan of two channels, ``m1/scan.tif``."""
    write(tmp_path / "mask.tif", MASK)
    write(tmp_path / "m1" / "scan.tif", VOXELS[:, :2])
    return ScanFiles(tmp_path / "mask.tif")


def write(path: Path, volume: np.ndarray) -> Path:
    path.parent.mkdir(exist_ok=True)
    axes = "ZCYX" if volume.ndim == 4 else "ZYX"
    tifffile.imwrite(path, volume, photometric="minisblack", metadata={"axes": axes})
    return path


def read(path: Path, files: ScanFiles, out: Path | None = None, plan: CropPlan = PLAN) -> Scan:
    return read_scan([path], files, plan, [] if out is None else read_table(out))


def test_the_order_of_two_channels_is_told_unless_it_was_asked_for(
    tmp_path: Path, files: ScanFiles, capsys: Capture
) -> None:
    scan = read(tmp_path / "m1" / "scan.tif", files)
    np.testing.assert_array_equal(scan.tumour, VOXELS[:, 1])
    assert "channel 0 is taken as the anatomy and 1 as the tumour" in capsys.readouterr().err
    read(tmp_path / "m1" / "scan.tif", replace(files, channels=(0, 1)))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("given", ["CZYX", "ZYCX", "ZCXY"])
def test_axes_that_contradict_the_file_are_told_as_axes(
    tmp_path: Path, files: ScanFiles, capsys: Capture, given: str
) -> None:
    with pytest.raises(ArrayError) as refused:  # the mask has other sides
        read(tmp_path / "m1" / "scan.tif", replace(files, axes=given))
    assert "--axes" in str(refused.value)
    told = capsys.readouterr().err
    assert f"says that its axes are ZCYX, of shape (3, 2, 16, 24); they are read as {given}" in told
    read(tmp_path / "m1" / "scan.tif", replace(files, axes="ZCYX"))
    assert "says that its axes" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shape", "example"), [((2, 3, 16, 24), "CZYX"), ((3, 2, 16, 24), "ZCYX"), ((1, 3, 2, 16, 24), "TZCYX")]
)
def test_a_file_that_does_not_name_its_axes_is_told_by_its_shape(
    tmp_path: Path, files: ScanFiles, shape: tuple[int, ...], example: str
) -> None:
    tifffile.imwrite(tmp_path / "bare.tif", VOXELS[:, :2].reshape(shape), photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "bare.tif") as file:
        held = file.series[0].shape
    with pytest.raises(ArrayError) as refused:
        read(tmp_path / "bare.tif", files)
    assert f"has shape {held}, and does not say which axis is which" in str(refused.value)
    assert f"--axes {example}" in str(refused.value)
    assert "ZZ" not in str(refused.value)


def test_a_channel_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, files: ScanFiles) -> None:
    write(tmp_path / "one.tif", VOXELS[:, 0])
    with pytest.raises(ArrayError, match=r"one channel, number 0; channel 1 was asked for .*count from 0"):
        read(tmp_path / "one.tif", files)
    with pytest.raises(ArrayError, match=r"axes ZYCX as named, while the file says ZCYX.*") as refused:
        read(tmp_path / "m1" / "scan.tif", replace(files, axes="ZYCX"))
    assert "16 channels (0 to 15;" in str(refused.value)
    with pytest.raises(ArrayError, match=r"2 channels \(0 to 1.*channel 2 was asked for"):
        read(tmp_path / "m1" / "scan.tif", replace(files, channels=(0, 2)))


def test_an_image_given_for_a_mask_is_said_to_look_like_one(tmp_path: Path, files: ScanFiles) -> None:
    image = write(tmp_path / "image.tif", VOXELS[:, 0])
    with pytest.raises(ArrayError) as refused:
        read(tmp_path / "m1" / "scan.tif", replace(files, labels=image))
    for words in ("more than 32, so that it looks like an image", "file of the mask", "--labels-above"):
        assert words in str(refused.value)
    numbered = write(tmp_path / "numbered.tif", MASK // 255 * np.arange(1, 25, dtype=np.uint8))
    with pytest.raises(ArrayError, match="--labels-above") as refused:
        read(tmp_path / "m1" / "scan.tif", replace(files, labels=numbered))
    assert "image" not in str(refused.value).split(";")[0]


def test_of_three_channels_two_must_be_named(tmp_path: Path, files: ScanFiles) -> None:
    write(tmp_path / "three.tif", VOXELS)
    with pytest.raises(ArrayError, match=r"has 3 channels .*--channels ANATOMY TUMOUR"):
        read(tmp_path / "three.tif", files)
    scan = read(tmp_path / "three.tif", replace(files, channels=(0, 2)))
    np.testing.assert_array_equal(scan.tumour, VOXELS[:, 2])


def test_regions_of_an_atlas_are_tissue_with_the_option_that_the_error_names(
    tmp_path: Path, files: ScanFiles
) -> None:
    atlas = np.zeros(MASK.shape, np.uint32)
    atlas[:, :, 8:16], atlas[:, :, 16:] = 997, 614454277
    files = replace(files, tissue=write(tmp_path / "atlas.tif", atlas))
    with pytest.raises(ArrayError, match=r"tissue has values \{0, 997, .*Give --tissue-above 0"):
        read(tmp_path / "m1" / "scan.tif", replace(files, labels_above=0))
    scan = read(tmp_path / "m1" / "scan.tif", replace(files, tissue_above=0))
    np.testing.assert_array_equal(scan.tissue, atlas > 0)
    with pytest.raises(SettingError, match="--tissue-above 0 without --tissue"):
        read(tmp_path / "m1" / "scan.tif", replace(files, tissue=None, tissue_above=0))


@pytest.mark.parametrize("what", ["NaN in the image", "NaN in the mask", "a third value in the mask"])
@pytest.mark.parametrize(
    ("ranges", "outside"),
    [
        ({"rows": (8, 16)}, np.s_[:, 3]),
        ({"columns": (0, 16)}, np.s_[:, :, 20]),
        ({"planes": (1, 3)}, np.s_[0]),
        ({"every": 2}, np.s_[1, 12:]),
    ],
)
def test_only_what_is_asked_for_is_checked(
    tmp_path: Path, files: ScanFiles, what: str, ranges: dict[str, object], outside: object
) -> None:
    """And cut as from a scan that has no fault there."""
    plan = replace(PLAN, **ranges)
    image, mask = VOXELS[:, :2].astype(np.float32), MASK.astype(np.float32)
    above = replace(files, labels_above=0)
    prepare(read(write(tmp_path / "m1" / "scan.tif", image), above, plan=plan), plan, tmp_path / "wanted")
    if what == "NaN in the image":
        image.swapaxes(1, 2).swapaxes(2, 3)[outside] = np.nan  # (Z, Y, X, C)
    else:
        mask[outside] = np.nan if what.startswith("NaN") else 7
    write(tmp_path / "m1" / "scan.tif", image)
    write(tmp_path / "mask.tif", mask)
    some = files if what.startswith("a third") else above
    with pytest.raises(ArrayError):
        read(tmp_path / "m1" / "scan.tif", some)
    scan = read(tmp_path / "m1" / "scan.tif", some, plan=plan)
    assert np.isfinite(survey(scan, plan).contrast["tumour"].ratio) == scan.label.any()
    prepare(scan, plan, tmp_path / "found")
    for wanted, found in zip(
        *([*StoredPairs(PairSet.open(tmp_path / name))] for name in ("wanted", "found")), strict=True
    ):
        assert wanted.entry.name == found.entry.name
        for channel in ("anatomy", "tumour", "label"):
            np.testing.assert_array_equal(getattr(found, channel), getattr(wanted, channel))
    with pytest.raises(
        SettingError, match="outside the planes, rows and columns that scan m1_scan was read for"
    ):
        prepare(scan, PLAN, tmp_path / "more")


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("m1/scan.tif", "m2/scan.tif", ("m1_scan", "m2_scan")),
        ("m1/brain_0.63x_m1.tif", "m1/brain_0.63x_m2.ome.tif", ("m1_brain_0.63x_m1", "m1_brain_0.63x_m2")),
        ("m1/scan.2024.tif", "m1/scan.2025.tif", ("m1_scan.2024", "m1_scan.2025")),
    ],
)
def test_two_files_are_two_scans(
    tmp_path: Path, files: ScanFiles, one: str, other: str, names: tuple[str, str]
) -> None:
    out = tmp_path / "pairs"
    for number, name in enumerate((one, other)):
        prepare(read(write(tmp_path / name, VOXELS[:, :2] + number), files, out), PLAN, out)
    assert {row["scan"] for row in read_table(out)} == {*names}
    assert len({entry.group for entry in PairSet.open(out)}) == 2 * 6


def test_a_scan_keeps_its_name_wherever_it_lies(tmp_path: Path, files: ScanFiles) -> None:
    out, first = tmp_path / "pairs", replace(PLAN, rows=(0, 8))
    prepare(read(tmp_path / "m1" / "scan.tif", files, out, first), first, out)
    shutil.copy(tmp_path / "m1" / "scan.tif", tmp_path / "renamed.tif")
    again = read(tmp_path / "renamed.tif", files, out)
    assert again.name == "m1_scan"
    with pytest.raises(StorageError, match="already has"):
        prepare(again, PLAN, out)
    with pytest.raises(LeakageError, match="crops of this scan under the name 'm1_scan'"):
        prepare(replace(again, name="other"), PLAN, out)


def test_a_scan_is_not_added_to_crops_of_which_nobody_knows_the_file(
    tmp_path: Path, files: ScanFiles
) -> None:
    """As of an array, or of a version that did not note it: they may be of the same tissue."""
    scan = read(tmp_path / "m1" / "scan.tif", files)
    prepare(replace(scan, name="array", source=""), replace(PLAN, rows=(0, 8)), tmp_path / "pairs")
    with pytest.raises(LeakageError, match=r"'array', and does not say from which file.*--name array"):
        prepare(scan, replace(PLAN, rows=(8, 16)), tmp_path / "pairs")
    prepare(replace(scan, name="array"), replace(PLAN, rows=(8, 16)), tmp_path / "pairs")


@pytest.mark.parametrize("name", ["m1_scan", "M1_scan"])
def test_another_scan_of_a_name_is_a_question(tmp_path: Path, files: ScanFiles, name: str) -> None:
    """Also one that only the case tells apart: on a Mac or Windows its files would be the other's."""
    out, first = tmp_path / "pairs", replace(PLAN, rows=(0, 8))
    prepare(read(tmp_path / "m1" / "scan.tif", files, out, first), first, out)
    write(tmp_path / "m1" / "scan.tif", VOXELS[:, 1:])
    second = replace(PLAN, rows=(8, 16))
    changed = read(tmp_path / "m1" / "scan.tif", replace(files, name=name), out, second)
    with pytest.raises(SettingError, match="has crops of another scan that is called 'm1_scan'"):
        prepare(changed, second, out)


def test_a_group_that_is_nearly_one_of_the_sets_is_a_question(tmp_path: Path, files: ScanFiles) -> None:
    out = tmp_path / "pairs"
    scan = read(tmp_path / "m1" / "scan.tif", files)
    prepare(scan, replace(PLAN, rows=(0, 8), group="Mouse 1 "), out)
    assert {entry.group for entry in PairSet.open(out)} == {"Mouse 1"}
    with pytest.raises(SettingError, match="has the groups 'Mouse 1' and 'mouse 1'"):
        prepare(scan, replace(PLAN, rows=(8, 16), group="mouse 1"), out)


@pytest.mark.parametrize("name", [".hidden", "", "a/b", "x" * 300])
def test_a_name_that_other_verbs_would_overlook_is_refused(
    tmp_path: Path, files: ScanFiles, name: str
) -> None:
    with pytest.raises(SettingError, match="Choose another --name"):
        read(tmp_path / "m1" / "scan.tif", replace(files, name=name))
