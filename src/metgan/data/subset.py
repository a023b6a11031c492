"""A few items that stand for all: evenly spread, and over the groups alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of `items`, evenly spread from the first to the last.

    Examples
    --------
    >>> evenly("abcdefg", 3)
    ['a', 'd', 'g']
    """
    places = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[place] for place in places]


def evenly_over(items: Sequence[Item], most: int, group: Callable[[Item], str]) -> list[Item]:
    """Return at most `most` of `items`, as many of one group as of another where there are; in their order.

    Where there are more groups than `most`, one item each of groups that are evenly spread.

    Examples
    --------
    >>> evenly_over(["a1", "a2", "a3", "a4", "a5", "b1", "c1"], 4, lambda item: item[0])
    ['a1', 'a5', 'b1', 'c1']
    >>> evenly_over(["a1", "b1", "b2", "c1"], 2, lambda item: item[0])
    ['a1', 'c1']
    """
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(group(item), []).append(place)
    quota = dict.fromkeys(evenly([*places], most), 0)
    left = min(most, len(items))
    while left and (free := [name for name in quota if quota[name] < len(places[name])]):
        for name in evenly(free, left):
            quota[name] += 1
            left -= 1
    chosen = sorted(place for name, count in quota.items() for place in evenly(places[name], count))
    return [items[place] for place in chosen]
