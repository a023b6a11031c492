"""By how much the tumours of right and of wrong masks stand out, on phantoms of all laboratories.

python benchmarks/wrong_masks.py [--pairs N] [--random N]

The bound below which `metgan prepare` notes that a mask marks nothing bright was chosen by this table. Wrong
masks are turned, mirrored, of the next image, or displaced by 32 pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from metgan.data import LEAST_STANDING_OUT, measure_standing_out
from metgan.labels import SYMMETRIES, symmetry
from metgan.phantom import LABORATORIES, PhantomSettings, draw_laboratory, draw_pairs
from metgan.phantom.pairs import PhantomPair
from metgan.types import Mask

DIM = {"lowest_contrast": 1.15, "dim_contrast": 1.2, "highest_contrast": 1.25}


def wrong_masks(masks: Sequence[Mask]) -> Mapping[str, list[Mask]]:
    """Return what the masks of some images may be mistaken for, by the kind of mistake."""
    wrong = {f"symmetry {k}": [symmetry(mask, k) for mask in masks] for k in range(1, SYMMETRIES)}
    wrong["of the next image"] = [*masks[1:], masks[0]]
    wrong["displaced by 32"] = [np.roll(mask, 32, axis=0) for mask in masks]
    return wrong


def standing_out(pairs: Sequence[PhantomPair], masks: Sequence[Mask]) -> tuple[float, int]:
    """Return by how much the median tumour of some masks stands out, and how many tumours there are."""
    views = ((mask, pair.anatomy, pair.tumour) for mask, pair in zip(masks, pairs, strict=True))
    found = measure_standing_out(views)
    return found.median, found.tumours


def main() -> None:
    """Print a row for each laboratory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=24, help="images of each laboratory")
    parser.add_argument("--random", type=int, default=6, help="laboratories that are drawn at random")
    given = parser.parse_args()
    kinds = dict(LABORATORIES) | {f"drawn {k}": draw_laboratory(k) for k in range(given.random)}
    settings = {name: (lab.settings_for(given.pairs), lab.seed_for(0)) for name, lab in kinds.items()}
    settings["contrast 1.2"] = (replace(PhantomSettings(), **DIM), 0)
    settings["evenly stained, 1.2"] = (replace(LABORATORIES["evenly-stained-small"].settings, **DIM), 0)
    print(f"median tumour, in standard deviations of its surroundings; the bound is {LEAST_STANDING_OUT:g}")
    print(f"{'laboratory':<22} {'tumours':>7} {'right':>6} {'most of the wrong':>18}")
    for name, (look, seed) in settings.items():
        pairs = list(draw_pairs(given.pairs, look, seed))
        masks = [pair.label for pair in pairs]
        right, tumours = standing_out(pairs, masks)
        wrong = {kind: standing_out(pairs, each)[0] for kind, each in wrong_masks(masks).items()}
        worst = max(wrong, key=wrong.__getitem__)
        print(f"{name:<22} {tumours:>7} {right:>6.2f} {wrong[worst]:>6.2f}, {worst}", flush=True)


if __name__ == "__main__":
    main()
