"""How labels are made of real ones, and which sources make pair number k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metgan.data import Entry, read_label
from metgan.errors import ArrayError, SettingError
from metgan.labels import merge, symmetry
from metgan.seeding import stream
from metgan.types import Mask


@dataclass(frozen=True)
class LabelRecipe:
    """How labels are made from real ones.

    Parameters
    ----------
    merged : int
        How many real non-zero labels are merged into one, 1 or more.
    turned : bool
        Turn each into one of its eight orientations first (square labels alone keep their shape, so
        others are only mirrored and turned by 180 degrees).
    """

    merged: int = 1
    turned: bool = True

    def __str__(self) -> str:
        return f"merged={self.merged} turned={self.turned}"

    def __post_init__(self) -> None:
        if self.merged < 1:
            raise SettingError(f"merged={self.merged}", "1 or more labels per image", "Choose 1")


@dataclass(frozen=True)
class Plan:
    """Which images and labels make pair number k."""

    anatomy: Entry
    labels: tuple[Entry, ...]
    orientations: tuple[int, ...]


def plan_pair(
    anatomies: Sequence[Entry], labels: Sequence[Entry], recipe: LabelRecipe, seed: int, number: int
) -> Plan:
    """Draw the sources of one pair: an anatomy, and labels of other groups.

    Neighbouring planes and crops of one group show the same tumours, so their labels are not foreign to
    it; only where no other group has a label is one of the same group taken, and never the pair's own.

    Deviates: the paper draws at random; here every anatomy is used once before any is used twice,
    so that a small set uses all the tissue there is. Pinned by
    ``test_every_anatomy_is_used_once_before_any_is_used_twice``.

    Raises
    ------
    SettingError
        When there are fewer foreign labels than are to be merged.
    """
    rng = stream(seed, "pair", number)
    lap, place = divmod(number, len(anatomies))
    order = stream(seed, "anatomies", lap).permutation(len(anatomies))
    anatomy = anatomies[int(order[place])]
    others = [entry for entry in labels if entry.name != anatomy.name]
    foreign = [entry for entry in others if entry.group != anatomy.group] or others
    count = recipe.merged
    if len(foreign) < count:
        raise SettingError(
            f"{count} labels to merge onto {anatomy.name}, and {len(foreign)} that are not its own",
            "at least as many foreign labels with a tumour",
            "Give more labels, or merge fewer",
        )
    chosen = rng.choice(len(foreign), size=count, replace=False)
    orientations = rng.integers(8, size=count) if recipe.turned else np.zeros(count, int)
    return Plan(anatomy, tuple(foreign[int(k)] for k in chosen), tuple(int(o) for o in orientations))


def compose_label(plan: Plan, shape: tuple[int, ...]) -> Mask:
    """Make a label of `shape` from a plan's real ones, turned, fitted and merged.

    Raises
    ------
    ArrayError
        When the labels' tumours lie outside `shape`.
    """
    label = merge([_fit(_turn(read_label(e.paths["label"]), o), shape) for e, o in _parts(plan)])
    if not label.any():
        raise ArrayError(
            f"the tumours of {', '.join(e.name for e in plan.labels)} lie outside an image of {shape}",
            "labels about as large as the anatomy",
            "Cut both to one size with metgan prepare --crop",
        )
    return label


def _parts(plan: Plan) -> list[tuple[Entry, int]]:
    return [*zip(plan.labels, plan.orientations, strict=True)]


def _turn(label: Mask, orientation: int) -> Mask:
    """Turn a label; one that is not square keeps its shape (no quarter turns)."""
    height, width = label.shape
    if height != width:
        orientation -= orientation % 2
    return symmetry(label, orientation)


def _fit(label: Mask, shape: tuple[int, ...]) -> Mask:
    """Cut or pad a label to `shape` about its centre, so that it lies on the anatomy's grid."""
    fitted = np.zeros(shape, bool)
    source, target = [], []
    for have, want in zip(label.shape, shape, strict=True):
        shared = min(have, want)
        source.append(slice((have - shared) // 2, (have - shared) // 2 + shared))
        target.append(slice((want - shared) // 2, (want - shared) // 2 + shared))
    fitted[tuple(target)] = label[tuple(source)]
    return fitted
