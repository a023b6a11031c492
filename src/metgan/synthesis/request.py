"""What is asked for: sources, recipe, number and seed, and how generated images are refined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from metgan.data import Entry, HeldOut
from metgan.errors import SettingError
from metgan.io import refuse_lookalikes
from metgan.labels import LabelRecipe
from metgan.seeding import check_seed
from metgan.types import Camera

from .refine import Background, Insert, RefineStep, order_steps

_SOURCES = "the set of anatomies and labels"
MOST_PAIRS = 1_000_000
"""Most pairs of a set: their names have six digits, and are in the order of their numbers."""
_WHOLE = {"anatomy", "tumour", "label"}


class TumourReader(Protocol):
    """What says how much each pixel is tumour, as `metgan.models.SegmentorPredictor` does."""

    @property
    def fingerprint(self) -> str:
        """Names its weights."""

    def predict_proba_all(self, tumours: Sequence[Camera]) -> list[NDArray[np.float32]]:
        """Return how much it takes each pixel of several tumour channels for tumour, (Y, X), in [0, 1]."""


@dataclass(frozen=True)
class GenerationRequest:
    """A request for pairs: sources, recipe, number and seed.

    Parameters
    ----------
    anatomies : sequence of Entry
        With an image ``anatomy``.
    labels : sequence of Entry
        With an image ``label``; empty labels are not used. None is needed by a recipe that needs none.
    recipe : LabelRecipe
    count : int, 1 to 1000000
    seed : int, 0 to 2**53 - 1
    refine : sequence of RefineStep, default ()
        What generated tumour channels are given, in this order: see `metgan.synthesis.REFINE_STEPS`. With
        "insert" among them, each of `anatomies` has an image ``tumour`` and a ``label`` too.
    any_part : bool, default False
        Whether the sources may be of what the generator's run tests on: nothing will be tested on it then.
    reader : TumourReader or None, default None
        The segmentor that labelled unlabelled pairs among `anatomies`. It reads the finished images of those:
        inserted tumours that it does not see are ignored, see `PairPlan.unseen`. None labels all.

    Raises
    ------
    SettingError
        For less than one pair, no anatomy, sources whose groups differ only in case, blanks or zeros, steps
        that do not go together or come in another order, and an anatomy to insert tumours in or a donor that
        was generated or lacks an image.
    """

    anatomies: Sequence[Entry]
    labels: Sequence[Entry]
    recipe: LabelRecipe
    count: int
    seed: int
    refine: Sequence[RefineStep] = ()
    any_part: bool = False
    reader: TumourReader | None = None

    def __str__(self) -> str:
        return "; ".join(map(str, (self.recipe, *self.refine)))

    @property
    def donors(self) -> Sequence[Entry]:
        """The real pairs that lend their backgrounds."""
        return [donor for step in self.refine if isinstance(step, Background) for donor in step.donors]

    @property
    def inserts(self) -> bool:
        """Whether tumours are added to the anatomies' real tumour channel, beside its own."""
        return any(isinstance(step, Insert) for step in self.refine)

    def __post_init__(self) -> None:
        SettingError.unless_within("count", self.count, 1, MOST_PAIRS)
        check_seed(self.seed)
        if not self.anatomies:
            raise SettingError("no anatomies to generate tumours in", "at least one image", "Give some")
        names = tuple(step.name for step in self.refine)
        if names != (ordered := order_steps(names)):
            raise SettingError(f"refine {','.join(names)}", ",".join(ordered), "Give them in this order")
        sources = (*self.anatomies, *self.labels, *self.donors)
        refuse_lookalikes([group for entry in sources for group in entry.made_of_groups], "groups", _SOURCES)
        _refuse_unreal(self.donors, "take backgrounds from")
        if self.inserts:
            _refuse_unreal(self.anatomies, "insert tumours in")

    def refuse_held_out(self, held_out: HeldOut, further: Sequence[Entry] = ()) -> None:
        """Refuse sources, and further pairs beside them, that a run holds out; see `any_part`."""
        if not self.any_part:
            held_out.refuse(
                (*self.anatomies, *self.labels, *self.donors, *further), "generating training pairs"
            )


def _refuse_unreal(entries: Sequence[Entry], purpose: str) -> None:
    """Refuse generated pairs, and pairs that lack an image."""
    if generated := [entry.name for entry in entries if entry.is_generated]:
        given = f"generated images to {purpose}: {', '.join(generated[:5])}"
        raise SettingError(given, "real pairs", "Give the pair set that the generator was trained on")
    if bare := [entry.name for entry in entries if not entry.paths.keys() >= _WHOLE]:
        given = f"pairs that lack a channel or a label, to {purpose}: {', '.join(bare[:5])}"
        raise SettingError(given, "pairs of both channels and a label", "Give a pair set")
