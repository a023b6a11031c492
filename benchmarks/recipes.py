"""What the label recipes give, beside the real labels of a pair set: a table, and a picture of each.

python benchmarks/recipes.py PAIRS PICTURE.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from metgan.data import Entry, Pair, PairSet, evenly
from metgan.labels import RECIPES, LabelRecipe, Quartiles, find_tissue, survey
from metgan.panels import Panel, window
from metgan.pictures import draw_grid
from metgan.seeding import stream
from metgan.types import Mask

SHOWN = 4
DRAWN = 200
OWN = "file"
"""The recipe that takes masks as they are, and has no look of its own."""


def draw(recipe: LabelRecipe, pairs: list[Pair], number: int) -> Mask:
    """Draw the label of one pair's anatomy from the labels of other groups."""
    here = pairs[number % len(pairs)]
    foreign = [p.label for p in pairs if p.label.any() and p.entry.group != here.entry.group]
    return recipe.draw(foreign, find_tissue(here.anatomy), stream(0, recipe.name, number)).label


def row(name: str, labels: list[Mask]) -> str:
    """Return one line of the table."""
    found = survey(labels)
    cells = (written(found.counts), written(found.areas), written(found.distances))
    return f"| {name} | {found.images} | {' | '.join(cells)} |"


def written(quartiles: Quartiles) -> str:
    """Return the median with the quartiles about it."""
    return f"{quartiles.median:.0f} ({quartiles.lower:.0f} to {quartiles.upper:.0f})"


def may_be_seen(entry: Entry) -> bool:
    """Leave out what belongs to the test part."""
    return entry.split != "test"


def main(root: str, picture: str) -> None:
    """Print the table and write the picture."""
    pairs = [pair for pair in PairSet.open(root).read_all() if may_be_seen(pair.entry)]
    print("| recipe | labels | tumours per label | area, pixels | distance to the nearest, pixels |")
    print("|---|---|---|---|---|")
    print(row("real labels with a tumour", [pair.label for pair in pairs if pair.label.any()]))
    shown = evenly(pairs, SHOWN)
    rows = [[Panel(p.anatomy, *window(p.anatomy), outline=p.label) for p in shown]]
    shown_recipes = [kind() for name, kind in RECIPES.items() if name != OWN]
    for recipe in shown_recipes:
        print(row(f"`{recipe}`", [draw(recipe, pairs, number) for number in range(DRAWN)]), flush=True)
        labels = [draw(recipe, pairs, pairs.index(pair)) for pair in shown]
        rows.append(
            [
                Panel(p.anatomy, *window(p.anatomy), outline=label)
                for p, label in zip(shown, labels, strict=True)
            ]
        )
    names = ["own label", *(recipe.name for recipe in shown_recipes)]
    Path(picture).write_bytes(draw_grid(rows, [pair.entry.organ for pair in shown], names))


if __name__ == "__main__":
    main(*sys.argv[1:])
