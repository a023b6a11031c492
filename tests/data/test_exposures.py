"""How far exposures are drawn: hand-computed, and what must not count."""

from __future__ import annotations

import math
from typing import SupportsIndex

import numpy as np
import pytest
from numpy.typing import NDArray

from metgan.data import (
    ChannelScale,
    Entry,
    FillValues,
    Normalisation,
    Pair,
    PairView,
    StoredPairs,
    measure_exposure,
)
from metgan.data.exposures import WIDEST

SCALE = ChannelScale(100, 4196, "uint16")  # 2048 camera units are 1 on [-1, 1]
UNITS = Normalisation(SCALE, SCALE)


def pair_of(group: str, light: float | NDArray[np.float64], number: int = 0) -> Pair:
    image = (100 + np.broadcast_to(light, (20, 20))).round().astype(np.uint16)
    return Pair(Entry(f"{group}{number}", group, "", "", {}), image, image, np.zeros(image.shape, bool))


def by_hand(*lights: float) -> float:
    """Half the width of a uniform distribution whose standard deviation is that of the logarithms."""
    logarithms = [math.log2(light) for light in lights]
    mean = sum(logarithms) / len(lights)
    return math.sqrt(3 * sum((value - mean) ** 2 for value in logarithms) / (len(lights) - 1))


def test_two_animals_and_five() -> None:
    lights = [800, 1000, 900, 1100, 950]
    pairs = [pair_of(f"m{k}", light) for k, light in enumerate(lights)]
    assert measure_exposure(pairs, UNITS) == pytest.approx(by_hand(*lights), rel=1e-4)
    assert measure_exposure(pairs[:2], UNITS) == pytest.approx(by_hand(800, 1000), rel=1e-4)
    assert by_hand(800, 1000) == pytest.approx(0.3943, abs=1e-4)  # log2(1.25) x sqrt(3 / 2)


def test_nothing_is_known_of_others_than_one_animal() -> None:
    assert measure_exposure([pair_of("m", 500, k) for k in range(3)], UNITS) == WIDEST
    dark = pair_of("dark", 0)
    assert measure_exposure([pair_of("m", 500), dark], UNITS) == WIDEST


def test_animals_that_are_alike_call_for_none_and_very_unlike_ones_for_the_most() -> None:
    assert measure_exposure([pair_of(f"m{k}", 700) for k in range(4)], UNITS) == 0
    assert measure_exposure([pair_of("a", 20), pair_of("b", 2000)], UNITS) == WIDEST


def test_what_is_bright_and_small_does_not_count() -> None:
    flecked = np.full((20, 20), 800.0)
    flecked[:4, :4] = 3000  # 4 % of the image
    plain = [pair_of("a", 800), pair_of("b", 1000)]
    assert measure_exposure([pair_of("a", flecked), plain[1]], UNITS) == measure_exposure(plain, UNITS)


def test_an_animal_counts_once_however_many_images_it_has() -> None:
    many = [pair_of("a", 800, k) for k in range(5)]
    assert measure_exposure([*many, pair_of("b", 1000)], UNITS) == pytest.approx(by_hand(800, 1000), rel=1e-4)


def test_fill_is_not_light() -> None:
    image = np.full((20, 20), 900.0)
    image[:10] = -100  # 0 in camera units
    units = Normalisation(SCALE, SCALE, FillValues(0, 0, 500, 500))
    pairs = [pair_of("a", image), pair_of("b", 1000)]
    assert measure_exposure(pairs, units) == pytest.approx(by_hand(900, 1000), rel=1e-4)


def test_a_large_animal_is_not_read_to_its_end() -> None:
    class Counted(list[Pair]):
        asked = 0

        def __getitem__(self, place: SupportsIndex | slice) -> Pair:  # type: ignore[override]
            self.asked += 1
            return super().__getitem__(place)  # type: ignore[return-value]

    pairs = Counted([pair_of(group, 800, k) for k in range(100) for group in "ab"])
    measure_exposure(pairs, UNITS)
    assert pairs.asked == 64


def test_no_image_of_no_pair() -> None:
    assert measure_exposure(PairView(StoredPairs([]), []), UNITS) == WIDEST
