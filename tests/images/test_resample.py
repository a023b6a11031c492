"""Voxels of another size: what fills a volume stays one value."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.images import Resampling

WHOLE = (slice(None),) * 3


@pytest.mark.parametrize("fill", [np.float32(100.1), np.float64(-1023.7), np.uint16(4095)])
@pytest.mark.parametrize("steps", [(1.0, 1.3, 1.7), (2.5, 0.6, 1.3)])
def test_a_constant_is_the_same_constant_in_voxels_of_another_size(
    fill: np.generic, steps: tuple[float, ...]
) -> None:
    """Fill is found by its value, which in floats must not vary in the last bit."""
    volume = np.full((4, 50, 60), fill)
    found = Resampling(volume.shape, steps).read(volume.__getitem__, WHOLE)
    kept = np.rint(found) if volume.dtype.kind == "u" else found.astype(np.float32)
    assert np.unique(kept).tolist() == [np.float32(fill)]
