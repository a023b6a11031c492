"""What is read is accounted for: every image, page and part of a file; and what a path holds instead."""

from __future__ import annotations

import gzip
import logging
import os
import uuid
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from metgan.errors import ArrayError, StorageError
from metgan.images import pixel_files, read_image, read_stack
from metgan.io import has_file, has_folder

PLANES = np.random.default_rng(0).integers(1, 4000, (3, 32, 40)).astype(np.uint16)
Capture = pytest.CaptureFixture[str]


def one_by_one(path: Path, *images: np.ndarray, **options: object) -> None:
    with tifffile.TiffWriter(path) as file:
        for image in images:
            file.write(image, photometric="minisblack", **options)


def ome(planes: int, *data: str, own: str = "") -> str:
    """The OME-XML of a stack of `planes` whose data stand in these places."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        f'UUID="{own or uuid.uuid4().urn}"><Image ID="Image:0" Name="x"><Pixels ID="Pixels:0" Type="uint16" '
        f'DimensionOrder="XYZCT" SizeX="40" SizeY="32" SizeZ="{planes}" SizeC="1" SizeT="1">'
        f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{"".join(data)}</Pixels></Image></OME>'
    )


def set_of_files(folder: Path) -> Path:
    """Two files, a plane in each, that name each other."""
    marks = [uuid.uuid4().urn for _ in range(2)]
    data = [
        f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1"><UUID FileName="m{z}.ome.tif">{mark}</UUID>'
        "</TiffData>"
        for z, mark in enumerate(marks)
    ]
    for z, mark in enumerate(marks):
        one_by_one(folder / f"m{z}.ome.tif", PLANES[z], description=ome(2, *data, own=mark), metadata=None)
    return folder / "m0.ome.tif"


def test_a_set_of_files_is_one_image_whichever_of_them_is_given(tmp_path: Path) -> None:
    first = set_of_files(tmp_path)
    second = first.with_name("m1.ome.tif")
    np.testing.assert_array_equal(read_stack(second).plane_order(None), PLANES[:2])
    assert pixel_files(first) == pixel_files(second) == [first, second]


def test_planes_that_were_written_one_by_one_are_all_read_and_that_is_told(
    tmp_path: Path, capsys: Capture
) -> None:
    one_by_one(tmp_path / "a.tif", *PLANES)
    for _ in range(2):
        np.testing.assert_array_equal(read_stack(tmp_path / "a.tif").plane_order(None), PLANES)
    assert capsys.readouterr().err.count("holds 3 images of one size, which are taken as planes") == 1


def test_images_written_one_by_one_are_channels_where_the_axes_say_so(tmp_path: Path) -> None:
    one_by_one(tmp_path / "a.tif", *PLANES)
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif", "CYX").plane_order(1), PLANES[1:2])


def test_a_file_whose_every_page_is_described_says_nothing(tmp_path: Path, capsys: Capture) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PLANES, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "b.tif", PLANES, photometric="minisblack", compression="zlib")
    one_by_one(tmp_path / "c.tif", *PLANES, metadata=None, contiguous=False)
    with tifffile.TiffWriter(tmp_path / "d.ome.tif") as file:  # a pyramid is one image
        file.write(PLANES, subifds=1, metadata={"axes": "ZYX"}, photometric="minisblack", tile=(16, 16))
        file.write(PLANES[:, ::2, ::2], subfiletype=1, photometric="minisblack", tile=(16, 16))
    with tifffile.TiffWriter(tmp_path / "e.tif") as file:  # and so is one with its thumbnail
        file.write(PLANES, photometric="minisblack")
        file.write(PLANES[0, ::4, ::4], subfiletype=1, photometric="minisblack")
    set_of_files(tmp_path)
    for name, planes in (*((f"{n}.tif", 3) for n in ("a", "b", "c", "d.ome", "e")), ("m0.ome.tif", 2)):
        np.testing.assert_array_equal(read_stack(tmp_path / name).plane_order(None), PLANES[:planes])
    assert capsys.readouterr().err == ""


def several_positions(path: Path) -> None:
    with tifffile.TiffWriter(path, ome=True) as file:
        for _ in range(2):
            file.write(PLANES, metadata={"axes": "ZYX"}, photometric="minisblack")


def other_sizes(path: Path) -> None:
    one_by_one(path, PLANES[0], PLANES[0, :16])


def fewer_in_the_description(path: Path) -> None:
    tifffile.imwrite(path, PLANES, imagej=True, metadata={"axes": "ZYX"})
    path.write_bytes(path.read_bytes().replace(b"images=3", b"images=2").replace(b"slices=3", b"slices=2"))


def pages_beside_the_description(path: Path) -> None:
    two_pages(path, ome(1, '<TiffData IFD="0" PlaneCount="1"/>'))


def more_in_the_description(path: Path) -> None:
    two_pages(path, ome(3, '<TiffData IFD="0" PlaneCount="2"/>'))


def two_pages(path: Path, description: str) -> None:
    with tifffile.TiffWriter(path) as file:
        for plane, text in zip(PLANES[:2], (description, None), strict=True):
            file.write(plane, description=text, metadata=None, contiguous=False)


def part_missing(path: Path) -> None:
    set_of_files(path.parent).rename(path)
    (path.parent / "m1.ome.tif").unlink()


def cut_short(path: Path) -> None:
    """After whole planes: what is there reads well."""
    tifffile.imwrite(path, PLANES, photometric="minisblack", compression="zlib")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (several_positions, r"holds 2 images: Image0 ZYX \(3, 32, 40\), Image1"),
        (other_sizes, r"holds 2 images: Image0 YX \(32, 40\), Image1 YX \(16, 40\)"),
        (fewer_in_the_description, "has 3 pages, and its description does not cover 1"),
        (pages_beside_the_description, "has 2 pages, and its description does not cover 1"),
        (more_in_the_description, "lacks 1 of its 3 planes"),
        (part_missing, r"lacks 1 of its 2 planes.*m1\.ome\.tif"),
        (cut_short, "cannot be read as TIFF .*invalid page offset"),
    ],
)
def test_what_a_file_holds_besides_or_lacks_is_refused_by_name(tmp_path: Path, spoil, says: str) -> None:
    spoil(tmp_path / "a.ome.tif")
    for read in (read_stack, read_image):
        with pytest.raises(StorageError, match=says):
            read(tmp_path / "a.ome.tif")


@pytest.mark.parametrize("level", [logging.NOTSET, logging.CRITICAL])
def test_what_a_reader_says_is_heard_also_where_a_program_has_silenced_it(
    tmp_path: Path, level: int, capsys: Capture
) -> None:
    logger = logging.getLogger("tifffile")
    before = logger.level
    logger.setLevel(level)
    try:
        cut_short(tmp_path / "a.ome.tif")
        with pytest.raises(StorageError, match="invalid page offset"):
            read_stack(tmp_path / "a.ome.tif")
        assert (logger.level, logger.propagate) == (level, True)
        assert capsys.readouterr().err == ""
    finally:
        logger.setLevel(before)


def test_a_readers_warning_is_told(tmp_path: Path, capsys: Capture) -> None:
    """A tag of a microscope's own that points behind the end of the file; the pixels are whole."""
    tifffile.imwrite(
        tmp_path / "a.tif", PLANES, photometric="minisblack", extratags=[(65000, 2, 9, "x" * 9, True)]
    )
    content = bytearray((tmp_path / "a.tif").read_bytes())
    tag = content.index((65000).to_bytes(2, "little"))
    content[tag + 8 : tag + 12] = (10**8).to_bytes(4, "little")
    (tmp_path / "a.tif").write_bytes(content)
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif").plane_order(None), PLANES)
    assert "metgan: note:" in (told := capsys.readouterr().err)
    assert "65000" in told


def test_lzw_the_commonest_compression_is_read(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PLANES, photometric="minisblack", compression="lzw", predictor=True)
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif").plane_order(None), PLANES)


def folder_of_planes(path: Path) -> None:
    path.mkdir()
    for z, plane in enumerate(PLANES):
        tifffile.imwrite(path / f"Z{z}.tif", plane)


def zarr(path: Path) -> None:
    path.mkdir()
    (path / ".zgroup").write_text('{"zarr_format": 2}')


OTHERS = {
    "empty": (Path.mkdir, "empty holds no image; expected"),
    "scan.ome.zarr": (zarr, "without the metadata of an image"),
    "scan.h5": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500)), "is an HDF5 file.*h5py"),
    "scan.nii.gz": (lambda p: p.write_bytes(gzip.compress(bytes(352))), "cannot be read as NIfTI"),
    "scan.nii": (lambda p: p.write_bytes(bytes(344) + b"n+1\0" + bytes(8)), "cannot be read as NIfTI"),
    "scan.czi": (lambda p: p.write_bytes(b"ZISRAWFILE" + bytes(500)), "is a CZI file.*Bio-Formats"),
    "cells.geojson": (lambda p: p.write_text('{"type": "Feature"}'), "JSON.*Export the outlines as a mask"),
    "rois.zip": (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(50)), "is a ZIP archive"),
    "png.tif": (lambda p: Image.fromarray(PLANES[0]).save(p, "PNG"), "is a PNG; expected a TIFF"),
    "link.tif": (lambda p: p.symlink_to("nowhere.tif"), r"is not a file but a link to nowhere\.tif"),
    "nifti.tif": (
        lambda p: p.write_bytes(bytes(344) + b"n+1\0" + bytes(8)),
        r"is a NIfTI file.*Name it \.nii",
    ),
    "pipe.tif": (os.mkfifo, "is not a file but a pipe"),
    "lfs.tif": (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_container_is_called_by_its_name(tmp_path: Path, name: str) -> None:
    make, says = OTHERS[name]
    make(tmp_path / name)
    with pytest.raises(StorageError, match=says):
        read_stack(tmp_path / name)


def test_where_one_plane_is_meant_the_remedy_for_a_folder_of_planes_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_planes(tmp_path / "planes")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="is a folder of 3 images") as error:
        read_image(Path("planes"))
    exec(error.value.remedy.partition("Python with ")[2], {"tifffile": tifffile})
    np.testing.assert_array_equal(read_stack(tmp_path / "stack.tif").plane_order(None), PLANES)


def test_absent_is_not_unreadable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("file")
    assert (has_file(tmp_path / "file"), has_file(tmp_path / "link"), has_file(tmp_path / "none")) == (
        1,
        1,
        0,
    )
    assert (has_folder(tmp_path / "folder"), has_folder(tmp_path / "none")) == (True, False)
    for name in ("folder", "pipe", "dangling", "loop"):
        with pytest.raises(StorageError, match=f"{name} is "):
            has_file(tmp_path / name)
    for name in ("file", "pipe", "dangling", "loop"):
        with pytest.raises(StorageError, match=f"{name} is not a folder"):
            has_folder(tmp_path / name)


def test_a_png_of_grey_indices_or_with_an_opaque_alpha_is_grey(tmp_path: Path) -> None:
    grey = Image.fromarray((PLANES[0] >> 4).astype(np.uint8))
    wanted = np.asarray(grey)
    grey.convert("LA").save(tmp_path / "alpha.png")
    grey.quantize(256, dither=Image.Dither.NONE).save(tmp_path / "indexed.png")
    mask = Image.fromarray((wanted > 100).astype(np.uint8), "P")
    mask.putpalette([255, 255, 255, 0, 0, 0])  # 0 is white
    mask.save(tmp_path / "mask.png")
    for name, image in (("alpha", wanted), ("indexed", wanted), ("mask", 255 * (wanted <= 100))):
        np.testing.assert_array_equal(read_image(tmp_path / f"{name}.png"), image)


def test_a_png_of_colours_transparency_or_several_images_says_so(tmp_path: Path) -> None:
    grey = Image.fromarray((PLANES[0] >> 4).astype(np.uint8))
    indexed = grey.convert("P")
    indexed.putpalette([v for k in range(256) for v in (k, 0, 0)])
    indexed.save(tmp_path / "indexed.png")
    clear = grey.convert("LA")
    clear.putpixel((0, 0), (9, 0))
    clear.save(tmp_path / "clear.png")
    grey.save(tmp_path / "two.png", save_all=True, append_images=[grey.rotate(90)])
    grey.save(tmp_path / "jpeg.png", "JPEG")
    for name, says in (
        ("indexed", "is indexed.*Image > Type > 8-bit"),
        ("clear", "has transparent pixels"),
        ("two", "holds 2 images"),
        ("jpeg", "is a JPEG"),
    ):
        with pytest.raises(StorageError, match=says):
            read_image(tmp_path / f"{name}.png")


def test_axes_that_a_stack_cannot_have_stay_an_error(tmp_path: Path) -> None:
    one_by_one(tmp_path / "a.tif", *PLANES)
    with pytest.raises(ArrayError, match="axes TYX"):
        read_stack(tmp_path / "a.tif", "TYX").plane_order(None)
