"""Which part of an image is meant, as a slice for each axis: the same in two dimensions and in three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metgan.errors import ArrayError

Index = tuple[int | slice, ...]
"""What picks a part of an array, one entry per axis."""


@dataclass(frozen=True)
class Region:
    """A part of an image: the shape of the whole, and a slice for each of its axes.

    Parameters
    ----------
    whole : tuple of int
    index : tuple of slice
        With steps of 1 or more.

    Raises
    ------
    ArrayError
        When there are more or fewer slices than axes.

    Examples
    --------
    >>> Region((5, 9, 9), (slice(1, 5, 2), slice(4, 9), slice(None))).shape
    (2, 5, 9)
    """

    whole: tuple[int, ...]
    index: tuple[slice, ...]

    def __post_init__(self) -> None:
        check_region(self.index, self.whole)

    @classmethod
    def all_of(cls, whole: tuple[int, ...]) -> Region:
        """Return the region that is all of an image of this shape."""
        return cls(whole, (slice(None),) * len(whole))

    @property
    def shape(self) -> tuple[int, ...]:
        """How many pixels there are along each axis."""
        return tuple(map(len, self._places))

    def covers(self, other: Region) -> bool:
        """Return whether all of another region of the same whole is within this one.

        Examples
        --------
        >>> every_second = Region((9, 9), (slice(0, 9, 2), slice(None)))
        >>> every_second.covers(Region((9, 9), (slice(4, 5), slice(3))))
        True
        >>> every_second.covers(Region((9, 9), (slice(4, 6), slice(3))))
        False
        """
        sides = zip(other._places, self._places, strict=True)
        return all(place in mine for their, mine in sides for place in (*their[:2], *their[-1:]))

    def place(self, index: Sequence[int | slice]) -> Index:
        """Return where a part of the whole, an int or a slice per axis, lies in an array of this region.

        Examples
        --------
        >>> region = Region((5, 9, 9), (slice(1, 5, 2), slice(4, 9), slice(0, 9)))
        >>> region.place((3, slice(4, 8), slice(2, 6)))
        (1, slice(0, 4, None), slice(2, 6, None))
        """
        return tuple(
            _place(mine, wanted, length)
            for mine, wanted, length in zip(self._places, index, self.whole, strict=True)
        )

    @property
    def _places(self) -> list[range]:
        return [range(length)[wanted] for length, wanted in zip(self.whole, self.index, strict=True)]


def _place(mine: range, wanted: int | slice, length: int) -> int | slice:
    if isinstance(wanted, int):
        return mine.index(wanted)
    asked = range(length)[wanted]
    first, last = mine.index(asked[0]), mine.index(asked[-1])
    step = mine.index(asked[1]) - first if len(asked) > 1 else 1
    return slice(first, last + 1, None if step == 1 else step)


def check_region(region: Sequence[slice], shape: tuple[int, ...]) -> None:
    """Refuse slices that are not one per axis of an image.

    Examples
    --------
    >>> try:
    ...     check_region((slice(3),), (4, 5))
    ... except ArrayError as error:
    ...     print(error)
    1 slices for an image of shape (4, 5); expected one slice for each axis. Give slice(None) for all of one.
    """
    if len(region) != len(shape):
        raise ArrayError(
            f"{len(region)} slices for an image of shape {shape}",
            "one slice for each axis",
            "Give slice(None) for all of one",
        )
