"""How painted tumour channels look with what generators do not paint: noise, a background, a real ground.

python benchmarks/looks.py RUN PAIRS PICTURE.png
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from metgan.data import PairSet, StoredPairs, load_split, read_pair
from metgan.labels import Bank
from metgan.panels import Panel, window
from metgan.pictures import draw_grid
from metgan.synthesis import GenerationRequest, Inpainter, PairPlans, load, measure_steps
from metgan.synthesis.kept import Kept
from metgan.synthesis.tumour_image import generate_tumours

SHOWN = 4
HEADINGS = (
    "anatomy and label",
    "generated",
    "contrast",
    "contrast, noise",
    "contrast, background",
    "its donor, real",
)


def row(inpainter: Inpainter, plans: PairPlans, number: int) -> list[Panel]:
    """Return the panels of one plan; all tumour channels share one grey scale."""
    plan = plans.draw(number)
    contrast, background = plan.contrast, plan.background
    assert contrast is not None
    assert background is not None
    assert background.donor is not None
    noise = replace(background.noise, seed=background.seed)
    looks = ((), (contrast,), (contrast, noise), (contrast, background))
    images = [generate_tumours(inpainter, [replace(plan, refine=look)], Kept())[0] for look in looks]
    images.append(read_pair(background.donor).tumour)
    low, high = window(*images)
    first = Panel(plan.anatomy, *window(plan.anatomy), outline=plan.asked)
    return [first, *(Panel(image, low, high) for image in images)]


def main(run: str, data: str, picture: str) -> None:
    """Write the picture, from the training part of a run."""
    entries = PairSet.open(data).select(load_split(Path(run)).train).entries
    steps = measure_steps(("contrast", "background"), StoredPairs(entries))
    request = GenerationRequest(entries, entries, Bank(), SHOWN, 0, steps)
    plans, inpainter = PairPlans(request), load(run)
    rows = [row(inpainter, plans, number) for number in range(SHOWN)]
    Path(picture).write_bytes(draw_grid(rows, HEADINGS))


if __name__ == "__main__":
    main(*sys.argv[1:])
