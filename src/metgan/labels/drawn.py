"""What a label recipe is, and what it gives.

A recipe makes the label that goes with an anatomy. All have one call, so that whoever generates
pairs need not know which it is. Labels are asked for by index and one at a time: they may lie on disk and be
read when they are asked for, and most recipes need few of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from metgan.errors import ArrayError, EmptyDrawError, SettingError
from metgan.objects import check_mask, number_tumours
from metgan.types import Mask


@dataclass(frozen=True, eq=False)
class Drawn:
    """A label made by a recipe, and where it comes from.

    Parameters
    ----------
    label : Mask
        (Y, X), of the tissue's shape, with at least one pixel of tumour.
    sources : tuple of int
        Indices of the real labels that had a part in it: as a whole, by a tumour of theirs, or by the number
        or the sizes of their tumours. Sorted, unless `orientations` belong to them.
    orientations : tuple of int
        The symmetry that each source was turned by; empty where sources are not taken as a whole.
    left_out : int
        Tumours for which there was no room.
    """

    label: Mask
    sources: tuple[int, ...]
    orientations: tuple[int, ...] = ()
    left_out: int = 0


class LabelRecipe(ABC):
    """How the label of a synthetic pair is made; its ``str`` names every setting.

    Attributes
    ----------
    name : str
        As on the command line.
    uses_tissue : bool
        Whether it asks where the tissue is. If not, all of the image may be given for tissue.
    takes_own : bool
        Whether its labels are the user's own masks, which may belong to the anatomy.
    """

    name: ClassVar[str]
    uses_tissue: ClassVar[bool] = False
    takes_own: ClassVar[bool] = False

    @abstractmethod
    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Make one label.

        Parameters
        ----------
        labels : sequence of ndarray, (Y, X), bool
            Real labels with tumours, of other animals than the anatomy, of any shape. It may read an item
            from disk when it is asked for one; a recipe asks for no more than it uses.
        tissue : ndarray, (Y, X), bool
            Where the anatomy shows tissue, as `find_tissue` gives it. Its shape is the anatomy's.
        rng : np.random.Generator
            Source of chance; equal states and arguments give equal labels.

        Raises
        ------
        ArrayError, SettingError
            If there is nothing to make the label of, or no room for it. What another draw may avoid is an
            `EmptyDrawError`.
        """


@dataclass(frozen=True)
class Mixed(LabelRecipe):
    """One of several recipes for each label, each as likely: the paper's "labels or combinations thereof".

    Parameters
    ----------
    recipes : tuple of LabelRecipe
        One or more.

    Raises
    ------
    SettingError
        If there is none.

    Examples
    --------
    >>> from metgan.labels import Merged, Real
    >>> str(Mixed((Real(), Merged(2))))
    'mixed of real turned=True or merged count=2 turned=True'
    """

    name: ClassVar[str] = "mixed"
    uses_tissue: ClassVar[bool] = True  # one of them may
    recipes: tuple[LabelRecipe, ...]

    def __post_init__(self) -> None:
        if not self.recipes:
            raise SettingError("a mix of no recipes", "one or more", "Name those that should take turns")

    def __str__(self) -> str:
        return f"{self.name} of {' or '.join(map(str, self.recipes))}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return a label of one of the recipes; errors are those of the drawn one."""
        return self.recipes[int(rng.integers(len(self.recipes)))].draw(labels, tissue, rng)


def read(labels: Sequence[Mask], index: int) -> Mask:
    """Return one label, which must be a mask with a tumour."""
    label = labels[index]
    check_mask(label, f"label {index}")
    if not label.any():
        raise ArrayError(f"label {index} is empty", "at least one tumour", "Leave out labels without tumours")
    return label


def leave_apart(drawn: Drawn, taken: Mask) -> Drawn:
    """Leave out each tumour that has a pixel where there is no room any more, `taken`, (Y, X).

    Raises
    ------
    EmptyDrawError
        If no tumour stays.

    Examples
    --------
    >>> drawn = Drawn(np.array([[1, 1, 0, 1]], bool), (0,))
    >>> leave_apart(drawn, np.array([[1, 0, 0, 0]], bool)).label.astype(int)
    array([[0, 0, 0, 1]])
    """
    numbered, areas = number_tumours(drawn.label)
    met = np.unique(numbered[taken & drawn.label])
    if len(met) == len(areas):
        raise EmptyDrawError(
            f"{len(areas)} drawn tumours, each on another tumour or outside the tissue",
            "room for one or more",
            "Use --recipe bank, which looks for room, or give other labels or anatomies",
        )
    label = drawn.label & ~np.isin(numbered, met)
    return replace(drawn, label=label, left_out=drawn.left_out + len(met))
