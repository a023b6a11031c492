"""A phantom volume: the same voxels whatever part is drawn, without seams, with tumours of several planes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import metgan.phantom.volume
from metgan.errors import SettingError
from metgan.images import open_image
from metgan.phantom import PhantomVolume, write_phantom_volume
from metgan.phantom.lattice import smooth_noise, white_noise
from metgan.types import AnyArray

SHAPE = (20, 60, 72)
ALL = (slice(None),) * 3


@pytest.fixture(scope="module")
def drawn() -> tuple[AnyArray, AnyArray]:
    """A volume drawn whole."""
    return PhantomVolume(SHAPE, seed=3).draw(ALL)


@pytest.mark.parametrize(
    "region",
    [
        (slice(3, 4), slice(None), slice(None)),
        (slice(None), slice(17, 49), slice(5, 6)),
        (slice(6, 20), slice(31, 60), slice(40, 72)),
    ],
)
def test_a_region_is_drawn_alone_as_it_is_drawn_with_the_rest(
    drawn: tuple[AnyArray, AnyArray], region: tuple[slice, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, label = drawn
    part, mask = PhantomVolume(SHAPE, seed=3).draw(region)
    np.testing.assert_array_equal(part, image[(slice(None), *region)])
    np.testing.assert_array_equal(mask, label[region])
    other, _ = PhantomVolume(SHAPE, seed=4).draw(region)
    assert (other != part).mean() > 0.9  # so equal images are no accident


@pytest.mark.parametrize("brick", [(8, 32, 32), (20, 50, 17)])
def test_bricks_leave_no_seams(
    drawn: tuple[AnyArray, AnyArray], brick: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metgan.phantom.volume, "_BRICK", brick)
    image, label = PhantomVolume(SHAPE, seed=3).draw(ALL)
    assert np.abs(image.astype(int) - drawn[0]).max() <= 1  # rounding
    assert (image != drawn[0]).mean() < 1e-2
    np.testing.assert_array_equal(label, drawn[1])
    monkeypatch.setattr(PhantomVolume, "_halo", (0, 0, 0))  # so seams would be found
    assert np.abs(PhantomVolume(SHAPE, seed=3).draw(ALL)[0].astype(int) - drawn[0]).max() > 1


def test_noise_is_standard_normal_and_a_function_of_the_place() -> None:
    field = white_noise(5, [np.arange(-16, 16), np.arange(40), np.arange(40)])
    assert abs(field.mean()) < 0.02
    assert abs(field.std() - 1) < 0.02
    for axis in range(3):
        along = np.moveaxis(field, axis, 0)
        assert abs(np.corrcoef(along[1:].ravel(), along[:-1].ravel())[0, 1]) < 0.02
    z, y, x = (np.arange(n) + 0.5 for n in (40, 80, 80))
    smooth = smooth_noise(9, (z, y, x), 2.5)
    assert abs(smooth.mean()) < 0.1
    assert abs(smooth.std() - 1) < 0.1
    np.testing.assert_allclose(smooth_noise(9, (z[3:], y[7:9], x), 2.5), smooth[3:, 7:9], atol=1e-5)


def test_tumours_are_bodies_of_several_planes_and_bright_in_the_tumour_channel_alone() -> None:
    image, label = PhantomVolume((48, 128, 128), seed=1).draw(ALL)
    numbered, count = ndimage.label(label)
    heights = [box[0].stop - box[0].start for box in ndimage.find_objects(numbered)]
    assert count >= 3
    assert np.median(heights) >= 3
    around = ndimage.binary_dilation(label, iterations=5) & ~ndimage.binary_dilation(label, iterations=2)
    anatomy, tumour = (float(np.median(one[label]) / np.median(one[around])) for one in image)
    assert tumour > 1.3
    assert 0.8 < anatomy < 1.25


def test_planes_next_to_each_other_show_the_same_tissue() -> None:
    (anatomy, _), _ = PhantomVolume((24, 96, 96), seed=2).draw(ALL)
    smooth = [ndimage.gaussian_filter(plane.astype(float), 2) for plane in anatomy]

    def alike(one: int, other: int) -> float:
        inside = (slice(24, 72), slice(24, 72))
        return float(np.corrcoef(smooth[one][inside].ravel(), smooth[other][inside].ravel())[0, 1])

    assert alike(8, 9) > 0.8
    assert alike(0, 23) < alike(8, 9)


def test_sizes_are_kept_in_micrometres_whatever_the_voxels() -> None:
    fine, of_fine = PhantomVolume((32, 96, 96), (8.0, 8.0, 8.0), seed=1).draw(ALL)
    flat, of_flat = PhantomVolume((16, 96, 96), (16.0, 8.0, 8.0), seed=1).draw(ALL)
    assert of_fine.any()
    assert np.isclose(of_flat.mean(), of_fine.mean(), rtol=0.25)
    halved = fine[0].reshape(16, 2, 96, 96).mean(1)
    assert np.corrcoef(halved.ravel(), flat[0].ravel())[0, 1] > 0.9


def test_a_store_says_what_was_drawn_and_an_interrupted_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metgan.phantom.volume, "_BLOCK", (16, 64, 64))
    monkeypatch.setattr(metgan.phantom.volume, "_CHUNK", (16, 64, 64))
    volume, out = PhantomVolume((20, 80, 64), (10.0, 6.5, 6.5), seed=5), tmp_path / "p.ome.zarr"
    write_phantom_volume(out, volume)
    store = open_image(out)
    assert (store.axes, store.shape, store.voxel_size_um) == ("CZYX", (2, 20, 80, 64), (10.0, 6.5, 6.5))
    image, label = volume.draw(ALL)
    np.testing.assert_array_equal(store.read((slice(None),) * 4), image)
    np.testing.assert_array_equal(open_image(out / "labels" / "tumours").read(ALL), label)

    real, calls = PhantomVolume.draw, []

    def stopping(self: PhantomVolume, region: tuple[slice, ...]) -> tuple[AnyArray, AnyArray]:
        calls.append(region)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, region)

    again = tmp_path / "again.ome.zarr"
    monkeypatch.setattr(PhantomVolume, "draw", stopping)
    with pytest.raises(KeyboardInterrupt):
        write_phantom_volume(again, volume)
    assert not again.exists()
    write_phantom_volume(again, volume, resume=True)
    assert len(calls) == 3 + 2  # four blocks: two before the third was stopped, and the rest
    files = [p.relative_to(out) for p in sorted(out.rglob("*")) if p.is_file()]
    assert [p for p in files if (out / p).read_bytes() != (again / p).read_bytes()] == []


@pytest.mark.parametrize("wrong", [(0, 64, 64), (4, 47, 64), (4, 64, 10**6), (4.5, 64, 64)])
def test_shapes_that_cannot_be_drawn_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(SettingError, match="expected"):
        PhantomVolume(wrong)


@pytest.mark.parametrize("wrong", [(3.0, 8.0, 8.0), (8.0, float("nan"), 8.0), (8.0, 8.0, 41.0)])
def test_voxels_that_cannot_be_drawn_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(SettingError, match="voxel_size_um"):
        PhantomVolume((4, 64, 64), wrong)
