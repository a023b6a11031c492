"""How painted tumour channels look with what generators do not paint: noise, a background, a real ground.

python benchmarks/looks.py RUN PAIRS PICTURE.png
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from metgan.data import PairSet, load_split, read_pair
from metgan.labels import Bank
from metgan.panels import Panel, window
from metgan.pictures import draw_grid
from metgan.synthesis import Contrasts, GenerationRequest, Inpainter, NoiseModel, PairPlans, load
from metgan.synthesis.tumour_image import generate_tumour

SHOWN = 4
HEADINGS = (
    "anatomy and label",
    "painted",
    "--match-contrast",
    "--match-noise",
    "--add-background",
    "its donor, real",
)


def row(inpainter: Inpainter, plans: PairPlans, number: int) -> list[Panel]:
    """Return the panels of one plan; all tumour channels share one grey scale."""
    plan = plans.draw(number)
    assert plan.donor is not None
    plain = replace(plan, contrasts=(), noise=None, donor=None)
    matched = replace(plan, noise=None, donor=None)
    looks = (plain, matched, replace(plan, donor=None), plan)
    images = [*(generate_tumour(inpainter, look) for look in looks), read_pair(plan.donor).tumour]
    low, high = window(*images)
    first = Panel(plan.anatomy, *window(plan.anatomy), outline=plan.asked)
    return [first, *(Panel(image, low, high) for image in images)]


def main(run: str, data: str, picture: str) -> None:
    """Write the picture, from the training part of a run."""
    entries = PairSet.open(data).select(load_split(Path(run)).train).entries
    pairs = [*map(read_pair, entries)]
    request = GenerationRequest(
        entries,
        entries,
        Bank(),
        SHOWN,
        seed=0,
        contrasts=Contrasts.measured((p.label, p.tumour, p.filled()) for p in pairs),
        noise=NoiseModel.measured((p.label | p.filled(), p.tumour) for p in pairs),
        donors=entries,
    )
    plans, inpainter = PairPlans(request), load(run)
    rows = [row(inpainter, plans, number) for number in range(SHOWN)]
    Path(picture).write_bytes(draw_grid(rows, HEADINGS))


if __name__ == "__main__":
    main(*sys.argv[1:])
