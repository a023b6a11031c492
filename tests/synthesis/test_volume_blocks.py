"""A volume's blocks: the next is read and the last is written while one is computed, and errors are told."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zarr
from zarr.storage import _local as local_store

from metgan.data import ChannelScale, FillValues, Normalisation
from metgan.errors import ArrayError, StorageError
from metgan.images import Block, OmeZarrLayout, OmeZarrWriter, writing_ome_zarr
from metgan.networks import MetGen
from metgan.progress import Progress, listening
from metgan.synthesis import TUMOURS, Inpainter, VolumeSource, inpaint_region, inpaint_volume

UNITS = Normalisation(
    ChannelScale(100.0, 900.0, "uint16"),
    ChannelScale(50.0, 650.0, "uint16"),
    FillValues(anatomy=0.0, tumour=7.0, usual_anatomy=400.0, usual_tumour=90.0),
)
SHAPE = (2, 64, 192)
ANATOMY = np.random.default_rng(0).integers(100, 900, SHAPE).astype(np.uint16)
LABEL = np.zeros(SHAPE, bool)
LABEL[:, 10:20, 70:80] = True
LAYOUT = OmeZarrLayout(
    shape=SHAPE, dtype="uint16", labels={TUMOURS: "uint8"}, chunks=(2, 64, 64), blocks=(2, 64, 64)
)
PATIENCE = 20.0
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def ours(inpainter: Inpainter) -> Inpainter:
    return Inpainter(
        inpainter.generator, replace(inpainter.card, normalisation=UNITS), "", torch.device("cpu")
    )


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[OmeZarrWriter]:
    with writing_ome_zarr(tmp_path / "a.zarr", LAYOUT, "test") as made:
        yield made


def reading(array: np.ndarray, told: Callable[[Sequence[slice]], Any] = lambda _: None) -> Any:
    def read(region: Sequence[slice]) -> np.ndarray:
        told(region)
        return array[tuple(region)]

    return read


def wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE), "what should go on beside this does not"


def test_the_next_is_read_and_the_last_is_written_while_one_is_computed(
    ours: Inpainter, writer: OmeZarrWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, second_read, computed, second_computed = [], threading.Event(), [], threading.Event()

    def count(_: object) -> None:
        reads.append(1)
        if len(reads) == 4:  # of each block a look at the middle, and what the network sees
            second_read.set()

    network, before = MetGen.translate_part, OmeZarrWriter.write

    def compute(*given: Any) -> Any:
        computed.append(1)
        if len(computed) == 1:
            wait(second_read)
        if len(computed) == 3:  # two planes a block
            second_computed.set()
        return network(*given)

    def write(self: OmeZarrWriter, block: Block, array: Any, label: str = "") -> None:
        if not label and block[-1].start == 0:
            wait(second_computed)
        before(self, block, array, label)

    monkeypatch.setattr(MetGen, "translate_part", compute)
    monkeypatch.setattr(OmeZarrWriter, "write", write)
    source = VolumeSource(SHAPE, reading(ANATOMY, count), reading(np.ones(SHAPE, bool)))
    speed = inpaint_volume(writer, ours, source)
    assert speed.voxels == ANATOMY.size
    assert speed.seconds > 0


def test_what_threads_write_is_what_each_block_is_alone(ours: Inpainter, writer: OmeZarrWriter) -> None:
    source = VolumeSource(SHAPE, reading(ANATOMY), reading(LABEL))
    inpaint_volume(writer, ours, source)
    store = np.asarray(zarr.open_array(writer.path / "0", mode="r"))
    for block in LAYOUT.all_blocks():
        assert (store[block] == inpaint_region(ours, source, block)).all()


def fail_to_read(region: Sequence[slice]) -> None:
    if region[-1].stop == SHAPE[-1]:
        raise StorageError("chunk 0/0/2 is missing", "all of them", "Copy it again")


@pytest.mark.parametrize("channel", ["anatomy", "label"])
def test_an_error_of_the_reader_is_told_as_it_is_and_what_was_done_stays(
    ours: Inpainter, writer: OmeZarrWriter, channel: str
) -> None:
    images = {"anatomy": ANATOMY, "label": LABEL}
    source = {name: reading(image) for name, image in images.items()}
    source[channel] = reading(images[channel], fail_to_read)
    with pytest.raises(StorageError, match=r"^chunk 0/0/2 is missing; expected all of them. Copy it again.$"):
        inpaint_volume(writer, ours, VolumeSource(SHAPE, **source))
    done = [block[-1].start for block in LAYOUT.all_blocks() if block not in writer.missing(label=TUMOURS)]
    assert done == ([0, 64, 128] if channel == "anatomy" else [0, 64])


def test_a_full_disk_is_told_and_what_was_done_can_be_gone_on_with(
    ours: Inpainter, writer: OmeZarrWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = VolumeSource(SHAPE, reading(ANATOMY), reading(LABEL))
    put, written = local_store._put, []

    def full(path: Path, *given: Any, **more: Any) -> int:
        written.append(path)
        if len(written) == 5:  # three of the label, and the second of the image
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(path, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(local_store, "_put", full)
        with pytest.raises(StorageError, match=r"no space left while writing .* what was complete is kept"):
            inpaint_volume(writer, ours, source)
    assert [block[-1].start for block in writer.missing()] == [64, 128]
    inpaint_volume(writer, ours, source)
    assert writer.path.is_dir()


def test_a_dtype_that_the_network_does_not_take_is_refused_by_the_reader(
    ours: Inpainter, writer: OmeZarrWriter
) -> None:
    source = VolumeSource(SHAPE, reading(ANATOMY.astype(np.uint8)), reading(LABEL))
    with pytest.raises(ArrayError, match="dtype uint8"):
        inpaint_volume(writer, ours, source)


@pytest.mark.parametrize("kind", ["fill", "unlabelled"])
def test_a_block_in_which_nothing_is_computed_is_read_alone(ours: Inpainter, kind: str) -> None:
    """Of the light around it, which the network would see, nothing is read."""
    shape = (2, 64, 1024)
    anatomy = np.full(shape, 500, np.uint16)
    anatomy[..., 256:768] = 0
    label = np.zeros(shape, bool)
    label[:, 30:34, 100:104] = kind == "unlabelled"
    regions: list[Sequence[slice]] = []
    real = reading(anatomy) if kind == "unlabelled" else None
    source = VolumeSource(shape, reading(anatomy, regions.append), reading(label), real)
    block = (slice(0, 2), slice(0, 64), slice(384, 640))
    made = inpaint_region(ours, source, block)
    assert (made == (7 if kind == "fill" else 0)).all()
    assert sum(region[-1].stop - region[-1].start for region in regions) <= (64 + 4 + 256 + 4)
    inpaint_region(ours, source, (slice(0, 2), slice(0, 64), slice(0, 256)))
    assert max(region[-1].stop for region in regions) > 600


@pytest.mark.parametrize("at", [250, 511])
def test_a_pixel_of_light_or_of_a_label_at_the_end_of_a_block_is_generated(ours: Inpainter, at: int) -> None:
    anatomy, label = np.zeros((1, 64, 600), np.uint16), np.zeros((1, 64, 600), bool)
    block = (slice(0, 1), slice(0, 64), slice(256, 512))
    label[0, 40, at] = True
    source = VolumeSource(anatomy.shape, reading(anatomy), reading(label))
    made = inpaint_region(ours, source, block)
    assert (made != 7).any() == (256 <= at < 512)
    anatomy[0, :, max(at, 256)] = 300
    assert (inpaint_region(ours, source, block) != 7).any()


def test_progress_tells_voxels_a_second_and_memory(ours: Inpainter, writer: OmeZarrWriter) -> None:
    told: list[Any] = []
    with listening(told.append):
        inpaint_volume(writer, ours, VolumeSource(SHAPE, reading(ANATOMY), reading(LABEL)))
    lines = [event for event in told if isinstance(event, Progress) and event.task == "inpaint"]
    assert {event.total for event in lines} == {3}
    parts = [event.words for event in lines if ", plane " in event.words]
    assert parts[0] == "block 1 of 3, plane 1 of 2"
    assert parts[-1] == "block 3 of 3, plane 2 of 2"
    assert "voxels/s" in lines[-1].words
    assert "GB" in lines[-1].words
