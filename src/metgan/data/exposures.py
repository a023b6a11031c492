"""How unlike each other the groups of a set are exposed: how far a crop's light may be multiplied.

A multiplication of the light stands for animals that are stained, or exposed, unlike those that were trained
on. Where they all look alike it teaches something false, that brightness says little, and where one animal is
all there is, nothing is known of the others. docs/results/few-labels.md shows both.

So the groups themselves say how far: the factor is drawn as widely as their light is spread.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from .normalise import Normalisation
from .sample import Pair
from .stored_pairs import entries_of
from .subset import evenly

WIDEST: Final = 1.0
"""The most that is measured, in powers of 2; also what is taken where one group alone is known. With more,
segmentors were seen to learn nothing for most of their training (docs/results/defaults.md)."""
_PER_GROUP = 32  # pairs that a group's light is taken from, at most
_BRIGHTEST = 95  # per cent; brighter pixels are left out: tumours, vessels and dust


def measure_exposure(pairs: Sequence[Pair], normalisation: Normalisation) -> float:
    """Return how far the light of these pairs may be multiplied: by 2 to this power, or its inverse.

    Parameters
    ----------
    pairs : sequence of Pair
        At most 32 of a group are read, one by one. Their labels are not looked at.
    normalisation : Normalisation
        Light is what exceeds -1 in the tumour channel, fill left out; of the pixels of an image the brightest
        twentieth is not counted.

    Returns
    -------
    float, in [0, WIDEST]
        Half the width of the uniform distribution whose standard deviation is that of the logarithms of the
        groups' light. `WIDEST` where fewer than two groups have any.
    """
    places: dict[str, list[int]] = {}
    for place, entry in enumerate(entries_of(pairs)):
        places.setdefault(entry.group, []).append(place)
    groups = [evenly(group, _PER_GROUP) for group in places.values()]
    each = [_light((pairs[place] for place in group), normalisation) for group in groups]
    light = [seen for seen in each if seen > 0]
    if len(light) < 2:
        return WIDEST
    spread = float(np.std(np.log2(light), ddof=1))
    return min(WIDEST, math.sqrt(3) * spread)


def _light(pairs: Iterable[Pair], units: Normalisation) -> float:
    """Return the mean light of a group's tumour channel without its brightest pixels; 0 where all is fill."""
    total, pixels = 0.0, 0
    for pair in pairs:
        light = units.apply(pair.tumour, "tumour") + 1
        seen = light if units.fill is None else light[~pair.filled(units.fill)]
        if seen.size:
            usual = seen[seen <= np.percentile(seen, _BRIGHTEST)]
            total, pixels = total + float(usual.sum(dtype=np.float64)), pixels + usual.size
    return total / pixels if pixels else 0.0
