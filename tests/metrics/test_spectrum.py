"""Power spectra of images whose spectrum is known, and of artefacts that must be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from metgan.metrics import radial_spectrum, spectrum_distance

RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 0.2, (64, 64))


def test_equal_images_have_no_distance_and_order_does_not_matter() -> None:
    other = RNG.normal(0, 0.1, (64, 64))
    assert spectrum_distance(NOISE, NOISE) == 0
    assert spectrum_distance(NOISE, other) == spectrum_distance(other, NOISE) > 0


@pytest.mark.parametrize("sides", [(64, 64), (48, 80), (33, 64)])
def test_white_noise_has_its_variance_at_every_frequency(sides: tuple[int, int]) -> None:
    spectra = [radial_spectrum(RNG.normal(0, 0.2, sides)) for _ in range(200)]
    assert np.mean(spectra, axis=0) == pytest.approx(0.04, rel=0.2)


def test_the_density_is_scipy_s_periodogram() -> None:
    """Of an image that varies along one axis, with the rings along that axis."""
    row = RNG.normal(0, 0.2, 64)
    window = np.hanning(64)
    _, expected = signal.periodogram((row - row.mean()) * window, detrend=False, return_onesided=False)
    mine = np.abs(np.fft.fft((row - row.mean()) * window)) ** 2 / 64
    assert mine == pytest.approx(expected)  # scipy's scaling, by hand
    image = np.tile(row, (64, 1))
    lines = np.abs(np.fft.fft2((image - image.mean()) * np.outer(window, window))) ** 2
    assert lines[0] == pytest.approx(expected * 64 * window.sum() ** 2)


@given(st.floats(1.1, 100))
def test_a_change_of_power_is_told_in_decibels(factor: float) -> None:
    """The floor of 1e-6 pulls by at most its share of the density, 0.04 times what a ring may fall short."""
    assert spectrum_distance(NOISE * factor**0.5, NOISE) == pytest.approx(10 * np.log10(factor), rel=1e-2)


def test_the_mean_brightness_does_not_matter() -> None:
    assert spectrum_distance(NOISE + 0.3, NOISE) == pytest.approx(0, abs=1e-9)


def test_stripes_and_checkerboards_are_far_although_the_error_is_small() -> None:
    """Both have an amplitude of 0.02 on noise of 0.01: a mean error of 0.02, and one ring far off."""
    rows, columns = np.indices((64, 64))
    smooth = RNG.normal(0, 0.01, (64, 64))
    faint = smooth + RNG.normal(0, 0.001, (64, 64))
    for pattern in ((-1.0) ** rows, (-1.0) ** (rows + columns)):
        striped = smooth + 0.02 * pattern
        spectra = radial_spectrum(striped) / radial_spectrum(smooth)
        assert spectra.max() > 30
        assert spectrum_distance(striped, smooth) > 5 * spectrum_distance(faint, smooth)


def test_a_flat_image_has_a_distance_too() -> None:
    """Its density is the floor: 10 log10(0.04 / 1e-6) = 46 dB away from noise of 0.2."""
    assert spectrum_distance(np.zeros((64, 64)), NOISE) == pytest.approx(46, abs=1.5)
