"""Noise measured on real images and added to painted ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import Entry, Pair
from metgan.errors import SettingError
from metgan.synthesis import Noise
from metgan.types import Camera, Mask


def ramp(low: float = 200, high: float = 2000, side: int = 256) -> np.ndarray:
    """Light that grows from left to right."""
    return np.tile(np.linspace(low, high, side), (side, 1))


def photographed(light: np.ndarray, gain: float, read: float, seed: int = 0) -> Camera:
    """What a camera with this gain (counts per photon) and read noise (counts) makes of some light."""
    rng = np.random.default_rng(seed)
    counts = gain * rng.poisson(light / gain) + rng.normal(0, read, light.shape)
    return np.rint(counts).clip(0, 65535).astype(np.uint16)


def real(image: Camera, label: Mask | None = None) -> Pair:
    """A real pair of which all was imaged, without a tumour unless told."""
    anatomy = np.arange(image.size, dtype=np.float32).reshape(image.shape)
    nothing = np.zeros(image.shape, bool)
    return Pair(Entry("real", "animal", "", "", {}), anatomy, image, nothing if label is None else label)


@pytest.mark.slow
@settings(deadline=None, max_examples=10)
@given(gain=st.floats(0.2, 4), read=st.floats(0, 8), seed=st.integers(0, 100))
def test_the_noise_of_a_camera_is_measured(gain: float, read: float, seed: int) -> None:
    """Its variance is gain x light + read^2; a whole number of counts adds 1/12."""
    images = [photographed(ramp(), gain, read, seed + k) for k in range(8)]  # three err by 0.17 at times
    noise = Noise.measure([real(image) for image in images])
    for light in (300, 1000, 1900):
        expected = gain * light + read**2 + 1 / 12
        assert noise.floor + noise.slope * light == pytest.approx(expected, rel=0.15)


def test_a_smooth_image_comes_to_the_noise_that_was_measured() -> None:
    image = photographed(ramp(), 0.5, 5)
    wanted = Noise.measure([real(image)])
    smooth = np.rint(ramp()).astype(np.uint16)
    grainy = wanted.add(smooth, np.random.default_rng(1))
    found = Noise.measure([real(grainy)])
    for light in (400, 1800):
        assert found.floor + found.slope * light == pytest.approx(
            wanted.floor + wanted.slope * light, rel=0.1
        )
    assert grainy.mean() == pytest.approx(smooth.mean(), rel=1e-3)
    assert grainy.dtype == np.uint16


def test_an_image_that_has_its_noise_gets_hardly_any_more() -> None:
    image = photographed(ramp(), 0.5, 5)
    noise = Noise.measure([real(image)])
    twice = noise.add(image, np.random.default_rng(1))
    assert np.var(twice - ramp()) < 1.25 * np.var(image - ramp())


def test_tumours_are_not_measured() -> None:
    """A tumour of another gain changes nothing."""
    light, label = ramp(), np.zeros((256, 256), bool)
    label[100:140, 100:140] = True
    plain = photographed(light, 0.5, 5)
    wild = np.where(label, photographed(light, 40.0, 5), plain).astype(np.uint16)
    one, other = (Noise.measure([real(image, label)]) for image in (wild, plain))
    assert (one.slope, one.floor) == pytest.approx((other.slope, other.floor))


def test_equal_states_of_chance_give_equal_grain_and_whole_ranges_are_kept() -> None:
    image = np.zeros((32, 32), np.uint8)
    image[:, 16:] = 255
    noise = Noise(slope=0.0, floor=400.0)
    one, same, other = (noise.add(image, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.uint8
    assert (one[:, 16:] > 150).all()  # nothing wraps round


@pytest.mark.parametrize(("slope", "floor"), [(-0.1, 0), (float("nan"), 0), (0, float("inf"))])
def test_noise_that_is_none_is_refused(slope: float, floor: float) -> None:
    with pytest.raises(SettingError):
        Noise(slope, floor)


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(SettingError, match="no pixels"):
        Noise.measure([])
    with pytest.raises(SettingError, match="no pixels"):
        Noise.measure([real(np.ones((16, 16), np.uint16), np.ones((16, 16), bool))])


def test_noise_is_not_measured_where_the_label_says_nothing() -> None:
    """The lower half is ten times as noisy, and may be anything."""
    lower = np.arange(256)[:, None].repeat(256, 1) >= 128
    image = np.where(lower, photographed(ramp(), 4, 80), photographed(ramp(), 0.5, 5)).astype(np.uint16)
    known = replace(real(image), ignored=lower)
    assert str(Noise.measure([known])) == str(Noise.measure([replace(known, label=lower, ignored=None)]))
    assert str(Noise.measure([known])) != str(Noise.measure([real(image)]))
