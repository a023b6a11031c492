"""Power spectra of images whose spectrum is known, and of artefacts that must be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import fft, ndimage, signal

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


def test_the_density_is_that_of_scipy_s_periodograms_averaged_over_rings() -> None:
    """The scaling is that of scipy's periodogram of a line; rings are averaged by scipy too."""
    image = RNG.normal(0, 0.2, (64, 64))
    window = signal.windows.hann(64, sym=True)
    spectrum = fft.fft(fft.fft((image - image.mean()) * window[:, None] * window, axis=0), axis=1)
    density = np.abs(spectrum) ** 2 / (window**2).sum() ** 2
    one_row = signal.periodogram(image[0], window=window, detrend="constant", return_onesided=False)[1]
    by_hand = np.abs(fft.fft((image[0] - image[0].mean()) * window)) ** 2 / (window**2).sum()
    assert by_hand == pytest.approx(one_row)
    rings = np.rint(np.hypot(*np.meshgrid(fft.fftfreq(64), fft.fftfreq(64))) * 64)
    expected = ndimage.mean(density, rings, index=np.unique(rings)[1:])
    assert radial_spectrum(image) == pytest.approx(expected)


@given(st.floats(1.1, 100))
def test_a_change_of_power_is_told_in_decibels(factor: float) -> None:
    """The floor of 1e-6 pulls by at most its share of the density, 0.04 times what a ring may fall short."""
    assert spectrum_distance(NOISE * factor**0.5, NOISE) == pytest.approx(10 * np.log10(factor), rel=1e-2)


def test_the_mean_brightness_does_not_matter() -> None:
    assert spectrum_distance(NOISE + 0.3, NOISE) == pytest.approx(0, abs=1e-9)


def test_stripes_and_checkerboards_are_far_although_the_error_is_small() -> None:
    """Both have an amplitude of 0.02 on noise of 0.01: a mean error of 0.02, and one ring far off."""
    rows, columns = np.indices((64, 64))
    rng = np.random.default_rng(1)
    smooth = rng.normal(0, 0.01, (64, 64))
    faint = smooth + rng.normal(0, 0.001, (64, 64))
    for pattern in ((-1.0) ** rows, (-1.0) ** (rows + columns)):
        striped = smooth + 0.02 * pattern
        spectra = radial_spectrum(striped) / radial_spectrum(smooth)
        assert spectra.max() > 30
        assert spectrum_distance(striped, smooth) > 3 * spectrum_distance(faint, smooth)


def test_a_flat_image_has_a_distance_too() -> None:
    """Its density is the floor: 10 log10(0.04 / 1e-6) = 46 dB away from noise of 0.2."""
    assert spectrum_distance(np.zeros((64, 64)), NOISE) == pytest.approx(46, abs=1.5)


@pytest.mark.parametrize("sides", [(64, 64), (63, 64), (64, 63), (33, 41), (5, 4)])
def test_half_of_the_frequencies_tell_what_all_of_them_tell(sides: tuple[int, int]) -> None:
    """Of even and odd sides: the zeroth column, and the last one of an even side, have no mirror image."""
    image = np.random.default_rng(2).normal(0, 0.2, sides)
    down, across = (np.hanning(side) for side in sides)
    power = np.abs(fft.fft2((image - image.mean()) * down[:, None] * across)) ** 2
    rings = np.rint(np.hypot(*np.ix_(*map(fft.fftfreq, sides))) * min(sides))
    density = ndimage.mean(power, rings, index=np.unique(rings)[1:]) / (
        np.square(down).sum() * np.square(across).sum()
    )
    assert radial_spectrum(image) == pytest.approx(density, rel=1e-9)
