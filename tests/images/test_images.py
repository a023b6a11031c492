"""Images come back as they were written; damaged files are refused by name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from metgan.errors import ArrayError, StorageError
from metgan.images import is_image, read_image, read_stack, write_image
from metgan.progress import Event, listening

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIDES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9)
INTEGERS = st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: hnp.arrays(dtype, SIDES))
FLOATS = hnp.arrays(np.float32, SIDES, elements=st.floats(-1e6, 1e6, width=32))
NOISE = np.random.default_rng(0).integers(0, 4000, (40, 40)).astype(np.uint16)


def axes_of(letters: str, planes: int = 3) -> np.ndarray:
    """Numbers that say where they stand: channel * 1000 + plane * 100 + row * 10 + column."""
    c, z, y, x = np.ogrid[:2, :planes, :4, :5]
    world = (c * 1000 + z * 100 + y * 10 + x).astype(np.uint16)
    return np.transpose(world, ["CZYX".index(letter) for letter in letters])


@few
@given(image=INTEGERS | FLOATS)
def test_a_tiff_comes_back_pixel_by_pixel(tmp_path: Path, image: np.ndarray) -> None:
    write_image(tmp_path / "a.tif", image)
    for back in (read_image(tmp_path / "a.tif"), tifffile.imread(tmp_path / "a.tif")):
        assert back.dtype == image.dtype
        np.testing.assert_array_equal(back, image)


@few
@given(image=INTEGERS)
def test_a_png_comes_back_pixel_by_pixel(tmp_path: Path, image: np.ndarray) -> None:
    write_image(tmp_path / "a.png", image)
    back = read_image(tmp_path / "a.png")
    assert back.dtype == image.dtype
    np.testing.assert_array_equal(back, image)


def test_a_one_bit_png_is_read_as_0_and_1(tmp_path: Path) -> None:
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[1, 0]]


def write_deep_png(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG of 16 bits, (Y, X, samples), which Pillow cannot."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[2]]
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, kind, 0, 0, 0)
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in pixels)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in chunks:
            file.write(
                struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            )


def test_a_png_of_which_16_bits_would_be_read_as_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_deep_png(path, NOISE[..., None])
    np.testing.assert_array_equal(read_image(path), NOISE)
    for samples in (2, 3, 4):  # opaque grey, colour, opaque colour
        write_deep_png(path, np.stack([*[NOISE] * (samples - 1), np.full_like(NOISE, 65535)], -1))
        with pytest.raises(StorageError, match="16 bits"):
            read_image(path)


def seen(path: Path) -> list[str]:
    """What is told when an image is read."""
    told: list[Event] = []
    with listening(told.append):
        read_image(path)
    return [str(event) for event in told]


def test_a_tiff_that_viewers_show_otherwise_than_its_numbers_is_told_of(tmp_path: Path) -> None:
    path, small = tmp_path / "a.tif", (NOISE // 16).astype(np.uint8)
    tifffile.imwrite(path, NOISE, photometric="miniswhite")
    assert "MINISWHITE" in " ".join(seen(path))
    np.testing.assert_array_equal(read_image(path), NOISE)
    for orientation, is_told in ((3, True), (1, False)):  # bottom right, and as it is stored
        tifffile.imwrite(path, NOISE, extratags=[("Orientation", "H", 1, orientation, True)])
        assert ("turned or mirrored" in " ".join(seen(path))) == is_told
    grey = np.arange(256, dtype=np.uint16) * 257
    for colours, is_told in ((grey, False), (np.random.default_rng(0).permutation(grey), True)):
        tifffile.imwrite(path, small, photometric="palette", colormap=np.stack([colours] * 3))
        assert ("palette" in " ".join(seen(path))) == is_told
    for calibrated, is_told in (({"cf": 0, "c0": -32768.0, "c1": 1.0}, True), ({}, False)):
        tifffile.imwrite(path, NOISE, imagej=True, metadata=calibrated)
        assert ("calibration" in " ".join(seen(path))) == is_told


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("kept", [0, 3, 8, 30, 300, 0.5])
def test_a_truncated_image_is_refused_by_name(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"image{suffix}"
    write_image(path, NOISE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept if kept == 0.5 else kept)])
    with pytest.raises(StorageError, match=rf"image\{suffix} .*Copy it again"):
        read_image(path)
    if suffix == ".tif":
        with pytest.raises(StorageError, match=r"image\.tif .*Copy (it|the file) again"):
            read_stack(path).plane_order(None)


def test_a_truncated_uncompressed_tiff_is_refused_by_name(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", NOISE)
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:-10])
    with pytest.raises(StorageError, match=r"a\.tif cannot be read as TIFF"):
        read_image(tmp_path / "a.tif")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_png_of_absurd_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "a.png", NOISE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(StorageError, match=r"a\.png cannot be read as PNG"):
        read_image(tmp_path / "a.png")


def test_a_missing_file_and_an_unknown_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no file"):
        read_image(tmp_path / "a.tif")
    (tmp_path / "a.jpg").write_text("x")
    with pytest.raises(StorageError, match=r"ends in '.jpg'; expected one of .tif"):
        read_image(tmp_path / "a.jpg")


def test_hidden_files_and_other_suffixes_are_no_images() -> None:
    names = ["a.tif", "a.TIFF", "a.ome.tif", "a.png", ".a.tif", "a.csv", "a"]
    assert [name for name in names if is_image(Path(name))] == names[:4]


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX", "ZYXC", "YXCZ", "XYZC"])
def test_every_order_of_axes_gives_the_same_planes(tmp_path: Path, axes: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", axes_of(axes), photometric="minisblack")
    stack = read_stack(tmp_path / "a.tif", axes)
    np.testing.assert_array_equal(stack.plane_order(1), axes_of("CZYX")[1])


@pytest.mark.parametrize("axes", ["ZCYX", "CZYX", "TZCYX"])
def test_axes_stated_in_an_imagej_or_ome_file_need_no_option(tmp_path: Path, axes: str) -> None:
    array = axes_of(axes.removeprefix("T"))
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        array.reshape((1,) * (len(axes) - 4) + array.shape),
        metadata={"axes": axes},
        photometric="minisblack",
    )
    stack = read_stack(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(stack.plane_order(0), axes_of("CZYX")[0])


@pytest.mark.parametrize("axes", ["TCYX", "ZZYX"])
def test_axes_that_are_no_planes_are_refused(tmp_path: Path, axes: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", axes_of("ZCYX"), photometric="minisblack")
    with pytest.raises(ArrayError, match=r"give --axes ZCYX for (planes|channels)"):
        read_stack(tmp_path / "a.tif", axes).plane_order(0)


def test_colours_are_channels_of_an_image_and_nothing_of_a_mask(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 6, 5, 3), np.uint8), photometric="rgb")
    with pytest.raises(
        ArrayError, match=r"holds 3 colours: give --axes ZYXC for channels \(a mask has none\); save"
    ):
        read_stack(tmp_path / "a.tif").plane_order(0)


def test_one_plane_is_a_stack_of_one(tmp_path: Path) -> None:
    write_image(tmp_path / "a.tif", NOISE)
    assert read_stack(tmp_path / "a.tif").plane_order(None).shape == (1, 40, 40)


def test_a_stack_of_one_channel_has_no_second_one(tmp_path: Path) -> None:
    write_image(tmp_path / "a.tif", NOISE)
    with pytest.raises(ArrayError, match="channel 1 was asked for"):
        read_stack(tmp_path / "a.tif").plane_order(1)


@pytest.mark.parametrize("channel", [None, 2, -1])
def test_a_channel_that_is_not_there_is_refused(tmp_path: Path, channel: int | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", axes_of("ZCYX"), photometric="minisblack")
    with pytest.raises(ArrayError, match="has 2 channels"):
        read_stack(tmp_path / "a.tif", "ZCYX").plane_order(channel)


def test_axes_of_the_wrong_number_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a.tif", NOISE)
    with pytest.raises(ArrayError, match="expected 2 letters"):
        read_stack(tmp_path / "a.tif", "ZCYX")
