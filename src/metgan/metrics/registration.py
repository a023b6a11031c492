"""Whether the two channels of a data set are registered, or one is shifted against the other.

A loss that compares pixel by pixel does not forgive a shift. The channels show different things, and what
both show may be bright in one and dark in the other; but its edges lie at the same places. So the ranks of
gradient magnitudes are correlated, which no contrast changes, and many crops are asked.

Notes
-----
Areas of one value, left by stitching or skull-stripping, are left out with a rim about them: such a fill
often comes after the shift, and its edges then lie at the same places whatever the tissue does. What the
camera adds to both channels (hot pixels, stripes) cannot be told from tissue; it speaks for no shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.special
from numpy.typing import NDArray
from scipy import ndimage

from metgan.types import AnyArray, Mask

LEAST_SIDE = 64
"""Side in pixels of the smallest images that are asked: in smaller ones, channels that have nothing to do
with each other agree on a shift by chance."""

_LARGEST_SIDE = 256  # of larger images the middle is asked
_FARTHEST = 16  # pixels; at most an eighth of the side
_EDGE = 2.0  # pixels, standard deviation of the Gaussian derivatives
_BROAD = 8.0  # pixels, that of the surroundings that an edge must stand out from
_FLAT = 5  # pixels, side of the smallest area of one value
_RIM = int(4 * _EDGE)  # as far as a derivative sees
_LEAST_AREA = 0.2  # of an image that must be left to be asked
_NEAR = 1  # pixels, that opinions may differ
_LEAST_AGREEING = 4
_LEAST_SHARE = 1 / 3
_CHANCE = 0.001  # that a shift is told where none fits as well

Surface = NDArray[np.float64]
Spectrum = NDArray[np.complex128]


@dataclass(frozen=True)
class ChannelShift:
    """Where the tumour channel lies against the anatomy.

    Attributes
    ----------
    down, right : int, pixels
        Shift along Y and X that fits all images together best; negative for up and left.
    agreeing : int
        Images that, asked alone, lie within a pixel of the shift that fits all the others best. Where the
        channels share nothing, hardly any does.
    asked : int
        Images that have enough structure to be asked.
    beats_none : bool
        Whether the images surely fit better so than without a shift. Where all structure runs along lines,
        any shift along them fits as well.
    """

    down: int
    right: int
    agreeing: int
    asked: int
    beats_none: bool

    @property
    def is_known(self) -> bool:
        """Whether four images and a third of those asked agree on it, and a shift surely beats none."""
        is_none = (self.down, self.right) == (0, 0)
        agreed = self.agreeing >= max(_LEAST_AGREEING, _LEAST_SHARE * self.asked)
        return agreed and (is_none or self.beats_none)

    @property
    def is_shifted(self) -> bool:
        """Whether there surely is a shift of a pixel or more."""
        return self.is_known and (self.down, self.right) != (0, 0)


def measure_shift(images: Sequence[tuple[AnyArray, AnyArray]]) -> ChannelShift:
    """Return the shift of the tumour channel against the anatomy, in whole pixels.

    Parameters
    ----------
    images : sequence of (anatomy, tumour), each (Y, X) of one shape and any real dtype
        Those with a side below `LEAST_SIDE`, and those that are mostly of one value, are left out.

    Returns
    -------
    ChannelShift
        Up to an eighth of the smallest side, 16 pixels at most. ``asked`` is 0 where all are left out.

    Examples
    --------
    >>> tissue = np.random.default_rng(0).normal(size=(5, 72, 70)).cumsum(1).cumsum(2)
    >>> measure_shift([(t[:-8, :-6], -t[5:-3, 6:]) for t in tissue])
    ChannelShift(down=-5, right=-6, agreeing=5, asked=5, beats_none=True)
    """
    edges = [
        (found, against)
        for anatomy, tumour in images
        if min(anatomy.shape) >= LEAST_SIDE
        and (found := _edges(_middle(anatomy))) is not None
        and (against := _edges(_middle(tumour))) is not None
    ]
    if not edges:
        return ChannelShift(0, 0, 0, 0, beats_none=False)
    reach = min(_FARTHEST, *(min(anatomy.ranks.shape) // 8 for anatomy, _ in edges))
    surfaces = np.stack([_correlation(*pair, reach) for pair in edges])  # (N, Y, X)
    together = surfaces.sum(0)
    others = [_peak(together - own) for own in surfaces]  # no image has a say in what it is held against
    agreeing = sum(
        bool(np.abs(_peak(own) - other).max() <= _NEAR) for own, other in zip(surfaces, others, strict=True)
    )
    gains = [own[tuple(other)] - own[reach, reach] for own, other in zip(surfaces, others, strict=True)]
    down, right = (int(place) - reach for place in _peak(together))
    return ChannelShift(down, right, agreeing, len(edges), _surely_positive(np.array(gains)))


def _surely_positive(values: NDArray[np.float64]) -> bool:
    """Return whether the mean is above 0, by a one-sided t-test."""
    if len(values) < _LEAST_AGREEING:
        return False
    error = values.std(ddof=1) / np.sqrt(len(values))
    return bool(values.mean() > -scipy.special.stdtrit(len(values) - 1, _CHANCE) * error)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Ranks of gradient magnitudes, as deviations from their surroundings; 0 where they are not used."""

    ranks: Surface
    used: Surface


def _middle(image: AnyArray) -> NDArray[np.float64]:
    starts = [max(0, (side - _LARGEST_SIDE) // 2) for side in image.shape]
    window = tuple(slice(start, start + _LARGEST_SIDE) for start in starts)
    return image[window].astype(np.float64)


def _edges(image: NDArray[np.float64]) -> _Edges | None:
    """Find an image's edges; None where too little of it is other than of one value."""
    used = _uneven(image)
    if used.mean() < _LEAST_AREA:
        return None
    steepness = ndimage.gaussian_gradient_magnitude(image, _EDGE)
    ranks = np.zeros_like(steepness)
    _, place, count = np.unique(steepness[used], return_inverse=True, return_counts=True)
    ranks[used] = (count.cumsum() - (count - 1) / 2)[place] / used.sum()  # equal ones share a rank
    area = used.astype(np.float64)
    weight = ndimage.gaussian_filter(area, _BROAD)
    around = ndimage.gaussian_filter(ranks, _BROAD) / np.maximum(weight, 1e-6)
    return _Edges((ranks - around) * area, area)


def _uneven(image: NDArray[np.float64]) -> Mask:
    """Return where an image is not of one value, nor so near to such an area that its edge is seen."""
    flat = ndimage.maximum_filter(image, size=_FLAT) == ndimage.minimum_filter(image, size=_FLAT)
    reach = _FLAT // 2 + _RIM  # from the middle of a flat square to the end of the rim
    return np.asarray(~ndimage.maximum_filter(flat, size=2 * reach + 1), bool)


def _correlation(anatomy: _Edges, tumour: _Edges, reach: int) -> Surface:
    """Return the correlation of edges for each shift of the tumour, (2 reach + 1, 2 reach + 1).

    Only pixels that are used in both images count: the masked correlation of Padfield 2012
    (doi 10.1109/TIP.2011.2181402), for deviations whose mean is about 0.
    """
    sides = [scipy.fft.next_fast_len(side + reach, real=True) for side in anatomy.used.shape]

    def slid(fixed: Spectrum, moved: Spectrum) -> Surface:
        around: Surface = scipy.fft.irfft2(moved * fixed.conj(), sides)  # by 0 at the corner
        return np.roll(around, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]

    fixed, its_power, its_pixels, moved, power, pixels = (
        scipy.fft.rfft2(field, sides)
        for edges in (anatomy, tumour)
        for field in (edges.ranks, edges.ranks**2, edges.used)
    )
    together = slid(its_power, pixels) * slid(its_pixels, power)
    return slid(fixed, moved) / np.sqrt(np.maximum(together, 1e-6))


def _peak(surface: Surface) -> NDArray[np.intp]:
    return np.array(np.unravel_index(int(surface.argmax()), surface.shape))
