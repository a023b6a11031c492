"""`metgan info VOLUME` tells what a volume of any format is, and reads no voxel of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile

from metgan.cli.app import app
from metgan.errors import StorageError
from metgan.images import (
    ArrayImage,
    ImageSource,
    OmeZarrChannel,
    layout_like,
    open_image,
    write_image,
    write_ome_zarr,
    writing_ome_zarr,
)
from metgan.phantom import PhantomVolume, phantom_layout, write_phantom_volume
from metgan.types import AnyArray
from metgan.workflows import InfoRequest, info

pytestmark = pytest.mark.volume

RANDOM = np.random.default_rng(0)
SIZE = (5.0, 0.65, 0.5)


def volume_of(dtype: str) -> AnyArray:
    return RANDOM.integers(0, 200, (3, 20, 30)).astype(dtype)


def as_ome_zarr(version: str) -> Callable[[Path, AnyArray], Path]:
    def write(folder: Path, array: AnyArray) -> Path:
        image = ArrayImage(array, "ZYX", SIZE)
        write_ome_zarr(folder / "v.ome.zarr", image, layout=layout_like(image, version=version))  # type: ignore[arg-type]
        return folder / "v.ome.zarr"

    return write


def as_ome_tiff(folder: Path, array: AnyArray) -> Path:
    sizes = {f"PhysicalSize{axis}": size for axis, size in zip("ZYX", SIZE, strict=True)}
    units = {f"PhysicalSize{axis}Unit": "µm" for axis in "ZYX"}
    tifffile.imwrite(folder / "v.ome.tif", array, metadata={"axes": "ZYX", **sizes, **units})
    return folder / "v.ome.tif"


def as_imagej(folder: Path, array: AnyArray) -> Path:
    metadata = {"axes": "ZYX", "spacing": SIZE[0], "unit": "um"}
    resolution = (1 / SIZE[2], 1 / SIZE[1])
    tifffile.imwrite(folder / "v.tif", array, imagej=True, resolution=resolution, metadata=metadata)
    return folder / "v.tif"


def as_nifti(folder: Path, array: AnyArray) -> Path:
    image = nibabel.Nifti1Image(array.T, np.diag([*SIZE[::-1], 1]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, folder / "v.nii.gz")
    return folder / "v.nii.gz"


def as_planes(folder: Path, array: AnyArray) -> Path:
    (folder / "planes").mkdir()
    for z, plane in enumerate(array):
        sizes = {f"PhysicalSize{axis}": size for axis, size in zip("ZYX", SIZE, strict=True)}
        tifffile.imwrite(folder / "planes" / f"Z{z:03d}.ome.tif", plane, metadata={"axes": "YX", **sizes})
    return folder / "planes"


FORMATS: dict[str, tuple[Callable[[Path, AnyArray], Path], str]] = {
    "0.4": (as_ome_zarr("0.4"), "OME-Zarr 0.4 (Zarr 2)"),
    "0.5": (as_ome_zarr("0.5"), "OME-Zarr 0.5 (Zarr 3, sharded)"),
    "OME-TIFF": (as_ome_tiff, "TIFF"),
    "ImageJ": (as_imagej, "TIFF"),
    "NIfTI": (as_nifti, "NIfTI"),
    "planes": (as_planes, "a folder of 3 planes, Z000.ome.tif to Z002.ome.tif"),
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_round_trip_keeps_axes_size_of_a_voxel_dtype_and_values_and_info_tells_them(
    tmp_path: Path, name: str, dtype: str
) -> None:
    write, told = FORMATS[name]
    array = volume_of(dtype)
    path = write(tmp_path, array)
    image: ImageSource = open_image(path)
    order = [image.axes.index(axis) for axis in "ZYX"]
    np.testing.assert_array_equal(image.read((slice(None),) * 3).transpose(order), array)
    assert image.dtype == array.dtype
    assert image.voxel_size_um == pytest.approx(SIZE, rel=1e-5)
    found = info(InfoRequest(path=path))
    assert (found.name, found.facts["format"], found.facts["values"]) == ("Volume", told, dtype)
    shape = dict(part.split() for part in found.facts["shape"].split(", "))
    assert shape == {"Z": "3", "Y": "20", "X": "30"}
    assert [float(n) for n in found.facts["voxel size"].split(" um")[0].split(" x ")] == pytest.approx(SIZE)
    assert found.facts["extent"] == "0.015 x 0.013 x 0.015 mm"
    assert " in memory, " in found.facts["size"]


def test_of_an_ome_zarr_channels_labels_levels_and_its_making_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.ome.zarr"
    write_phantom_volume(out, PhantomVolume((2, 48, 300), seed=7))
    facts = info(InfoRequest(path=out)).facts
    assert facts["channels"] == "0 autofluorescence, 1 tumour"
    assert facts["labels"] == "tumours, uint8"
    assert facts["level"] == "0: 2 x 2 x 48 x 300\n1: 2 x 1 x 24 x 150"
    assert facts["blocks"] == "chunks of 1 x 2 x 48 x 64 in shards of 2 x 2 x 48 x 256"
    assert (facts["made by"], facts["--seed"]) == ("metgan phantom --volume", "7")
    assert "not stored" not in facts
    coarse = info(InfoRequest(path=out / "1")).facts
    assert (coarse["level"], coarse["shape"]) == ("1 of 2", "C 2, Z 1, Y 24, X 150")
    app(["info", str(out / "labels" / "tumours")])
    assert "Z 2, Y 48, X 300" in capsys.readouterr().out


def test_chunks_that_are_not_there_are_told(tmp_path: Path) -> None:
    array = volume_of("uint16")
    out = as_ome_zarr("0.4")(tmp_path, array)
    next(p for p in (out / "0").rglob("*") if p.is_file() and p.name.isdigit()).unlink()
    assert info(InfoRequest(path=out)).facts["not stored"].startswith("1 of its blocks, such as 0/0/0")


def test_no_voxel_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = as_ome_zarr("0.5")(tmp_path, volume_of("uint16"))

    def refuse(*_: object) -> None:
        raise AssertionError("a voxel was read")

    monkeypatch.setattr("metgan.images.OmeZarrImage.read", refuse)
    assert info(InfoRequest(path=out)).facts["labels"] == "none"


def test_a_label_of_another_shape_is_told_and_the_rest_as_well(tmp_path: Path) -> None:
    image, label = ArrayImage(volume_of("uint16"), "ZYX"), ArrayImage(volume_of("uint8"), "ZYX")
    layout = layout_like(image, {"tumours": label}, (OmeZarrChannel("anatomy"),))
    write_ome_zarr(tmp_path / "v.ome.zarr", image, {"tumours": label}, layout)
    other = ArrayImage(volume_of("uint8")[:2], "ZYX")
    write_ome_zarr(tmp_path / "v.ome.zarr" / "labels" / "tumours", other, overwrite=True)
    facts = info(InfoRequest(path=tmp_path / "v.ome.zarr")).facts
    assert facts["labels"].startswith("tumours, which cannot be used: label tumours of")
    assert facts["shape"] == "Z 3, Y 20, X 30"


def test_a_nifti_tells_how_the_animal_lay(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(volume_of("uint8").T, np.diag([-1.0, 1, 1, 1])), tmp_path / "v.nii")
    facts = info(InfoRequest(path=tmp_path / "v.nii")).facts
    assert facts["orientation"] == "X, Y and Z run to L, A, S"
    assert facts["voxel size"] == "not stated"


def test_a_volume_that_is_half_written_is_told_with_how_far_it_came(tmp_path: Path) -> None:
    out, volume = tmp_path / "p.ome.zarr", PhantomVolume((2, 48, 300))
    layout = phantom_layout(volume)
    with writing_ome_zarr(out, layout, "metgan phantom") as writer:
        block = writer.missing()[0]
        writer.write(block, volume.draw(block[1:])[0])
    found = info(InfoRequest(path=tmp_path / "p.ome.zarr.part"))
    assert found.name == "Unfinished:"
    assert found.facts["what"].startswith("metgan phantom, interrupted")
    assert found.facts["how far"].startswith("1 blocks")


@pytest.mark.parametrize("name", ["scan.tif", "scan.nii.gz", "scan.czi", "scan.png"])
@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_what_is_no_volume_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StorageError, match=name.replace(".", r"\.")):
        info(InfoRequest(path=tmp_path / name))


def test_an_empty_zarr_and_a_folder_with_gaps_are_refused(tmp_path: Path) -> None:
    (tmp_path / "v.zarr").mkdir()
    with pytest.raises(StorageError, match="has no metadata"):
        info(InfoRequest(path=tmp_path / "v.zarr"))
    for z in (1, 2, 4):
        write_image(tmp_path / "planes" / f"Z{z}.tif", volume_of("uint8")[0])
    with pytest.raises(StorageError, match="lacks 3"):
        info(InfoRequest(path=tmp_path / "planes"))
