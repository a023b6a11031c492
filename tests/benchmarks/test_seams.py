"""Seams and drift between blocks, and jumps between planes."""

from __future__ import annotations

import doctest
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from metgan.errors import ArrayError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import seams
from seams import block_drift, plane_jump, seam_ratio


def smooth(shape: tuple[int, ...], seed: int = 0, width: float = 6) -> np.ndarray:
    blurred = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), width)
    return blurred / blurred.std()


def test_a_step_at_each_border_is_a_seam_along_either_axis() -> None:
    image = smooth((200, 260))
    stepped = image + 0.2 * (np.arange(200)[:, None] // 50 % 2)
    assert seam_ratio(image, (50, 64)) == pytest.approx(1, abs=0.2)
    assert seam_ratio(stepped, (50, 64)) > 1.5
    assert seam_ratio(stepped.T, (64, 50)) == pytest.approx(seam_ratio(stepped, (50, 64)))
    assert seam_ratio(stepped, (64, 64)) == pytest.approx(1, abs=0.25)  # other blocks than there are


def test_the_ratio_is_that_of_the_mean_jumps() -> None:
    """Columns 0 1 3 | 7 8 10: jumps 1 2 [4] 1 2; rows do not differ."""
    image = np.tile([0.0, 1, 3, 7, 8, 10], (4, 1))
    expected = 4 / ((1 + 2 + 1 + 2) * 4 / (4 * 4 + 3 * 6))  # 16 others along X, 18 along Y
    assert seam_ratio(image, (9, 3)) == pytest.approx(expected)
    assert seam_ratio(np.stack([image, image]), (9, 3)) == pytest.approx(expected)


def test_brightness_that_drifts_from_block_to_block_is_found_under_noise() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(3, 300, 256))
    assert block_drift(noise, (100, 64)) == pytest.approx(1, abs=0.35)
    drifting = noise + 0.3 * np.kron(rng.normal(size=(3, 3, 4)), np.ones((1, 100, 64)))
    assert seam_ratio(drifting, (100, 64)) < 1.1
    assert block_drift(drifting, (100, 64)) > 3
    assert block_drift(drifting.swapaxes(1, 2), (64, 100)) == pytest.approx(block_drift(drifting, (100, 64)))


def test_a_gradient_of_light_is_no_drift() -> None:
    image = np.linspace(0, 100, 300)[:, None] + np.linspace(0, 40, 256)
    assert block_drift(image, (100, 64)) == pytest.approx(1, abs=0.15)


def test_what_is_undefined_is_nan() -> None:
    flat = np.zeros((100, 100))
    assert math.isnan(seam_ratio(flat, (50, 50)))
    assert math.isnan(block_drift(flat, (50, 50)))
    assert math.isnan(seam_ratio(smooth((40, 40)), (64, 64)))
    assert math.isnan(block_drift(smooth((40, 40)), (64, 64)))
    assert math.isnan(plane_jump(smooth((1, 40, 40))))


def test_planes_that_were_shuffled_jump_and_those_that_are_alike_do_not() -> None:
    volume = smooth((40, 60, 60))
    assert plane_jump(volume) == pytest.approx(1, abs=0.1)
    assert plane_jump(volume[np.random.default_rng(0).permutation(40)]) > 2
    assert plane_jump(np.repeat(volume[:1], 5, axis=0)) == 0


def test_whole_numbers_do_not_wrap_around() -> None:
    image = np.array([[0, 255, 0, 255]] * 2, np.uint8)
    assert seam_ratio(image, (2, 2)) == pytest.approx(255 / (4 * 255 / 8))  # 4 others along X, 4 along Y


def test_arrays_and_blocks_of_no_use_are_refused() -> None:
    with pytest.raises(ArrayError, match="blocks of 32 x 64"):
        block_drift(smooth((100, 100)), (32, 64))
    with pytest.raises(ArrayError, match="volume"):
        plane_jump(smooth((9, 9)))
    with pytest.raises(ArrayError, match=r"shape \(2, 2, 2, 2\)"):
        seam_ratio(np.zeros((2, 2, 2, 2)), (1, 1))


def test_the_examples_are_right() -> None:
    assert doctest.testmod(seams).failed == 0
