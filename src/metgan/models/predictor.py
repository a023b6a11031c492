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

from metgan.errors import LeakageError
from metgan.io import fingerprint
from metgan.networks import apply_unet, channels_last
from metgan.types import Camera, Mask

from .card import ModelCard
from .predict import predict
from .store import load_segmentor, model_path

DEFAULT_THRESHOLD = 0.5
"""Output of a segmentor, in [0, 1], above which a pixel is read as tumour."""

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
        self._segmentor = channels_last(segmentor.to(device))

    def check(self, groups: Iterable[str]) -> None:
        """Refuse to judge images of groups that it was trained on."""
        self.card.refuse_to_have_seen(groups, "judging")

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
        scaled = [(self.card.normalisation.apply(tumour, "tumour"),) for tumour in tumours]
        return predict(self._probability, scaled, self._device)

    def _probability(self, tumour: torch.Tensor) -> torch.Tensor:
        return apply_unet(self._segmentor.unet, tumour).float().sigmoid()


def refuse_training_segmentor(segmentor_run: Path, card: ModelCard) -> None:
    """Raise `LeakageError` when a segmentor is the one that the card's generator trained with."""
    if fingerprint(model_path(segmentor_run)) == card.segmentor:
        raise LeakageError(
            f"the independent segmentor {segmentor_run} is the segmentor that the generator trained with",
            "a segmentor trained apart from it",
            "Train one with metgan segmentor DATA --split RUN/splits.json and a --seed of its own, or leave "
            "it out",
        )
