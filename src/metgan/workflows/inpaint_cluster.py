"""A volume's blocks computed by the workers of a cluster: each reads and writes its own, and nothing else.

Notes
-----
Lock, list of blocks, levels and the final name stay with the call. A worker does not know that its call was
killed, and finishes its block: `OmeZarrWriter` sees to it that this cannot harm a later call.
"""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import uuid4

from metgan import __version__
from metgan.errors import SettingError, StorageError
from metgan.images import Block, OmeZarrWriter
from metgan.io import has_folder
from metgan.memory import peak_memory_bytes
from metgan.progress import SLOW, Event, Note, listening, note_once, progress
from metgan.synthesis import TUMOURS, Inpainter, VolumeSource, VolumeSpeed, compute_block

from .cluster import completed

Opens = Callable[[], tuple[Inpainter, VolumeSource]]
"""Opens model and volume in a worker; picklable."""
_opening = threading.Lock()


@dataclass(frozen=True)
class BlockDone:
    """What a worker reports: a block's voxels, those of a label not counted, its memory, and its notes."""

    voxels: int
    peak_bytes: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class BlockTask:
    """Computes and writes one block, in a worker; `opens` is pickled with a name of the call."""

    opens: bytes
    writer: OmeZarrWriter
    version: str = __version__

    def __call__(self, job: tuple[Block, str]) -> BlockDone:
        """Compute and write a block of the image, or of a label by its name."""
        self._check_worker()
        block, label = job
        inpainter, source = _opened(self.opens)
        events: list[Event] = []
        with listening(events.append):
            made = compute_block(self.writer, inpainter, source, block, label)
        self.writer.write(block, made, label)
        notes = tuple(event.text for event in events if isinstance(event, Note))
        return BlockDone(0 if label else made.size, peak_memory_bytes(), notes)

    def _check_worker(self) -> None:
        here = socket.gethostname()
        if self.version != __version__:
            raise SettingError(
                f"metgan {__version__} on worker {here}, and {self.version} here",
                "the same on all",
                "Install the same version on all workers",
            )
        if not has_folder(self.writer.store):
            raise StorageError(
                f"worker {here} finds no {self.writer.store}",
                "a folder that all workers see under the same path",
                "Put run, volume, labels and --out on a file system that they share",
            )


def inpaint_on(client: Any, writer: OmeZarrWriter, opens: Opens) -> VolumeSpeed:
    """Do as `inpaint_volume` does, block by block on the workers of a client of `connected`.

    Raises
    ------
    MetganError
        What a worker has raised, or as `completed`; what was done by then stays.
    """
    there = replace(writer, path=writer.path.absolute())
    call = uuid4().hex  # workers outlive a call, and its run and volume may be other ones at the next
    task = BlockTask(pickle.dumps((call, opens)), there)
    labels = [(block, TUMOURS) for block in writer.missing(label=TUMOURS)]
    images = [(block, "") for block in writer.missing()]
    total = sum(len(writer.layout.all_blocks(label=label)) for label in ("", TUMOURS))
    begun, speed = time.monotonic(), VolumeSpeed(0, 0.0, None)
    with progress("inpaint", total, total - len(labels) - len(images), every_s=SLOW) as advance:
        for done in completed(client, task, [*labels, *images]):
            peaks = [peak for peak in (speed.peak_bytes, done.peak_bytes) if peak is not None]
            seconds = time.monotonic() - begun
            speed = VolumeSpeed(speed.voxels + done.voxels, seconds, max(peaks, default=None))
            for text in done.notes:
                note_once(text)
            advance(f"{speed} a worker")
    with progress("coarser levels", 1, every_s=SLOW) as advance:
        writer.finish()
        advance()
    return speed


@lru_cache(maxsize=1)
def _open_once(opens: bytes) -> tuple[Inpainter, VolumeSource]:
    with listening(lambda _: None):  # the call has noted what there is to note
        found: tuple[Inpainter, VolumeSource] = pickle.loads(opens)[1]()
    return found


def _opened(opens: bytes) -> tuple[Inpainter, VolumeSource]:
    """Return what this process has opened; the threads of a worker share it."""
    with _opening:
        return _open_once(opens)
