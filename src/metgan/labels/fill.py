"""Fill: pixels that no camera has seen; stitching, rotation or skull-stripping left one constant there.

Fill is not light. Taken for the darkest tissue it moves the mean of an image, its noise, the contrast of its
tumours and the border between tissue and air; so all that measures an image leaves it out.

Notes
-----
A dark image has pixels of one value, too, where nothing was filled in. Two things tell fill from them: it
comes in areas, so that a pixel counts only where a square of 3 x 3 about it or about a neighbour is of that
value; and it stands out, so that the values next to it among those that occur, darker and brighter, are rare.
Saturated pixels (the brightest value of the image) are light, even where they come in areas. Of a picture
with only a handful of values, a drawing rather than a scan, it cannot be told, and nothing is taken for fill.

The constants are decided upon a whole: a set, or a pair or an image by itself where no set is known. Where
they are known, each of their areas is fill, however small, so that a crop has the fill of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.types import AnyArray, Camera, Mask, Scaled

LEAST_FILL = 0.01
"""Share of the pixels of an image, or of a set, that fill covers at least."""
BESIDE = 7
"""Side in pixels of the squares whose mean light goes on where an image was filled in."""
STANDS_OUT = 4.0
"""How many times as often as the values next to it fill occurs, at least."""
_SHARED = 0.9  # of the anatomy's fill must be the tumour channel's, too
_FEWEST_VALUES = 8  # besides the constant, in an image that a camera has taken


def find_fill(image: Camera) -> Mask:
    """Return where one image was filled in.

    Parameters
    ----------
    image : ndarray, (Y, X), uint8, uint16 or floating, camera units

    Returns
    -------
    ndarray, (Y, X), bool
        Areas of the one constant that covers most of the image, where that is fill: see the module's notes.
        All False where there is none, and in a flat image, of which it cannot be told.

    Examples
    --------
    >>> image = np.arange(100, 200, dtype=np.uint16).reshape(10, 10)
    >>> bool(find_fill(image).any())
    False
    >>> image[:, :4] = 0
    >>> find_fill(image).sum(axis=0).tolist()
    [10, 10, 10, 10, 0, 0, 0, 0, 0, 0]
    """
    value = find_fill_value([image])
    return np.zeros(image.shape, bool) if value is None else fill_of(image, value)


def shared_fill(anatomy: Camera, tumour: Camera) -> Mask:
    """Return where nothing was imaged in a pair by itself, both channels (Y, X).

    Areas of the anatomy's constant, where the tumour channel has one of its own, and nearly wherever the
    anatomy has. What one channel alone holds, such as a background that was subtracted and clipped, is light.

    Examples
    --------
    >>> tumour = np.arange(100, 200, dtype=np.uint16).reshape(10, 10)
    >>> anatomy = tumour.copy()
    >>> anatomy[:, :4] = 0
    >>> bool(shared_fill(anatomy, tumour).any())
    False
    >>> tumour[:, :5] = 0
    >>> shared_fill(anatomy, tumour)[0].tolist()[:6]
    [True, True, True, True, False, False]
    """
    value, other = find_fill_value([anatomy]), find_fill_value([tumour])
    if value is None or other is None:
        return np.zeros(anatomy.shape, bool)
    found, shared = fill_of(anatomy, value), SharedFill(value, other)
    shared.add(found, tumour)
    return np.zeros(anatomy.shape, bool) if shared.values is None else found


class SharedFill:
    """Whether two constants, of either channel, are fill at the same places: counted pair by pair.

    Examples
    --------
    >>> shared = SharedFill(0.0, 7.0)
    >>> shared.add(np.array([True, True, False]), np.array([7, 7, 30]))
    >>> shared.values
    (0.0, 7.0)
    >>> shared.add(np.array([True, True, False]), np.array([30, 7, 30]))
    >>> shared.values is None
    True
    """

    def __init__(self, anatomy: float, tumour: float) -> None:
        self._anatomy, self._tumour = anatomy, tumour
        self._filled = self._both = 0

    def add(self, filled: Mask, tumour: Camera) -> None:
        """Count a pair: where its anatomy was filled in (`fill_of`), and its tumour channel."""
        self._filled += int(filled.sum())
        self._both += int((tumour[filled] == self._tumour).sum())

    @property
    def values(self) -> tuple[float, float] | None:
        """Both constants, or None where the tumour channel is not nearly wherever the anatomy is."""
        return (self._anatomy, self._tumour) if self._both >= _SHARED * self._filled else None


def fill_of(image: Camera, value: float) -> Mask:
    """Return the areas of `image`, (Y, X), that are exactly `value`: unions of squares of 3 x 3 pixels.

    A square may reach beyond the border. Single pixels of this value are left as light.
    """
    same, square = image == value, np.ones((3,) * image.ndim, bool)
    cores = ndimage.binary_erosion(same, square, border_value=1)
    return np.asarray(ndimage.binary_dilation(cores, square) & same, bool)


def nearest_light(fill: Mask) -> NDArray[np.intp]:
    """Return, for every pixel, the place of the nearest one that is not fill: indices into ``ravel()``.

    Its own place for a pixel that is no fill, and for all where there is nothing else.

    Examples
    --------
    >>> nearest_light(np.array([[True, True, False, False]])).tolist()
    [[2, 2, 2, 3]]
    """
    if fill.all() or not fill.any():
        return np.arange(fill.size).reshape(fill.shape)
    places = ndimage.distance_transform_edt(fill, return_distances=False, return_indices=True)
    return np.asarray(np.ravel_multi_index(tuple(places), fill.shape), np.intp)


def extend_light(image: Scaled, fill: Mask, usual: float) -> Scaled:
    """Return an image that goes on, where it was filled in, as bright as the light beside it.

    Parameters
    ----------
    image : ndarray, (Y, X), float
    fill : ndarray, (Y, X), bool
    usual : float
        What stands where there is no light at all.

    Returns
    -------
    ndarray, (Y, X), float
        At a pixel of fill, the mean light of the 7 x 7 pixels about the nearest pixel that is none.

    Examples
    --------
    >>> image = np.float32([[-1, -1, 0.5, 0.5]])
    >>> extend_light(image, image == -1, usual=0.0).tolist()
    [[0.5, 0.5, 0.5, 0.5]]
    """
    if fill.all():
        return np.full_like(image, usual)
    seen = ndimage.uniform_filter((~fill).astype(np.float64), BESIDE, mode="constant")
    light = ndimage.uniform_filter(np.where(fill, 0, image).astype(np.float64), BESIDE, mode="constant")
    beside = light / np.maximum(seen, 1 / (2 * BESIDE**2))
    return np.where(fill, beside.ravel()[nearest_light(fill)], image).astype(image.dtype)


def find_fill_value(images: Iterable[Camera]) -> float | None:
    """Return what a `FillSearch` finds in images of one channel, (Y, X) each, camera units."""
    found = FillSearch()
    for image in images:
        found.add(image)
    return found.value


class FillSearch:
    """What images of one channel were filled in with; they come one after the other, and are not kept.

    Examples
    --------
    >>> image = np.arange(100, 200, dtype=np.uint16).reshape(10, 10)
    >>> image[:, :4] = 0
    >>> search = FillSearch()
    >>> int(search.add(image).sum())
    40
    >>> search.value
    0.0
    """

    def __init__(self) -> None:
        self._areas: dict[float, int] = {}
        self._pixels = 0

    def add(self, image: Camera) -> Mask:
        """Count the areas of the values of an image that may be fill; return all its areas of one value."""
        self._pixels += image.size
        areas = constant_areas(image)
        for value in _candidates(image, areas):
            self._areas[value] = self._areas.get(value, 0) + int((image[areas] == value).sum())
        return areas

    @property
    def value(self) -> float | None:
        """The constant whose areas cover the largest share of all pixels, `LEAST_FILL` or more; or None."""
        if not self._areas:
            return None
        value = max(self._areas, key=lambda each: self._areas[each])
        return value if self._areas[value] >= LEAST_FILL * self._pixels else None


def constant_areas(image: Camera) -> Mask:
    """Return the areas of an image, (Y, X), that are of one value each: the `fill_of` of all values."""
    if not image.size:
        return np.zeros(image.shape, bool)
    flat = ndimage.minimum_filter(image, 3) == ndimage.maximum_filter(image, 3)
    return np.asarray(ndimage.binary_dilation(flat, np.ones((3,) * image.ndim, bool)), bool)


def _candidates(image: Camera, areas: Mask) -> list[float]:
    """Return the values of an image that stand out, come in areas, and are not its brightest."""
    if not areas.any():
        return []
    values, counts = np.unique(image, return_counts=True)
    if len(values) <= _FEWEST_VALUES:
        return []
    found = np.unique(image[areas])
    return [float(v) for v in found if v < values[-1] and _stands_out(v, values, counts)]


def _stands_out(value: np.generic, values: AnyArray, counts: NDArray[np.intp]) -> bool:
    """Decide whether a value is far more frequent than the next ones that occur, which may not be 1 apart."""
    place = int(np.searchsorted(values, value))
    beside = [*counts[max(0, place - 1) : place], *counts[place + 1 : place + 2]]
    return bool(counts[place] >= STANDS_OUT * max(beside))
