"""Which crops a step sees: a function of the seed and the step's number alone.

Nothing is carried from step to step, so a resumed run draws what the interrupted one would have drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metgan.data import Augmentation, Normalisation, Pair, View, draw_distortion, draw_view
from metgan.labels import nearest_light
from metgan.methods import FillMask
from metgan.seeding import stream


@dataclass(frozen=True)
class Batch:
    """Crops of N pairs: anatomy and tumour in [-1, 1], label and fill 0 or 1; all (N, 1, Y, X) float.

    ``fill`` is None for a set that has none: see `metgan.labels.fill`.
    """

    anatomy: Tensor
    tumour: Tensor
    label: Tensor
    fill: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """Return the batch on another device."""
        fill = None if self.fill is None else self.fill.to(device)
        return Batch(self.anatomy.to(device), self.tumour.to(device), self.label.to(device), fill)

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


def stack(pairs: Sequence[Pair], views: Sequence[View], normalisation: Normalisation) -> Batch:
    """Normalise whole `pairs`, and cut and turn them, one view each."""

    def tensor(images: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]) -> Tensor:
        return torch.from_numpy(np.stack(images)[:, None])  # (N, 1, Y, X)

    seen = [*zip(pairs, views, strict=True)]
    fill = None
    if normalisation.fill is not None:
        masks = [view.apply(pair.filled(normalisation.fill)) for pair, view in seen]
        fill = tensor([mask.astype(np.float32) for mask in masks])
    return Batch(
        tensor([view.apply(normalisation.apply(pair.anatomy, "anatomy")) for pair, view in seen]),
        tensor([view.apply(normalisation.apply(pair.tumour, "tumour")) for pair, view in seen]),
        tensor([view.apply(pair.label).astype(np.float32) for pair, view in seen]),
        fill,
    )


def distort(
    batch: Batch, augmentation: Augmentation, units: Normalisation, rng: np.random.Generator
) -> Batch:
    """Return the batch with every crop distorted by a draw of its own; fill has its constants in `units`."""
    channels = (batch.anatomy, batch.tumour, batch.label, batch.fill)
    images = [channel[:, 0].numpy() for channel in channels if channel is not None]  # (N, Y, X)
    rows = []
    for anatomy, tumour, *masks in zip(*images, strict=True):
        drawn = draw_distortion(anatomy.shape, augmentation, rng)
        turned = [drawn.apply_to_label(mask > 0).astype(np.float32) for mask in masks]
        rows.append((drawn.apply(anatomy, "anatomy"), drawn.apply(tumour, "tumour"), *turned))
    moved = Batch(*(torch.from_numpy(np.stack(column)[:, None]) for column in zip(*rows, strict=True)))
    if batch.fill is None or moved.fill is None or not batch.fill.any():
        return moved
    anatomy = torch.where(moved.fill > 0, units.fill_level("anatomy"), moved.anatomy)
    tumour = torch.where(moved.fill > 0, units.fill_level("tumour"), moved.tumour)
    return Batch(anatomy, tumour, moved.label, moved.fill)


class Batches:
    """The endless, seeded sequence of training batches.

    Every epoch visits each pair once, in a new order; what does not fill a last batch joins the
    next epoch's first. Crops are distorted where there is an augmentation.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        normalisation: Normalisation,
        batch_size: int,
        crop: int,
        seed: int,
        augmentation: Augmentation | None = None,
    ) -> None:
        self.pairs = pairs
        self.normalisation = normalisation
        self.batch_size = batch_size
        self.crop = crop
        self.seed = seed
        self.augmentation = augmentation

    def at(self, step: int) -> Batch:
        """Return the batch of one step, counted from 0."""
        first = step * self.batch_size
        chosen = [self.pairs[self._index(k)] for k in range(first, first + self.batch_size)]
        rng = stream(self.seed, "views", step)
        views = [draw_view(pair.label.shape, self.crop, rng) for pair in chosen]
        batch = stack(chosen, views, self.normalisation)
        if self.augmentation is None:
            return batch
        return distort(batch, self.augmentation, self.normalisation, stream(self.seed, "distortions", step))

    def _index(self, position: int) -> int:
        epoch, place = divmod(position, len(self.pairs))
        return int(stream(self.seed, "order", epoch).permutation(len(self.pairs))[place])
