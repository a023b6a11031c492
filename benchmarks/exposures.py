"""How much of a new animal's tumour channel could be known: by its exposure, and by its anatomy.

python benchmarks/exposures.py OUT [NAME or SEED ...]

For each laboratory of `benchmarks/defaults.py`, with the pairs and the split that are drawn there, two images
that no training paints are held against the test images. A copy is perfect but for its brightness, which is
that of an animal that was trained on: what none of these copies reaches, a training reaches only where the
anatomy shows how brightly the other channel was exposed. A map shows for each brightness of the anatomy the
median of the tumour channel there, taken from the test images themselves: what it leaves is more than
brightness tells. Errors are mean absolute ones, fill left out, as shares of that of painting the training
mean, as in the tables of defaults.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from defaults import cells_of, draw
from numpy.typing import NDArray

from metgan.data import PairSet, StoredPairs
from metgan.phantom import LABORATORIES

DARK = 0.5  # percentile of an animal's light that stands for no light
STEPS = 40  # brightnesses of the anatomy that a map tells apart
COLUMNS = (
    "laboratory",
    "test animal",
    "its light",
    "light of those trained on",
    "nearest copy",
    "median copy",
    "map",
)
Light = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """Light of one image in both channels, fill left out, one value a pixel; camera units."""

    anatomy: Light
    tumour: Light


def read_light(folder: Path) -> dict[str, dict[str, list[Seen]]]:
    """Return what was seen in each image, by part and animal."""
    light: dict[str, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for pair in StoredPairs(PairSet.open(folder)):
        lit = ~pair.filled()
        seen = Seen(pair.anatomy[lit].astype(np.float64), pair.tumour[lit].astype(np.float64))
        light[pair.entry.split][pair.entry.group].append(seen)
    return light


def tumours_of(images: list[Seen]) -> Light:
    """Return the tumour channel of all images, one value a pixel."""
    return np.concatenate([image.tumour for image in images])


def error_of_map(images: list[Seen]) -> float:
    """Return the mean absolute error of the best map of the anatomy's brightness, camera units."""
    anatomy = np.concatenate([image.anatomy for image in images])
    tumour = tumours_of(images)
    step = np.digitize(anatomy, np.quantile(anatomy, np.linspace(0, 1, STEPS + 1)[1:-1]))
    told = np.array([np.median(tumour[step == k]) if (step == k).any() else 0.0 for k in range(STEPS)])
    return float(np.abs(told[step] - tumour).mean())


def level(images: list[Seen]) -> tuple[float, float]:
    """Return an animal's darkest light, and by how much its median is above that; camera units."""
    dark, median = np.percentile(tumours_of(images), (DARK, 50))
    return float(dark), float(median - dark)


def rows_of(name: str, folder: Path) -> list[tuple[str, ...]]:
    """Return a row for each test animal of a laboratory."""
    parts = read_light(folder)
    mean = tumours_of([image for images in parts["train"].values() for image in images]).mean()
    known = sorted(level(images)[1] for images in parts["train"].values())
    rows = []
    for animal, images in sorted(parts["test"].items()):
        light, (dark, own) = tumours_of(images), level(images)
        flat = np.abs(light - mean).mean()
        copies = [abs(other / own - 1) * np.abs(light - dark).mean() / flat for other in known]
        errors = (min(copies), float(np.median(copies)), error_of_map(images) / flat)
        lights = (f"{own:.0f}", f"{known[0]:.0f} to {known[-1]:.0f} ({len(known)})")
        rows.append((name, animal, *lights, *(f"{error:.2f}" for error in errors)))
    return rows


def main(out: str, *names: str) -> None:
    """Print the table of all that is asked for; every laboratory where nothing is."""
    for line in (COLUMNS, ["---"] * len(COLUMNS)):
        print("| " + " | ".join(line) + " |")
    for cell in cells_of(names or tuple(LABORATORIES), Path(out)):
        draw(cell)
        for row in rows_of(cell.source.name, cell.folder / "pairs"):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
