"""Labels on the wrong images, on purpose: how the robustness study spoils a training set (Fig. 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from metgan.errors import SettingError

from .sample import Pair
from .stored_pairs import PairView


def shuffle_labels(pairs: Sequence[Pair], share: float, rng: np.random.Generator) -> PairView:
    """Return the pairs with a share of their labels passed on to each other.

    Parameters
    ----------
    pairs : sequence of Pair
    share : float, in [0, 1]
        How many of the pairs get the label of another, but for a share above 0 at least two of each shape:
        one label alone cannot be passed on, and images of different shapes exchange none.
    rng : Generator

    Returns
    -------
    PairView
        In the order of `pairs`, which are read when they are asked for. Each chosen pair has the label of
        another chosen one, and no label is lost. A label without tumours may come to an image that had none
        either.

    Examples
    --------
    >>> from .entry import Entry
    >>> def pair(name, tumour):
    ...     image = np.zeros((1, 1), np.uint8)
    ...     return Pair(Entry(name, "mouse", "", "train", {}), image, image, np.array([[tumour]]))
    >>> swapped = shuffle_labels([pair("a", True), pair("b", False)], 1.0, np.random.default_rng(0))
    >>> [(p.entry.name, bool(p.label.any())) for p in swapped]
    [('a', False), ('b', True)]

    Raises
    ------
    SettingError
        When the share is out of range, or above 0 where no two pairs have one shape.
    """
    SettingError.unless_within("share", share, 0.0, 1.0)
    labels = [*range(len(pairs))]
    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        by_shape[pair.label.shape].append(place)
    moved = 0
    for places in by_shape.values():
        if not share or len(places) < 2:
            continue
        count = max(2, round(share * len(places)))
        chosen = rng.choice(places, size=count, replace=False)  # in random order: each gives to the next
        for taker, giver in zip(chosen, np.roll(chosen, 1), strict=True):
            labels[taker] = int(giver)
        moved += count
    if share and not moved:
        raise SettingError(
            f"{share:.0%} of {len(pairs)} labels to shuffle",
            "two pairs of one shape, to exchange labels",
            "Give more pairs",
        )
    return PairView(pairs, range(len(pairs)), labels)
