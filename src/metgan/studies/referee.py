"""The segmentor that judges: trained apart from the one in the loop."""

from __future__ import annotations

from pathlib import Path

import torch

from metgan.errors import LeakageError
from metgan.io import fingerprint
from metgan.models import ModelCard, load_segmentor, model_path
from metgan.training import (
    READ_ABOVE,
    Curriculum,
    Order,
    Recipe,
    check_segmentor_order,
    train_segmentor,
)
from metgan.types import Camera, Mask

from .rules import Rules

REFEREE_APART = 1000
"""Added to a run's seed: other first weights, other crops in another order."""


class Referee:
    """A segmentor that reads tumour images in camera units."""

    def __init__(self, run: Path, device: torch.device) -> None:
        self._device = device
        segmentor, self._card = load_segmentor(run)
        self._segmentor = segmentor.to(self._device)

    def check(self, groups: set[str]) -> None:
        """Refuse to judge images of groups that it was trained on."""
        self._card.refuse_to_have_seen(groups, "judging")

    def read(self, tumour: Camera) -> Mask:
        """Give the pixels that are read as tumour, (Y, X)."""
        scaled = self._card.normalisation.apply(tumour, "tumour")
        with torch.inference_mode():
            logits = self._segmentor(torch.from_numpy(scaled)[None, None].to(self._device))
        reading: Mask = (logits[0, 0].sigmoid() > READ_ABOVE).cpu().numpy()
        return reading


def refuse_same_judge(referee: Path, card: ModelCard) -> None:
    """Raise `LeakageError` when the referee is the segmentor that the card's generator trained with."""
    if fingerprint(model_path(referee)) == card.segmentor:
        raise LeakageError(
            f"the referee {referee} is the segmentor that the generator trained with",
            "a segmentor trained apart from it",
            "Leave --referee out to train one, or use another seed",
        )


def train_referee(folder: Path, data: Curriculum, rules: Rules) -> None:
    """Train the segmentor that judges, or go on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    train_segmentor(_referee_order(folder, rules), data)


def check_referee(folder: Path, data: Curriculum, rules: Rules) -> None:
    """Refuse, before anything is written, what `train_referee` would refuse."""
    check_segmentor_order(_referee_order(folder, rules), data)


def _referee_order(folder: Path, rules: Rules) -> Order[Recipe]:
    seed = rules.seed + REFEREE_APART
    return Order("segmentor", rules.preset, rules.segmentor, rules.engine, seed, folder, resume=True)
