"""Pairs that stay on the disk: each is read when it is asked for, and kept where there is room for it.

Notes
-----
What is kept are the pairs that were read first, not those that were read last. An epoch asks for each pair
once, so that of a set larger than the memory those read last would all be gone by their next turn.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, overload

from metgan.errors import SettingError

from .entry import Entry
from .sample import Pair, read_pair

CACHE_BYTES: Final = 128 * 2**20
"""Memory for the pixels of one part of a set: 340 pairs of 256 x 256 pixels of 16 bits."""


class PairSequence(Sequence[Pair]):
    """Pairs by number, of which none need be in memory before it is asked for."""

    @property
    @abstractmethod
    def entries(self) -> Sequence[Entry]:
        """What is known of each pair without its images."""

    @abstractmethod
    def _read(self, place: int) -> Pair:
        """Return the pair at a place from 0 to the last."""

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> PairView: ...
    def __getitem__(self, index: int | slice) -> Pair | PairView:
        places = range(len(self))
        if isinstance(index, slice):
            return PairView(self, places[index])
        return self._read(places[index])


class StoredPairs(PairSequence):
    """Pairs of a set on the disk; each is read and checked when it is asked for.

    Those that were read first are kept, so that a small set is read once, however often it is asked for.
    Copies in other processes keep their own.

    Parameters
    ----------
    entries : iterable of Entry
        Such as a `PairSet`.
    cache_bytes : int, 0 or more, default `CACHE_BYTES`
        Memory for the pixels that are kept: 6 bytes per pixel of 16-bit data, the mask of fill included.

    Raises
    ------
    SettingError
        For less than 0 bytes. Asking for a pair raises what `read_pair` does.

    Examples
    --------
    >>> pairs = StoredPairs([])
    >>> len(pairs), [*pairs]
    (0, [])
    """

    def __init__(self, entries: Iterable[Entry], cache_bytes: int = CACHE_BYTES) -> None:
        if cache_bytes < 0:
            raise SettingError(f"cache_bytes={cache_bytes}", "0 or more", "Choose 0 to keep none")
        self._entries = tuple(entries)
        self._cache_bytes = cache_bytes
        self._kept: dict[int, Pair] = {}
        self._free = cache_bytes

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The rows of the pair set."""
        return self._entries

    def _read(self, place: int) -> Pair:
        if place in self._kept:
            return self._kept[place]
        pair = read_pair(self._entries[place])
        size = pair.anatomy.nbytes + pair.tumour.nbytes + 2 * pair.label.nbytes  # label, and mask of fill
        size += 0 if pair.ignored is None else pair.ignored.nbytes
        if size <= self._free:
            self._free -= size
            self._kept[place] = pair
        return pair

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is kept behind: a worker that gets a copy reads for itself."""
        return {**vars(self), "_kept": {}, "_free": self._cache_bytes}


class PairView(PairSequence):
    """Some of the pairs of a sequence, in another order, or with the labels of others.

    Parameters
    ----------
    pairs : sequence of Pair
    places : sequence of int
        Of the pairs that are shown.
    labels : sequence of int or None, default None
        Of the pairs whose labels they get; None for their own.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((1, 1), np.uint8)
    >>> pairs = [Pair(Entry(name, name, "", "", {}), image, image, image > 0) for name in "abc"]
    >>> [pair.entry.name for pair in PairView(pairs, [2, 0])]
    ['c', 'a']
    """

    def __init__(
        self, pairs: Sequence[Pair], places: Sequence[int], labels: Sequence[int] | None = None
    ) -> None:
        self._pairs, self._places, self._labels = pairs, places, labels

    @property
    def entries(self) -> list[Entry]:
        """Theirs, in their order."""
        entries = entries_of(self._pairs)
        return [entries[place] for place in self._places]

    def __len__(self) -> int:
        return len(self._places)

    def _read(self, place: int) -> Pair:
        pair = self._pairs[self._places[place]]
        if self._labels is None or self._labels[place] == self._places[place]:
            return pair
        lent = self._pairs[self._labels[place]]
        return replace(pair, label=lent.label, ignored=lent.ignored)


class JoinedPairs(PairSequence):
    """The pairs of several sequences, one after the other.

    Examples
    --------
    >>> len(JoinedPairs(StoredPairs([]), []))
    0
    """

    def __init__(self, *parts: Sequence[Pair]) -> None:
        self._parts = parts

    @property
    def entries(self) -> list[Entry]:
        """Theirs, in their order."""
        return [entry for part in self._parts for entry in entries_of(part)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def _read(self, place: int) -> Pair:
        for part in self._parts:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(place)


def entries_of(pairs: Sequence[Pair]) -> Sequence[Entry]:
    """Return what is known of pairs without their images, which are not read for it."""
    return pairs.entries if isinstance(pairs, PairSequence) else [pair.entry for pair in pairs]
