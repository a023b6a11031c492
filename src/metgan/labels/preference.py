"""Tumours of some sizes wanted more than others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from metgan.errors import SettingError


@dataclass(frozen=True)
class Preference:
    """How likely a tumour is to be taken, by its area.

    Parameters
    ----------
    weights : tuple of (int, float)
        From so many pixels on, so much; areas ascend from 1, weights are above 0.

    Raises
    ------
    SettingError
        If areas or weights are not so.

    Examples
    --------
    >>> small = Preference(((1, 3.0), (25, 1.0)))
    >>> small.of([10, 24, 25, 500]).tolist(), str(small)
    ([3.0, 3.0, 1.0, 1.0], '1:3,25:1')
    """

    weights: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        areas = [area for area, _ in self.weights]
        if areas[:1] != [1] or any(low >= high for low, high in pairwise(areas)):
            raise SettingError(f"areas from {areas}", "ascending areas from 1 on", "Put them in order")
        if not all(0 < weight < np.inf for _, weight in self.weights):
            raise SettingError(f"weights {[w for _, w in self.weights]}", "each above 0", "Choose others")

    def __str__(self) -> str:
        return ",".join(f"{area}:{weight:.4g}" for area, weight in self.weights)

    def of(self, areas: Sequence[int]) -> NDArray[np.float64]:
        """Return the weight of each area, in pixels."""
        starts, weights = zip(*self.weights, strict=True)
        return np.asarray(weights)[np.searchsorted(starts, areas, side="right") - 1]
