"""Whether a mask is right: a turned, mirrored or misplaced one marks nothing bright, an inverted one most.

Notes
-----
What is measured is by how many standard deviations of its surroundings a tumour is brighter, and of that the
median over all tumours. A ratio of brightnesses would do worse: where a background was subtracted, that of a
wrong mask is any number. On phantoms of all laboratories, tumours of contrast 1.2 included, right masks come
to 1.5 and more, turned or mirrored ones to 0.3 at most: ``python benchmarks/wrong_masks.py`` prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.labels import SYMMETRIES, shared_fill, symmetry
from metgan.metrics import measure_contrasts
from metgan.progress import note_once
from metgan.types import Camera, Mask

from .scan import Scan
from .scan_summary import MOST_LABELLED
from .subset import evenly

LEAST_STANDING_OUT: Final = 0.7
"""Standard deviations of its surroundings below which a median tumour is no brighter than they are."""
_CLEARLY = 1.0  # standard deviations from which another orientation fits
_MOST_PLANES = 8

TURNED: Final[Mapping[int, str]] = {
    1: "turned by a quarter to the left",
    2: "turned by a half",
    3: "turned by a quarter to the right",
    4: "mirrored left to right",
    5: "with rows and columns exchanged (--mask-axes ZXY for ZYX)",
    6: "mirrored top to bottom",
    7: "with rows and columns exchanged, and turned by a half",
}
"""What has to be done to a mask, by the number of `metgan.labels.symmetry`."""

View = tuple[Mask, Camera, Camera]
"""Label, anatomy and tumour channel, all (Y, X)."""


@dataclass(frozen=True)
class StandingOut:
    """How tumours stand out in the tumour channel.

    Parameters
    ----------
    median : float
        Standard deviations of its surroundings by which the median tumour is brighter than they are; nan
        without a tumour that has surroundings.
    tumours : int
        How many have surroundings.
    """

    median: float
    tumours: int

    @property
    def marks_nothing(self) -> bool:
        """Whether the mask marks nothing brighter than its surroundings."""
        return self.median < LEAST_STANDING_OUT


def measure_standing_out(views: Iterable[View]) -> StandingOut:
    """Return how the tumours of some images stand out, `StandingOut`.

    Parameters
    ----------
    views : iterable of (label, anatomy, tumour channel), each (Y, X)
        Images in camera units. Fill surrounds no tumour.

    Examples
    --------
    >>> label = np.zeros((20, 20), bool)
    >>> label[8:11, 8:11] = True
    >>> image = np.add.outer(np.arange(20), np.arange(20) % 3)
    >>> measure_standing_out([(label, image, image + 50 * label)]).marks_nothing
    False
    >>> measure_standing_out([(label, image, image)]).marks_nothing
    True
    """
    search = StandingOutSearch()
    for view in views:
        search.add(*view)
    return search.result


class StandingOutSearch:
    """The same of images that come one after the other, and are not kept."""

    def __init__(self) -> None:
        self._found: list[float] = []

    def add(self, label: Mask, anatomy: Camera, tumour: Camera) -> None:
        """Measure the tumours of an image."""
        self._found += [
            contrast.light / contrast.spread if contrast.spread else np.copysign(np.inf, contrast.light or -1)
            for contrast in measure_contrasts(label, tumour, shared_fill(anatomy, tumour) & ~label)
            if contrast.pixels
        ]

    @property
    def result(self) -> StandingOut:
        """That of all images together."""
        found = self._found
        return StandingOut(float(np.median(found)) if found else np.nan, len(found))


def find_orientation(scan: Scan, read_plane: Callable[[int], Mask]) -> tuple[int, StandingOut] | None:
    """Return which other orientation of the mask fits the scan, and how tumours stand out then.

    Parameters
    ----------
    scan : Scan
    read_plane : callable
        Returns the mask of one plane of the file, (Y, X), with all its rows and columns.

    Returns
    -------
    tuple of int, StandingOut or None
        The number of a symmetry other than 0, see `metgan.labels.symmetry`, which the mask has to be turned
        by; None where none of those that fit the shape makes its tumours clearly brighter.
    """
    planes, rows, columns = scan.region.index
    numbers = [*enumerate(range(scan.region.whole[0])[planes])]
    whole = [(place, read_plane(number)) for place, number in evenly(numbers, _MOST_PLANES)]
    shape = scan.region.whole[1:]
    found: list[tuple[int, StandingOut]] = []
    for index in range(1, SYMMETRIES):
        turned = [(place, symmetry(mask, index)) for place, mask in whole]
        if turned[0][1].shape == shape:
            views = ((mask[rows, columns], scan.anatomy[p,], scan.tumour[p,]) for p, mask in turned)
            found.append((index, measure_standing_out(views)))
    best = max(found, key=lambda one: np.nan_to_num(one[1].median, nan=-np.inf))
    return best if best[1].median >= _CLEARLY else None


def tell_of_inverted(labels: Iterable[Mask], name: str) -> None:
    """Note labels, if any, that cover most of their pixels on average; `name` says which, in the plural."""
    shares = [label.mean() for label in labels]
    if shares and np.mean(shares) > MOST_LABELLED:
        note_once(
            f"{name} cover more than {MOST_LABELLED:.0%} of the pixels that were looked at, and metgan takes "
            "what they mark for tumours: check that they are not inverted"
        )
