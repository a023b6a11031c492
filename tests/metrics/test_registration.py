"""Shifts between channels that are known, and channels that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from metgan.metrics import LEAST_SIDE, ChannelShift, measure_shift

SIDE, MARGIN, CROPS = 96, 8, 6
Image = NDArray[np.float64]
Crosstalk = Callable[[Image], Image]


def cloud(rng: np.random.Generator) -> Image:
    """Smooth structure with a margin about it."""
    side = SIDE + 2 * MARGIN
    image: Image = ndimage.gaussian_filter(rng.normal(size=(side, side)), 2)
    return 1000 + 200 * image / image.std()


def crops(
    down: int, right: int, crosstalk: Crosstalk = lambda tissue: 0.5 * tissue, seed: int = 0
) -> list[tuple[Image, Image]]:
    """Anatomies, and tumour channels of a dye with crosstalk; what both show lies further down and right."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(CROPS):
        tissue, dye = cloud(rng), 0.3 * cloud(rng)
        y, x = MARGIN - down, MARGIN - right
        moved = crosstalk(tissue)[y : y + SIDE, x : x + SIDE]
        anatomy = tissue[MARGIN:-MARGIN, MARGIN:-MARGIN]
        tumour = moved + dye[:SIDE, :SIDE]
        images.append((anatomy + rng.normal(0, 10, anatomy.shape), tumour + rng.normal(0, 10, tumour.shape)))
    return images


@pytest.mark.parametrize("shift", [(1, 0), (0, -1), (2, 3), (-5, 4), (8, -8)])
def test_a_known_shift_is_found(shift: tuple[int, int]) -> None:
    found = measure_shift(crops(*shift))
    assert (found.down, found.right) == shift
    assert found.is_known
    assert found.is_shifted
    assert found.agreeing == found.asked == CROPS


def test_registered_channels_have_no_shift() -> None:
    found = measure_shift(crops(0, 0))
    assert (found.down, found.right) == (0, 0)
    assert found.is_known
    assert not found.is_shifted


@pytest.mark.parametrize(
    "crosstalk",
    [lambda tissue: -0.5 * tissue, lambda tissue: 0.2 * tissue, lambda tissue: 3e5 / tissue, np.square],
    ids=["inverted", "weak", "reciprocal", "square"],
)
def test_contrast_does_not_matter(crosstalk: Crosstalk) -> None:
    found = measure_shift(crops(3, -2, crosstalk))
    assert found.is_shifted
    assert (found.down, found.right) == (3, -2)


@pytest.mark.parametrize("seed", range(5))
def test_of_channels_without_common_structure_nothing_can_be_told(seed: int) -> None:
    images = crops(0, 0, np.zeros_like, seed)
    assert not measure_shift(images).is_known
    assert not measure_shift([(anatomy, images[k - 1][0]) for k, (anatomy, _) in enumerate(images)]).is_known


@pytest.mark.parametrize("seed", range(5))
def test_of_noise_nothing_can_be_told(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 9, size=(12, 2, SIDE, SIDE), dtype=np.uint8)
    assert not measure_shift([(anatomy, tumour) for anatomy, tumour in noise]).is_known


def test_structure_along_lines_tells_of_no_shift_along_them() -> None:
    rng = np.random.default_rng(0)
    fibres = ndimage.gaussian_filter1d(rng.normal(size=(12, SIDE, 1)), 2, axis=1) * np.ones(SIDE)
    images = [(f + rng.normal(0, 0.1, f.shape), f + rng.normal(0, 0.1, f.shape)) for f in fibres]
    assert not measure_shift(images).is_shifted


def filled(images: list[tuple[Image, Image]]) -> list[tuple[Image, Image]]:
    """The same with all beyond a circle set to 0, in both channels alike."""
    y, x = np.indices((SIDE, SIDE)) - SIDE / 2
    tissue = np.hypot(y, x) < 0.45 * SIDE
    return [(anatomy * tissue, tumour * tissue) for anatomy, tumour in images]


def test_a_fill_that_came_after_the_shift_does_not_hide_it() -> None:
    found = measure_shift(filled(crops(3, 2)))
    assert (found.down, found.right) == (3, 2)
    assert found.is_shifted


def test_the_edge_of_a_fill_alone_says_nothing() -> None:
    assert not measure_shift(filled(crops(0, 0, np.zeros_like))).is_known


@pytest.mark.parametrize("side", [LEAST_SIDE - 1, 3])
def test_small_images_are_not_asked(side: int) -> None:
    images = [(anatomy[:side], tumour[:side]) for anatomy, tumour in crops(3, 2)]
    assert measure_shift(images) == ChannelShift(0, 0, agreeing=0, asked=0, beats_none=False)
    assert not measure_shift(images).is_known


def test_flat_images_and_no_images_are_not_asked() -> None:
    flat = np.zeros((SIDE, SIDE), np.uint16)
    assert measure_shift([(flat, flat)]).asked == measure_shift([]).asked == 0
    assert measure_shift([(flat, flat), *crops(3, 2)]).asked == CROPS


@pytest.mark.parametrize("number", [1, 3])
def test_few_images_do_not_tell(number: int) -> None:
    assert not measure_shift(crops(3, 2)[:number]).is_known


def test_integers_of_a_camera_do_not_overflow() -> None:
    images = [(a.astype(np.uint16), t.astype(np.uint16)) for a, t in crops(0, 2)]
    found = measure_shift(images)
    assert (found.down, found.right) == (0, 2)
