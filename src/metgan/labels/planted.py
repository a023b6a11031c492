"""Recipes that set down single tumours inside tissue: varied real ones, or simulated ones.

Unless told otherwise they copy from real labels how many tumours there are, one image's count at a time, and
how large these are.

Notes
-----
The decision a reader would question is that the places are independent of all else: uniform in the tissue,
since a few labels do not tell where in an organ tumours settle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from metgan.errors import ArrayError, EmptyDrawError, SettingError
from metgan.objects import check_mask
from metgan.types import Mask

from .areas import SizeDistribution, fit_sizes
from .drawn import Drawn, LabelRecipe
from .growth import grow
from .placement import Spacing, place
from .reference import Counts, Reference, check_counts, look_at
from .variation import Variation, vary


@dataclass(frozen=True)
class Preference:
    """Tumours of some sizes wanted more than others: how likely one is to be taken, by its area.

    Parameters
    ----------
    weights : tuple of (int, float)
        From so many pixels on, so much; areas ascend from 1, weights are above 0.

    Raises
    ------
    SettingError
        If areas or weights are not so.

    Examples
    --------
    >>> small = Preference(((1, 3.0), (25, 1.0)))
    >>> small.of([10, 24, 25, 500]).tolist(), str(small)
    ([3.0, 3.0, 1.0, 1.0], '1:3,25:1')
    """

    weights: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        areas = [area for area, _ in self.weights]
        if areas[:1] != [1] or any(low >= high for low, high in pairwise(areas)):
            raise SettingError(f"areas from {areas}", "ascending areas from 1 on", "Put them in order")
        if not all(0 < weight < np.inf for _, weight in self.weights):
            raise SettingError(f"weights {[w for _, w in self.weights]}", "each above 0", "Choose others")

    def __str__(self) -> str:
        return ",".join(f"{area}:{weight:.4g}" for area, weight in self.weights)

    def of(self, areas: Sequence[int]) -> NDArray[np.float64]:
        """Return the weight of each area, in pixels."""
        starts, weights = zip(*self.weights, strict=True)
        return np.asarray(weights)[np.searchsorted(starts, areas, side="right") - 1]


@dataclass(frozen=True)
class Bank(LabelRecipe):
    """Single tumours out of real labels, varied and set down anew.

    Up to 16 labels drawn at random are the bank of a pair; each whole tumour in them is as likely, and is
    used once before any is used twice.

    Parameters
    ----------
    variation : Variation
        How much a tumour is changed.
    spacing : Spacing
        How far it stays from the border and from others.
    counts : (int, int) or None, default None
        Fewest and most tumours, each number as likely. None takes the number of tumours of one of the
        bank's labels, those included that the border cuts.
    preference : Preference or None, default None
        Which tumours of the bank are wanted more; they may then come twice before another comes once.

    Raises
    ------
    SettingError
        If the counts are out of order or below 1.

    Examples
    --------
    >>> str(Bank(counts=(1, 3)))
    'bank scale=0.8..1.25 elastic=1.0 turned=True margin=1 gap=1 counts=1..3'
    """

    name: ClassVar[str] = "bank"
    uses_tissue: ClassVar[bool] = True
    variation: Variation = field(default_factory=Variation)
    spacing: Spacing = field(default_factory=Spacing)
    counts: Counts = None
    preference: Preference | None = None

    def __post_init__(self) -> None:
        check_counts(self.counts)

    def __str__(self) -> str:
        wanted = "" if self.preference is None else f" preference={self.preference}"
        return f"{self.name} {self.variation} {self.spacing} counts={_written(self.counts)}{wanted}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return a label of varied real tumours; what finds no room is left out."""
        _check_tissue(tissue)
        bank = look_at(labels, rng)
        if not bank.shapes:
            given = f"each tumour of {len(bank.sources)} labels touches the border of its image"
            raise EmptyDrawError(given, "at least one whole tumour", "Give more or larger labels")
        count = _count(self.counts, bank, rng)
        chosen = self._choose(bank, count, rng)
        shapes = [vary(bank.shapes[int(k)], self.variation, rng) for k in chosen]
        sources = {bank.owners[int(k)] for k in chosen} | _counted(self.counts, bank)
        return _plant(shapes, tissue, self.spacing, sources, rng)

    def _choose(self, bank: Reference, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
        owned = len(bank.shapes)
        if self.preference is not None:
            weights = self.preference.of([int(shape.sum()) for shape in bank.shapes])
            return rng.choice(owned, count, p=weights / weights.sum())
        return np.concatenate([rng.permutation(owned) for _ in range(-(-count // owned))])[:count]


@dataclass(frozen=True)
class Grown(LabelRecipe):
    """Simulated tumours, grown by `grow` and set down inside tissue.

    With both `sizes` and `counts` set, no real label is needed at all.

    Parameters
    ----------
    sizes : SizeDistribution or None, default None
        Areas. None fits them to the whole tumours of up to 16 labels drawn at random, anew for each pair.
    infiltration : (float, float), in [0, 1], default (0, 0.4)
        Most compact and most ragged tumour, uniform in between. The 15 whole tumours in the sample of labels
        that was released with the paper are as compact (area by squared perimeter) as those grown
        with 0 to 0.4.
    spacing, counts
        As in `Bank`.

    Raises
    ------
    SettingError
        If infiltration or counts are out of order or of their range.

    Examples
    --------
    >>> recipe = Grown(SizeDistribution(20, 0.5, 5, 40), counts=(3, 3))
    >>> drawn = recipe.draw([], np.ones((64, 64), bool), np.random.default_rng(0))
    >>> drawn.label.shape, drawn.sources, drawn.left_out
    ((64, 64), (), 0)
    """

    name: ClassVar[str] = "grown"
    uses_tissue: ClassVar[bool] = True
    sizes: SizeDistribution | None = None
    infiltration: tuple[float, float] = (0.0, 0.4)
    spacing: Spacing = field(default_factory=Spacing)
    counts: Counts = None

    def __post_init__(self) -> None:
        check_counts(self.counts)
        low, high = self.infiltration
        if not 0 <= low <= high <= 1:
            given = f"infiltration is {self.infiltration}"
            raise SettingError(given, "0 <= low <= high <= 1", "Choose (0, 0) for compact tumours")

    def __str__(self) -> str:
        low, high = map(float, self.infiltration)
        sizes = "matched" if self.sizes is None else str(self.sizes)
        shape = f"sizes={sizes} infiltration={low}..{high}"
        return f"{self.name} {shape} {self.spacing} counts={_written(self.counts)}"

    def draw(self, labels: Sequence[Mask], tissue: Mask, rng: np.random.Generator) -> Drawn:
        """Return a label of simulated tumours; what finds no room is left out.

        No labels are asked for unless `sizes` or `counts` are to be taken from them.
        """
        _check_tissue(tissue)
        reference = self._reference(labels, rng)
        sizes = self.sizes or fit_sizes([int(shape.sum()) for shape in reference.shapes])
        areas = sizes.draw(_count(self.counts, reference, rng), rng)
        shapes = [grow(int(area), float(rng.uniform(*self.infiltration)), rng) for area in areas]
        fitted = set() if self.sizes else set(reference.owners)
        return _plant(shapes, tissue, self.spacing, fitted | _counted(self.counts, reference), rng)

    def _reference(self, labels: Sequence[Mask], rng: np.random.Generator) -> Reference:
        """Look at as many labels as the settings leave something to learn from."""
        if self.sizes is None:
            return look_at(labels, rng)
        return Reference((), (), (), ()) if self.counts is not None else look_at(labels, rng, most=1)


def _plant(
    shapes: list[Mask], tissue: Mask, spacing: Spacing, sources: set[int], rng: np.random.Generator
) -> Drawn:
    """Set shapes down, the largest first, so that small ones do not take their places."""
    shapes = sorted(shapes, key=lambda shape: -int(shape.sum()))
    placed = place(shapes, tissue, spacing, rng)
    if placed.left_out == len(shapes):
        given = f"none of {len(shapes)} tumours, the smallest of {int(shapes[-1].sum())} pixels, fits"
        given += f" into {int(tissue.sum())} pixels of tissue with {spacing}"
        remedy = "Choose a smaller margin, gap or size, or leave this anatomy out"
        raise EmptyDrawError(given, "room for at least one", remedy)
    return Drawn(placed.label, tuple(sorted(sources)), left_out=placed.left_out)


def _count(counts: Counts, reference: Reference, rng: np.random.Generator) -> int:
    """Return the number of tumours: a drawn one, or that of the first reference label, itself drawn."""
    return reference.counts[0] if counts is None else int(rng.integers(counts[0], counts[1] + 1))


def _counted(counts: Counts, reference: Reference) -> set[int]:
    """Return the label whose number of tumours was copied, if one was."""
    return {reference.sources[0]} if counts is None else set()


def _check_tissue(tissue: Mask) -> None:
    check_mask(tissue, "tissue")
    if not tissue.any():
        given = f"the anatomy, of {tissue.shape}, has no tissue"
        raise ArrayError(given, "at least one pixel of tissue", "Leave this anatomy out")


def _written(counts: Counts) -> str:
    return "matched" if counts is None else f"{counts[0]}..{counts[1]}"
