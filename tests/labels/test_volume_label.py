"""The label of a volume: any region can be drawn alone, and tumours are as large and as many as asked."""

from __future__ import annotations

import math
import re
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.errors import SettingError
from metgan.labels import (
    Diameters,
    VolumeLabel,
    VolumeRecipe,
    VolumeTissue,
    fill_of,
    find_tissue,
    volume_tissue,
)
from metgan.labels.star_shape import StarShape
from metgan.labels.tissue import smoothed
from metgan.types import Mask

Region = Sequence[slice]
SHAPE, VOXEL = (24, 90, 80), (5.0, 2.0, 2.5)  # 120 x 180 x 200 um
CROWDED = VolumeRecipe(20_000, Diameters(20, 0.3, 12, 40), (0.0, 1.0), seed=4)


def everywhere(region: Region) -> Mask:
    return np.ones([side.stop - side.start for side in region], bool)


def reading(volume: np.ndarray) -> Callable[[Region], np.ndarray]:
    return lambda region: volume[tuple(region)]


def whole(label: VolumeLabel) -> Mask:
    return label([slice(0, n) for n in label.shape])


def island(shape: Sequence[int]) -> Mask:
    """Tissue in the shape of a lens, with a hole."""
    z, y, x = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in shape)]
    found: Mask = (z**2 + y**2 + x**2 < 0.9) & ((y - 0.2) ** 2 + x**2 > 0.05)
    return found


def label_in_island(recipe: VolumeRecipe = CROWDED) -> VolumeLabel:
    return VolumeLabel(recipe, SHAPE, VOXEL, reading(island(SHAPE)))


EXPECTED = whole(label_in_island())


@settings(max_examples=25, deadline=None)
@given(st.tuples(*(st.tuples(st.integers(0, n - 1), st.integers(1, n)) for n in SHAPE)))
def test_any_region_drawn_alone_is_that_of_the_whole(ends: tuple[tuple[int, int], ...]) -> None:
    region = tuple(slice(start, min(start + side, n)) for (start, side), n in zip(ends, SHAPE, strict=True))
    assert (label_in_island()(region) == EXPECTED[region]).all()


def test_there_are_tumours_and_all_lie_in_tissue_apart_from_each_other() -> None:
    """Each drawn candidate that is kept is one object, of which no other is a neighbour, corners included."""
    _, count = ndimage.label(EXPECTED, np.ones((3, 3, 3)))
    assert count > 5
    assert not (EXPECTED & ~island(SHAPE)).any()
    free = whole(VolumeLabel(CROWDED, SHAPE, VOXEL, everywhere))
    assert (free & ~island(SHAPE)).any()
    compact = VolumeRecipe(30_000, CROWDED.diameters, (0, 0), seed=2)
    label = VolumeLabel(compact, SHAPE, VOXEL, everywhere)
    drawn, apart = kept_alone(label)
    assert apart > 15
    assert ndimage.label(drawn, np.ones((3, 3, 3)))[1] == apart


def kept_alone(label: VolumeLabel) -> tuple[Mask, int]:
    """The label, and how many of its candidates have voxels there and are kept."""
    ends = [(0.0, n * s) for n, s in zip(label.shape, label.voxel_size_um, strict=True)]
    kept = [c for c in label._near(ends, 0.0) if label._is_kept(c)]
    return whole(label), len(kept)


def test_where_two_meet_the_larger_one_stays() -> None:
    label = VolumeLabel(CROWDED, SHAPE, VOXEL, everywhere)
    ends = [(0.0, n * s) for n, s in zip(SHAPE, VOXEL, strict=True)]
    candidates = [*label._near(ends, 0.0)]
    left_out = [c for c in candidates if not label._is_kept(c)]
    assert 3 < len(left_out) < len(candidates) - 3
    for one in left_out:
        assert any(
            other > one
            and label._is_kept(other)
            and math.dist(one.middle_um, other.middle_um)
            < label._shape(one).reach_um + label._shape(other).reach_um + math.hypot(*VOXEL)
            for other in candidates
        )


@pytest.mark.parametrize("infiltration", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (4.0, 1.0, 0.5)])
def test_a_tumour_has_the_volume_of_the_sphere_of_its_diameter(
    voxel: tuple[float, float, float], infiltration: float
) -> None:
    shape = tuple(round(100 / size) for size in voxel)
    found = []
    for k in range(6):
        tumour = StarShape.draw((50.0, 50.0, 50.0), 30.0, infiltration, np.random.default_rng(k))
        region = tumour.region(voxel, shape)
        covered = tumour.covers(region, voxel)
        assert tumour.covers([slice(0, n) for n in shape], voxel).sum() == covered.sum()
        found.append(covered.sum() * math.prod(voxel) / (math.pi / 6 * 30.0**3))
    assert np.allclose(found, 1, atol=0.06)


def test_a_compact_tumour_is_as_long_in_micrometres_along_each_axis_whatever_the_voxels() -> None:
    lengths = []
    for k in range(40):
        tumour = StarShape.draw((50.0, 50.0, 50.0), 40.0, 0.0, np.random.default_rng(k))
        covered = tumour.covers([slice(0, 20), slice(0, 50), slice(0, 100)], (5.0, 2.0, 1.0))
        sides = [np.ptp(np.flatnonzero(covered.any(axis))) + 1 for axis in ((1, 2), (0, 2), (0, 1))]
        lengths.append(np.array(sides) * (5.0, 2.0, 1.0))
    assert np.allclose(np.mean(lengths, axis=0), 42, atol=4)


def test_a_ragged_tumour_is_one_piece_and_less_compact() -> None:
    def surface(infiltration: float) -> float:
        total = 0
        for k in range(6):
            tumour = StarShape.draw((50.0, 50.0, 50.0), 40.0, infiltration, np.random.default_rng(k))
            covered = tumour.covers([slice(0, 100)] * 3, (1.0, 1.0, 1.0))
            pieces, _ = ndimage.label(covered, np.ones((3, 3, 3)))
            assert np.bincount(pieces.ravel())[1:].max() > 0.97 * covered.sum()
            total += int((covered & ~ndimage.binary_erosion(covered)).sum())
        return total

    assert surface(1.0) > 1.3 * surface(0.0)


@pytest.mark.parametrize("diameters", [Diameters(20, 0.5, 10, 60), Diameters(3, 0.3, 2, 1900)])
def test_the_density_that_is_advised_is_taken_and_hardly_more_is_not(diameters: Diameters) -> None:
    with pytest.raises(SettingError) as refused:
        VolumeRecipe(1e9, diameters)
    (advised,) = re.findall(r"a density of (\S+) or less", refused.value.remedy)
    VolumeRecipe(float(advised), diameters)
    with pytest.raises(SettingError):
        VolumeRecipe(float(advised) * 1.02, diameters)


@pytest.mark.parametrize("density", [300.0, 3000.0])
def test_there_are_as_many_as_asked_within_what_is_left_to_chance(density: float) -> None:
    """Small and few, so that hardly one meets another: Poisson, within four standard deviations."""
    recipe = VolumeRecipe(density, Diameters(8, 0.0, 8, 8), seed=1)
    label = VolumeLabel(recipe, (60, 300, 300), (4.0, 2.0, 2.0), everywhere)
    expected = density * 0.24 * 0.6 * 0.6
    _, count = kept_alone(label)
    assert abs(count - expected) < 4 * math.sqrt(expected) + 0.06 * expected


def test_places_are_as_likely_everywhere() -> None:
    recipe = VolumeRecipe(20_000, Diameters(6, 0.0, 6, 6), (0, 0), seed=3)
    label = VolumeLabel(recipe, (50, 120, 120), (4.0, 2.0, 2.0), everywhere)
    drawn, count = kept_alone(label)
    for axis in range(3):
        first, second = np.array_split(drawn, 2, axis)
        ratio = first.sum() / drawn.sum()
        assert abs(ratio - 0.5) < 4 * 0.5 / math.sqrt(count), (axis, second.sum())


def test_diameters_are_those_of_the_distribution() -> None:
    sizes = Diameters(20, 0.5, 10, 60)
    drawn = np.log(sizes.draw(20_000, np.random.default_rng(0)))
    assert drawn.min() >= math.log(10) - 1e-9
    assert drawn.max() <= math.log(60) + 1e-9
    volume = (math.pi / 6 * np.exp(3 * drawn)).mean()
    assert sizes.mean_volume_um3 == pytest.approx(volume, rel=0.05)


def test_another_seed_gives_another_label_and_the_same_seed_the_same() -> None:
    again, other = (label_in_island(VolumeRecipe(20_000, CROWDED.diameters, (0, 1), s)) for s in (4, 5))
    assert (whole(again) == EXPECTED).all()
    assert (whole(other) != EXPECTED).any()


@pytest.mark.parametrize("voxel", [(5.0, 2.0, 2.0), (0.7, 0.7, 0.7)])
def test_each_tumour_has_a_voxel_however_small_it_is(voxel: tuple[float, float, float]) -> None:
    least = (6 / math.pi * math.prod(voxel)) ** (1 / 3)
    density = 0.02e9 / (math.pi / 6 * (1.001 * least) ** 3)
    recipe = VolumeRecipe(density, Diameters(1.001 * least, 0, 1.001 * least, 1.001 * least), seed=1)
    label = VolumeLabel(recipe, (20, 30, 30), voxel, everywhere)
    drawn, count = kept_alone(label)
    assert count > 20
    assert ndimage.label(drawn, np.ones((3, 3, 3)))[1] == count
    with pytest.raises(SettingError, match=r"in voxels of .*smallest diameter of"):
        VolumeLabel(VolumeRecipe(1, Diameters(least, 0.1, 0.99 * least, least)), (9, 9, 9), voxel, everywhere)


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"density_per_mm3": 0.0}, "a density of 0.0"),
        ({"density_per_mm3": math.nan}, "a density of nan"),
        ({"density_per_mm3": 1e9}, "would fill .*density of"),
        ({"density_per_mm3": 500.0, "diameters": Diameters(3, 0.3, 2, 1900)}, "largest of 1900 um"),
        ({"infiltration": (0.5, 0.1)}, "infiltration"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings_: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        VolumeRecipe(**{"density_per_mm3": 5.0, "diameters": Diameters(20, 0.5, 10, 60), **settings_})


@pytest.mark.parametrize(
    "sizes", [(20, 0.5, 0, 60), (20, 0.5, 30, 60), (20, 0.5, 10, math.inf), (20, -1, 10, 60)]
)
def test_diameters_that_make_no_sense_are_refused(sizes: tuple[float, float, float, float]) -> None:
    with pytest.raises(SettingError):
        Diameters(*sizes)


def test_memory_is_that_of_the_region_and_not_of_the_tumour() -> None:
    """One of 2 mm in voxels of 2 um has half a billion of them; a plane of it a million."""
    recipe = VolumeRecipe(0.05, Diameters(1500, 0, 1500, 1500), seed=1)
    label = VolumeLabel(recipe, (2000, 2000, 2000), (2.0, 2.0, 2.0), everywhere)
    middle = next(iter(label._near([(0, 4000)] * 3, 0.0))).middle_um
    z, y, x = (int(m / 2) for m in middle)
    label._is_kept = lambda _: True  # what it takes to read half a billion voxels is not measured here
    tracemalloc.start()
    drawn = label((slice(z, z + 2), slice(y, y + 64), slice(x, x + 64)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert drawn.any()
    assert most < 10e6


def random_anatomy() -> np.ndarray:
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.random((3, 80, 90)), (0, 3, 3))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    anatomy = (1000 * smooth + 20 * rng.random(smooth.shape)).astype(np.uint16)
    anatomy[:, 30:50, 60:] = 0
    return anatomy


@pytest.mark.parametrize("block", [(64, 256, 256), (2, 16, 20)])
def test_tissue_does_not_depend_on_the_region_nor_on_the_blocks_that_are_read(
    block: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, anatomy = np.random.default_rng(0), random_anatomy()
    taken = np.zeros(anatomy.shape, bool)
    taken[1, 15, 19] = taken[0, 70, 3] = True
    around = ndimage.binary_dilation(taken, np.ones((3, 3, 3)))
    expected = np.stack([smoothed(plane, ~fill_of(plane, 0)) >= 500 for plane in anatomy]) & ~around
    expected[:, 30:50, 60:] = False
    assert 0.1 < expected.mean() < 0.9
    monkeypatch.setattr(volume_tissue, "_BLOCK", block)
    tissue = VolumeTissue(reading(anatomy), anatomy.shape, 500.0, 0.0, reading(taken))
    assert (tissue([slice(0, n) for n in anatomy.shape]) == expected).all()
    for _ in range(30):
        starts = [int(rng.integers(n)) for n in anatomy.shape]
        region = tuple(
            slice(at, int(rng.integers(at + 1, n + 1))) for at, n in zip(starts, anatomy.shape, strict=True)
        )
        assert (tissue(region) == expected[region]).all()


def test_a_threshold_of_each_region_s_own_would_depend_on_it() -> None:
    """What `VolumeTissue` is there to avoid."""
    plane = np.random.default_rng(0).integers(100, 120, (80, 90)).astype(np.uint16)
    plane[:, :50] += 900
    assert not find_tissue(plane)[:, 60:].any()
    assert find_tissue(plane[:, 60:]).all()


def test_without_a_level_all_that_was_imaged_is_tissue() -> None:
    anatomy = random_anatomy()
    tissue = VolumeTissue(reading(anatomy), anatomy.shape, None, 0.0)([slice(0, n) for n in anatomy.shape])
    assert tissue[:, :30].all()
    assert not tissue[:, 30:50, 60:].any()
