"""A recipe of recipes: each label by one of several, as chance has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from metgan.errors import SettingError
from metgan.types import Mask

from .drawn import Drawn, LabelRecipe


@dataclass(frozen=True)
class Mixed:
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
    takes_own: ClassVar[bool] = False
    recipes: tuple[LabelRecipe, ...]

    def __post_init__(self) -> None:
        if not self.recipes:
            raise SettingError("a mix of no recipes", "one or more", "Name those that should take turns")

    def __str__(self) -> str:
        return f"{self.name} of {' or '.join(map(str, self.recipes))}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return a label of one of the recipes; errors are those of the drawn one."""
        return self.recipes[int(rng.integers(len(self.recipes)))].draw(labels, tissue, rng)
