"""OME-Zarr as others write it is read by region; what is broken, or no image, is called so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from metgan.errors import ArrayError, SettingError, StorageError, UnknownNameError
from metgan.images import (
    ArrayImage,
    OmeZarrImage,
    compare_places,
    layout_like,
    open_image,
    read_stack,
    write_image,
    write_ome_zarr,
)

SCAN = np.random.default_rng(0).integers(1, 4000, (2, 6, 40, 30)).astype(np.uint16)  # CZYX
ALL = (slice(None),) * 4
Capture = pytest.CaptureFixture[str]


def attributes(
    version: str, axes: str = "czyx", unit: str | None = "micrometer", **more: Any
) -> dict[str, Any]:
    """Return what an image of two levels says of itself, as the specification has it."""
    types = {"c": "channel", "t": "time"}
    named = [{"name": a, "type": types.get(a, "space")} for a in axes]
    for axis in named:
        if axis["type"] == "space" and unit is not None:
            axis["unit"] = unit
    sizes = {"z": 5.0, "y": 0.65, "x": 0.65}
    datasets = [
        {
            "path": f"scale{k}",
            "coordinateTransformations": [
                {"type": "scale", "scale": [2**k * sizes.get(a, 1.0) for a in axes]}
            ],
        }
        for k in range(2)
    ]
    said: dict[str, Any] = {
        "multiscales": [{"version": version, "axes": named, "datasets": datasets}],
        "omero": {"channels": [{"label": "autofluorescence"}, {"label": "dye"}]},
        **more,
    }
    return {"ome": {"version": version, **said}} if version == "0.5" else said


def write(
    path: Path, version: str = "0.5", dtype: str = "uint16", said: dict[str, Any] | None = None, **more
):
    """Write the scan with zarr alone."""
    v3 = version == "0.5"
    options: dict[str, Any] = {"shards": (1, 4, 32, 32)} if v3 and more.pop("sharded", True) else {}
    if not v3:
        options = {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
    for k in range(2):
        whole = SCAN[:, :, :: k + 1, :: k + 1]
        array = zarr.create_array(
            path / f"scale{k}",
            shape=whole.shape,
            dtype=dtype,
            chunks=(1, 2, 16, 16),
            zarr_format=3 if v3 else 2,
            **options,
            **more,
        )
        array[:] = whole
    said = attributes(version) if said is None else said
    zarr.create_group(path, attributes=said, zarr_format=3 if v3 else 2)
    return path


@pytest.mark.parametrize(
    ("version", "more"),
    [
        ("0.5", {}),
        ("0.5", {"sharded": False}),
        ("0.4", {}),
        ("0.4", {"dtype": ">u2"}),
        ("0.4", {"compressors": None, "order": "F"}),
    ],
)
def test_axes_voxel_size_names_dtype_and_values_are_those_that_were_written(
    tmp_path: Path, version: str, more: dict[str, Any]
) -> None:
    image = open_image(write(tmp_path / "scan.zarr", version, **more))
    assert isinstance(image, OmeZarrImage)
    assert (image.axes, image.dtype, image.levels) == ("CZYX", np.dtype("uint16"), 2)
    assert image.voxel_size_um == pytest.approx((5.0, 0.65, 0.65))
    assert image.channel_names == ("autofluorescence", "dye")
    assert image.channel("dye") == 1
    part = (slice(1, 2), slice(1, 6, 2), slice(7, 40), slice(3, 20, 3))
    assert image.read(part).dtype.isnative
    np.testing.assert_array_equal(image.read(part), SCAN[part])
    with pytest.raises(UnknownNameError, match="autofluorescence, dye"):
        image.channel("tumour")


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_level_is_chosen_by_its_number_or_its_path(tmp_path: Path, version: str, capsys: Capture) -> None:
    path = write(tmp_path / "scan.zarr", version)
    for image in (OmeZarrImage.open(path, level=1), open_image(path / "scale1")):
        assert isinstance(image, OmeZarrImage)
        assert (image.level, image.voxel_size_um) == (1, pytest.approx((10.0, 1.3, 1.3)))
        np.testing.assert_array_equal(image.read(ALL), SCAN[:, :, ::2, ::2])
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.plane_order(1), SCAN[1])
    with pytest.raises(SettingError, match=r"a level from 0 \(the finest\) to 1"):
        OmeZarrImage.open(path, level=2)
    assert capsys.readouterr().err == ""


def test_a_scale_below_0_is_told_and_not_taken(tmp_path: Path, capsys: Capture) -> None:
    said = attributes("0.5", unit="micrometer")
    said["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"][-2] *= -1
    assert open_image(write(tmp_path / "a.zarr", said=said)).voxel_size_um is None
    assert "um large, below 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("unit", "size"),
    [
        ("nanometer", (0.005, 0.00065, 0.00065)),
        ("millimeter", (5000.0, 650.0, 650.0)),
        ("angstrom", (0.0005, 0.000065, 0.000065)),
        ("µm", (5.0, 0.65, 0.65)),
        ("pixel", None),
        (None, None),
    ],
)
def test_sizes_become_micrometres_and_a_unit_that_is_missing_is_told(
    tmp_path: Path, unit: str | None, size: tuple[float, ...] | None, capsys: Capture
) -> None:
    image = open_image(write(tmp_path / "a.zarr", said=attributes("0.5", unit=unit)))
    assert image.voxel_size_um == (size and pytest.approx(size))
    assert ("without a unit of length for Z, Y, X" in capsys.readouterr().err) == (size is None)


def test_a_scale_of_all_levels_counts_as_well(tmp_path: Path) -> None:
    said = attributes("0.5")
    said["ome"]["multiscales"][0]["coordinateTransformations"] = [{"type": "scale", "scale": [1, 2, 3, 4]}]
    image = open_image(write(tmp_path / "a.zarr", said=said))
    assert image.voxel_size_um == pytest.approx((10.0, 1.95, 2.6))


def test_only_the_chunks_of_a_region_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "scan.zarr", sharded=False)
    (path / "scale0/c/1/2/1/1").write_bytes(b"damaged")
    image = open_image(path)
    part = (slice(0, 1), slice(None), slice(None), slice(None))
    np.testing.assert_array_equal(image.read(part), SCAN[part])
    with pytest.raises(StorageError, match=r"scale0 cannot be read at C 1:2"):
        image.read((slice(1, 2), *part[1:]))


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.6, 0.99])
@pytest.mark.parametrize(
    ("version", "more"),
    [("0.5", {}), ("0.5", {"sharded": False}), ("0.4", {}), ("0.4", {"compressors": None})],
)
def test_a_truncated_chunk_is_an_error_where_it_is_asked_for(
    tmp_path: Path, version: str, more: dict[str, Any], kept: float
) -> None:
    path = write(tmp_path / "scan.zarr", version, **more)
    chunks = [p for p in (path / "scale0").rglob("*") if p.is_file() and p.name.isdigit()]
    whole = max(chunks, key=lambda p: p.stat().st_size)
    whole.write_bytes(whole.read_bytes()[: int(kept * whole.stat().st_size)])
    with pytest.raises(StorageError, match=r"scale0 cannot be read.*Copy it again"):
        open_image(path).read(ALL)


def test_a_missing_chunk_is_the_fill_value_and_that_is_told(tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "scan.zarr")
    (path / "scale0/c/1/0/0/0").unlink()
    image = open_image(path)
    np.testing.assert_array_equal(image.read(ALL)[0], SCAN[0])
    image.read((slice(1), slice(1), slice(0, 3), slice(0, 3)))
    open_image(path).read(ALL)
    told = capsys.readouterr().err
    assert told.count("metgan: note") == 1
    assert "scale0 lacks some of its shards: they are read as its fill value" in told
    assert image.missing_chunks() == ["c/1/0/0/0"]
    assert not image.read(ALL)[1, :4, :32].any()
    assert capsys.readouterr().err == ""  # once in a run


def test_no_more_chunks_are_looked_for_than_a_region_lies_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of a large volume; here one of eight is asked for, and missing."""
    path = write(tmp_path / "scan.zarr")
    (path / "scale0/c/1/0/0/0").unlink()
    images = [open_image(path) for _ in range(3)]
    looked, real, real_stat = [], Path.lstat, Path.stat
    monkeypatch.setattr(Path, "lstat", lambda one: looked.append(one) or real(one))
    monkeypatch.setattr(Path, "stat", lambda one, **more: looked.append(one) or real_stat(one, **more))
    for image in images:
        image.read((slice(1, 2), slice(1), slice(0, 3), slice(0, 3)))
    assert {one.name for one in looked if "c" in one.parts} == {"0"}
    assert len({one for one in looked if "c" in one.parts}) == 1


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_missing_chunk_of_a_store_that_metgan_wrote_is_an_error(tmp_path: Path, version: str) -> None:
    empty = ArrayImage(SCAN * 0, "CZYX")
    image = write_ome_zarr(tmp_path / "a.zarr", empty, layout=layout_like(empty, version=version))
    assert not image.read(ALL).any()
    next(p for p in image.folder.rglob("*") if p.is_file() and p.name.isdigit()).unlink()
    with pytest.raises(StorageError, match=r"lacks the chunk .*0/0/0, which was written"):
        image.read(ALL)


def garbled(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Return what changes the metadata of an image."""

    def spoil(path: Path) -> None:
        content = json.loads((path / "zarr.json").read_text())
        change(content["attributes"]["ome"])
        (path / "zarr.json").write_text(json.dumps(content))

    return spoil


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no group": (lambda p: (p / "zarr.json").unlink(), "has no metadata"),
    "no array": (lambda p: (p / "scale0/zarr.json").unlink(), "scale0 has no metadata"),
    "no level": (lambda p: shutil.rmtree(p / "scale0"), "scale0 has no metadata"),
    "half of the group": (lambda p: (p / "zarr.json").write_text('{"zarr_form'), "cannot be read"),
    "another format": (lambda p: (p / "zarr.json").write_text('{"zarr_format": 9}'), "cannot be read"),
    "no multiscales": (garbled(lambda m: m.pop("multiscales")), r"without the metadata of an image"),
    "no axes": (garbled(lambda m: m["multiscales"][0].pop("axes")), r"multiscales\.0\.axes: field required"),
    "names of axes": (garbled(lambda m: m["multiscales"][0].update(axes=["c", "z", "y", "x"])), "axes.0"),
    "an axis too few": (garbled(lambda m: m["multiscales"][0]["axes"].pop()), "one number of a scale"),
    "an axis twice": (
        garbled(lambda m: m["multiscales"][0]["axes"][0].update(name="z", type="space")),
        "names",
    ),
    "no datasets": (garbled(lambda m: m["multiscales"][0].update(datasets=[])), "datasets"),
    "a list": (garbled(lambda m: m.update(multiscales={"axes": 3})), "multiscales"),
    "a path out": (
        garbled(lambda m: m["multiscales"][0]["datasets"][0].update(path="../../etc")),
        "etc has no metadata",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_metadata_that_are_missing_or_garbled_are_refused_by_name(tmp_path: Path, name: str) -> None:
    spoil, says = SPOILED[name]
    path = write(tmp_path / "scan.ome.zarr")
    spoil(path)
    with pytest.raises(StorageError, match=says):
        open_image(path)


def test_axes_of_another_number_than_the_array_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"names the axes z, y, x, and .*scale0 has shape \(2, 6, 40, 30\)"
    ):
        open_image(write(tmp_path / "a.zarr", said=attributes("0.5", axes="zyx")))


def test_an_axis_that_is_none_of_ours_is_not_taken_for_channels(tmp_path: Path) -> None:
    said = attributes("0.5")
    said["ome"]["multiscales"][0]["axes"][0] = {"name": "phase"}
    image = open_image(write(tmp_path / "a.zarr", said=said))
    assert image.axes == "QZYX"
    with pytest.raises(ArrayError, match="axes ZZYX"):
        read_stack(tmp_path / "a.zarr").plane_order(None)


NO_IMAGES = {
    "plate": ({"plate": {"wells": [{"path": "B/2"}]}}, r"is a plate.*a\.zarr/B/2/0"),
    "well": ({"well": {"images": [{"path": "3"}]}}, r"is a well.*a\.zarr/3"),
    "labels": ({"labels": ["cells", "tumours"]}, r"labels of an image.*a\.zarr/cells, .*a\.zarr/tumours"),
    "collection": ({"bioformats2raw.layout": 3}, r"as bioformats2raw writes it.*a\.zarr/0"),
    "something": ({"author": "me"}, "without the metadata of an image"),
}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("name", NO_IMAGES)
def test_a_zarr_that_is_no_image_is_called_what_it_is(tmp_path: Path, name: str, version: str) -> None:
    said, says = NO_IMAGES[name]
    write(tmp_path / "a.zarr" / "0", version)
    zarr.create_group(
        tmp_path / "a.zarr",
        attributes={"ome": {"version": "0.5", **said}} if version == "0.5" else said,
        zarr_format=3 if version == "0.5" else 2,
    )
    with pytest.raises(StorageError, match=says):
        open_image(tmp_path / "a.zarr")


def test_an_array_alone_does_not_say_what_its_axes_are(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=SCAN)
    with pytest.raises(StorageError, match=r"without OME metadata.*write_ome_zarr") as error:
        open_image(tmp_path / "a.zarr")
    remedy = error.value.remedy.partition("in Python with ")[2].partition(", both of")[0]
    exec(
        remedy.replace("'ZYX'", "'CZYX'"),
        {
            "NEW": tmp_path / "new.zarr",
            "PATH": tmp_path / "a.zarr",
            "zarr": zarr,
            "write_ome_zarr": write_ome_zarr,
            "ArrayImage": ArrayImage,
        },
    )
    np.testing.assert_array_equal(open_image(tmp_path / "new.zarr").read(ALL), SCAN)


def test_a_label_of_another_shape_than_the_image_is_refused(tmp_path: Path) -> None:
    label = ArrayImage(SCAN[0] > 2000, "ZYX")
    image = write_ome_zarr(tmp_path / "a.zarr", ArrayImage(SCAN, "CZYX"), {"tumours": label})
    np.testing.assert_array_equal(image.label("tumours").read(ALL[1:]), label.array)
    with pytest.raises(UnknownNameError, match="one of: tumours"):
        image.label("cells")
    shutil.rmtree(tmp_path / "a.zarr/labels/tumours")
    smaller = write_ome_zarr(tmp_path / "b.zarr", ArrayImage(SCAN[0, 1:] // 9, "ZYX"))
    shutil.move(smaller.path, tmp_path / "a.zarr/labels/tumours")
    with pytest.raises(
        ArrayError, match=r"label tumours of .* is \(5, 40, 30\) and the image \(6, 40, 30\), .*anew"
    ):
        image.label("tumours")


def test_a_label_that_has_one_level_belongs_to_the_image_s_level_of_its_shape(tmp_path: Path) -> None:
    """As a program writes it that segmented the coarser level, and made none of the label."""
    scan, label = write(tmp_path / "a.ome.zarr"), (SCAN[0, :, ::2, ::2] > 2000).astype(np.uint8)
    zarr.create_group(scan / "labels", attributes={"ome": {"version": "0.5", "labels": ["spots"]}})
    write_ome_zarr(scan / "labels/spots", ArrayImage(label, "ZYX"))
    np.testing.assert_array_equal(open_image(scan / "scale1").label("spots").read(ALL[1:]), label)
    with pytest.raises(ArrayError, match=r"Take the image's level of that shape, \S*a\.ome\.zarr/scale1"):
        open_image(scan).label("spots")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("9", r"unknown level of \S*scan\.zarr '9'; expected one of: 0, 1, labels/spots"),
        ("0/x", r"unknown level of \S*scan\.zarr '0/x'"),
        ("label/spots", "unknown level of .* 'label/spots'; expected one of: 0, 1, labels/spots"),
        ("labels/spot", r"unknown label of \S*scan\.zarr 'spot'; expected one of: spots"),
        ("labels/spot/1", r"unknown label of \S*scan\.zarr 'spot'; expected one of: spots"),
        ("labels/spots/9", r"unknown level of \S*labels/spots '9'; expected one of: 0, 1\."),
    ],
)
def test_a_misspelt_level_or_label_is_answered_with_those_that_there_are(
    tmp_path: Path, path: str, said: str
) -> None:
    image, labels = (
        ArrayImage(SCAN.repeat(10, 2), "CZYX"),
        {"spots": ArrayImage(SCAN[0].repeat(10, 1), "ZYX")},
    )
    write_ome_zarr(tmp_path / "scan.zarr", image, labels)
    with pytest.raises(UnknownNameError, match=said):
        open_image(tmp_path / "scan.zarr" / path)
    with pytest.raises(StorageError, match="there is no file"):
        open_image(tmp_path / "other.zarr" / path)


def test_a_path_without_labels_is_answered_with_the_label_that_it_names(tmp_path: Path) -> None:
    image = ArrayImage(SCAN, "CZYX")
    write_ome_zarr(tmp_path / "scan.zarr", image)
    for path, said in (("labels/spots/0", "its label spots"), ("labels", "its labels")):
        with pytest.raises(StorageError, match=rf"scan\.zarr has no labels; expected {said}\."):
            open_image(tmp_path / "scan.zarr" / path)


@pytest.mark.parametrize(
    "beside", [{}, {".zattrs": {}}, {".zgroup": {"zarr_format": 2}, ".zattrs": {"multiscales": [{}]}}]
)
def test_a_file_in_a_folder_that_passes_for_a_store_is_opened(
    tmp_path: Path, beside: dict[str, dict[str, Any]]
) -> None:
    folder = tmp_path / "experiment.zarr"
    write_image(folder / "a.tif", SCAN[0, 0])
    for name, said in beside.items():
        (folder / name).write_text(json.dumps(said))
    assert open_image(folder / "a.tif").shape == SCAN.shape[2:]
    with pytest.raises(StorageError, match="there is no file"):
        open_image(folder / "b.tif")


@pytest.mark.parametrize(("micrometres", "is_told"), [((10.0, 0.0, 0.0), True), ((0.0, 0.0, 0.3), False)])
def test_another_tile_of_the_same_shape_is_told_of(
    tmp_path: Path, micrometres: tuple[float, ...], is_told: bool, capsys: Capture
) -> None:
    """Two planes of 5 um away, or less than half a pixel of 0.65 um; both levels alike."""
    said = attributes("0.4")
    for level in said["multiscales"][0]["datasets"]:
        translation = {"type": "translation", "translation": [0.0, *micrometres]}
        level["coordinateTransformations"].append(translation)
    first, second = (tmp_path / f"{name}-{micrometres}.ome.zarr" for name in "ab")
    write(first, "0.4")
    write(second, "0.4", said=said)
    compare_places({"anatomy": open_image(first), "tumour": open_image(second)})
    told = capsys.readouterr().err
    assert ("2.0 voxels apart" in told) == is_told
    assert bool(told) == is_told
    assert np.array_equal(open_image(second).read(ALL), SCAN)


@pytest.mark.parametrize(
    ("size", "told"),
    [((5.0, 1.3, 1.3), "5 x 0.65 x 0.65 um large and those of the label 5 x 1.3 x 1.3 um (Z, Y, X)"),
     ((5.0, 0.65, 0.65001), ""), (None, "")],
)  # fmt: skip
def test_another_size_of_voxels_is_told_of(
    tmp_path: Path, size: tuple[float, ...] | None, told: str, capsys: Capture
) -> None:
    """A label that was drawn at another resolution, in an array that happens to have the shape."""
    scan = open_image(write(tmp_path / "a.ome.zarr"))
    compare_places({"anatomy": scan, "tumour": scan, "label": ArrayImage(SCAN[0], "ZYX", size)})
    said = capsys.readouterr().err
    assert told in said
    assert bool(told) == bool(said)
