"""The brightest value of a camera, told from what it has taken."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from metgan.data import Entry, Normalisation, Pair, fit_pairs, pixel_values
from metgan.data.ceiling import find_ceiling


def light(most: float, seed: int = 0) -> np.ndarray:
    """Light of 40 000 pixels as tissue and few bright tumours give it, cut off at `most`."""
    return np.minimum(np.random.default_rng(seed).lognormal(6.5, 0.6, 40_000), most)


@pytest.mark.parametrize(
    ("pixels", "ceiling"),
    [
        (light(4095).astype(np.uint16), 4095),
        (light(3000).astype(np.uint16), 3000),  # flat-fielded, so that saturation is below the full scale
        (light(9e9).astype(np.uint16) // 4, 4095),  # nothing is saturated
        (light(9e9).astype(np.uint16), 16383),
        (light(9e9).astype(np.uint16) * 4, 65535),
        (np.minimum(light(9e9) / 8, 255).astype(np.uint16), 255),  # 8 bits in 16
        ((light(9e9) / 40).astype(np.uint8), 255),
        ((light(4095) / 4095).astype(np.float32), 1),  # rescaled to [0, 1] after it was cut off
        (light(9e9).astype(np.float32), None),
        (light(9e9).astype(np.float32) - 700, None),
        (np.arange(4, dtype=np.uint16), 4095),
    ],
)
def test_a_ceiling_is_where_light_was_cut_off_or_else_the_full_scale(
    pixels: np.ndarray, ceiling: float | None
) -> None:
    counted = pixel_values(pixels.dtype)
    counted.add(pixels)
    assert find_ceiling(counted) == (None if ceiling is None else pytest.approx(ceiling))


def test_what_is_stored_with_a_model_bounds_its_channel_alone() -> None:
    tumours = [light(4095, seed).reshape(200, 200).astype(np.uint16) for seed in range(2)]
    anatomies = [(image * 4).astype(np.uint16) for image in tumours]
    entry, label = Entry("a", "a", "", "", {}), np.zeros((200, 200), bool)
    pairs = [Pair(entry, *images, label) for images in zip(anatomies, tumours, strict=True)]
    fitted = Normalisation.from_dict(asdict(fit_pairs(pairs)))
    bright = np.full((1, 2), 5000, np.uint16)
    assert fitted.bound(bright, "tumour").tolist() == [[4095, 4095]]
    assert fitted.bound(bright, "anatomy").tolist() == [[5000, 5000]]
    assert fitted.bound(bright, "tumour", np.array([[4500]], np.uint16)).tolist() == [[4500, 4500]]
    assert fitted.bound(bright, "tumour").dtype == np.uint16
