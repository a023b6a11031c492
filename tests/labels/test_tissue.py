"""Tissue is told from what lies beside it, and an image of tissue alone is left whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.data import read_channel, read_label
from metgan.errors import ArrayError
from metgan.labels import LEAST_SEPARATION, find_tissue
from metgan.phantom import PhantomSettings, write_phantom


def body_of(side, rng):
    """Return a winding half plane that covers more than half of the image."""
    smooth = ndimage.gaussian_filter(rng.standard_normal((side, side)), side / 12)
    return np.arange(side) > side * (0.3 + 0.04 * smooth / smooth.std())


def scan_of(body, rng, tissue_photons=35, outside_photons=2):
    """Return camera counts of a body: photons of uneven tissue, an offset, and the camera's noise."""
    texture = ndimage.gaussian_filter(rng.standard_normal(body.shape), 3)
    light = np.where(body, tissue_photons * np.exp(0.12 * texture / texture.std()), outside_photons)
    counts = 110 + 12 * rng.poisson(light) + 15 * rng.standard_normal(body.shape)
    return np.clip(np.rint(counts), 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("seed", range(5))
def test_a_known_body_is_found_to_within_a_seam(seed):
    rng = np.random.default_rng(seed)
    body = body_of(128, rng)
    found = find_tissue(scan_of(body, rng))
    wrong = found != body
    assert wrong.mean() < 0.05
    seam = ndimage.distance_transform_edt(body) + ndimage.distance_transform_edt(~body)
    assert seam[wrong].max() <= 6


@pytest.mark.parametrize("seed", range(5))
def test_the_same_scan_without_an_outside_is_tissue_from_edge_to_edge(seed):
    rng = np.random.default_rng(seed)
    assert find_tissue(scan_of(np.ones((128, 128), bool), rng)).all()


@pytest.mark.parametrize(("side", "factor"), [(12, 5), (20, 3), (8, 5), (8, 33)])
@pytest.mark.parametrize("seed", range(3))
def test_a_bright_spot_in_tissue_is_not_the_tissue(seed, side, factor):
    scan = scan_of(np.ones((128, 128), bool), np.random.default_rng(seed)).astype(np.float64)
    scan[50 : 50 + side, 60 : 60 + side] *= factor
    assert find_tissue(scan).all()


@pytest.mark.parametrize("side", [8, 16])
def test_debris_does_not_make_the_outside_tissue(side):
    rng = np.random.default_rng(0)
    body = body_of(128, rng)
    scan = scan_of(body, rng).astype(np.float64)
    scan[20 : 20 + side, 90 : 90 + side] *= 33
    assert (find_tissue(scan) != body).mean() < 0.05


def test_scattered_specks_alone_leave_the_image_whole():
    scan = np.full((100, 100), 100, np.uint8)
    for row, column in [(r, c) for r in range(5, 100, 20) for c in range(5, 100, 20)]:
        scan[row : row + 7, column : column + 7] = 220  # 12 % of the image, each speck 0.5 %
    assert find_tissue(scan).all()


def test_specks_as_separate_in_light_as_a_body_are_dropped_and_leave_the_image_whole():
    """12 % of the image is bright, in specks of 0.1 % each or in one piece."""
    specks, piece = np.full((2, 200, 200), 100, np.uint8)
    for row, column in [(r, c) for r in range(5, 200, 21) for c in range(5, 200, 21)]:
        specks[row : row + 7, column : column + 7] = 220
    piece[:24] = 220
    assert find_tissue(specks).all()
    assert not find_tissue(piece)[40:].any()


def test_phantoms_with_an_outside_have_one_and_phantoms_without_have_none(tmp_path):
    cut, whole = [], []
    for share, found in ((1.0, cut), (0.0, whole)):
        pairs = write_phantom(tmp_path / str(share), 16, PhantomSettings(edge_fraction=share), seed=3)
        for entry in pairs:
            tissue = find_tissue(read_channel(entry.paths["anatomy"]))
            truth = read_label(entry.paths["label"])
            assert (tissue | ~truth).mean() > 0.995  # phantoms have their tumours in tissue
            found.append(tissue.mean())
    assert max(cut) < 0.97
    assert min(cut) > 0.3
    assert np.mean(np.array(whole) == 1) > 0.9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.2, 50), st.floats(-100, 1000))
def test_tissue_does_not_depend_on_gain_and_offset(seed, gain, offset):
    rng = np.random.default_rng(seed)
    scan = scan_of(body_of(64, rng), rng).astype(np.float64)
    agreement = find_tissue(scan) == find_tissue(gain * scan + offset)
    assert agreement.mean() > 0.999


def test_holes_are_filled_and_islands_dropped():
    scan = np.full((80, 80), 100, np.uint8)
    scan[30:, :] = 220
    scan[50:60, 20:30] = 100  # an airway
    scan[8:12, 60:64] = 220  # a speck of dust
    tissue = find_tissue(scan)
    assert tissue[50:60, 20:30].all()
    assert not tissue[:20].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_flat_image_is_tissue_whatever_its_type(dtype):
    assert find_tissue(np.full((9, 7), 200, dtype)).all()


def test_the_least_separation_is_above_that_of_halved_single_classes():
    uniform, normal = np.linspace(0, 1, 100_001), np.random.default_rng(0).standard_normal(1_000_000)
    for values in (uniform, normal):
        low, high = values[values <= np.median(values)], values[values > np.median(values)]
        separation = np.sqrt(2) * (high.mean() - low.mean()) / np.sqrt(low.var() + high.var())
        assert separation < LEAST_SEPARATION - 0.5


@pytest.mark.parametrize(
    ("anatomy", "message"),
    [
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.zeros((3, 4), bool), "dtype bool"),
        (np.full((3, 4), np.nan), "nan or infinity"),
    ],
)
def test_what_is_no_plane_of_an_image_is_refused(anatomy, message):
    with pytest.raises(ArrayError, match=message):
        find_tissue(anatomy)
