"""What the label recipes give, beside the real labels of a pair set: a table, and a picture of each.

python benchmarks/recipes.py PAIRS PICTURE.png
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from metgan.data import Entry, Pair, PairSet, StoredPairs, evenly
from metgan.labels import Bank, Grown, LabelRecipe, Merged, Real, find_tissue
from metgan.objects import number_tumours
from metgan.panels import Panel, window
from metgan.pictures import draw_grid
from metgan.seeding import stream
from metgan.types import Mask

SHOWN = 4
DRAWN = 200
RECIPES: tuple[LabelRecipe, ...] = (Real(), Merged(), Bank(), Grown())
"""From the most real to the most free; the user's own masks have no look of their own."""


def draw(recipe: LabelRecipe, pairs: list[Pair], number: int) -> Mask:
    """Draw the label of one pair's anatomy from the labels of other groups."""
    here = pairs[number % len(pairs)]
    foreign = [p.label for p in pairs if p.label.any() and p.entry.group != here.entry.group]
    return recipe.draw(foreign, find_tissue(here.anatomy), stream(0, recipe.name, number)).label


def row(name: str, labels: list[Mask]) -> str:
    """Return one line of the table."""
    numbered = [number_tumours(label) for label in labels]
    counts = [len(areas) for _, areas in numbered]
    areas = [area for _, found in numbered for area in found]
    distances = [away for found, sizes in numbered for away in to_the_nearest(found, len(sizes))]
    return f"| {name} | {len(labels)} | {' | '.join(map(written, (counts, areas, distances)))} |"


def to_the_nearest(numbered: NDArray[np.int32], count: int) -> NDArray[np.float64]:
    """Return the distance of each tumour's centre to the nearest other one; none where there is none.

    Of centres, not edges: the distance of edges falls as tumours grow, and would tell of their sizes again.
    """
    if count < 2:
        return np.empty(0)
    centres = np.array(ndimage.center_of_mass(numbered > 0, numbered, range(1, count + 1)))  # (tumour, axis)
    nearest, _ = KDTree(centres).query(centres, k=[2])  # the first is the tumour itself
    return nearest[:, 0]


def written(values: Sequence[float]) -> str:
    """Return the median with the quartiles about it."""
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]) if values else [np.nan] * 3
    return f"{median:.0f} ({lower:.0f} to {upper:.0f})"


def may_be_seen(entry: Entry) -> bool:
    """Leave out what belongs to the test part."""
    return entry.split != "test"


def main(root: str, picture: str) -> None:
    """Print the table and write the picture."""
    pairs = [pair for pair in StoredPairs(PairSet.open(root)) if may_be_seen(pair.entry)]
    print("| recipe | labels | tumours per label | area, pixels | distance to the nearest, pixels |")
    print("|---|---|---|---|---|")
    print(row("real labels with a tumour", [pair.label for pair in pairs if pair.label.any()]))
    shown = evenly(pairs, SHOWN)
    rows = [[Panel(p.anatomy, *window(p.anatomy), outline=p.label) for p in shown]]
    for recipe in RECIPES:
        print(row(f"`{recipe}`", [draw(recipe, pairs, number) for number in range(DRAWN)]), flush=True)
        labels = [draw(recipe, pairs, pairs.index(pair)) for pair in shown]
        rows.append(
            [
                Panel(p.anatomy, *window(p.anatomy), outline=label)
                for p, label in zip(shown, labels, strict=True)
            ]
        )
    names = ["own label", *(recipe.name for recipe in RECIPES)]
    Path(picture).write_bytes(draw_grid(rows, [pair.entry.organ for pair in shown], names))


if __name__ == "__main__":
    main(*sys.argv[1:])
