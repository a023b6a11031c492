"""Recipes that keep whole labels as they were drawn: real ones, merged ones, the user's own.

They ignore where there is tissue, as the paper does, so a tumour may come to lie beside the animal. That is
the price of a label in which the number, the shapes and the arrangement of the tumours are all real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from metgan.errors import ArrayError, EmptyDrawError, SettingError
from metgan.types import Mask

from .compose import SYMMETRIES, symmetry
from .drawn import Drawn, LabelRecipe, read

MOST_MERGED = 1000
"""Most labels that become one."""


@dataclass(frozen=True)
class Merged(LabelRecipe):
    """The union of several real labels: the paper's "labels merged together".

    Labels lie where they were drawn, whatever the anatomy shows there. One of another size is cut or padded
    about its centre.

    Parameters
    ----------
    count : int, at least 1, default 2
        How many different labels. Tumours that meet become one.
    turned : bool, default True
        Whether each is first brought into one of its eight orientations, each as likely. Only square labels
        can be turned by 90 degrees and fit as before; others are mirrored and turned by 180 degrees.

    Raises
    ------
    SettingError
        If the count is below 1.

    Examples
    --------
    >>> labels = [np.array([[True, False]]), np.array([[False, True]])]
    >>> drawn = Merged(2, turned=False).draw(labels, np.ones((1, 2), bool), np.random.default_rng(0))
    >>> drawn.label, sorted(drawn.sources)
    (array([[ True,  True]]), [0, 1])
    """

    name: ClassVar[str] = "merged"
    count: int = 2
    turned: bool = True

    def __post_init__(self) -> None:
        SettingError.unless_within("count", self.count, 1, MOST_MERGED)

    def __str__(self) -> str:
        return f"{self.name} count={self.count} turned={self.turned}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return the union of `count` different labels, of the shape of `tissue`."""
        if len(labels) < self.count:
            given = f"{self.count} labels to merge, and {len(labels)} to choose from"
            raise SettingError(given, "at least as many labels with a tumour", "Give more, or merge fewer")
        sources = [int(k) for k in rng.choice(len(labels), size=self.count, replace=False)]
        turns = rng.integers(SYMMETRIES, size=self.count) if self.turned else np.zeros(self.count, int)
        chosen = [read(labels, source) for source in sources]
        orientations = [possible_turn(part, int(turn)) for part, turn in zip(chosen, turns, strict=True)]
        parts = zip(chosen, orientations, strict=True)
        label = np.logical_or.reduce([fit(symmetry(part, turn), tissue.shape) for part, turn in parts])
        if not label.any():
            raise EmptyDrawError(
                f"the tumours of labels {sources} lie outside an image of {tissue.shape}",
                "labels about as large as the anatomy",
                "Cut both to one size with metgan prepare --crop",
            )
        return Drawn(label, tuple(sources), tuple(orientations))


@dataclass(frozen=True)
class Real(LabelRecipe):
    """One real label: `Merged` of one.

    Parameters
    ----------
    turned : bool, default True
        As in `Merged`.

    Examples
    --------
    >>> str(Real())
    'real turned=True'
    """

    name: ClassVar[str] = "real"
    turned: bool = True

    def __str__(self) -> str:
        return f"{self.name} turned={self.turned}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return one label, of the shape of `tissue`; errors are those of `Merged`."""
        return Merged(1, self.turned).draw(labels, tissue, rng)


@dataclass(frozen=True)
class File(LabelRecipe):
    """One of the user's own masks, as it is.

    Parameters
    ----------
    turned : bool, default False
        As in `Merged`; own masks are usually meant where they are.

    Examples
    --------
    >>> own = np.array([[True, False], [False, False]])
    >>> File().draw([own], np.zeros((2, 2), bool), np.random.default_rng(0)).label
    array([[ True, False],
           [False, False]])
    """

    name: ClassVar[str] = "file"
    takes_own: ClassVar[bool] = True
    turned: bool = False

    def __str__(self) -> str:
        return f"{self.name} turned={self.turned}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return one of the masks, which must have the shape of `tissue`: none is cut or padded."""
        if not len(labels):
            raise SettingError("no masks to choose from", "at least one", "Give the files with your masks")
        source = int(rng.integers(len(labels)))
        label = read(labels, source)
        if label.shape != tissue.shape:
            given = f"label {source} has shape {label.shape} for an anatomy of {tissue.shape}"
            raise ArrayError(given, "the same shape", "Draw it on the anatomy, or use the recipe real")
        turn = possible_turn(label, int(rng.integers(SYMMETRIES)) if self.turned else 0)
        return Drawn(symmetry(label, turn), (source,), (turn,))


def possible_turn(label: Mask, orientation: int) -> int:
    """Return the orientation without its quarter turn where the label is not square.

    Examples
    --------
    >>> possible_turn(np.zeros((2, 2), bool), 5), possible_turn(np.zeros((2, 3), bool), 5)
    (5, 4)
    """
    height, width = label.shape
    return orientation if height == width else orientation - orientation % 2


def fit(label: Mask, shape: tuple[int, ...]) -> Mask:
    """Cut or pad a label to `shape` about its centre, so that it lies on the anatomy's grid.

    Examples
    --------
    >>> fit(np.array([[True, True, False]]), (1, 5)).astype(int), fit(np.array([[True, False]]), (1, 1))
    (array([[0, 1, 1, 0, 0]]), array([[ True]]))
    """
    fitted = np.zeros(shape, bool)
    source, target = [], []
    for have, want in zip(label.shape, shape, strict=True):
        shared = min(have, want)
        source.append(slice((have - shared) // 2, (have - shared) // 2 + shared))
        target.append(slice((want - shared) // 2, (want - shared) // 2 + shared))
    fitted[tuple(target)] = label[tuple(source)]
    return fitted
