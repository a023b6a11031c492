"""Tumours of a pair set that a reader may doubt: counted and reported, never left out.

Specks of one or two pixels are what a crop's edge leaves of a tumour, or a slip of the hand; pairs of which
the median tumour is darker than what surrounds it are those that hide a displaced mask among good ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metgan.labels import shared_fill
from metgan.metrics import measure_contrasts
from metgan.models import MIN_OBJECT_SIZE
from metgan.objects import sizes
from metgan.progress import note
from metgan.types import Camera, Mask


@dataclass
class DoubtfulTumours:
    """Counts over the pairs that were looked at, one by one.

    Attributes
    ----------
    tumours, tiny : int
        All, and those of fewer than `metgan.models.MIN_OBJECT_SIZE` pixels.
    pairs, dark : int
        Those with a tumour that has surroundings, and those of which the median tumour is darker than its
        surroundings: its contrast is below 1, judged by the light it adds where a ratio is undefined.
    """

    tumours: int = 0
    tiny: int = 0
    pairs: int = 0
    dark: int = 0

    def look_at(self, label: Mask, anatomy: Camera, tumour: Camera) -> None:
        """Count the tumours of a pair; its images have axes (Y, X) and camera units."""
        areas = sizes(label)
        if not areas.size:
            return
        self.tumours += areas.size
        self.tiny += int((areas < MIN_OBJECT_SIZE).sum())
        found = measure_contrasts(label, tumour, shared_fill(anatomy, tumour) & ~label)
        lights = [contrast.light for contrast in found if contrast.pixels]
        self.pairs += bool(lights)
        self.dark += bool(lights) and bool(np.median(lights) < 0)

    @property
    def facts(self) -> dict[str, str]:
        """What there is of each, by name, in words; nothing where there is none."""
        facts = {}
        if self.tiny:
            facts["tiny tumours"] = f"{self.tiny} of {self.tumours}, of one or two pixels"
        if self.dark:
            facts["dark tumours"] = (
                f"in {self.dark} of {self.pairs} pairs the median tumour has a contrast below 1"
            )
        return facts

    def tell(self, *, dark: bool) -> None:
        """Note how many there are of each; dark ones only where that is wanted."""
        if self.tiny:
            note(
                f"{self.tiny} of the {self.tumours} tumours in the crops have one or two pixels, as a crop's "
                "edge leaves of a larger one, or a slip in the mask: they are kept"
            )
        if self.dark and dark:
            note(
                f"in {self.dark} of the {self.pairs} crops with tumours the median tumour is darker than "
                "what surrounds it (contrast below 1): they are kept. Check that the mask fits there"
            )
