"""OME-Zarr is written block by block: what is whole validates, what was cut short goes on where it was."""

from __future__ import annotations

import json
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaozarrs
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from metgan.errors import ArrayError, SettingError, StorageError
from metgan.images import (
    ArrayImage,
    Block,
    OmeZarrChannel,
    OmeZarrImage,
    OmeZarrLayout,
    OmeZarrWriter,
    compare_places,
    layout_like,
    open_image,
    write_ome_zarr,
    writing_ome_zarr,
)

RANDOM = np.random.default_rng(0)
SCAN = RANDOM.integers(1, 4000, (2, 20, 300, 40)).astype(np.uint16)  # CZYX
LABEL = (SCAN[0] > 3500).astype(np.uint8)
SMALL = OmeZarrLayout(
    shape=(20, 300, 40), dtype="uint16", labels={"tumours": "uint8"}, chunks=(5, 50, 20), blocks=(10, 100, 40)
)
VERSIONS = pytest.mark.parametrize("version", ["0.4", "0.5"])


def fill(writer: OmeZarrWriter, most: int = 999) -> int:
    """Write what is missing, `most` blocks at most, and return how many."""
    waiting = [(name, b) for name in ("", "tumours") for b in writer.missing(label=name)][:most]
    for name, block in waiting:
        writer.write(block, (LABEL if name else SCAN[0])[block], name)
    return len(waiting)


def contents(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in store.rglob("*") if p.is_file()}


@VERSIONS
@pytest.mark.parametrize("size", [(5.0, 0.65, 0.65), None])
def test_what_is_written_validates_and_comes_back(tmp_path: Path, version, size) -> None:
    image, labels = ArrayImage(SCAN, "CZYX", size), {"tumours": ArrayImage(LABEL > 0, "ZYX")}
    channels = OmeZarrChannel("anatomy"), OmeZarrChannel("tumour", "FF00FF", (100, 4000))
    found = write_ome_zarr(
        tmp_path / "a.ome.zarr", image, labels, layout_like(image, labels, channels, version)
    )
    yaozarrs.validate_zarr_store(str(found.path))
    assert (found.axes, found.dtype, found.voxel_size_um) == ("CZYX", np.dtype("uint16"), size)
    assert (found.channel_names, found.label_names) == (("anatomy", "tumour"), ("tumours",))
    np.testing.assert_array_equal(found.read((slice(None),) * 4), SCAN)
    label = found.label("tumours")
    assert (label.axes, label.dtype, label.voxel_size_um) == ("ZYX", np.dtype("uint8"), size)
    np.testing.assert_array_equal(label.read((slice(None),) * 3), LABEL)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ome.zarr"]
    assert not [*found.path.rglob(".metgan*")]
    assert len([*zarr.open_group(found.path, mode="r").members()]) == found.levels + 1  # and no warning


@VERSIONS
@pytest.mark.parametrize("size", [(5.0, 0.65, 0.65), None])
def test_where_an_image_lies_is_kept_at_each_level_and_in_a_copy(tmp_path: Path, version, size) -> None:
    """The first voxel of a coarser level lies in the middle of those that it was made of."""
    layout = OmeZarrLayout(
        shape=(4, 600, 600), dtype="uint8", voxel_size_um=size, origin=(3.0, -2.0, 0.5), version=version
    )
    image = ArrayImage(np.ones((4, 600, 600), np.uint8), "ZYX", size)
    found = write_ome_zarr(tmp_path / "a.ome.zarr", image, layout=layout)
    yaozarrs.validate_zarr_store(str(found.path))
    copy = write_ome_zarr(tmp_path / "b.ome.zarr", found)
    for one in (found, copy):
        assert one.origin == pytest.approx((3.0, -2.0, 0.5))
        coarse = OmeZarrImage.open(one.path, 1)
        factors = np.divide(found.shape, coarse.shape)
        middle = np.add(found.origin, (factors - 1) / 2) / factors
        assert coarse.origin == pytest.approx(middle)


def test_a_plane_and_a_volume_that_begin_at_the_same_row_and_column_are_no_shift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = {}
    for name, axes, origin in (("a", "ZYX", (9.0, 4.0, 7.0)), ("b", "YX", (4.0, 7.0))):
        pixels = np.ones((2, 8, 8)[-len(axes) :], np.uint8)
        layout = OmeZarrLayout(shape=pixels.shape, dtype="uint8", axes=axes, origin=origin)
        image = ArrayImage(pixels, axes)
        images[name] = write_ome_zarr(tmp_path / f"{name}.ome.zarr", image, layout=layout)
    compare_places(images)
    assert "elsewhere" not in capsys.readouterr().err


def test_the_validator_refuses_what_is_spoiled(tmp_path: Path) -> None:
    path = write_ome_zarr(tmp_path / "a.ome.zarr", ArrayImage(SCAN, "CZYX")).path
    content = json.loads((path / "zarr.json").read_text())
    content["attributes"]["ome"]["multiscales"][0]["axes"].pop()
    (path / "zarr.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="axes"):
        yaozarrs.validate_zarr_store(str(path))


def test_a_volume_that_is_not_finished_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    layout = OmeZarrLayout(shape=(1, 4, 4), dtype="uint8", axes="ZYX", channels=(OmeZarrChannel("tumour"),))
    with suppress(KeyboardInterrupt), writing_ome_zarr(tmp_path / "a.ome.zarr", layout, "a call") as writer:
        writer.write(writer.missing()[0], np.ones((1, 4, 4), np.uint8))
        raise KeyboardInterrupt
    for inside in ("", "0", "labels/tumours"):
        with pytest.raises(StorageError, match=r"a.ome.zarr is not finished: .*--resume"):
            open_image(tmp_path / "a.ome.zarr" / inside)
    (tmp_path / "b.ome.zarr.part").mkdir()  # anybody's
    (tmp_path / "c.tif.part").write_bytes(b"")  # a download
    for name in ("b.ome.zarr", "c.tif", "d.ome.zarr", "n" * 255):
        with pytest.raises(StorageError, match=r"there is no"):
            open_image(tmp_path / name)


@st.composite
def volumes(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    axes = "".join(draw(st.lists(st.sampled_from("TCZ"), unique=True, max_size=2))) + "YX"
    axes = "".join(draw(st.permutations(axes)))
    dtype = draw(st.sampled_from(["u1", "<u2", ">u2", "u4", "i2", "f4", "f8"]))
    return axes, draw(arrays.arrays(dtype, tuple(draw(st.integers(1, 7)) for _ in axes)))


@pytest.mark.slow
@VERSIONS
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(volume=volumes())
def test_any_image_comes_back_in_the_order_of_the_format(tmp_path: Path, version, volume) -> None:
    axes, array = volume
    image = ArrayImage(array, axes)
    found = write_ome_zarr(
        tmp_path / "a.zarr", image, layout=layout_like(image, version=version), overwrite=True
    )
    order = [axes.index(a) for a in found.axes]
    assert found.axes == "".join(a for a in "TCZYX" if a in axes)
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found.read((slice(None),) * array.ndim), array.transpose(order))


@given(
    shape=st.tuples(*[st.integers(1, 40)] * 3),
    chunks=st.tuples(*[st.integers(1, 9)] * 3),
    times=st.tuples(*[st.integers(1, 4)] * 3),
)
def test_blocks_hold_each_voxel_once(shape, chunks, times) -> None:
    blocks = tuple(c * t for c, t in zip(chunks, times, strict=True))
    layout = OmeZarrLayout(shape=shape, dtype="uint8", chunks=chunks, blocks=blocks)
    count = np.zeros(shape, int)
    for block in layout.all_blocks():
        count[block] += 1
    assert (count == 1).all()


@pytest.mark.parametrize(
    ("shape", "size", "shapes"),
    [
        ((300, 600, 600), None, [(300, 600, 600), (150, 300, 300), (75, 150, 150)]),
        ((60, 900, 500), (5.0, 1.0, 1.0), [(60, 900, 500), (60, 450, 250), (60, 225, 125)]),
        ((90, 1300, 8), (3.0, 1.0, 1.0), [(90, 1300, 8), (90, 650, 4), (45, 325, 2), (23, 163, 1)]),
        ((9, 9, 9), None, [(9, 9, 9)]),
        ((999, 1, 1), (9.0, 1.0, 1.0), [(999, 1, 1), (500, 1, 1), (250, 1, 1)]),
    ],
)
def test_levels_become_coarser_until_they_are_small_and_first_where_voxels_are_short(
    shape, size, shapes
) -> None:
    layout = OmeZarrLayout(shape=shape, dtype="uint16", voxel_size_um=size)
    assert [level.shape for level in layout.levels()] == shapes


@VERSIONS
def test_a_coarser_level_holds_means_and_of_labels_the_largest(tmp_path: Path, version) -> None:
    image, labels = ArrayImage(SCAN, "CZYX"), {"tumours": ArrayImage(LABEL, "ZYX")}
    found = write_ome_zarr(tmp_path / "a.zarr", image, labels, layout_like(image, labels, version=version))
    coarse = OmeZarrImage.open(found.path, 1)
    blocks = SCAN.reshape(2, 10, 2, 150, 2, 20, 2).astype(float)
    np.testing.assert_array_equal(coarse.read((slice(None),) * 4), np.rint(blocks.mean((2, 4, 6))))
    largest = LABEL.reshape(10, 2, 150, 2, 20, 2).max((1, 3, 5))
    np.testing.assert_array_equal(coarse.label("tumours").read((slice(None),) * 3), largest)


@VERSIONS
def test_a_call_that_was_cut_short_goes_on_with_the_missing_blocks_to_the_same_bytes(
    tmp_path: Path, version
) -> None:
    layout = replace(SMALL, version=version)
    with writing_ome_zarr(tmp_path / "whole.zarr", layout, "test") as writer:
        assert fill(writer) == 12
        writer.finish()
    out = tmp_path / "out.zarr"
    with writing_ome_zarr(out, layout, "test") as writer:
        fill(writer, 4)
    assert not out.exists()
    with pytest.raises(StorageError, match=r"already holds a half-written volume.*--resume"):
        write_nothing(out, layout)
    with writing_ome_zarr(out, layout, "test", resume=True) as writer:
        assert fill(writer, 5) == 5
        with pytest.raises(StorageError, match="lacks 3 blocks of tumours"):
            writer.finish()
    with writing_ome_zarr(out, layout, "test", resume=True) as writer:
        assert fill(writer) == 3
        writer.downsample(writer.missing(1)[0], 1)
    with writing_ome_zarr(out, layout, "test", resume=True) as writer:
        assert (fill(writer), len(writer.missing(1))) == (0, 1)
        writer.finish()
    assert contents(out) == contents(tmp_path / "whole.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.zarr", "whole.zarr"]


def write_nothing(out: Path, layout: OmeZarrLayout, **more) -> None:
    with writing_ome_zarr(out, layout, "test", **more):
        pass


def test_a_block_whose_file_is_gone_is_missing_again(tmp_path: Path) -> None:
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        fill(writer)
        (writer.store / "0/c/1/2/0").unlink()
        assert writer.missing() == [(slice(10, 20), slice(200, 300), slice(0, 40))]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(257, 600), st.integers(1, 9)),
    chunks=st.tuples(st.integers(1, 3), st.integers(40, 90), st.integers(1, 9)),
    size=st.sampled_from([None, (5.0, 1.0, 1.0), (1.0, 1.0, 2.0)]),
)
def test_levels_that_are_made_by_blocks_are_those_of_the_whole_at_once(
    tmp_path: Path, shape, chunks, size
) -> None:
    volume = np.random.default_rng(0).integers(0, 9, shape).astype(np.uint8)
    image, blocks = ArrayImage(volume, "ZYX", size), tuple(2 * side for side in chunks)
    layout = replace(layout_like(image), chunks=chunks, blocks=blocks)
    found = write_ome_zarr(tmp_path / "a.zarr", image, layout=layout, overwrite=True)
    for number, level in enumerate(layout.levels()[1:], start=1):
        # A block of two at the end of an axis repeats its last voxel.
        whole = np.pad(
            volume, [(0, -n % s) for n, s in zip(volume.shape, level.step, strict=True)], mode="edge"
        )
        starts = [*np.ndindex(level.step)]
        parts = [whole[tuple(map(slice, at, (None,) * 3, level.step))] for at in starts]
        volume = np.rint(np.mean(parts, axis=0)).astype(np.uint8)
        np.testing.assert_array_equal(OmeZarrImage.open(found.path, number).read((slice(None),) * 3), volume)


def test_a_level_is_not_made_of_blocks_that_are_missing(tmp_path: Path) -> None:
    """What is not there would be read as dark."""
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        fill(writer)
        (writer.store / "0/c/1/2/0").unlink()
        last, *_ = [block for block in writer.missing(1) if block[1].stop == 150]
        with pytest.raises(StorageError, match=r"store/0 lacks 1 blocks, such as \(slice\(10, 20"):
            writer.downsample(last, 1)
        writer.write(writer.missing()[0], SCAN[0, 10:, 200:])
        writer.downsample(last, 1)
        assert last not in writer.missing(1)


def test_a_level_whose_finer_one_was_damaged_is_not_made(tmp_path: Path) -> None:
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        fill(writer)
        shard = writer.store / "0/c/1/2/0"
        shard.write_bytes(shard.read_bytes()[:99])
        with pytest.raises(StorageError, match=r"store/0 cannot be read"):
            writer.finish()
    assert not (tmp_path / "a.zarr").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_writer as t
with t.writing_ome_zarr(Path({out!r}), t.SMALL, "test", resume=True) as writer:
    blocks = writer.missing()
    writer.write(blocks[0], t.SCAN[0][blocks[0]])
    print("written", flush=True)
    import zarr.storage._local as local
    replace = Path.replace
    def kill(self, target):  # in the midst of the next block, before its file has its name
        os.kill(os.getpid(), signal.SIGKILL) if self.name.endswith(".partial") else replace(self, target)
    Path.replace = kill
    writer.write(blocks[1], t.SCAN[0][blocks[1]])
"""


@pytest.mark.slow
def test_a_process_that_was_killed_leaves_whole_blocks_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.zarr"
    code = KILLED.format(tests=str(Path(__file__).parent), out=str(out))
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stdout) == (-signal.SIGKILL, "written\n"), done.stderr
    part = out.with_name("out.zarr.part")
    assert [*part.rglob("*.partial")]
    with writing_ome_zarr(out, SMALL, "test", resume=True) as writer:
        assert not [*part.rglob("*.partial")]
        assert fill(writer) == 12 - 2
        writer.finish()
    np.testing.assert_array_equal(OmeZarrImage.open(out).read((slice(None),) * 3), SCAN[0])


def test_a_writer_can_be_sent_to_another_process(tmp_path: Path) -> None:
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        fill(pickle.loads(pickle.dumps(writer)))
        writer.finish()
    np.testing.assert_array_equal(OmeZarrImage.open(tmp_path / "a.zarr").read((slice(None),) * 3), SCAN[0])


def test_another_layout_does_not_go_on_with_what_was_begun(tmp_path: Path) -> None:
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        fill(writer, 1)
    other = OmeZarrLayout(shape=(20, 300, 40), dtype="uint8")
    with pytest.raises(StorageError, match=r"begun otherwise.*--overwrite"):
        write_nothing(tmp_path / "a.zarr", other, resume=True)
    write_nothing(tmp_path / "a.zarr", other, overwrite=True)


@VERSIONS
def test_whoever_writes_for_a_killed_call_helps_the_same_one_and_does_not_reach_another(
    tmp_path: Path, version
) -> None:
    layout, out = replace(SMALL, version=version), tmp_path / "a.zarr"
    with writing_ome_zarr(out, layout, "test") as stale:
        first, second = stale.missing()[:2]
        stale.write(first, SCAN[0][first])
    with writing_ome_zarr(out, layout, "test", resume=True) as writer:
        stale.write(second, SCAN[0][second])
        assert len(writer.missing()) == 4
    with writing_ome_zarr(out, layout, "test", overwrite=True) as writer:
        with pytest.raises(StorageError):
            stale.write(first, SCAN[1][first])
        assert len(writer.missing()) == 6
        fill(writer)
        (writer.store / "0" / "it.0123.partial").write_text("of a worker that was killed")
        writer.finish()
    with pytest.raises(StorageError):
        stale.write(first, SCAN[1][first])
    np.testing.assert_array_equal(OmeZarrImage.open(out).read((slice(None),) * 3), SCAN[0])
    assert not [*out.rglob("*.partial")]
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@VERSIONS
def test_what_a_late_worker_leaves_beside_a_volume_does_not_meet_the_next_call(
    tmp_path: Path, version
) -> None:
    layout, out = replace(SMALL, version=version), tmp_path / "a.zarr"
    part = out.with_name("a.zarr.part")
    with writing_ome_zarr(out, layout, "test") as writer:
        late, block = zarr.open_array(writer.store / "0", mode="r+"), writer.missing()[0]
        fill(writer)
        writer.finish()
    assert not part.exists()
    late[block] = SCAN[1][block]  # its folders are made anew
    (left,) = part.iterdir()
    others = ("notes.txt", "store/notes.txt", "store/0/notes", "done/0/0.0.0", "store/labels/1")
    for mine in (part / "notes.txt", *(left / name for name in others)):
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine")
        with pytest.raises(StorageError, match="that no command of metgan wrote"):
            write_nothing(out, layout, overwrite=True)
        assert mine.read_text() == "mine"
        assert left.exists()
        mine.unlink()
    (part / ("0" * 16)).mkdir()
    with pytest.raises(StorageError, match="that no command of metgan wrote"):
        write_nothing(out, layout, overwrite=True)
    (part / ("0" * 16)).rmdir()
    for name in ("done/0/0.0.0", "done/labels/tumours/0/.metgan-0123456789abcdef.part"):
        (left / name).parent.mkdir(parents=True, exist_ok=True)
        (left / name).touch()
    (left / "store/0/1.0123456789abcdef0123456789abcdef.partial").write_text("half of a chunk")
    with writing_ome_zarr(out, layout, "test", overwrite=True) as writer:
        assert fill(writer) == 12
        writer.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_a_former_volume_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    former = ArrayImage(SCAN[1], "ZYX")
    write_ome_zarr(out, former)
    with pytest.raises(StorageError, match=r"already holds a volume.*--overwrite"):
        write_nothing(out, SMALL)
    with writing_ome_zarr(out, SMALL, "test", overwrite=True) as writer:
        fill(writer, 5)
    np.testing.assert_array_equal(OmeZarrImage.open(out).read((slice(None),) * 3), SCAN[1])
    with writing_ome_zarr(out, SMALL, "test", resume=True) as writer:  # it was asked for when it began
        assert fill(writer) == 12 - 5
        writer.finish()
    np.testing.assert_array_equal(OmeZarrImage.open(out).read((slice(None),) * 3), SCAN[0])
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]


def test_what_is_not_ours_or_holds_an_input_is_not_replaced(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "other.zarr")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("mine")
    for name in ("other.zarr", "folder"):
        with pytest.raises(StorageError, match="that no command of metgan wrote"):
            write_nothing(tmp_path / name, SMALL, overwrite=True)
    image = write_ome_zarr(tmp_path / "a.zarr", ArrayImage(LABEL, "ZYX"))
    with pytest.raises(StorageError, match="holds the input"):
        write_nothing(image.path, SMALL, overwrite=True, inputs=[image.path / "0"])
    assert (tmp_path / "folder/notes.txt").exists()
    assert image.read((slice(None),) * 3).any()


@pytest.mark.slow
def test_two_calls_at_once_are_refused(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from metgan.images import OmeZarrLayout, writing_ome_zarr
layout = OmeZarrLayout(shape=(2, 2), dtype="uint16", axes="YX")
with writing_ome_zarr(Path({str(tmp_path / "a.zarr")!r}), layout, "b", resume=True):
    pass
"""
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "metgan inpaint"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
    assert "is being written to by metgan inpaint" in done.stderr


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let no file grow beyond 4096 bytes while the test runs, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_called_so_and_what_was_done_stays(tmp_path: Path, little_room) -> None:
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        first, second, *_ = writer.missing()
        writer.write(first, SCAN[0][first] * 0)
        with pytest.raises(StorageError, match="no space left"):
            writer.write(second, SCAN[0][second])
        assert second in writer.missing()
        assert first not in writer.missing()


@pytest.mark.parametrize(
    ("block", "array"),
    [
        ((slice(0, 10), slice(0, 100), slice(0, 40)), SCAN[0, :10, :100].astype(np.uint8)),
        ((slice(0, 10), slice(0, 100), slice(0, 40)), SCAN[0, :9, :100]),
        ((slice(0, 5), slice(0, 100), slice(0, 40)), SCAN[0, :5, :100]),
        ((slice(5, 15), slice(0, 100), slice(0, 40)), SCAN[0, 5:15, :100]),
        ((slice(0, 10), slice(0, 100)), SCAN[0, :10, :100, 0]),
    ],
)
def test_what_is_no_block_of_the_layout_is_refused(tmp_path: Path, block: Block, array: np.ndarray) -> None:
    with writing_ome_zarr(tmp_path / "a.zarr", SMALL, "test") as writer:
        with pytest.raises(ArrayError, match=r"a\.zarr"):
            writer.write(block, array)
        assert len(writer.missing()) == 6


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"axes": "XYZ"}, "axes XYZ; expected axes: some of TCZYX in this order"),
        ({"axes": "YX"}, "shape: 2 lengths of 1 or more"),
        ({"voxel_size_um": (1.0, 2.0)}, "3 positive sizes, or None"),
        ({"channels": (OmeZarrChannel("a"),) * 2}, "1 channels, or none"),
        ({"dtype": "complex64"}, "dtype: integers or floats"),
        ({"labels": {"a": "float32"}}, "labels: integers"),
        ({"chunks": (4, 4, 4), "blocks": (6, 8, 8)}, "blocks of whole chunks"),
        ({"chunks": (4, 4)}, "3 sides of 1 or more"),
        ({"labels": {"../a": "uint8"}}, "label"),
        ({"version": "0.3"}, "version: 0.4 or 0.5"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(more, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        OmeZarrLayout(**{"shape": (9, 9, 9), "dtype": "uint16", **more})


def test_a_colour_is_six_hexadecimal_digits() -> None:
    with pytest.raises(SettingError, match="RRGGBB"):
        OmeZarrChannel("tumour", "red")


@pytest.mark.parametrize(
    ("axes", "label_axes", "label", "says"),
    [
        ("CZYX", "ZYX", LABEL[1:], "label tumours is {'Z': 19.*and the image {'C': 2, 'Z': 20"),
        ("CZYX", "CZYX", SCAN, "no channels in the label"),
        ("QZYX", "ZYX", LABEL, "the image has axes QZYX"),
    ],
)
def test_a_label_of_another_shape_or_axes_without_names_are_refused(
    tmp_path: Path, axes: str, label_axes: str, label: np.ndarray, says: str
) -> None:
    with pytest.raises(ArrayError, match=says):
        write_ome_zarr(
            tmp_path / "a.zarr", ArrayImage(SCAN, axes), {"tumours": ArrayImage(label, label_axes)}
        )
    assert not [*tmp_path.iterdir()]


class Ramp:
    """A volume that is nowhere: every voxel is the number of its plane."""

    dtype, axes, voxel_size_um = np.dtype("uint16"), "ZYX", None

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def read(self, region) -> np.ndarray:
        planes, rows, columns = (np.arange(n)[part] for n, part in zip(self.shape, region, strict=True))
        shape = (len(planes), len(rows), len(columns))
        return np.broadcast_to(planes[:, None, None], shape).astype(np.uint16)


@VERSIONS
@pytest.mark.slow
def test_memory_does_not_grow_with_the_volume(tmp_path: Path, version) -> None:
    peaks = []
    for planes in (64, 192):  # 9 and 28 megabytes, and a coarser level each
        layout = OmeZarrLayout(
            shape=(planes, 270, 270), dtype="uint16", chunks=(32,) * 3, blocks=(64,) * 3, version=version
        )
        shutil.rmtree(tmp_path / "a.zarr", ignore_errors=True)
        tracemalloc.start()
        write_ome_zarr(tmp_path / "a.zarr", Ramp((planes, 270, 270)), layout=layout)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000 < 6_000_000
