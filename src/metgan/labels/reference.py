"""What recipes that set down single tumours learn from real labels: how many, how large, which shapes.

They look at a few labels drawn at random, and not at all there are, since these may lie on disk and be asked
for anew with every pair. Within those few, tumours rather than labels are equally likely, or else
the tumours of labels with few would be drawn too often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metgan.errors import SettingError
from metgan.objects import cut_tumours, sizes
from metgan.types import Mask

from .drawn import read

MOST_LABELS = 16
"""Labels that are looked at for one pair, at most."""

Counts = tuple[int, int] | None
"""Fewest and most tumours of an image, each number as likely; None for those of real labels."""

MOST_TUMOURS = 10_000
"""Most tumours that an image may be asked to show."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A few real labels, taken apart.

    Parameters
    ----------
    sources : tuple of int
        Indices of the labels, different, in random order.
    counts : tuple of int
        Tumours of each label, those included that the image's border cuts.
    shapes : tuple of Mask
        The whole tumours of all labels, tight; none where the border cuts every tumour.
    owners : tuple of int
        The label that each shape is from.
    """

    sources: tuple[int, ...]
    counts: tuple[int, ...]
    shapes: tuple[Mask, ...]
    owners: tuple[int, ...]


def look_at(labels: Sequence[Mask], rng: np.random.Generator, most: int = MOST_LABELS) -> Reference:
    """Take apart `most` different labels, or all if there are fewer.

    Raises
    ------
    SettingError
        If there is no label.
    ArrayError
        If one is empty or no mask.

    Examples
    --------
    >>> label = np.zeros((5, 5), bool)
    >>> label[0, 0] = label[2, 2:4] = True
    >>> found = look_at([label], np.random.default_rng(0))
    >>> found.counts, found.shapes, found.owners
    ((2,), (array([[ True,  True]]),), (0,))
    """
    if not len(labels):
        raise SettingError("no labels to learn from", "at least one with a tumour", "Give real labels")
    order = rng.choice(len(labels), size=min(len(labels), most), replace=False)
    sources = tuple(int(k) for k in order)
    masks = [read(labels, source) for source in sources]
    shapes = [(shape, k) for k, mask in zip(sources, masks, strict=True) for shape in cut_tumours(mask)]
    owners = tuple(k for _, k in shapes)
    return Reference(sources, tuple(len(sizes(mask)) for mask in masks), tuple(s for s, _ in shapes), owners)


def check_counts(counts: Counts) -> None:
    """Refuse fewest and most tumours that are out of order, below 1 or above `MOST_TUMOURS`."""
    if counts is not None and not 1 <= counts[0] <= counts[1] <= MOST_TUMOURS:
        expected = f"1 <= fewest <= most tumours <= {MOST_TUMOURS}"
        raise SettingError(f"counts are {counts}", expected, "Choose (1, 1) for one")
