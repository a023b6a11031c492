"""What the phantom's laboratories look like: a table of what their images hold, and a picture of each.

python benchmarks/laboratories.py FOLDER [NAME or SEED ...]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from metgan.data import evenly
from metgan.metrics import Tumour, evaluate_detection
from metgan.panels import Panel, window
from metgan.phantom import LABORATORIES, Laboratory, PhantomPair, draw_laboratory, draw_pairs
from metgan.pictures import draw_grid

SHOWN = 3
COLOURS = 44  # greys of a picture's palette
COLUMNS = (
    "laboratory",
    "side",
    "pairs, groups",
    "images without tumour",
    "tumours per image",
    "area, pixels",
    "contrast",
    "exact 0 in anatomy, tumour channel",
    "stored as",
)


@dataclass(frozen=True)
class Survey:
    """What is measured on the pairs of a laboratory."""

    pairs: list[PhantomPair]
    tumours: list[Tumour]

    @classmethod
    def of(cls, laboratory: Laboratory) -> Survey:
        """Draw all pairs with seed 0, and measure the tumours."""
        count = laboratory.pairs
        pairs = list(draw_pairs(count, laboratory.settings_for(count), laboratory.seed_for(0)))
        scores = [evaluate_detection(pair.truth, pair.truth, light(pair)) for pair in pairs]
        return cls(pairs, [tumour for score in scores for tumour in score.tumours])

    def row(self, laboratory: Laboratory) -> str:
        """Return one line of the table."""
        empty = np.mean([not pair.truth.any() for pair in self.pairs])
        fills = [np.mean([(getattr(p, c) == 0).mean() for p in self.pairs]) for c in ("anatomy", "tumour")]
        cells = (
            f"`{laboratory.name}`",
            f"{laboratory.settings.size}",
            f"{len(self.pairs)}, {len({pair.group for pair in self.pairs})}",
            f"{empty:.0%}",
            f"{len(self.tumours) / (len(self.pairs) * (1 - empty)):.1f}",
            spread([tumour.area for tumour in self.tumours], ".0f"),
            spread([tumour.contrast for tumour in self.tumours], ".2f"),
            " and ".join(f"{fill:.0%}" for fill in fills),
            laboratory.settings.pixel_format,
        )
        return f"| {' | '.join(cells)} |"


def light(pair: PhantomPair) -> NDArray[np.float64]:
    """Return the tumour channel less its dark level; where nothing was recorded, the nearest pixel's."""
    nearest = ndimage.distance_transform_edt(pair.fill, return_distances=False, return_indices=True)
    return pair.tumour[tuple(nearest)].astype(np.float64) - pair.dark


def spread(values: list[float] | list[int], form: str) -> str:
    """Return the median, and the 5th to the 95th percentile."""
    low, median, high = np.nanpercentile(values, [5, 50, 95])
    return f"{median:{form}} ({low:{form}} to {high:{form}})"


def panels(pair: PhantomPair) -> list[Panel]:
    """Return anatomy and tumour channel of one pair."""
    return [
        Panel(pair.anatomy, *window(pair.anatomy.astype(np.float32)), outline=pair.label),
        Panel(pair.tumour, *window(pair.tumour.astype(np.float32))),
    ]


def small(png: bytes) -> bytes:
    """Return a picture in few greys and the orange of outlines, which takes a third of the bytes."""
    out = BytesIO()
    palette = Image.new("P", (1, 1))
    greys = [level for grey in np.linspace(0, 255, COLOURS) for level in [round(grey)] * 3]
    oranges = [round(part * share) for share in (1.0, 0.85, 0.7) for part in (255, 176, 0)]
    palette.putpalette(greys + oranges)
    few = Image.open(BytesIO(png)).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(out, "png", optimize=True)
    return out.getvalue()


def asked_for(word: str) -> Laboratory:
    """Return a laboratory by its name, or by the seed that draws it."""
    return draw_laboratory(int(word)) if word.isdigit() else LABORATORIES[word]


def main(folder: str, *words: str) -> None:
    """Print the table and write the pictures."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for laboratory in map(asked_for, words or LABORATORIES):
        survey = Survey.of(laboratory)
        print(survey.row(laboratory), flush=True)
        shown = evenly([pair for pair in survey.pairs if pair.truth.any()], SHOWN)
        row = [panel for pair in shown for panel in panels(pair)]
        picture = draw_grid([row], ("anatomy", "tumour") * len(shown))
        (Path(folder) / f"{laboratory.name}.png").write_bytes(small(picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
