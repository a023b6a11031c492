"""One protocol for all images: any part that is asked for is that of the whole, wherever the pixels lie."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metgan.errors import ArrayError, StorageError
from metgan.images import (
    ArrayImage,
    ImageSource,
    layout_like,
    open_image,
    read_stack,
    write_image,
    write_ome_zarr,
)

VOLUME = np.random.default_rng(0).integers(0, 4000, (4, 20, 30)).astype(np.uint16)
KINDS = {
    "array": "ZYX",
    "plain.tif": "ZYX",
    "strips.tif": "ZYX",
    "tiles.tif": "ZYX",
    "other-byte-order.tif": "ZYX",
    "one-by-one.tif": "IYX",
    "suffix.of-its-own": "ZYX",
    "plane.png": "YX",
    "0.4.ome.zarr": "ZYX",
    "0.5.ome.zarr": "ZYX",
    "volume.nii": "XYZ",
    "volume.nii.gz": "XYZ",
    "planes": "ZYX",
    "planes-png": "ZYX",
}
pytestmark = pytest.mark.filterwarnings("error")


def write_volume(path: Path) -> Path:
    """Write the volume as what is no TIFF."""
    if path.suffix == ".zarr":
        image = ArrayImage(VOLUME, "ZYX")
        write_ome_zarr(path, image, layout=layout_like(image, version=path.name[:3]), overwrite=True)
    elif path.name.startswith("planes"):
        for z, plane in enumerate(VOLUME, start=8):  # 8, 9, 10, 11: not the order of the alphabet
            write_image(path / f"scan_C01_Z{z}.{'png' if 'png' in path.name else 'tif'}", plane)
        (path / "settings.txt").write_text("20 ms")
    else:
        nibabel.save(nibabel.Nifti1Image(VOLUME.T, np.eye(4)), path)
    return path


def written(folder: Path, kind: str) -> tuple[ImageSource, np.ndarray]:
    """Write the volume as `kind` says, and open it; returns also what is in it."""
    path = folder / kind
    more: dict[str, object] = {"photometric": "minisblack", "metadata": {"axes": "ZYX"}}
    if kind == "array":
        return ArrayImage(VOLUME, "ZYX"), VOLUME
    if kind == "plane.png":
        write_image(path, VOLUME[0])
        return open_image(path), VOLUME[0]
    if kind in ("0.4.ome.zarr", "0.5.ome.zarr", "planes", "planes-png", "volume.nii", "volume.nii.gz"):
        return open_image(write_volume(path)), VOLUME.T if "nii" in kind else VOLUME
    if kind == "one-by-one.tif":
        with tifffile.TiffWriter(path) as file:
            for plane in VOLUME:
                file.write(plane, contiguous=False, photometric="minisblack")
    elif kind == "strips.tif":
        tifffile.imwrite(path, VOLUME, compression="zlib", rowsperstrip=7, **more)
    elif kind == "tiles.tif":
        tifffile.imwrite(path, VOLUME, compression="zlib", tile=(16, 16), **more)
    else:
        tifffile.imwrite(path, VOLUME, byteorder=">" if kind.startswith("other") else "<", **more)
    return open_image(path), VOLUME


@st.composite
def regions(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[slice, ...]:
    sides = []
    for length in shape:
        first = draw(st.integers(0, length - 1))
        sides.append(slice(first, draw(st.integers(first + 1, length)), draw(st.integers(1, 3))))
    return tuple(sides)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_part_is_that_of_the_whole(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    source, whole = written(tmp_path, kind)
    assert (source.shape, source.dtype, source.axes) == (whole.shape, whole.dtype, KINDS[kind])
    region = data.draw(regions(whole.shape))
    part = source.read(region)
    assert part.dtype == whole.dtype
    np.testing.assert_array_equal(part, whole[region])
    np.testing.assert_array_equal(source.read((slice(None),) * whole.ndim), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_slices_that_are_not_one_per_axis_are_refused(tmp_path: Path, kind: str) -> None:
    source, _ = written(tmp_path, kind)
    for count in (1, 4):
        with pytest.raises(ArrayError, match=f"{count} slices for an image of shape"):
            source.read((slice(None),) * count)


@pytest.mark.parametrize(("axes", "size"), [("YX", None), ("ZYX", (1.0, 1.0)), ("CYX", (1.0,) * 3)])
def test_axes_or_sizes_that_do_not_fit_an_array_are_refused(
    axes: str, size: tuple[float, ...] | None
) -> None:
    with pytest.raises(ArrayError, match="a letter for each axis"):
        ArrayImage(VOLUME, axes, size)


def test_a_missing_file_and_what_is_no_image_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image, and long enough to have a header")
    for name in ("missing.tif", "notes.txt"):
        with pytest.raises(StorageError, match=name):
            open_image(tmp_path / name)


IMAGEJ = {"imagej": True, "resolution": (2.0, 4.0)}  # pixels per unit along X and Y
OME = {"PhysicalSizeX": 500.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.25, "PhysicalSizeZ": 3.0}


@pytest.mark.parametrize(
    ("options", "noted", "size"),
    [
        (IMAGEJ, {"axes": "ZYX", "unit": "um", "spacing": 3.0}, (3.0, 0.25, 0.5)),
        (IMAGEJ, {"axes": "ZYX", "unit": "micron", "spacing": 3.0}, (3.0, 0.25, 0.5)),
        (IMAGEJ, {"axes": "ZYX", "unit": "\\u00B5m", "spacing": 3.0}, (3.0, 0.25, 0.5)),
        (IMAGEJ, {"axes": "CYX", "unit": "um"}, (0.25, 0.5)),
        (IMAGEJ, {"axes": "ZYX", "unit": "um"}, None),
        (IMAGEJ, {"axes": "ZYX", "unit": "mm", "zunit": "um", "spacing": 3.0}, (3.0, 250.0, 500.0)),
        (IMAGEJ, {"axes": "ZYX", "unit": "um", "yunit": "nm", "spacing": 3.0}, (3.0, 0.00025, 0.5)),
        (IMAGEJ, {"axes": "ZYX", "unit": "um", "zunit": "plane", "spacing": 1.0}, None),
        (IMAGEJ, {"axes": "ZYX", "unit": "inch", "spacing": 3.0}, None),
        ({"ome": True}, {"axes": "ZYX", **OME}, (3.0, 0.25, 0.5)),
        ({"ome": True}, {"axes": "ZYX"}, None),
        ({"resolution": (72, 72), "resolutionunit": "INCH"}, {"axes": "ZYX"}, None),
    ],
)
def test_the_size_of_a_voxel_is_what_imagej_and_ome_say(
    tmp_path: Path, options: dict[str, object], noted: dict[str, object], size: tuple[float, ...] | None
) -> None:
    path = tmp_path / ("a.ome.tif" if "ome" in options else "a.tif")
    tifffile.imwrite(path, VOLUME, photometric="minisblack", metadata=noted, **options)
    found = open_image(path).voxel_size_um
    assert found == (None if size is None else pytest.approx(size))


def test_a_size_below_0_is_told_and_not_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noted = {"axes": "ZYX", "unit": "um", "spacing": -3.0}
    tifffile.imwrite(tmp_path / "a.tif", VOLUME, metadata=noted, imagej=True, resolution=(2.0, 4.0))
    assert open_image(tmp_path / "a.tif").voxel_size_um is None
    assert "voxels are -3 x 0.25 x 0.5 um large, below 0" in capsys.readouterr().err


def test_a_png_is_a_stack_of_one_plane(tmp_path: Path) -> None:
    write_image(tmp_path / "mask.png", VOLUME[0])
    stack = read_stack(tmp_path / "mask.png")
    assert stack.plane_shape(None) == (1, 20, 30)
    np.testing.assert_array_equal(
        stack.plane_order(None, (slice(1), slice(3, 9), slice(5))), VOLUME[:1, 3:9, :5]
    )


def test_planes_compressed_each_in_its_own_way_are_refused_with_what_joins_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for plane, compression in zip(VOLUME, (None, None, "zlib", None), strict=True):
            file.write(plane, compression=compression, metadata=None, photometric="minisblack")
    with pytest.raises(StorageError, match="holds 2 images") as refused:
        open_image(path)
    pixels = refused.value.remedy.split("'new.tif', ")[1].removesuffix(", photometric='minisblack')")
    with tifffile.TiffFile(path) as opened:
        known = {"numpy": np, "tifffile": SimpleNamespace(TiffFile=lambda _: opened), "PATH": path}
        np.testing.assert_array_equal(eval(pixels, known), VOLUME)
