"""Labels made of labels: checked, thresholded and turned.

Nothing here draws a random number: the caller draws, these functions carry out, so that a recipe can be
written down and repeated.

Notes
-----
The decision a reader would question is `check_binary`, which refuses a third value instead of guessing what
it means.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from metgan.errors import ArrayError, SettingError
from metgan.types import AnyArray, Mask

SYMMETRIES = 8
"""Number of symmetries of the square; indices of `symmetry` run from 0 to 7."""

MOST_NUMBERS = 32
"""Values of a mask from which an error says that it looks like an image."""

Pixel = TypeVar("Pixel", bound=np.generic)


_THRESHOLD = (
    "Choose a threshold: metgan prepare has --labels-above; elsewhere write the masks anew, in Python with "
    "metgan.labels.binarise(label, above=...)"
)


def check_binary(label: AnyArray, name: str = "label", remedy: str = _THRESHOLD) -> Mask:
    """Read a two-valued array as a mask; refuse any other.

    Parameters
    ----------
    label : ndarray, any shape, bool, integer or floating, values {0, v} with one v > 0
        Zeros alone (no tumour) and v alone are fine.
    name : str
        What to call the array in the error: a file name, or ``"label"``.
    remedy : str
        What to do about more values, where the error is printed.

    Returns
    -------
    ndarray, the same shape, bool, new
        True where the label is v.

    Raises
    ------
    ArrayError
        If there are more values, negative ones, nan or infinity.

    Examples
    --------
    >>> check_binary(np.array([[0, 255]]))
    array([[False,  True]])
    >>> check_binary(np.array([[0, 1, 2]]))
    Traceback (most recent call last):
        ...
    metgan.errors.ArrayError: label has values {0, 1, 2}; expected a binary mask {0, v}, v > 0. \
Choose a threshold: metgan prepare has --labels-above; elsewhere write the masks anew, in Python with \
metgan.labels.binarise(label, above=...).
    """
    _check_numbers(label, name)
    mask: Mask = label > 0
    if (label < 0).any() or (mask.any() and (label[mask] != label.max()).any()):
        given, expected = f"{name} has values {_listed(label)}", "a binary mask {0, v}, v > 0"
        if (values := np.unique(label).size) > MOST_NUMBERS:
            given += f": {values} in all, more than {MOST_NUMBERS}, so that it looks like an image"
            otherwise = remedy[:1].lower() + remedy[1:]
            remedy = f"If it is one, give the file of the mask instead. Otherwise, {otherwise}"
        raise ArrayError(given, expected, remedy)
    return mask


def binarise(label: AnyArray, above: float = 0) -> Mask:
    """Return the mask of the pixels strictly above a threshold, of the label's shape.

    Parameters
    ----------
    label : ndarray, any shape, bool, integer or floating
        A probability map, an instance map, or an image.
    above : float, in the label's units

    Raises
    ------
    ArrayError
        If the label holds anything but real, finite numbers, or masked pixels.

    Examples
    --------
    >>> binarise(np.array([[0, 1, 2]]), above=1)
    array([[False, False,  True]])
    """
    _check_numbers(label, "label")
    return np.asarray(label > above, bool)


def symmetry(image: NDArray[Pixel], index: int) -> NDArray[Pixel]:
    """Turn or mirror an image by one of the eight symmetries of the square.

    Parameters
    ----------
    image : ndarray, (..., Y, X), any dtype
        A label, an image or a stack; the last two axes are turned, the others kept.
    index : int, 0 to 7
        0 to 3: so many quarter turns, counter-clockwise with Y downwards; 0 is the identity.
        4 to 7: mirror left and right, then ``index - 4`` quarter turns. 1 and 3 undo each
        other; each other one undoes itself.

    Returns
    -------
    ndarray, (..., Y, X), or (..., X, Y) for odd indices
        A new contiguous array with the same pixels.

    Raises
    ------
    ArrayError, SettingError
        If the image has fewer than two axes; if the index is not one of the eight.

    Examples
    --------
    >>> image = np.array([[1, 2], [3, 4]])
    >>> symmetry(image, 1).tolist(), symmetry(image, 4).tolist()
    ([[2, 4], [1, 3]], [[2, 1], [4, 3]])
    """
    if image.ndim < 2:
        raise ArrayError(f"image has shape {image.shape}", "axes (..., Y, X)", "Give at least two axes")
    if index not in range(SYMMETRIES):
        raise SettingError(f"symmetry index {index}", "0 to 7", "Draw it with rng.integers(8)")
    mirrored = image if index < 4 else image[..., ::-1]
    return np.rot90(mirrored, index % 4, axes=(-2, -1)).copy()


def _check_numbers(label: AnyArray, name: str) -> None:
    ArrayError.if_masked(name, label)
    if label.dtype.kind not in "buif":
        raise ArrayError(f"{name} has dtype {label.dtype}", "bool, integer or floating", "Convert it first")
    if not np.isfinite(label).all():
        count = np.count_nonzero(~np.isfinite(label))
        raise ArrayError(f"{name} has {count} values of nan or infinity", "finite values", "Replace them")


def _listed(label: AnyArray) -> str:
    """Write the values of an array as a set, the first five by size."""
    values = [f"{value:g}" for value in np.unique(label)]
    return "{" + ", ".join(values[:5] + ["..."] * (len(values) > 5)) + "}"
