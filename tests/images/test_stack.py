"""Of a scan that is asked for in part, that part is read: the same pixels, and little more memory."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile

import metgan.images
from metgan.errors import ArrayError, StorageError
from metgan.images import ArrayImage, OmeZarrChannel, layout_like, read_stack, write_ome_zarr
from metgan.progress import progress

SCAN = np.random.default_rng(0).integers(0, 4000, (6, 2, 70, 64)).astype(np.uint16)  # ZCYX
PART = (slice(1, 6, 2), slice(17, 41), slice(5, 50))


def write(path: Path, layout: str) -> np.ndarray:
    """Write the scan as microscopes and programs do, and return its channel 1, (Z, Y, X)."""
    strips = {"compression": "zlib", "rowsperstrip": 8}
    options: dict[str, dict[str, object]] = {
        "plain": {},
        "strips": strips,
        "predictor": {**strips, "predictor": True},
        "LZW": {**strips, "compression": "lzw"},
        "tiles": {"compression": "zlib", "tile": (16, 32)},
        "uncompressed tiles": {"tile": (16, 32)},
        "one strip": {"compression": "zlib", "rowsperstrip": 70},
    }
    if layout in options:
        tifffile.imwrite(path, SCAN, photometric="minisblack", metadata={"axes": "ZCYX"}, **options[layout])
    elif layout == "OME":
        tifffile.imwrite(path, SCAN, ome=True, photometric="minisblack", metadata={"axes": "ZCYX"}, **strips)
    elif layout == "BigTIFF":
        tifffile.imwrite(
            path, SCAN, bigtiff=True, ome=True, photometric="minisblack", metadata={"axes": "ZCYX"}
        )
    elif layout == "ImageJ":
        tifffile.imwrite(path, SCAN, imagej=True, metadata={"axes": "ZCYX"})
    elif layout == "other byte order":
        tifffile.imwrite(
            path, SCAN, byteorder=">", photometric="minisblack", metadata={"axes": "ZCYX"}, **strips
        )
    elif layout == "interleaved":
        last = np.moveaxis(SCAN, 1, -1)  # ZYXC
        tifffile.imwrite(path, last, photometric="minisblack", metadata={"axes": "ZYXC"}, **strips)
    elif layout == "planar":
        tifffile.imwrite(
            path, SCAN, photometric="minisblack", planarconfig="separate", metadata={"axes": "ZCYX"}
        )
    else:
        with tifffile.TiffWriter(path) as file:
            for plane in SCAN[:, 1]:
                file.write(plane, contiguous=False, photometric="minisblack", **strips)
    return SCAN[:, 1]


LAYOUTS = (
    "plain",
    "strips",
    "predictor",
    "LZW",
    "tiles",
    "uncompressed tiles",
    "one strip",
    "OME",
    "BigTIFF",
    "ImageJ",
    "other byte order",
    "interleaved",
    "planar",
    "plane by plane",
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_part_has_the_pixels_of_the_whole(tmp_path: Path, layout: str) -> None:
    wanted = write(tmp_path / "a.tif", layout)
    stack = read_stack(tmp_path / "a.tif", "ZYXC" if layout == "interleaved" else None)
    channel = None if layout == "plane by plane" else 1
    assert stack.plane_shape(channel) == wanted.shape
    np.testing.assert_array_equal(stack.plane_order(channel), wanted)
    for region in (
        PART,
        (slice(5, 6), slice(69, 70), slice(0, 64)),
        (slice(0, 6), slice(0, 70), slice(3, 4)),
    ):
        part = stack.plane_order(channel, region)
        np.testing.assert_array_equal(part, wanted[region])
        assert part.dtype == np.uint16


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "rowsperstrip": 16}, {"tile": (64, 64)}])
def test_one_row_of_crops_takes_a_part_of_the_memory_of_the_scan(
    tmp_path: Path, options: dict[str, object]
) -> None:
    """12 planes of 1 MB: one row of crops has 1/16 of them."""
    scan = np.random.default_rng(0).integers(0, 99, (12, 1024, 512)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", scan, photometric="minisblack", metadata={"axes": "ZYX"}, **options)
    stack = read_stack(tmp_path / "a.tif")
    rows = (slice(0, 12), slice(128, 192), slice(0, 512))
    assert _peak(lambda: stack.plane_order(None, rows)) < 0.4 * scan.nbytes
    assert _peak(lambda: stack.plane_order(None)) > scan.nbytes  # it can fail


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_stack_tells_by_planes_how_far_its_reading_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    compression: str | None,
) -> None:
    monkeypatch.setattr("metgan.progress.SLOW", 0.0)
    voxels = np.arange(3 * 8 * 8, dtype=np.uint16).reshape(3, 8, 8)
    options = {"photometric": "minisblack", "metadata": {"axes": "ZYX"}, "compression": compression}
    tifffile.imwrite(tmp_path / "stack.tif", voxels, **options)  # type: ignore[arg-type]  # of several types
    with progress("read", 1):
        np.testing.assert_array_equal(read_stack(tmp_path / "stack.tif").plane_order(None), voxels)
    told = [line.split(", ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert told == ["plane 1 of 3", "plane 2 of 3", "plane 3 of 3"]


def _peak(read: object) -> int:
    assert callable(read)
    tracemalloc.start()
    read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_strip_that_is_damaged_is_an_error_where_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", "strips")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        offset, count = file.pages[2].dataoffsets[3], file.pages[2].databytecounts[3]  # type: ignore[union-attr]
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[offset : offset + count] = b"\x00" * count
    (tmp_path / "a.tif").write_bytes(content)
    stack = read_stack(tmp_path / "a.tif")  # rows 24 to 31 of plane 1, channel 0
    with pytest.raises(StorageError):
        stack.plane_order(0, (slice(1, 2), slice(30, 40), slice(0, 64)))
    part = (slice(1, 2), slice(32, 40), slice(0, 64))
    np.testing.assert_array_equal(stack.plane_order(0, part), SCAN[:, 0][part])


def advised(advice: str) -> tuple[list[str], str]:
    """Return the axes that an error's advice names, and its line of Python."""
    script = re.search(r"as in Python with (.*)\.$", advice)
    assert script is not None, advice
    return re.findall(r"--axes ([A-Z]+)", advice), script[1]


@pytest.mark.parametrize(
    ("stated", "given", "shape", "counted", "axes"),
    [
        ("TZYX", None, (3, 5, 9, 8), "Axis T, number 1 of 4, holds 3 time points", ["CZYX"]),
        ("ZTYX", None, (5, 3, 9, 8), "Axis T, number 2 of 4, holds 3 time points", ["ZCYX"]),
        ("TYX", None, (3, 9, 8), "Axis T, number 1 of 3, holds 3 time points", ["CYX", "ZYX"]),
        ("TCYX", None, (3, 2, 9, 8), "Axis T, number 1 of 4, holds 3 time points", ["ZCYX"]),
        ("TZCYX", None, (3, 5, 2, 9, 8), "Axis T, number 1 of 5, holds 3 time points", []),
        ("QZYX", None, (2, 5, 9, 8), "Axis Z, number 1 of 4, holds 2 planes", ["CZYX"]),
        ("ZYX", "YXT", (4, 9, 8), "Axis T, number 3 of 3, holds 8 time points", ["YXC", "YXZ"]),
        ("CZYX", "ZZYX", (2, 5, 9, 8), "Axis Z, number 1 of 4, holds 2 planes", ["CZYX"]),
        ("CZYX", "CCYX", (5, 2, 9, 8), "Axis C, number 2 of 4, holds 2 channels", ["CZYX"]),
        ("YXS", None, (9, 8, 3), "Axis S, number 3 of 3, holds 3 colours", ["YXC"]),
    ],
)
def test_an_axis_that_is_neither_planes_nor_channels_is_named_with_advice_that_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stated: str,
    given: str | None,
    shape: tuple[int, ...],
    counted: str,
    axes: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    image = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    if stated == "YXS":
        tifffile.imwrite("a.tif", image.astype(np.uint8), photometric="rgb")
    else:
        tifffile.imwrite("a.tif", image, photometric="minisblack", metadata={"axes": stated})
    with pytest.raises(ArrayError) as refused:
        read_stack(Path("a.tif"), given).plane_shape(0 if "C" in (given or stated) else None)
    advice = str(refused.value)
    assert counted in advice
    named, script = advised(advice)
    assert named == axes
    for one in named:
        stack = read_stack(Path("a.tif"), one)
        assert stack.plane_shape(0 if stack.has_channels else None)[1:] == (
            stack.shape[one.index("Y")],
            stack.shape[one.index("X")],
        )
    exec(script.replace("PATH", "'a.tif'"), {"tifffile": tifffile})
    new = read_stack(Path("new.tif"))
    taken = int(counted.rpartition("holds ")[2].split()[0])
    assert np.prod(new.shape) == image.size // taken


def test_the_advice_works_for_what_is_no_tiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image = np.arange(3 * 5 * 9 * 8, dtype=np.uint16).reshape(3, 5, 9, 8)
    write_ome_zarr(Path("a.zarr"), ArrayImage(image, "TZYX"))
    with pytest.raises(ArrayError) as refused:
        read_stack(Path("a.zarr")).plane_shape(None)
    named, script = advised(str(refused.value))
    assert named == ["CZYX"]
    exec(script.replace("PATH", "'a.zarr'"), {"tifffile": tifffile, "metgan": metgan, "Path": Path})
    np.testing.assert_array_equal(read_stack(Path("new.tif")).plane_order(None), image[0])


def test_a_channel_that_is_not_chosen_is_asked_for_by_the_names_in_the_file(tmp_path: Path) -> None:
    image = ArrayImage(SCAN, "ZCYX")
    channels = OmeZarrChannel("autofluorescence"), OmeZarrChannel("dye")
    write_ome_zarr(tmp_path / "a.zarr", image, layout=layout_like(image, channels=channels))
    with pytest.raises(ArrayError, match=r"has 2 channels \(0 autofluorescence, 1 dye; axes CZYX"):
        read_stack(tmp_path / "a.zarr").plane_shape(None)


@pytest.mark.parametrize("shape", [(2, 5, 9, 8), (5, 2, 9, 8), (3, 5, 2, 9, 8)])
def test_of_axes_without_names_one_may_hold_time_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("a.tif", np.zeros(shape, np.uint16), photometric="minisblack")
    with pytest.raises(ArrayError, match="does not say which axis is which") as refused:
        read_stack(Path("a.tif"))
    _, script = advised(str(refused.value))
    exec(script.replace("PATH", "'a.tif'"), {"tifffile": tifffile})
    assert read_stack(Path("new.tif")).shape == shape[1:]


def _refusal(path: Path, axes: str | None, channel: int | None) -> str:
    with pytest.raises(ArrayError) as refused:
        read_stack(path, axes).plane_shape(channel)
    return str(refused.value)


@pytest.mark.parametrize(
    ("stated", "shape", "given", "channel", "option"),
    [
        ("CZYX", (2, 5, 9, 8), "ZYX", 0, "CZYX"),  # a letter too few
        ("ZCYX", (5, 2, 9, 8), "ZYX", 0, "ZCYX"),
        ("CYX", (2, 9, 8), "ZCYX", 0, "ZYX"),  # one too many
        ("YX", (9, 8), "ZYX", 0, "YX"),
        ("TZYX", (2, 5, 9, 8), "QZYX", 0, "CZYX"),  # Q is no word of a user's
        ("CZYX", (2, 5, 9, 8), "CZY!", 0, "CZYX"),
        ("CZYX", (2, 5, 9, 8), "CZYZ", 0, "CZYX"),  # no X
        ("ZCYX", (2, 5, 9, 8), None, None, "CZYX"),  # five channels of two planes are rather the reverse
        ("CYX", (5, 9, 8), None, None, "ZYX"),
        ("ZYX", (2, 9, 8), None, 1, "CYX"),  # a second channel of a file that has planes
    ],
)
def test_axes_that_are_advised_are_those_that_the_stack_can_have(
    tmp_path: Path, stated: str, shape: tuple[int, ...], given: str | None, channel: int | None, option: str
) -> None:
    image = np.zeros(shape, np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="minisblack", metadata={"axes": stated})
    advice = _refusal(tmp_path / "a.tif", given, channel).rpartition("; expected ")[2]
    assert re.findall(r"--axes ([A-Z]+)", advice)[0] == option
    stack = read_stack(tmp_path / "a.tif", option)
    assert stack.plane_shape(0 if stack.has_channels else None)[1:] == (9, 8)


@pytest.mark.parametrize("stated", ["QZYX", "IZYX", "TZYX"])
def test_leaving_axes_out_is_advised_where_the_file_can_be_read_so(
    tmp_path: Path, stated: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of QZYX, TZYX and IZYX none is; what tifffile calls Q and I is shown as not named."""
    image = np.zeros((2, 5, 9, 8), np.uint16)
    for axes in ("CZYX", stated):
        tifffile.imwrite(tmp_path / axes, image, photometric="minisblack", metadata={"axes": axes})
    read_stack(tmp_path / "CZYX", "ZCYX")
    told = " ".join(capsys.readouterr().err.split())
    assert "its axes are CZYX" in told
    assert "Leave the option out if the file is right" in told
    read_stack(tmp_path / stated, "ZCYX")
    told = " ".join(capsys.readouterr().err.split())
    assert f"its axes are {'TZYX' if stated == 'TZYX' else '?ZYX (? is not named)'}" in told
    assert "Leave" not in told


def test_axes_that_will_not_do_are_not_said_to_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = np.zeros((2, 5, 9, 8), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="minisblack", metadata={"axes": "CZYX"})
    assert "Leave the option out if the file is right. Axis Z, number 1" in _refusal(
        tmp_path / "a.tif", "ZZYX", 0
    )
    assert capsys.readouterr().err == ""
