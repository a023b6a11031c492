"""A step of refinement: what all of them have in common.

A step learns from real training pairs, once for a request (`measure`). What one pair gets of it is drawn
from a random stream of the pair's own (`draw`). Then it changes the images of the pair (`apply`).

Notes
-----
The decision a reader would question is that nothing is drawn when a step is applied. Which real pair lends
its background must be known before, since it is generated again in one batch with the pairs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from metgan.data import Entry, FillValues, Pair
from metgan.types import Camera, Mask

if TYPE_CHECKING:
    from .background import BackgroundResidual


@dataclass(frozen=True, eq=False)
class PairImages:
    """The images of one pair as a step finds them, and as it leaves them; all (Y, X).

    Parameters
    ----------
    name : str
        Of the anatomy.
    anatomy : Camera
    asked : Mask
        Where tumours were asked for, at least one.
    filled : Mask
        Where nothing was imaged, so that nothing is added.
    tumour : Camera
        The tumour channel so far.
    tumour_free : Camera or None
        The same without the tumours that were asked for; None where no step `needs_tumour_free`.
    real_tumour : Camera or None
        The anatomy's real tumour channel; None where nothing is inserted in it.
    residual : BackgroundResidual or None
        Of the donor; None where there is none.
    """

    name: str
    anatomy: Camera
    asked: Mask
    filled: Mask
    tumour: Camera
    tumour_free: Camera | None = None
    real_tumour: Camera | None = None
    residual: BackgroundResidual | None = None


class RefineStep(ABC):
    """One step of refinement.

    Attributes
    ----------
    name : str
        In options, tables and messages.
    purpose : str
        Of the random stream that it draws from: see `metgan.seeding.stream`.
    needs_tumour_free : bool
        Whether it needs the same tissue generated without tumours.
    """

    name: ClassVar[str]
    purpose: ClassVar[str]
    needs_tumour_free: ClassVar[bool] = False

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:  # noqa: ARG003
        """Return the step with what it learns from real training pairs.

        Parameters
        ----------
        real : sequence of Pair
        fill : FillValues or None
            What the generator's training set was filled in with: see `metgan.data.Pair.filled`.

        Raises
        ------
        SettingError
            When there is nothing to learn it from.
        """
        return cls()

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with what is drawn for one pair, of its anatomy and label (Y, X).

        Raises
        ------
        SettingError
            When no other pair can lend its background.
        """
        return self

    @abstractmethod
    def apply(self, images: PairImages) -> PairImages:
        """Return the images of a pair as this step, drawn for the pair, leaves them."""
