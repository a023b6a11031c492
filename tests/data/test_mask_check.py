"""A mask that is transposed, flipped, of another scan or shifted marks nothing bright; a right one does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from metgan.data import Scan, find_orientation, measure_standing_out
from metgan.images import Region
from metgan.labels import SYMMETRIES, symmetry
from metgan.phantom import LABORATORIES, PhantomSettings
from metgan.phantom.pairs import draw_pairs
from metgan.types import Camera, Mask

DIM = replace(PhantomSettings(size=96), lowest_contrast=1.15, dim_contrast=1.2, highest_contrast=1.25)
UNDONE = {1: 3, 3: 1}
KINDS = {
    "bright": PhantomSettings(size=96),
    "contrast 1.2": DIM,
    "crosstalk below 0": LABORATORIES["inverted"].settings,
    "background subtracted": LABORATORIES["float-subtracted"].settings,
    "clipped": LABORATORIES["clipped"].settings,
}


def scan_of(settings: PhantomSettings, turn: int = 0, shift: int = 0) -> tuple[Scan, list[Mask]]:
    """Ten phantom planes as a scan whose mask is turned or shifted, and its masks."""
    settings = replace(settings, empty_fraction=0.0, pairs_per_animal=2)
    pairs = list(draw_pairs(10, settings, 3))
    masks = [np.roll(symmetry(pair.label, turn), shift, axis=0) for pair in pairs]
    volumes = ([pair.anatomy for pair in pairs], [pair.tumour for pair in pairs], masks)
    return Scan.checked("scan", *map(np.stack, volumes), None), masks


def planes_of(scan: Scan, masks: list[Mask]) -> Iterator[tuple[Mask, Camera, Camera]]:
    return zip(masks, scan.anatomy[:,], scan.tumour[:,], strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_mask_stands_out_and_a_wrong_one_does_not(kind: str) -> None:
    scan, masks = scan_of(KINDS[kind])
    assert not measure_standing_out(planes_of(scan, masks)).marks_nothing
    wrong = {f"turned {k}": [symmetry(mask, k) for mask in masks] for k in range(1, SYMMETRIES)}
    wrong["of other planes"] = masks[2:] + masks[:2]
    wrong["shifted"] = [np.roll(mask, 30, axis=1) for mask in masks]
    for name, each in wrong.items():
        found = measure_standing_out(planes_of(scan, each))
        assert found.marks_nothing, (name, found)


@pytest.mark.parametrize("turn", range(1, SYMMETRIES))
@pytest.mark.parametrize("kind", ["bright", "contrast 1.2"])
def test_the_orientation_that_fits_is_found(kind: str, turn: int) -> None:
    scan, masks = scan_of(KINDS[kind], turn)
    assert measure_standing_out(planes_of(scan, masks)).marks_nothing
    better = find_orientation(scan, masks.__getitem__)
    assert better is not None
    assert better[0] == UNDONE.get(turn, turn)
    assert not better[1].marks_nothing


def test_of_a_part_of_a_scan_the_whole_planes_of_the_mask_are_turned() -> None:
    scan, masks = scan_of(KINDS["bright"], turn=6)
    part = (slice(1, 10, 2), slice(0, 60), slice(10, 96))
    images = (scan.anatomy[part], scan.tumour[part], scan.label[part])
    cut = Scan("part", *images, None, Region((10, 96, 96), part))
    better = find_orientation(cut, masks.__getitem__)
    assert better is not None
    assert better[0] == 6


def test_no_orientation_is_named_for_a_mask_that_is_shifted_or_of_another_scan() -> None:
    scan, masks = scan_of(KINDS["bright"], shift=30)
    assert find_orientation(scan, masks.__getitem__) is None
    assert find_orientation(scan, (masks[3:] + masks[:3]).__getitem__) is None


def test_a_mask_without_tumours_is_not_said_to_mark_nothing() -> None:
    image = np.arange(400, dtype=np.uint16).reshape(20, 20)
    found = measure_standing_out([(np.zeros((20, 20), bool), image, image)])
    assert (found.tumours, found.marks_nothing) == (0, False)
