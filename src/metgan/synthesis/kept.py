"""What a request computes again and again, computed once: bounded by bytes, the longest unused goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MOST_BYTES: Final = 2**28
"""A quarter of a GiB: 700 images of 256 x 256 pixels, with what is left of them."""


class Kept:
    """Values by key, as long as there is room. Several threads may use one.

    Examples
    --------
    >>> kept = Kept(most_bytes=2)
    >>> for key in "abca":
    ...     kept.keep(key, key.upper(), size=1)
    >>> kept.get("a"), kept.get("b"), kept.get("c")
    ('A', None, 'C')
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._values: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._bytes = 0
        self._door = threading.Lock()

    def __reduce__(self) -> tuple[Callable[[int], Kept], tuple[int]]:
        """Pickle it empty: another process computes its own."""
        return Kept, (self.most_bytes,)

    def get(self, key: Hashable) -> object | None:
        """Return what is kept under a key, or None."""
        with self._door:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def keep(self, key: Hashable, value: object, size: int) -> None:
        """Keep a value of so many bytes; one that is larger than all the room is not."""
        if size > self.most_bytes:
            return
        with self._door:
            self._bytes += size - self._values.pop(key, (None, 0))[1]
            self._values[key] = value, size
            while self._bytes > self.most_bytes:
                self._bytes -= self._values.popitem(last=False)[1][1]
