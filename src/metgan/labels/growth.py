"""Simulated tumours, grown pixel by pixel from compact to infiltrating.

Eden's model adds, step by step, any pixel that borders on the tumour. Here its chance also depends on how
much tumour surrounds it, as in Vicsek's model of surface tension: a preference for notches gives a smooth,
round tumour, a preference for tips a ragged one with branches.

Notes
-----
The decision a reader would question is that one number runs through both, with Eden's own model in its
middle; so there is a single knob, with known ends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metgan.errors import SettingError
from metgan.objects import tight
from metgan.types import Mask

_REACH = 3  # pixels within which the tumour is felt
_PREFERENCE = 24.0  # at the ends; beyond it shapes hardly change any more
_ROOM = 4.0  # radii of a disc of the same area, from the first pixel to the edge of the canvas


def grow(area: int, infiltration: float, rng: np.random.Generator) -> Mask:
    """Return a simulated tumour of exactly `area` pixels.

    Parameters
    ----------
    area : int, at least 1
        Pixels.
    infiltration : float, in [0, 1]
        0 gives nearly a disc, 0.5 the clusters of Eden [1], 1 ragged and branching ones, whose
        branches may enclose healthy pixels.
    rng : np.random.Generator
        Source of chance.

    Returns
    -------
    ndarray, (Y, X), bool
        One piece, connected along edges, not along corners alone; no empty row or column around it.

    Raises
    ------
    SettingError
        If a value is out of its range.

    Notes
    -----
    A pixel p that shares an edge with the tumour is next with a probability in proportion to
    ``exp(24 (1 - 2 infiltration) n(p))``, where n is the share of the disc of radius 3 about p that is
    tumour; Vicsek [2] lets the chance of sticking depend on such a count. No branch reaches
    further than four radii of the disc of the same area, or 3 pixels more.

    References
    ----------
    [1] M. Eden, "A two-dimensional growth process", Proceedings of the Fourth Berkeley Symposium on
       Mathematical Statistics and Probability 4, 223-239 (1961).

    [2] T. Vicsek, "Pattern formation in diffusion-limited aggregation", Physical Review Letters 53,
       2281 (1984). https://doi.org/10.1103/PhysRevLett.53.2281

    Examples
    --------
    >>> grow(1, 0.0, np.random.default_rng(0))
    array([[ True]])
    >>> int(grow(41, 1.0, np.random.default_rng(0)).sum())
    41
    """
    if area < 1:
        raise SettingError(f"area is {area}", "1 pixel or more", "Choose a larger one")
    SettingError.unless_within("infiltration", infiltration, 0.0, 1.0)
    half = int(np.ceil(_ROOM * np.sqrt(area / np.pi))) + 2 * _REACH
    side = 2 * half + 1
    disc = _disc(side)
    weights = np.exp(_PREFERENCE * (1 - 2 * infiltration) * np.arange(disc.size + 1) / disc.size)
    inside = np.pad(np.ones((side - 2 * _REACH,) * 2, bool), _REACH).ravel()
    grown = _accrete(area, half * side + half, inside, disc, weights, rng)
    return tight(grown.reshape(side, side))  # (Y * X,) to (Y, X)


def _accrete(
    area: int,
    first: int,
    inside: Mask,
    disc: NDArray[np.intp],
    weights: NDArray[np.float64],
    rng: np.random.Generator,
) -> Mask:
    """Add pixels to the `first` until there are `area`; the canvas is flat, (Y * X,), as are all indices."""
    side = int(np.sqrt(inside.size))
    around = np.array([-side, -1, 1, side])
    tumour, known = np.zeros_like(inside), ~inside
    felt = np.zeros(inside.size, np.intp)
    border, count, chosen = np.empty(inside.size, np.intp), 1, 0
    border[0], known[first] = first, True
    for _ in range(area):
        if count > 1:
            chances = np.cumsum(weights[felt[border[:count]]])
            chosen = int(np.searchsorted(chances[:-1], rng.random() * chances[-1], side="right"))
        pixel = border[chosen]
        count -= 1
        border[chosen], chosen = border[count], 0
        tumour[pixel] = True
        felt[pixel + disc] += 1
        fresh = (pixel + around)[~known[pixel + around]]
        known[fresh] = True
        border[count : count + fresh.size] = fresh
        count += fresh.size
    return tumour


def _disc(side: int) -> NDArray[np.intp]:
    """Return the pixels of the disc of radius `_REACH`, its centre apart, as steps on a flat canvas."""
    y, x = np.mgrid[-_REACH : _REACH + 1, -_REACH : _REACH + 1]
    near = (y**2 + x**2 <= _REACH**2) & ((y != 0) | (x != 0))
    return np.asarray(y[near] * side + x[near], np.intp)
