"""A volume that is read in parts is indexed as an array is, and refuses what it cannot do."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.errors import ArrayError
from metgan.images import LazyVolume

ARRAY = np.arange(3 * 5 * 7).reshape(3, 5, 7)
LAZY = LazyVolume(ARRAY.shape, ARRAY.__getitem__, (2, 5, 4))


@pytest.mark.parametrize(
    "index",
    [(0,), (slice(1, 3), 4), (slice(None), slice(-2, None), slice(2, 99)), (2, 3, 6), (slice(0, 2, 1),)],
)
def test_a_part_is_that_of_the_array(index: tuple[int | slice, ...]) -> None:
    np.testing.assert_array_equal(LAZY[index], ARRAY[index])


@pytest.mark.parametrize("step", [2, 3, -1])
def test_slices_with_a_step_are_refused(step: int) -> None:
    with pytest.raises(ArrayError, match="expected slices without a step"):
        LAZY[slice(None, None, step), 0]


def test_blocks_are_the_whole() -> None:
    seen = np.zeros(ARRAY.shape, int)
    for block in LAZY.blocks():
        seen[block] += 1
    assert (seen == 1).all()
    assert len([*LAZY.blocks()]) == 4
