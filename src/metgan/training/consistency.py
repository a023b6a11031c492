"""A segmentor that learns from unlabelled images too: weak-to-strong consistency with an averaged teacher.

The teacher is the running average of the segmentor's weights. It reads an unlabelled crop as it is; the
segmentor reads the same crop in another light, with more noise, and partly covered by another crop, and has
to find what the teacher was sure of. What the teacher doubts is not counted. For a third of the steps the
segmentor learns from labelled pairs alone, so that there is something to be sure of.

References
----------
Tarvainen and Valpola 2017 (Mean Teacher), https://arxiv.org/abs/1703.01780; Sohn et al. 2020 (FixMatch),
https://arxiv.org/abs/2001.07685; Yang et al. 2023 (UniMatch), https://arxiv.org/abs/2208.09910; Yun et al.
2019 (CutMix), https://arxiv.org/abs/1905.04899.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from metgan.data import Patches
from metgan.losses import weighted_cross_entropy
from metgan.models import BACKGROUND, TUMOUR
from metgan.networks import Segmentor
from metgan.seeding import stream
from metgan.transforms import STRONG

from .batches import Batch, Batches
from .config import TrainConfig
from .ema import EMA
from .run_config import RunConfig
from .training_data import TrainingData

ALONE: Final = 1 / 3
"""Share of the steps in which the segmentor learns from labelled pairs alone."""
RISE: Final = 1 / 10
"""Share of the steps over which the weight of unlabelled pairs then rises."""
WEIGHT: Final = 0.5
"""Of the loss on unlabelled pairs, once it has risen."""
DECAY: Final = 0.99
"""Of the running average that is the teacher."""
COVERED: Final = (0.02, 0.4)
"""Least and most of a crop that another covers, as shares of its area."""
_LIGHT: Final = replace(STRONG, turn=0.0, stretch=0.0, bend=0.0)  # the teacher's reading keeps its place


@dataclass(frozen=True, eq=False)
class SegmentorBatch:
    """What a segmentor learns from in one step: labelled patches, and unlabelled ones where there are any.

    The unlabelled ones are as they were cut; how they are to be changed is noted in them.
    """

    labelled: Batch
    unlabelled: Batch | None = None


def augmented(config: TrainConfig, data: TrainingData) -> TrainConfig:
    """Return how a segmentor learns from data with unlabelled pairs: of labelled ones in other light, too.

    Where nothing is said of augmentation, it is strong. Without exposures a teacher of few animals finds
    tumours where others are brighter, and its segmentor learns them (docs/results). Data without unlabelled
    pairs leave the settings as they are.
    """
    if not data.unlabelled or config.augmentation is not None:
        return config
    return replace(config, augmentation=STRONG)


class Consistency:
    """The loss on unlabelled pairs, and the teacher in it.

    Parameters
    ----------
    segmentor : Segmentor
        The one that trains.
    run_config : RunConfig
    data : TrainingData
        With unlabelled pairs.
    """

    def __init__(self, segmentor: Segmentor, run_config: RunConfig[TrainConfig], data: TrainingData) -> None:
        self.ema = EMA(segmentor, DECAY)
        self._steps = run_config.train.length(len(data.train))
        self._seed = run_config.seed
        self._units = data.normalisation
        labelled = run_config.batches(data)
        light = _LIGHT
        if (given := run_config.train.augmentation) is not None:
            light = replace(_LIGHT, exposure=given.exposure)
        patches = Patches(
            data.unlabelled, data.normalisation, labelled.patches.side, run_config.seed, light, "unlabelled "
        )
        self.batches = replace(labelled, patches=patches, distorts=False)

    def weight(self, step: int) -> float:
        """Return what the loss weighs in a step, counted from 0."""
        return WEIGHT * min(1.0, max(0.0, (step / self._steps - ALONE) / RISE))

    def prepare(self, weak: Batch, step: int) -> tuple[Tensor, ...]:
        """Return a step's changed crops, their covered box and the loss's weight; nothing before it rises."""
        weight = self.weight(step)
        if not weight:
            return ()
        strong = weak.distorted(self._units).tumour
        box = draw_box(strong.shape[2], strong.shape[3], stream(self._seed, "cutmix", step))
        return strong, box.to(strong.device), torch.tensor(weight, device=strong.device)

    def __call__(self, segmentor: Segmentor, weak: Batch, prepared: Sequence[Tensor]) -> Tensor:
        """Return the loss of the segmentor's reading of changed crops against the teacher's of plain ones.

        0 where nothing was prepared.
        """
        if not prepared:
            return weak.tumour.new_zeros(())
        strong, box, weight = prepared
        with torch.no_grad():
            read = self.ema.network(weak.tumour).float().sigmoid()
        label = (read > TUMOUR).to(read.dtype)
        sure = torch.maximum(label, (read < BACKGROUND).to(read.dtype))
        strong, label, sure = (cut_mix(images, box) for images in (strong, label, sure))
        return weight * weighted_cross_entropy(segmentor(strong), label, sure)


def draw_box(height: int, width: int, rng: np.random.Generator) -> Tensor:
    """Draw the box of a crop that another covers: (Y, X), bool."""
    area, shape = rng.uniform(*COVERED), rng.uniform(np.log(0.3), np.log(1 / 0.3))
    rows = min(height, max(1, round(height * float(np.sqrt(area * np.exp(shape))))))
    columns = min(width, max(1, round(width * float(np.sqrt(area / np.exp(shape))))))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    box = torch.zeros(height, width, dtype=torch.bool)
    box[top : top + rows, left : left + columns] = True
    return box


def cut_mix(images: Tensor, box: Tensor) -> Tensor:
    """Cover a box, (Y, X), bool, of each crop, (N, C, Y, X), by the same box of the crop before it: CutMix.

    Examples
    --------
    >>> crops = torch.tensor([0.0, 1.0])[:, None, None, None].expand(2, 1, 8, 8)
    >>> mixed = cut_mix(crops, draw_box(8, 8, np.random.default_rng(0)))
    >>> mixed[0].mean().item() > 0, mixed.mean().item()
    (True, 0.5)
    """
    return torch.where(box, images.roll(1, 0), images)


@contextmanager
def segmentor_batches(
    labelled: Batches, unlabelled: Batches | None, first: int
) -> Iterator[Iterator[SegmentorBatch]]:
    """Yield what a segmentor learns from, step after step, from a first one on."""
    with labelled.since(first) as batches:
        if unlabelled is None:
            yield map(SegmentorBatch, batches)
            return
        with unlabelled.since(first) as others:
            yield map(SegmentorBatch, batches, others)
