"""Single tumours of a label: connected components, diagonal neighbours included.

The only place that says what one tumour is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.types import Mask


def number_tumours(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Number the tumours of a mask from 1, and measure them.

    Parameters
    ----------
    mask : ndarray, (Y, X) or (Z, Y, X), bool
        Tumours are connected components, diagonal neighbours included.

    Returns
    -------
    numbered : ndarray, the mask's shape, int32
        0 outside, 1 to n inside the n tumours, in the order of a line-by-line scan.
    areas : ndarray, (n,), intp
        Their pixels (voxels), in this order; length 0 for an empty mask.

    Examples
    --------
    >>> numbered, areas = number_tumours(np.array([[1, 0, 0, 1], [0, 1, 0, 0]], bool))
    >>> numbered.tolist(), areas.tolist()
    ([[1, 0, 0, 2], [0, 1, 0, 0]], [2, 1])
    """
    numbered, count = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    areas = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    return numbered.astype(np.int32, copy=False), areas


def sizes(mask: Mask) -> NDArray[np.intp]:
    """Return the area of each tumour in a mask: the second of what `number_tumours` gives.

    Examples
    --------
    >>> sizes(np.array([[1, 0, 0, 1], [0, 1, 0, 0]], bool)).tolist()
    [2, 1]
    """
    return number_tumours(mask)[1]
