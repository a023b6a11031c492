"""An image in strips of rows, so that what is computed of it takes the memory of a strip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

ROWS = 256
"""Rows of a strip: of 4096 pixels, 8 MB in double precision."""


class Strip(NamedTuple):
    """Some rows of an image, and those around them that their pixels depend on.

    Parameters
    ----------
    rows : slice
        Of the image.
    around : slice
        Of the image, with as many rows on either side as were asked for, where the image has them.
    inner : slice
        The rows again, counted from the first of `around`.
    """

    rows: slice
    around: slice
    inner: slice


def strips(rows: int, reach: int = 0) -> Iterator[Strip]:
    """Divide an image of so many rows into strips, from the top; `reach` rows around each are told, too.

    Examples
    --------
    >>> [(each.rows, each.around, each.inner) for each in strips(300, reach=4)][1]
    (slice(256, 300, None), slice(252, 300, None), slice(4, 48, None))
    """
    for top in range(0, rows, ROWS):
        bottom, first = min(top + ROWS, rows), max(top - reach, 0)
        around = slice(first, min(bottom + reach, rows))
        yield Strip(slice(top, bottom), around, slice(top - first, bottom - first))
