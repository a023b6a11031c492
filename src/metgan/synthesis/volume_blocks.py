"""A volume's blocks, one after the other: while one is computed, the next is read and the last is written.

Notes
-----
One thread reads and one writes, so that a GPU need not wait for a disk. Each is ahead or behind by one item,
so that at most two groups of planes and two blocks are in memory. What they write are the bytes that they
would write without threads: the network computes in the thread of the caller, one group of planes at a time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from metgan.images import Block, OmeZarrWriter
from metgan.memory import peak_memory_bytes
from metgan.parts import sides_of
from metgan.progress import SLOW, progress
from metgan.types import AnyArray

from .inpainter import Inpainter
from .volume import TUMOURS, Slab, VolumeSource, inpaint_region, joined, slabs_of

Item = TypeVar("Item")


@dataclass(frozen=True)
class VolumeSpeed:
    """How fast a volume was computed, and in how much memory.

    Attributes
    ----------
    voxels : int
        That were computed, those of blocks without tissue among them.
    seconds : float
        That it took, without the coarser levels.
    peak_bytes : int or None
        Most resident memory of a process that computed; None where the system does not tell.
    """

    voxels: int
    seconds: float
    peak_bytes: int | None

    def __str__(self) -> str:
        peak = "" if self.peak_bytes is None else f", at most {self.peak_bytes / 1e9:.1f} GB"
        return f"{self.voxels / max(self.seconds, 1e-9):,.0f} voxels/s{peak}"


def inpaint_volume(writer: OmeZarrWriter, inpainter: Inpainter, source: VolumeSource) -> VolumeSpeed:
    """Write the label and the tumour channel of a volume, whatever of them is missing; then finish it.

    Parameters
    ----------
    writer : OmeZarrWriter
        Of a layout with axes ZYX, or YX for a single plane, and a label `TUMOURS`.
    inpainter : Inpainter
    source : VolumeSource

    Raises
    ------
    ArrayError, StorageError
        When a region cannot be read or written, or the network does not take it. What was done by then stays.
    """
    labels = writer.missing(label=TUMOURS)
    with progress("copy the label", len(labels), every_s=SLOW) as advance, _written_behind() as write:
        read = (partial(_label_of, writer, source, block) for block in labels)
        for block, mask in zip(labels, _read_ahead(read), strict=True):
            write(partial(writer.write, block, mask, TUMOURS))
            advance()
    blocks, total = writer.missing(), len(writer.layout.all_blocks())
    begun, voxels = time.monotonic(), 0
    computed = _computed(inpainter, source, blocks, total)
    with progress("inpaint", total, total - len(blocks), every_s=SLOW) as advance, _written_behind() as write:
        for block, made in zip(blocks, computed, strict=True):
            write(partial(writer.write, block, made))
            voxels += made.size
            advance(str(_speed(voxels, begun)))
    speed = _speed(voxels, begun)
    with progress("coarser levels", 1, every_s=SLOW) as advance:
        writer.finish()
        advance()
    return speed


def compute_block(
    writer: OmeZarrWriter, inpainter: Inpainter, source: VolumeSource, block: Block, label: str = ""
) -> AnyArray:
    """Return one block of the tumour channel, or of the label `TUMOURS`, as it is to be written.

    What `inpaint_volume` computes of each, for a process that has a share of them; raises as it does.
    """
    if label:
        return _label_of(writer, source, block)
    return inpaint_region(inpainter, source, _region(block)).reshape(sides_of(block))


def _speed(voxels: int, begun: float) -> VolumeSpeed:
    return VolumeSpeed(voxels, time.monotonic() - begun, peak_memory_bytes())


def _label_of(writer: OmeZarrWriter, source: VolumeSource, block: Block) -> AnyArray:
    mask = source.label(_region(block)).astype(writer.layout.dtype_of(TUMOURS))
    return mask.reshape(sides_of(block))


def _computed(
    inpainter: Inpainter, source: VolumeSource, blocks: Sequence[Block], total: int
) -> Iterator[AnyArray]:
    """Yield the tumour channel of each block, of the block's own shape; `total` is how many there are."""

    def slabs() -> Iterator[Slab]:
        for block in blocks:
            yield from slabs_of(inpainter, source, _region(block))

    images = _read_ahead(slab.read for slab in slabs())
    for number, block in enumerate(blocks, start=1 + total - len(blocks)):
        region = _region(block)
        of_block = (next(images) for _ in slabs_of(inpainter, source, region))
        yield joined(region, inpainter, of_block, f"block {number} of {total}").reshape(sides_of(block))


def _read_ahead(reads: Iterable[Callable[[], Item]]) -> Iterator[Item]:
    """Yield what each function returns, called by a thread while the caller is busy with the one before."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Item]] = deque()
        for read in reads:
            waiting.append(pool.submit(copy_context().run, read))
            if len(waiting) > 1:
                yield waiting.popleft().result()
        if waiting:
            yield waiting.pop().result()


@contextmanager
def _written_behind() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Call what is given to the function in a thread, one after the other, and wait for the last but one.

    What the last raised is raised at the next, or at the end. Where the block ends otherwise, what is being
    written is written to its end.
    """
    with ThreadPoolExecutor(1) as pool:
        begun: list[Future[None]] = []

        def write(job: Callable[[], None]) -> None:
            while begun:
                begun.pop().result()
            begun.append(pool.submit(copy_context().run, job))

        yield write
        while begun:
            begun.pop().result()


def _region(block: Block) -> Block:
    """Return the region of a block, along Z, Y and X, also where there is no Z."""
    return (slice(0, 1),) * (3 - len(block)) + block
