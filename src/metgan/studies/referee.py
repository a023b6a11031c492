"""The segmentor that judges: trained apart from the one in the loop."""

from __future__ import annotations

from pathlib import Path

import torch

from metgan.errors import LeakageError
from metgan.io import fingerprint
from metgan.models import ModelCard, load_segmentor, model_path
from metgan.training import READ_ABOVE
from metgan.types import Camera, Mask


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
