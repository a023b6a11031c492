"""A scan's contrast, and the faults that are seen before anything is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metgan.data import CropPlan, Scan, ScanContrast, ScanCrops, place_crops, refuse_other_shapes, survey
from metgan.errors import ArrayError, SettingError
from metgan.images import LazyVolume
from metgan.labels import fill_of, find_fill
from metgan.metrics import Contrast


def world() -> dict[str, np.ndarray]:
    """One row: outside, tissue, tissue, tumour. Their tumour channel is 0, 10, 10, 30."""
    return {
        "anatomy": np.array([[[0, 8, 8, 4]]], np.uint16),
        "tumour": np.array([[[0, 10, 10, 30]]], np.uint16),
        "label": np.array([[[0, 0, 0, 1]]], np.uint8),
        "tissue": np.array([[[0, 1, 1, 1]]], np.uint8),
    }


def contrast_of(scan: Scan) -> ScanContrast:
    contrast = ScanContrast()
    for index in scan.blocks():
        contrast.add(scan.block(index))
    return contrast


def test_contrast_compares_tumours_with_the_tissue_around_and_not_with_the_outside() -> None:
    scan = Scan.checked("scan", **world())
    assert (contrast_of(scan)["tumour"].ratio, contrast_of(scan)["anatomy"].ratio) == (3.0, 0.5)
    everywhere = Scan.checked("scan", **{**world(), "tissue": None})  # type: ignore[arg-type]  # none is given
    assert contrast_of(everywhere)["tumour"].ratio == pytest.approx(30 / (20 / 3))


def test_contrast_is_nan_without_a_tumour_and_without_light_around() -> None:
    empty = world() | {"label": np.zeros((1, 1, 4), np.uint8)}
    assert np.isnan(contrast_of(Scan.checked("scan", **empty))["tumour"].ratio)
    dark = world() | {"tumour": np.array([[[0, 0, 0, 30]]], np.uint16)}
    assert np.isnan(contrast_of(Scan.checked("scan", **dark))["tumour"].ratio)
    assert contrast_of(Scan.checked("scan", **dark))["tumour"].light == 30


def test_what_is_fill_is_decided_upon_the_whole_scan() -> None:
    """Of the last planes one is all fill, and one shows it in a corner, where it does not stand out."""
    tumour = np.random.default_rng(0).integers(1, 60, (6, 30, 40)).astype(np.uint16)
    tumour[:3, :, :20] = tumour[4] = tumour[5, :3, :3] = 0
    label = np.zeros(tumour.shape, bool)
    label[:, 25:28, 30:33] = True
    tumour[label] = 900
    filled = np.stack([fill_of(plane, 0) for plane in tumour]) & ~label
    expected = Contrast.between(tumour[label], tumour[~label & ~filled])
    assert not find_fill(tumour[5]).any()
    scan = Scan.checked("scan", tumour + 1, tumour, label, None)
    volumes = {"anatomy": tumour + 1, "tumour": tumour, "label": label}
    for depth in (1, 2, 6):
        blocks = {k: LazyVolume(v.shape, v.__getitem__, (depth, 30, 40)) for k, v in volumes.items()}
        found = contrast_of(replace(scan, **blocks))["tumour"]
        assert vars(found) == pytest.approx(vars(expected))


@pytest.mark.parametrize("name", ["", "..", "../../x", "sub/x", "sub\\x"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="a name that file names can begin with"):
        Scan.checked(name, **world())


def test_the_other_order_of_bytes_is_the_same_image() -> None:
    swapped = {k: v.astype(v.dtype.newbyteorder(">")) for k, v in world().items()}
    scan = Scan.checked("scan", **swapped)
    assert scan.tumour.dtype == np.uint16
    assert np.array_equal(scan.tumour, world()["tumour"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tumour": world()["anatomy"]}, "one image in both channels; expected two different channels"),
        ({"label": 1 - world()["label"]}, "covers 75% of the pixels; expected tumours to cover the smaller"),
    ],
)
def test_equal_channels_and_inverted_masks_are_refused(change: dict[str, np.ndarray], says: str) -> None:
    """In memory at once; what is read in blocks when these are looked at."""
    volumes = {k: np.repeat(v, 8, axis=1) for k, v in world().items()}
    plan = CropPlan(crop=4, stride=4, block=4)
    survey(Scan.checked("scan", **volumes), plan)
    volumes |= {k: np.repeat(v, 8, axis=1) for k, v in change.items()}
    with pytest.raises(ArrayError, match=says):
        Scan.checked("scan", **volumes)
    masks = {k: volumes[k].astype(bool) for k in ("label", "tissue")}
    lazy = {k: LazyVolume(v.shape, v.__getitem__, (1, 4, 4)) for k, v in (volumes | masks).items()}
    scan = Scan.checked("scan", **lazy)
    with pytest.raises(ArrayError, match=says):
        survey(scan, plan)


def test_a_crop_of_a_plane_does_not_keep_the_block_that_it_was_read_with() -> None:
    volume = np.random.default_rng(0).integers(0, 900, (2, 32, 32), np.uint16)
    scan = Scan.checked("m", volume, volume + 1, volume > 800, None)
    crops = ScanCrops(scan, place_crops(volume.shape, CropPlan(crop=8, block=8)), 8)
    for _, shown in crops.visit():
        assert [image.base for image in (shown.anatomy, shown.tumour, shown.label)] == [None] * 3


def test_axes_that_would_fit_are_those_of_the_file_however_it_was_read() -> None:
    """A mask of axes ZYX that was read as ZXY fits as what it was, and as nothing else."""
    shapes = {"anatomy": (6, 200, 230), "label": (6, 230, 200)}
    with pytest.raises(ArrayError, match="label of axes ZYX would fit"):
        refuse_other_shapes("scan", shapes, {"anatomy": "ZYX", "label": "ZXY"})
    with pytest.raises(ArrayError, match="label of axes ZXY would fit"):
        refuse_other_shapes("scan", shapes, {"anatomy": "ZYX", "label": "ZYX"})


@pytest.mark.parametrize("what", ["anatomy", "tumour", "label"])
def test_of_three_images_the_one_that_is_unlike_the_others_is_named(what: str) -> None:
    shapes = dict.fromkeys(("anatomy", "tumour", "label"), (6, 200, 230)) | {what: (200, 230, 6)}
    with pytest.raises(ArrayError) as error:
        refuse_other_shapes("scan", shapes)
    assert error.value.remedy.startswith(f"{what} of axes YXZ would fit")
    assert error.value.remedy.count("would fit") == 1
