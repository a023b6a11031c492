"""How labels look in numbers: tumours per image, their areas, and how far apart they are.

Made for one table, real labels beside those of the recipes. Distances are between centres, not edges: the
distance of edges falls as tumours grow, so it would tell of their sizes a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from metgan.objects import check_mask, number_tumours
from metgan.types import Mask


@dataclass(frozen=True)
class Quartiles:
    """Where the middle half of some values lies; all nan where there are none.

    Examples
    --------
    >>> Quartiles.of([1, 2, 3, 4, 5])
    Quartiles(lower=2.0, median=3.0, upper=4.0)
    """

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values: ArrayLike) -> Quartiles:
        """Return the quartiles of values, linear between two neighbours."""
        known = np.asarray(values, float)
        return cls(*np.quantile(known, [0.25, 0.5, 0.75]).tolist()) if known.size else cls(*[np.nan] * 3)


@dataclass(frozen=True)
class Survey:
    """What a set of labels holds.

    Parameters
    ----------
    images, tumours : int
        How many of them there are; tumours are connected components, diagonal neighbours included, those
        that the border cuts among them.
    counts : Quartiles
        Tumours of an image, images without any included.
    areas : Quartiles, pixels
        Of all tumours.
    distances : Quartiles, pixels
        From a tumour's centre of mass to the nearest other one of its image; nan where no image has two.
    """

    images: int
    tumours: int
    counts: Quartiles
    areas: Quartiles
    distances: Quartiles


def survey(labels: Iterable[Mask]) -> Survey:
    """Count and measure the tumours of labels, read one at a time.

    Parameters
    ----------
    labels : iterable of ndarray, (Y, X), bool
        Of any shapes; empty ones count as images without tumours.

    Raises
    ------
    ArrayError
        If a label is not boolean or has other axes.

    Examples
    --------
    >>> found = survey([np.array([[1, 1, 0, 0, 1]], bool), np.zeros((1, 5), bool)])
    >>> found.tumours, found.counts.median, found.areas.median, found.distances.median
    (2, 1.0, 1.5, 3.5)
    """
    measured = [_measure(label) for label in labels]
    areas = [area for image, _ in measured for area in image]
    distances = [distance for _, image in measured for distance in image]
    counts = [len(image) for image, _ in measured]
    return Survey(len(counts), len(areas), Quartiles.of(counts), Quartiles.of(areas), Quartiles.of(distances))


def _measure(label: Mask) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the area of each tumour, and the distance of each to its nearest neighbour, if it has one."""
    check_mask(label, "label")
    numbered, areas = number_tumours(label)
    if areas.size < 2:
        return areas, np.empty(0)
    centres = np.array(ndimage.center_of_mass(label, numbered, range(1, areas.size + 1)))  # (tumour, axis)
    nearest, _ = KDTree(centres).query(centres, k=[2])  # the first is the tumour itself
    return areas, np.asarray(nearest, np.float64)[:, 0]
