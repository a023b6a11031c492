"""Fill is told from dark light, in one image and over a set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.labels import fill_of, find_fill, find_fill_value, find_tissue
from metgan.phantom import LABORATORIES, draw_pairs


def scan_of(seed, dtype=np.uint16, offset=110, spread=12):
    """Return a scan with a dark half (the camera's offset and its noise) and tissue."""
    rng = np.random.default_rng(seed)
    light = np.where(np.arange(96) < 40, 0, 400.0) * np.ones((96, 1))
    return np.rint(offset + light + spread * rng.standard_normal((96, 96))).clip(0).astype(dtype)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 40), st.sampled_from([0, 7, 5000]))
def test_filled_borders_are_found_to_the_pixel(seed, width, value):
    scan = scan_of(seed)
    scan[:, :width] = value
    scan[50, 60] = 6000  # the brightest value of an image is never fill
    found = find_fill(scan)
    assert found[:, :width].all()
    assert not found[:, width + 2 :].any()


@pytest.mark.parametrize("seed", range(5))
def test_a_scan_that_was_not_filled_in_has_no_fill(seed):
    assert not find_fill(scan_of(seed)).any()


@pytest.mark.parametrize("seed", range(5))
def test_dark_noise_of_few_grey_levels_is_light(seed):
    scan = scan_of(seed, np.uint8, offset=2, spread=0.7)
    assert (scan[:, :40] == 2).mean() > 0.4, "most of the dark half is one value"
    assert not find_fill(scan).any()
    scan[:30] = 0
    assert find_fill(scan)[:30].all()


def test_saturated_tumours_are_light():
    scan = scan_of(0)
    scan[60:80, 60:80] = 4095
    assert not find_fill(scan).any()


def test_single_black_pixels_are_light():
    scan = scan_of(0)
    scan[::5, ::5] = 0
    assert not find_fill(scan).any()
    scan[:, :20] = 0
    assert find_fill(scan).sum() == 96 * 20


def test_floats_of_a_subtracted_background_keep_their_fill():
    scan = (scan_of(0).astype(np.float32) - 300.5) / 7
    scan[70:] = 0.0
    assert scan.min() < 0
    assert find_fill(scan)[70:].all()
    assert not find_fill(scan)[:69].any()


def test_a_drawing_of_a_few_values_has_none():
    drawing = np.zeros((40, 40), np.uint16)
    drawing[10:20, 10:20] = 300
    assert not find_fill(drawing).any()


def test_one_filled_image_in_a_hundred_does_not_make_a_filled_set():
    images = [scan_of(seed) for seed in range(8)]
    assert find_fill_value(images) is None
    images[0][:8, :8] = 0
    assert find_fill_value(images[:1]) is None, "64 of 9216 pixels"
    images[0][:, :20] = 0
    assert find_fill_value(images) == 0.0
    assert not fill_of(images[1], 0.0).any()


@pytest.mark.parametrize("name", ["skull-stripped-small", "mosaic", "rotated"])
def test_the_fill_of_laboratories_is_found_and_nothing_else(name):
    laboratory = LABORATORIES[name]
    for pair in draw_pairs(4, laboratory.settings_for(4), laboratory.seed_for(0)):
        for image in (pair.anatomy, pair.tumour):
            # A corner of fewer than 3 x 3 pixels may be missed.
            assert (find_fill(image) != pair.fill).mean() < 0.005


@pytest.mark.parametrize("seed", range(4))
def test_zeros_do_not_change_where_tissue_is(seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:128, :128]
    body = (y - 64) ** 2 + (x - 64) ** 2 < 34**2
    texture = 500 + 720 * ndimage.gaussian_filter(rng.normal(size=y.shape), 3)
    scan = np.where(body, texture + rng.normal(0, 20, y.shape), rng.normal(115, 5, y.shape))
    scan = scan.round().clip(1, 65535).astype(np.uint16)
    plain = find_tissue(scan)
    assert (plain != body).mean() < 0.05
    scan[:, : 12 + 4 * seed] = 0
    assert (find_tissue(scan) != plain).mean() < 0.01
