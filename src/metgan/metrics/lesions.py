"""Tumours found and missed: counted as objects, and as pixels.

The paper's "lesion-wise Dice" fits pooled pixels, not tumours, so both are here under their own names:
`overlap` counts pixels, `match` tumours.

Notes
-----
The decision a reader would question is when a predicted object counts as a true one; `match` states and
argues it. Counts of several images are pooled with ``+``, and ratios are taken at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from metgan.errors import ArrayError, SettingError
from metgan.objects import number_tumours
from metgan.types import AnyArray, Mask

from .counts import Detection, Overlap

LEAST_IOU = 0.1
"""Least intersection over union of a predicted and a true object that may be matched."""

Components = tuple[NDArray[np.int32], NDArray[np.intp]]
"""Numbered objects and their sizes in pixels, as `metgan.objects.number_tumours` gives them."""


@dataclass(frozen=True)
class Matches:
    """Which true tumours were found, and how many were imagined.

    Attributes
    ----------
    areas : ndarray, (n,), intp, pixels
        Sizes of the true tumours, in the order of `metgan.objects.number_tumours`.
    found : ndarray, (n,), bool
    imagined : int
        Predicted tumours without a true one.
    """

    areas: NDArray[np.intp]
    found: NDArray[np.bool_]
    imagined: int

    @property
    def counts(self) -> Detection:
        """How many tumours were found and missed, and how many predicted objects are none."""
        found = int(self.found.sum())
        return Detection(found, self.found.size - found, self.imagined)


def overlap(predicted: Mask, truth: Mask) -> Overlap:
    """Count the pixels that two masks share and those that only one of them has.

    Masks are as for `match`, which raises the same `ArrayError`.

    Examples
    --------
    >>> overlap(np.array([[True, True, False]]), np.array([[False, True, True]]))
    Overlap(true_positive=1, false_positive=1, false_negative=1)
    """
    check_masks({"predicted": predicted, "truth": truth})
    return Overlap(
        true_positive=int((predicted & truth).sum()),
        false_positive=int((predicted & ~truth).sum()),
        false_negative=int((truth & ~predicted).sum()),
    )


def match(predicted: Mask, truth: Mask, *, least_iou: float = LEAST_IOU, smallest: int = 1) -> Matches:
    """Match predicted with true tumours, one to one, to tell those found, missed and imagined.

    Objects are connected components, diagonal neighbours included. A predicted and a true
    object may be matched when their intersection over union reaches `least_iou`; each is
    matched at most once, and as many pairs as possible are made. The counts therefore depend
    on no order of objects, and swapping the masks swaps missed and imagined.

    Parameters
    ----------
    predicted, truth : ndarray, (Y, X) or (Z, Y, X), bool
        Masks of the same shape; empty ones are fine.
    least_iou : float, in (0, 1], default 0.1
        See Notes.
    smallest : int, pixels, at least 1, default 1
        Predicted objects with fewer pixels are ignored; 1 keeps all. True objects always
        count: a threshold must not hide what was missed.

    Raises
    ------
    ArrayError, SettingError
        If a mask is not boolean, has other axes, or the shapes differ; or a setting is out of range.

    Notes
    -----
    Why 0.1: the median tumour has about 41 pixels, a disc of radius 3.6. There an outline one
    pixel tighter or wider leaves an IoU of 0.55, a shift by three pixels 0.28 and by four
    0.17, an outline of twice the radius 0.23 and of three times 0.10. So 0.1 accepts a
    careless outline around the right place, where the usual 0.5 would punish single pixels,
    and refuses two tumours that share a pixel (0.012) and a blob that floods the image.
    Two tumours read as one count as at most one found, and the other missed.

    Examples
    --------
    >>> truth = np.array([[1, 1, 0, 0, 0, 1]], bool)
    >>> matches = match(np.array([[0, 1, 0, 1, 0, 0]], bool), truth)
    >>> matches.areas.tolist(), matches.found.tolist(), matches.imagined
    ([2, 1], [True, False], 1)
    """
    check_masks({"predicted": predicted, "truth": truth})
    if not 0 < least_iou <= 1 or smallest < 1:
        given = f"least_iou is {least_iou} and smallest {smallest}"
        raise SettingError(given, "least_iou in (0, 1] and smallest >= 1", "Leave them out for 0.1 and 1")
    found, true = number_tumours(predicted), number_tumours(truth)
    kept = found[1] >= smallest
    allowed = _matchable(found, true, least_iou)[kept]
    matched = np.zeros(true[1].size, np.bool_)
    if allowed.nnz:
        matched = maximum_bipartite_matching(allowed) >= 0  # for each column, a true tumour, its row or -1
    return Matches(true[1], matched, int(kept.sum() - matched.sum()))


def check_masks(masks: Mapping[str, AnyArray]) -> None:
    """Refuse arrays, given by name, that are not masks of one shape."""
    for name, mask in masks.items():
        ArrayError.if_masked(name, mask)
        if mask.dtype != np.bool_ or mask.ndim not in (2, 3):
            given = f"{name} is a {mask.dtype} array of shape {mask.shape}"
            remedy = "Use metgan.labels.check_binary or metgan.labels.binarise"
            raise ArrayError(given, "a bool mask of axes (Y, X) or (Z, Y, X)", remedy)
    if len({mask.shape for mask in masks.values()}) > 1:
        given = " and ".join(f"{name} has shape {mask.shape}" for name, mask in masks.items())
        raise ArrayError(given, "one shape", "Compare a mask with the image that it belongs to")


def _matchable(found: Components, true: Components, least_iou: float) -> csr_array:
    """Return the bipartite graph of pairs whose IoU suffices, (found objects, true objects)."""
    (found_at, found_sizes), (true_at, true_sizes) = found, true
    both = (found_at > 0) & (true_at > 0)
    # One number per pair, so that counting numbers counts shared pixels.
    codes = (found_at[both].astype(np.int64) - 1) * true_sizes.size + (true_at[both] - 1)
    pairs, shared = np.unique(codes, return_counts=True)
    rows, columns = np.divmod(pairs, true_sizes.size)
    enough = shared / (found_sizes[rows] + true_sizes[columns] - shared) >= least_iou
    edges = (rows[enough], columns[enough])
    return csr_array((np.ones(edges[0].size, np.bool_), edges), shape=(found_sizes.size, true_sizes.size))
