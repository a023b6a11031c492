"""How often a shift between the channels is found, and how often one is found that is not there.

python benchmarks/registration.py [--phantoms N]

Pair sets of phantoms whose tumour channel is moved by a known number of pixels, with more and less crosstalk
of the anatomy, and inverted; and, for the false alarms, anatomies beside another image's tumour channel.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from metgan.metrics import ChannelShift, measure_shift
from metgan.phantom import PhantomSettings, draw_pairs
from metgan.types import AnyArray

SHIFTS = ((0, 0), (1, 0), (0, -2), (3, 0), (-5, 5))
CROSSTALK = (0.45, 0.2, 0.0)
CROPS = (40, 12)
SIDE, MARGIN = 128, 8
Image = tuple[AnyArray, AnyArray]


@dataclass(frozen=True)
class Case:
    """Pair sets of one kind."""

    crops: int
    crosstalk: float
    inverted: bool = False

    def images(self, seed: int) -> list[Image]:
        """Draw anatomies and tumour channels with a margin about them."""
        settings = PhantomSettings(size=SIDE + 2 * MARGIN, crosstalk=self.crosstalk)
        turn = 65535 if self.inverted else 0
        pairs = draw_pairs(self.crops, settings, seed)
        return [(p.anatomy, turn - p.tumour if turn else p.tumour) for p in pairs]


def moved(images: list[Image], down: int, right: int) -> list[Image]:
    """Return the images without their margin, the tumour channel moved."""
    y, x = MARGIN - down, MARGIN - right
    middle = slice(MARGIN, MARGIN + SIDE)
    return [(anatomy[middle, middle], tumour[y : y + SIDE, x : x + SIDE]) for anatomy, tumour in images]


def cases() -> Iterator[Case]:
    """Yield what is tried."""
    for crops in CROPS:
        for crosstalk in CROSSTALK:
            yield Case(crops, crosstalk)
        yield Case(crops, CROSSTALK[0], inverted=True)


def outcome(found: ChannelShift, down: int, right: int) -> str:
    """Name what was found."""
    if not found.is_known:
        return "cannot be told"
    return "right" if (found.down, found.right) == (down, right) else "wrong"


def main() -> None:
    """Print for each case and shift how many pair sets were read rightly, wrongly, or not at all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--phantoms", type=int, default=10, help="pair sets for each case")
    number = parser.parse_args().phantoms
    print("crops crosstalk inverted  shift     right  wrong  cannot be told  agreeing, least")
    alarms: Counter[str] = Counter()
    for case in cases():
        sets = [case.images(seed) for seed in range(number)]
        for shift in SHIFTS:
            found = [measure_shift(moved(images, *shift)) for images in sets]
            counts = Counter(outcome(f, *shift) for f in found)
            least = min(f.agreeing for f in found)
            words = f"{case.crops:5d} {case.crosstalk:9.2f} {case.inverted!s:8s}  {shift!s:8s}"
            words += f" {counts['right']:6d} {counts['wrong']:6d} {counts['cannot be told']:15d}"
            print(f"{words} {least:16d}", flush=True)
        for images in sets:
            tumours = np.roll(np.arange(len(images)), 1)
            strange = [(images[k][0], images[other][1]) for k, other in enumerate(tumours)]
            alarms["false alarm" if measure_shift(moved(strange, 0, 0)).is_known else "cannot be told"] += 1
    print("anatomies beside another image's tumour channel:", dict(alarms))


if __name__ == "__main__":
    main()
