"""How bright generated tumours are beside real ones: a mask that is a threshold shows no dim ones.

python benchmarks/brightness.py RUN PAIRS NEW_PAIRS
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metgan.data import Pair, PairSet, StoredPairs, load_split
from metgan.metrics import MIN_ANNOTATED_SIZE
from metgan.objects import number_tumours

DIMMEST = 0.05


def brightnesses(pairs: Iterable[Pair]) -> NDArray[np.float64]:
    """Return the mean of each tumour of 10 pixels and more, in camera units."""
    found = []
    for pair in pairs:
        numbered, areas = number_tumours(pair.label)
        large = np.flatnonzero(areas >= MIN_ANNOTATED_SIZE) + 1
        found += [float(pair.tumour[numbered == number].mean()) for number in large]
    return np.array(found)


def main(run: str, data: str, made: str) -> None:
    """Print how many generated tumours are as dim as the dimmest of the run's training part."""
    real = brightnesses([*StoredPairs(PairSet.open(data).select(load_split(Path(run)).train))])
    new = brightnesses([*StoredPairs(PairSet.open(made))])
    limit = np.quantile(real, DIMMEST)
    print(f"{DIMMEST:.0%} of {real.size} real tumours have a mean below {limit:.0f}")
    print(f"{(new < limit).mean():.0%} of {new.size} generated ones")


if __name__ == "__main__":
    main(*sys.argv[1:])
