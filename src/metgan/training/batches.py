"""Batches in the order of their steps, from any step on, cut by worker processes where these help."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from metgan.data import Normalisation, Patch, Patches, numbers_of
from metgan.errors import MetganError
from metgan.labels import nearest_light
from metgan.methods import FillMask
from metgan.transforms import Distortions, distort
from metgan.types import Scaled

CPU: Final = torch.device("cpu")


@dataclass(frozen=True)
class Batch:
    """Patches of N pairs: anatomy and tumour in [-1, 1], label and fill 0 or 1; all (N, 1, Y, X) float32.

    ``fill`` is None for a set that has none: see `metgan.labels.fill`. ``ignored`` is where labels say
    nothing, 0 or 1; None where all say all. ``distortions`` are what is still
    to be done; None for nothing.
    """

    anatomy: Tensor
    tumour: Tensor
    label: Tensor
    fill: Tensor | None = None
    ignored: Tensor | None = None
    distortions: Distortions | None = None

    def to(self, device: torch.device) -> Batch:
        """Return the batch on another device; from pinned memory, while the host goes on."""
        return self._each(lambda images: images.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """Return the batch in memory that CUDA copies from directly: a `DataLoader` asks for it."""
        return self._each(Tensor.pin_memory)

    def distorted(self, units: Normalisation) -> Batch:
        """Return the batch with its distortions done, on its device; fill has its constants in `units`."""
        if self.distortions is None:
            return self
        masks = [mask for mask in (self.label, self.fill, self.ignored) if mask is not None]
        images, moved = distort(
            torch.cat([self.anatomy, self.tumour], 1), torch.cat(masks, 1), self.distortions
        )
        anatomy, tumour = images[:, :1], images[:, 1:]
        fill = None if self.fill is None else moved[:, 1:2]
        ignored = None if self.ignored is None else moved[:, -1:]
        if fill is not None:
            anatomy = anatomy.masked_fill(fill > 0, units.fill_level("anatomy"))
            tumour = tumour.masked_fill(fill > 0, units.fill_level("tumour"))
        return Batch(anatomy, tumour, moved[:, :1], fill, ignored)

    @property
    def within(self) -> Tensor | None:
        """The pixels that labels say something of, (N, 1, Y, X), 0 or 1; None for all."""
        return None if self.ignored is None else 1 - self.ignored

    def fill_mask(self, units: Normalisation) -> FillMask | None:
        """Return where nothing was imaged, with what stands there in these units; None for a set without."""
        if self.fill is None:
            return None
        masks = self.fill[:, 0].cpu().numpy() > 0  # (N, Y, X)
        nearest = torch.from_numpy(np.stack([nearest_light(mask).ravel() for mask in masks]))  # (N, Y * X)
        return FillMask(
            self.fill,
            nearest.to(self.fill.device),
            units.fill_level("anatomy"),
            units.fill_level("tumour"),
            units.usual_level("anatomy"),
            units.usual_level("tumour"),
        )

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed: dict[str, Any] = {k: change(v) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **changed)


def stack(patches: Sequence[Patch]) -> Batch:
    """Return patches as one batch in the host's memory, not yet distorted."""

    def joined(images: Sequence[Scaled]) -> Tensor:
        return torch.from_numpy(np.stack(images)[:, None])  # (N, 1, Y, X)

    fills = [patch.fill for patch in patches if patch.fill is not None]
    says_all = np.zeros_like(patches[0].label)
    ignored = [says_all if patch.ignored is None else patch.ignored for patch in patches]
    drawn = [patch.distortion for patch in patches if patch.distortion is not None]
    return Batch(
        joined([patch.anatomy for patch in patches]),
        joined([patch.tumour for patch in patches]),
        joined([patch.label for patch in patches]),
        joined(fills) if fills else None,
        joined(ignored) if any(patch.ignored is not None for patch in patches) else None,
        Distortions.join(drawn) if drawn else None,
    )


@dataclass(frozen=True, eq=False)
class Batches:
    """The endless, seeded sequence of training batches, on the device that they are trained on.

    Every epoch visits each pair once, in a new order; what does not fill a last batch joins the next epoch's
    first. `workers` are the processes that cut the patches, 0 for the one that trains; it changes no batch.
    `distorts` says whether the distortions that a batch notes are done.
    """

    patches: Patches
    batch_size: int
    device: torch.device = CPU
    workers: int = 0
    distorts: bool = True

    def at(self, step: int) -> Batch:
        """Return the batch of one step, counted from 0, cut here and now."""
        return self._ready(stack([self.patches[k] for k in numbers_of(step, self.batch_size)]))

    @contextmanager
    def since(self, step: int) -> Iterator[Iterator[Batch]]:
        """Yield the batches of this step and of all that follow; workers live as long as the context.

        Ctrl-C is for the process that trains, and that ends them: they do not heed it.
        """
        loader = DataLoader(
            _Worked(self.patches),
            batch_sampler=([*numbers_of(k, self.batch_size)] for k in count(step)),
            collate_fn=_stack_or_fail,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=_leave_interrupts,
            generator=torch.Generator(),  # else torch's own, whose state is a run's, is drawn from
        )
        batches = iter(loader)
        try:
            yield map(self._ready, batches)
        finally:
            if self.workers:  # an exception's traceback would keep the iterator, and so its processes, alive
                batches._shutdown_workers()  # type: ignore[attr-defined]  # torch has no public way

    def _ready(self, batch: Batch | MetganError) -> Batch:
        if isinstance(batch, MetganError):
            raise batch
        moved = batch.to(self.device)
        return moved.distorted(self.patches.normalisation) if self.distorts else moved


class _Worked(Dataset[Patch | MetganError]):
    """Patches whose errors come as they are: torch would make another error of what a worker raises."""

    def __init__(self, patches: Patches) -> None:
        self.patches = patches

    def __getitem__(self, number: int) -> Patch | MetganError:
        try:
            return self.patches[number]
        except MetganError as error:
            return error


def _stack_or_fail(patches: Sequence[Patch | MetganError]) -> Batch | MetganError:
    cut = [patch for patch in patches if isinstance(patch, Patch)]
    failed = [patch for patch in patches if isinstance(patch, MetganError)]
    return failed[0] if failed else stack(cut)


def _leave_interrupts(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
