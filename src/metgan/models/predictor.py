"""A trained segmentor as a function: from a tumour image in camera units to the tumours in it.

Studies hold a generator against it, and the gate of synthesis its pairs. Neither may use the segmentor
that the generator trained with: a generator may learn to please that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from metgan.data import refuse_in_loop
from metgan.errors import SettingError
from metgan.io import fingerprint
from metgan.networks import apply_unet, channels_last, fold
from metgan.types import Camera, Mask

from .card import ModelCard
from .predict import batches, predict
from .store import load_segmentor, model_path

DEFAULT_THRESHOLD = 0.5
"""Output of a segmentor, in [0, 1], above which a pixel is read as tumour."""

TUMOUR = 0.95
"""Output of a segmentor, in [0, 1], above which it is sure of a tumour."""

BACKGROUND = 0.05
"""Output of a segmentor, in [0, 1], below which it is sure that there is none."""

MIN_OBJECT_SIZE = 3
"""Pixels: smaller objects in a segmentor's reading are taken for noise."""


class SegmentorPredictor:
    """A segmentor that reads tumour images in camera units.

    Attributes
    ----------
    card : ModelCard
        What it was trained on.
    fingerprint : str
        Names its weights in provenance.

    Examples
    --------
    >>> tumours = SegmentorPredictor(Path("segmentor"), torch.device("cpu")).predict(tumour)  # doctest: +SKIP
    >>> tumours.dtype  # doctest: +SKIP
    dtype('bool')
    """

    def __init__(self, run: Path, device: torch.device) -> None:
        segmentor, self.card = load_segmentor(run)
        self.fingerprint = fingerprint(model_path(run))
        self._device = device
        self._segmentor = channels_last(fold(segmentor).to(device))

    def predict(self, tumour: Camera) -> Mask:
        """Return the pixels that are read as tumour, (Y, X)."""
        return self.predict_all([tumour])[0]

    def predict_all(self, tumours: Sequence[Camera]) -> list[Mask]:
        """Return what `predict` does of each of several images, in their order."""
        return [weighed > DEFAULT_THRESHOLD for weighed in self.predict_proba_all(tumours)]

    def predict_proba_all(self, tumours: Sequence[Camera]) -> list[NDArray[np.float32]]:
        """Return how much the segmentor takes each pixel of several images for tumour, (Y, X), in [0, 1].

        It is trained with tumour pixels that weigh more than others, and thinks them likelier than they are.
        """

        def probability(tumour: torch.Tensor) -> torch.Tensor:
            return apply_unet(self._segmentor.unet, tumour).float().sigmoid()

        read: dict[int, NDArray[np.float32]] = {}
        for batch in batches([tumour.shape for tumour in tumours]):  # few at once, since images may be large
            scaled = [(self.card.normalisation.apply(tumours[k], "tumour"),) for k in batch]
            read |= zip(batch, predict(probability, scaled, self._device), strict=True)
        return [read[k] for k in range(len(tumours))]


def load_independent_segmentor(
    run: Path, generator: ModelCard, groups: Iterable[str], device: torch.device
) -> SegmentorPredictor:
    """Load the segmentor that reads what a generator makes: never the one that it trained with.

    Parameters
    ----------
    run : Path
        Run folder of a segmentor.
    generator : ModelCard
    groups : iterable of str
        What is tested on.
    device : torch.device

    Raises
    ------
    LeakageError
        When it is the segmentor that the generator trained with, or has seen one of the groups.
    SettingError
        When it reads images of another dtype than is generated.
    StorageError
        When it cannot be read, or is no segmentor.
    """
    predictor = SegmentorPredictor(run, device)
    refuse_in_loop(run, predictor.fingerprint, generator.segmentor)
    predictor.card.refuse_to_have_seen(groups, "judging")
    wanted, given = generator.normalisation.tumour.dtype, predictor.card.normalisation.tumour.dtype
    if wanted != given:
        raise SettingError(
            f"the segmentor {run} takes {given} images, and the generator makes {wanted}",
            "one dtype, the camera's",
            "Train the independent segmentor on the data that the generator was trained on",
        )
    return predictor


def seed_warning(segmentor: ModelCard, generator: ModelCard) -> str:
    """Say that an independent segmentor began as the segmentor in the loop did; "" where it did not."""
    if segmentor.seed != generator.segmentor_seed:
        return ""
    return (
        f"the independent segmentor has seed {segmentor.seed}, as the segmentor in the loop: both began with "
        "the same weights and crops; train one with another --seed"
    )
