"""From one level to the next: fewer voxels, each for several."""

from __future__ import annotations

import numpy as np

from metgan.types import AnyArray


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
    whole = np.pad(array, odd, mode="edge")
    split = whole.reshape([m for n, s in zip(whole.shape, step, strict=True) for m in (n // s, s)])
    inner = tuple(range(1, split.ndim, 2))
    if largest:
        return np.asarray(split.max(axis=inner), array.dtype)
    mean = split.mean(axis=inner, dtype=np.float64)
    return np.asarray(np.rint(mean) if array.dtype.kind in "ui" else mean, array.dtype)
