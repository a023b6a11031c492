"""How painted tumour channels look with what generators do not paint: noise, a residue, a real ground.

python benchmarks/looks.py RUN PAIRS PICTURE.png
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from metgan.data import PairSet, load_split, read_pair
from metgan.labels import Bank
from metgan.pictures import Panel, draw_grid, window
from metgan.synthesis import Contrasts, Drafts, Generation, Grain, Inpainter, load
from metgan.synthesis.painting import paint

SHOWN = 4
HEADINGS = (
    "anatomy and label",
    "painted",
    "--match-contrast",
    "--match-grain",
    "--add-residue",
    "its donor, real",
)


def row(painter: Inpainter, drafts: Drafts, number: int) -> list[Panel]:
    """Give the panels of one draft; all tumour channels share one grey scale."""
    draft = drafts.draw(number)
    assert draft.donor is not None
    plain = replace(draft, contrasts=(), grain=None, donor=None)
    matched = replace(draft, grain=None, donor=None)
    looks = (plain, matched, replace(draft, donor=None), draft)
    images = [*(paint(painter, look) for look in looks), read_pair(draft.donor).tumour]
    low, high = window(*images)
    first = Panel(draft.anatomy, *window(draft.anatomy), outline=draft.asked)
    return [first, *(Panel(image, low, high) for image in images)]


def main(run: str, data: str, picture: str) -> None:
    """Write the picture, from the training part of a run."""
    entries = PairSet.open(data).select(load_split(Path(run)).train).entries
    pairs = [*map(read_pair, entries)]
    request = Generation(
        entries,
        entries,
        Bank(),
        SHOWN,
        seed=0,
        contrasts=Contrasts.measured((p.label, p.tumour, p.filled()) for p in pairs),
        grain=Grain.measured((p.label | p.filled(), p.tumour) for p in pairs),
        donors=entries,
    )
    drafts, painter = Drafts(request), load(run)
    rows = [row(painter, drafts, number) for number in range(SHOWN)]
    Path(picture).write_bytes(draw_grid(rows, HEADINGS))


if __name__ == "__main__":
    main(*sys.argv[1:])
