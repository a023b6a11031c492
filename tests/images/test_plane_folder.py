"""A folder of planes is a scan in the order of their numbers; missing planes and mixed scans are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.errors import ArrayError, StorageError
from metgan.images import open_image, read_stack, write_image

PLANES = np.random.default_rng(0).integers(0, 4000, (12, 9, 8)).astype(np.uint16)
Capture = pytest.CaptureFixture[str]


def write(folder: Path, *names: str) -> Path:
    for plane, name in zip(PLANES, names, strict=False):
        write_image(folder / name, plane)
    return folder


def test_planes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write(tmp_path / "scan", *(f"mouse3_C00_Z{z}.tif" for z in range(12)))
    stack = read_stack(tmp_path / "scan")
    assert (stack.axes, stack.plane_shape(None)) == ("ZYX", (12, 9, 8))
    np.testing.assert_array_equal(stack.plane_order(None), PLANES)
    part = (slice(2, 11, 3), slice(1, 5), slice(3, 8))
    np.testing.assert_array_equal(stack.plane_order(None, part), PLANES[part])


def test_only_the_planes_that_are_asked_for_are_opened(tmp_path: Path) -> None:
    folder = write(tmp_path / "scan", "Z0.tif", "Z1.tif", "Z2.tif")
    (folder / "Z1.tif").write_bytes(b"no TIFF, but long enough for one")
    image = open_image(folder)
    np.testing.assert_array_equal(image.read((slice(0, 3, 2), slice(None), slice(None))), PLANES[[0, 2]])
    with pytest.raises(StorageError, match=r"Z1\.tif"):
        image.read((slice(None),) * 3)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("Z0.tif", "Z1.tif", "Z3.tif"), "holds 3 planes numbered 0 to 3, and lacks 2"),
        (("Z7.tif", "Z8.tif", "Z11.tif", "Z12.tif"), "lacks 9, 10"),
        (("Z1.tif", "Z01.tif", "Z2.tif"), "two images of the number 1"),
        (("C0_Z0.tif", "C0_Z1.tif", "C1_Z0.tif", "C1_Z1.tif"), "differ in 2 numbers.*several channels"),
        (("C0_Z0.ome.tif", "C1_Z1.ome.tif"), r"opens the whole scan.* give \S*C0_Z0\.ome\.tif"),
        (("anatomy1.tif", "tumour2.tif"), "differ in more than a number"),
        (("1.tif", "1.png"), "differ in no number"),
    ],
)
def test_planes_that_are_missing_or_of_several_scans_are_refused(
    tmp_path: Path, names: tuple[str, ...], says: str
) -> None:
    with pytest.raises(StorageError, match=says):
        open_image(write(tmp_path / "scan", *names))


def test_numbers_that_are_evenly_apart_are_planes_and_that_is_told(tmp_path: Path, capsys: Capture) -> None:
    folder = write(tmp_path / "scan", "Z0000.tif", "Z0005.tif", "Z0010.tif")
    np.testing.assert_array_equal(open_image(folder).read((slice(None),) * 3), PLANES[:3])
    assert "numbers are 5 apart" in capsys.readouterr().err


def test_a_single_plane_needs_no_number(tmp_path: Path, capsys: Capture) -> None:
    assert open_image(write(tmp_path / "scan", "section.tif")).shape == (1, 9, 8)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("odd", [PLANES[1][:8], PLANES[1].astype(np.uint8)])
def test_a_plane_of_another_shape_or_dtype_is_refused_where_it_is_read(tmp_path: Path, odd) -> None:
    folder = write(tmp_path / "scan", "Z0.tif", "Z1.tif", "Z2.tif")
    write_image(folder / "Z1.tif", odd)
    image = open_image(folder)
    assert image.read((slice(2, 3), slice(None), slice(None))).shape == (1, 9, 8)
    with pytest.raises(StorageError, match=r"Z1\.tif is uint"):
        image.read((slice(None),) * 3)


def test_files_that_hold_several_planes_are_no_folder_of_planes(tmp_path: Path) -> None:
    for k in range(2):
        tifffile.imwrite(
            tmp_path / f"part{k}.tif", PLANES, photometric="minisblack", metadata={"axes": "ZYX"}
        )
    with pytest.raises(StorageError, match="holds several planes"):
        open_image(tmp_path)


def test_the_size_of_a_voxel_is_known_where_the_first_plane_tells_how_far_the_next_is(tmp_path: Path) -> None:
    sizes = {"PhysicalSizeX": 0.65, "PhysicalSizeY": 0.65, "PhysicalSizeZ": 5.0}
    for name, noted in (("all", sizes), ("plane", {**sizes, "PhysicalSizeZ": None})):
        (tmp_path / name).mkdir()
        kept = {key: value for key, value in noted.items() if value is not None}
        for k in range(2):
            path = tmp_path / name / f"Z{k}.ome.tif"
            said = {"axes": "YX", **kept}
            tifffile.imwrite(path, PLANES[k], ome=True, photometric="minisblack", metadata=said)
    assert open_image(tmp_path / "all").voxel_size_um == (5.0, 0.65, 0.65)
    assert open_image(tmp_path / "plane").voxel_size_um is None


def test_colours_in_the_planes_are_called_colours(tmp_path: Path) -> None:
    for k in range(2):
        tifffile.imwrite(tmp_path / f"Z{k}.tif", np.zeros((9, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(ArrayError, match="Axis S, number 4 of 4, holds 3 colours"):
        read_stack(tmp_path).plane_order(None)
