"""Single tumours of a label: connected components, diagonal neighbours included, and cut out as small masks.

The only place that says what one tumour is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.errors import ArrayError
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


def tight(mask: Mask) -> Mask:
    """Cut a mask, (Y, X), to the smallest rectangle that holds all of it; a copy.

    Raises
    ------
    ArrayError
        If the mask is not boolean, has other axes, or is empty.

    Examples
    --------
    >>> tight(np.array([[0, 0, 0], [0, 1, 1]], bool))
    array([[ True,  True]])
    """
    check_mask(mask, "shape")
    if not mask.any():
        raise ArrayError(f"shape of {mask.shape} is empty", "at least one pixel of tumour", "Leave it out")
    rows, columns = (np.unique(indices) for indices in np.nonzero(mask))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()


def cut_tumours(label: Mask) -> list[Mask]:
    """Return the whole tumours of a label, (Y, X), as tight masks, in the order of `number_tumours`.

    Those that touch the image's border are left out: nobody knows how they go on. Empty for an empty label.

    Raises
    ------
    ArrayError
        If the label is not boolean or has other axes.

    Examples
    --------
    >>> label = np.zeros((5, 5), bool)
    >>> label[0, 0] = label[2, 2] = label[3, 3] = True
    >>> [shape.astype(int).tolist() for shape in cut_tumours(label)]
    [[[1, 0], [0, 1]]]
    """
    return [shape for _, shape in locate_tumours(label)]


def locate_tumours(label: Mask) -> list[tuple[tuple[slice, ...], Mask]]:
    """Return what `cut_tumours` gives, each with the rows and columns that it was cut from.

    Examples
    --------
    >>> label = np.zeros((4, 4), bool)
    >>> label[1:3, 2] = True
    >>> [(box, shape)] = locate_tumours(label)
    >>> box, shape.shape
    ((slice(1, 3, None), slice(2, 3, None)), (2, 1))
    """
    check_mask(label, "label")
    numbered, _ = number_tumours(label)
    edges = (numbered[0], numbered[-1], numbered[:, 0], numbered[:, -1])
    cut = set(np.concatenate(edges).tolist()) if label.size else set()
    boxes = enumerate(ndimage.find_objects(numbered), start=1)
    return [(box, numbered[box] == number) for number, box in boxes if number not in cut]


def check_mask(mask: Mask, name: str) -> None:
    """Refuse what is not a boolean (Y, X) array; `name` is what the error calls it."""
    ArrayError.if_masked(name, mask)
    if mask.dtype != np.bool_ or mask.ndim != 2:
        given = f"{name} has dtype {mask.dtype} and shape {mask.shape}"
        raise ArrayError(given, "a bool mask with axes (Y, X)", "Use metgan.labels.check_binary on it first")
