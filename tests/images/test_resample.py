"""Voxels of another size: what fills a volume stays one value, and parts have the bits of the whole."""

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


@pytest.mark.parametrize("kind", [np.bool_, np.uint16, np.float32])
@pytest.mark.parametrize("steps", [(1.4, 1.75, 1.5555), (4.5, 5.5, 6.5), (0.6, 1.0, 2.0)])
def test_a_part_has_the_bits_of_the_whole(kind: type[np.generic], steps: tuple[float, float, float]) -> None:
    """A mask is cut at the half: a voxel on it would be labelled in one part, and not in another."""
    volume = np.random.default_rng(0).integers(0, 2 if kind is np.bool_ else 4095, (14, 50, 60)).astype(kind)
    resampling = Resampling(volume.shape, steps)
    whole = resampling.read(volume.__getitem__, WHOLE)
    planes, rows, columns = whole.shape
    for part in (
        (slice(0, 1), slice(0, rows), slice(0, columns)),
        (slice(planes // 2, planes), slice(1, 2), slice(0, columns)),
        (slice(0, planes), slice(rows // 2, rows), slice(columns // 3, columns // 3 + 1)),
    ):
        assert np.array_equal(resampling.read(volume.__getitem__, part), whole[part])
