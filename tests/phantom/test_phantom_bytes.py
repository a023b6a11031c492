"""The default phantom is drawn as ever: results that people printed with it stay comparable."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from scipy import fft, ndimage

from metgan.phantom import PhantomSettings, draw_pairs

CARELESS = PhantomSettings(size=64, missed_fraction=0.4, outline_noise=1.0)
# Measured at commit 6485b25, before the phantom had laboratories.
ARITHMETIC = 3197020996
CHECKSUMS = ((PhantomSettings(), 0, 3866180378), (CARELESS, 3, 126938225))
MEANS = [(284.345, 274.335, 173), (280.402, 280.118, 143), (341.817, 318.294, 0), (216.998, 240.186, 213)]


def arithmetic() -> int:
    """Checksum of operations that the phantom is drawn with: it differs where floats round differently."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((160, 160), dtype=np.float32)
    field = fft.irfft2(fft.rfft2(noise) * np.float32(0.5), s=noise.shape)
    light = np.tanh(np.exp(ndimage.gaussian_filter(field, 1.5)))
    return zlib.crc32(rng.poisson(35 * np.abs(light)).tobytes(), zlib.crc32(light.tobytes()))


def checksum(settings: PhantomSettings, seed: int) -> int:
    total = 0
    for pair in draw_pairs(10, settings, seed):
        for image in (pair.anatomy, pair.tumour, pair.label, pair.truth):
            total = zlib.crc32(image.tobytes(), total)
    return total


@pytest.mark.parametrize(("settings", "seed", "expected"), CHECKSUMS, ids=["default", "careless"])
def test_every_byte_is_as_before_where_floats_round_alike(
    settings: PhantomSettings, seed: int, expected: int
) -> None:
    if arithmetic() != ARITHMETIC:
        pytest.skip("this processor, numpy or scipy rounds differently from those of the checksums")
    assert checksum(settings, seed) == expected


def test_brightness_and_labels_are_as_before_on_any_machine() -> None:
    drawn = [(p.anatomy.mean(), p.tumour.mean(), p.label.sum()) for p in draw_pairs(4, PhantomSettings(), 0)]
    for found, expected in zip(drawn, MEANS, strict=True):
        assert found == pytest.approx(expected, rel=1e-4)


def test_another_seed_has_other_brightness() -> None:
    assert next(draw_pairs(1, PhantomSettings(), 1)).anatomy.mean() != pytest.approx(MEANS[0][0], rel=1e-4)
