"""From one level to the next: fewer voxels, each for several."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np

from metgan.types import AnyArray

_EXACT_IN_FLOAT32 = 2  # bytes: sums of a few are


def downsample(array: AnyArray, step: tuple[int, ...], *, largest: bool) -> AnyArray:
    """Return the means of small blocks, rounded to the dtype, or their largest values.

    Parameters
    ----------
    array : ndarray, of integers or floats
    step : tuple of int
        Sides of a block; at the end of an axis, of what is left.
    largest : bool
        The largest values instead of the means.

    Examples
    --------
    >>> downsample(np.array([[1, 3, 8]], np.uint8), (1, 2), largest=False)
    array([[2, 8]], dtype=uint8)
    >>> downsample(np.array([[1, 3, 8]], np.uint8), (1, 2), largest=True)
    array([[3, 8]], dtype=uint8)
    """
    odd = [(0, -n % s) for n, s in zip(array.shape, step, strict=True)]
    is_short = array.dtype.kind in "ui" and array.dtype.itemsize <= _EXACT_IN_FLOAT32
    made = np.pad(array, odd, mode="edge")
    if not largest:
        made = made.astype(np.float32 if is_short else np.float64)
    for axis, length in enumerate(step):
        before = (slice(None),) * axis
        parts = [made[(*before, slice(k, None, length))] for k in range(length)]
        made = reduce(np.maximum if largest else np.add, parts)
    if largest:
        return made
    mean = made / math.prod(step)
    return np.asarray(np.rint(mean) if array.dtype.kind in "ui" else mean, array.dtype)
