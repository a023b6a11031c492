"""A scan's contrast, and the faults that are seen before anything is cut."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.data import Scan
from metgan.errors import ArrayError, SettingError


def world() -> dict[str, np.ndarray]:
    """One row: outside, tissue, tissue, tumour. Their tumour channel is 0, 10, 10, 30."""
    return {
        "anatomy": np.array([[[0, 8, 8, 4]]], np.uint16),
        "tumour": np.array([[[0, 10, 10, 30]]], np.uint16),
        "label": np.array([[[0, 0, 0, 1]]], np.uint8),
        "tissue": np.array([[[0, 1, 1, 1]]], np.uint8),
    }


def test_contrast_compares_tumours_with_the_tissue_around_and_not_with_the_outside() -> None:
    scan = Scan.checked("scan", **world())
    assert (scan.contrast("tumour").ratio, scan.contrast("anatomy").ratio) == (3.0, 0.5)
    everywhere = Scan.checked("scan", **{**world(), "tissue": None})  # type: ignore[arg-type]  # none is given
    assert everywhere.contrast("tumour").ratio == pytest.approx(30 / (20 / 3))


def test_contrast_is_nan_without_a_tumour_and_without_light_around() -> None:
    empty = world() | {"label": np.zeros((1, 1, 4), np.uint8)}
    assert np.isnan(Scan.checked("scan", **empty).contrast("tumour").ratio)
    dark = world() | {"tumour": np.array([[[0, 0, 0, 30]]], np.uint16)}
    assert np.isnan(Scan.checked("scan", **dark).contrast("tumour").ratio)
    assert Scan.checked("scan", **dark).contrast("tumour").light == 30


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
    Scan.checked("scan", **world())
    with pytest.raises(ArrayError, match=says):
        Scan.checked("scan", **(world() | change))
