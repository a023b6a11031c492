"""How often each brightness occurs in images that come one after the other, and are not kept.

Of whole numbers all are counted, so that percentiles are those of all pixels. Floats are kept as they are, up
to `MOST_PIXELS` of them; of more, a part that is drawn evenly, and the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metgan.seeding import stream
from metgan.types import AnyArray

MOST_PIXELS: Final = 2**24
"""Floats of a channel that are kept, at most: 67 MB. The percentiles of as many drawn ones are off by less
than 0.0001 in share."""
_VALUES = 2**16  # of uint16, and of uint8


class Histogram:
    """Exact counts of the brightnesses of many pixels, uint8 or uint16.

    Examples
    --------
    >>> light = Histogram(np.dtype(np.uint16))
    >>> for image in ([[100, 300]], [[200, 400]]):
    ...     light.add(np.array(image, np.uint16))
    >>> light.size, light.brightest, light.percentiles([50]), light.middle().tolist()
    (4, 400.0, [250.0], [200, 300])
    """

    def __init__(self, dtype: np.dtype[np.generic]) -> None:
        self.dtype = dtype
        self.counts = np.zeros(_VALUES, np.int64)

    def add(self, pixels: AnyArray) -> None:
        """Count the pixels of an array of any shape."""
        counts = np.bincount(pixels.ravel())
        self.counts[: counts.size] += counts

    @property
    def size(self) -> int:
        """How many pixels there are."""
        return int(self.counts.sum())

    @property
    def brightest(self) -> float:
        """The largest value."""
        return float(self.counts.nonzero()[0][-1])

    def percentiles(self, shares: Iterable[float]) -> list[float]:
        """Return what `numpy.percentile` does of all pixels; `shares` in per cent."""
        place = (self.size - 1) * np.true_divide([*shares], 100)
        before = np.floor(place).astype(np.int64)
        low, high = self._sorted(before), self._sorted(np.minimum(before + 1, self.size - 1))
        way, step = place - before, high - low
        return [float(v) for v in np.where(way < 0.5, low + step * way, high - step * (1 - way))]

    def middle(self) -> AnyArray:
        """Return the one or two values in the middle, whose mean is the median; none of no pixel."""
        size = self.size
        places = np.unique([(size - 1) // 2, size // 2]) if size else np.empty(0, np.int64)
        return self._sorted(places).astype(self.dtype)

    def counts_from(self, share: float) -> NDArray[np.int64]:
        """Count each value that occurs, from that percentile on, in their order."""
        (least,) = self.percentiles([share])
        counts = self.counts[int(np.ceil(least)) :]
        return counts[counts > 0]

    def mean(self, scale: Callable[[AnyArray], AnyArray]) -> float:
        """Return the mean of the values once they are mapped, each by itself."""
        (values,) = self.counts.nonzero()
        return float(
            np.average(scale(values.astype(self.dtype)).astype(np.float64), weights=self.counts[values])
        )

    def _sorted(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the values that all pixels would have at these places if they were sorted."""
        return np.searchsorted(np.cumsum(self.counts), places, side="right").astype(np.int64)


class PixelSample:
    """Floats that answer the same questions as a `Histogram`: all of them, or `most` evenly drawn ones.

    Examples
    --------
    >>> light = PixelSample(np.dtype(np.float32))
    >>> light.add(np.array([[0.25, 0.75]], np.float32))
    >>> light.size, light.percentiles([50])
    (2, [0.5])
    """

    def __init__(self, dtype: np.dtype[np.generic], most: int = MOST_PIXELS) -> None:
        self.dtype = dtype
        self.most = most
        self._parts: list[AnyArray] = [np.empty(0, dtype)]
        self._kept = 0
        self._share = 1.0
        self._rng = stream(0, "pixel sample")

    def add(self, pixels: AnyArray) -> None:
        """Keep the pixels of an array of any shape, or their part; halve all where they become too many."""
        self._keep(self._drawn(pixels.ravel(), self._share))
        while self._kept > self.most:
            self._share /= 2
            kept, self._parts, self._kept = self.pixels, [], 0
            self._keep(self._drawn(kept, 0.5))

    @property
    def pixels(self) -> AnyArray:
        """Those that are kept, (n,)."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]

    @property
    def size(self) -> int:
        """How many are kept."""
        return self._kept

    @property
    def brightest(self) -> float:
        """The largest that is kept."""
        return float(self.pixels.max())

    def percentiles(self, shares: Iterable[float]) -> list[float]:
        """Return what `numpy.percentile` does."""
        return [float(v) for v in np.percentile(self.pixels, [*shares])]

    def middle(self) -> AnyArray:
        """Return the one or two values in the middle."""
        if not self._kept:
            return self.pixels
        places = np.unique([(self._kept - 1) // 2, self._kept // 2])
        return np.asarray(np.partition(self.pixels, places)[places])

    def counts_from(self, share: float) -> NDArray[np.int64]:
        """Count each value that occurs, from that percentile on."""
        pixels = self.pixels
        _, counts = np.unique(pixels[pixels >= np.percentile(pixels, share)], return_counts=True)
        return counts

    def mean(self, scale: Callable[[AnyArray], AnyArray]) -> float:
        """Return the mean of the mapped values."""
        return float(scale(self.pixels).mean(dtype=np.float64))

    def _keep(self, pixels: AnyArray) -> None:
        self._parts.append(pixels)
        self._kept += pixels.size

    def _drawn(self, pixels: AnyArray, share: float) -> AnyArray:
        return pixels if share == 1 else pixels[self._rng.random(pixels.size) < share]


PixelValues = Histogram | PixelSample
"""The brightnesses of many pixels of one dtype."""


def pixel_values(dtype: np.dtype[np.generic]) -> PixelValues:
    """Return an empty count for pixels of a camera's dtype."""
    return Histogram(dtype) if dtype in (np.uint8, np.uint16) else PixelSample(dtype)
