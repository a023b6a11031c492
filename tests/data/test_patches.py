"""A patch is a function of seed and number; every epoch has one of each pair; three images are cut alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.data import (
    ChannelScale,
    Entry,
    FillValues,
    Normalisation,
    Pair,
    Patch,
    Patches,
    View,
    cut_patch,
    draw_view,
    fit_pairs,
    numbers_of,
)
from metgan.errors import SettingError
from metgan.transforms import STRONG, Distortions

UNITS = Normalisation(ChannelScale(0, 2, "float32"), ChannelScale(0, 2, "float32"))
few = settings(max_examples=40, deadline=None)


def flat_pairs(count: int, side: int = 4) -> list[Pair]:
    """Pairs whose pixels hold the pair's number, scaled into [-1, 1]."""
    images = [np.full((side, side), k / count, np.float32) for k in range(count)]
    return [Pair(entry(k), image, image, np.zeros((side, side), bool)) for k, image in enumerate(images)]


def ramp_pairs(count: int, side: int) -> list[Pair]:
    """Pairs in which every pixel differs, the tumour is the anatomy / 2, the label its brighter half."""
    pairs = []
    for k in range(count):
        ramp = (np.arange(side * side, dtype=np.float32).reshape(side, side) + k) / (side * side + count)
        pairs.append(Pair(entry(k), ramp, ramp / 2, ramp > 0.5))
    return pairs


def scan_pairs(count: int) -> list[Pair]:
    """Pairs of 16-bit noise, 20 x 24 pixels, each of a brightness of its own, with a corner that is fill.

    ##..    #: 0 in both channels
    L#..    L: 0, and labelled
    """
    pairs = []
    for k in range(count):
        rng = np.random.default_rng(k)
        anatomy, tumour = (rng.integers(100, 300 * (k + 2), (20, 24)).astype(np.uint16) for _ in range(2))
        anatomy[:, :8] = tumour[:, :8] = 0
        label = np.zeros((20, 24), bool)
        label[12:, :4] = True
        pairs.append(Pair(entry(k), anatomy, tumour, label))
    return pairs


def entry(number: int) -> Entry:
    return Entry(f"pair-{number}", f"animal-{number}", "", "", {})


def bytes_of(patch: Patch) -> bytes:
    """All that a patch holds, its distortion too."""
    parts = [getattr(patch, name) for name in ("anatomy", "tumour", "label", "fill")]
    if patch.distortion is not None:
        parts += [getattr(patch.distortion, field.name) for field in fields(Distortions)]
    return b"|".join(part.tobytes() for part in parts if part is not None)


def pairs_of(patches: Patches, numbers: Iterable[int], count: int) -> list[int]:
    """Which flat pairs these patches are of."""
    return [round((float(patches[k].anatomy[0, 0]) + 1) * count) for k in numbers]


@few
@given(st.integers(0, 2**31), st.integers(0, 500))
def test_a_patch_is_a_function_of_seed_and_number_alone(seed: int, number: int) -> None:
    pairs = ramp_pairs(5, 8)
    fresh, used = (Patches(pairs, UNITS, 4, seed, STRONG) for _ in range(2))
    for earlier in (0, 3, number + 1):
        used[earlier]
    assert bytes_of(fresh[number]) == bytes_of(used[number])


def test_another_seed_or_number_gives_another_patch_and_another_distortion() -> None:
    one, other = (Patches(ramp_pairs(1, 8), UNITS, 4, seed, STRONG) for seed in (0, 1))
    seen = [patches[k] for patches in (one, other) for k in range(20)]
    drawn = [patch.distortion for patch in seen]
    assert len({float(each.angle[0]) for each in drawn if each is not None}) == 40
    assert len({patch.anatomy.tobytes() for patch in seen}) > 30  # of 5 x 5 places and 8 orientations


def test_the_distortion_leaves_the_view_as_it_is_and_is_not_done_yet() -> None:
    plain, strong = (Patches(ramp_pairs(3, 8), UNITS, 4, 0, each) for each in (None, STRONG))
    assert plain[7].distortion is None
    assert bytes_of(replace(strong[7], distortion=None)) == bytes_of(plain[7])


@few
@given(st.integers(1, 7), st.integers(0, 1000))
def test_each_epoch_visits_each_pair_once(count: int, seed: int) -> None:
    seen = pairs_of(Patches(flat_pairs(count), UNITS, 4, seed), range(3 * count), count)
    epochs = [seen[first : first + count] for first in range(0, 3 * count, count)]
    assert all(sorted(epoch) == [*range(count)] for epoch in epochs)


def test_epochs_come_in_different_orders() -> None:
    seen = pairs_of(Patches(flat_pairs(7), UNITS, 4, seed=0), range(28), 7)
    epochs = [tuple(seen[first : first + 7]) for first in range(0, 28, 7)]
    assert all(first != second for first, second in pairwise(epochs))


@few
@given(st.integers(0, 10_000))
def test_anatomy_tumour_and_label_are_cut_and_turned_alike(number: int) -> None:
    patch = Patches(ramp_pairs(3, 9), UNITS, 5, 0)[number]
    np.testing.assert_allclose((patch.anatomy + 1) / 2, patch.tumour + 1, atol=1e-6)
    np.testing.assert_array_equal(patch.anatomy + 1 > 0.5 + 1e-6, patch.label > 0)


def test_a_label_turned_by_itself_would_be_noticed() -> None:
    (pair,) = ramp_pairs(1, 9)
    turned = replace(pair, label=np.rot90(pair.label).copy())
    patch = cut_patch(turned, View(0, 0, 5, 0), UNITS)
    assert not np.array_equal(patch.anatomy + 1 > 0.5 + 1e-6, patch.label > 0)


def test_patches_come_from_all_over_the_image() -> None:
    patches = Patches(ramp_pairs(1, 8), UNITS, 4, seed=0)
    assert len({round(float(patches[k].anatomy.min()), 4) for k in range(200)}) == 25  # 5 x 5 places


@few
@given(st.integers(0, 999), st.sampled_from(["shared", "per-image"]), st.sampled_from([7, 20, 30]))
def test_cut_and_then_normalised_is_normalised_and_then_cut(seed: int, scaling: str, side: int) -> None:
    """A whole image is normalised here, by its own extremes where it is scaled by itself."""
    pairs = scan_pairs(3)
    units = fit_pairs(pairs, scaling)  # type: ignore[arg-type]  # one of the two
    for pair in pairs:
        view = draw_view(pair.label.shape, side, np.random.default_rng(seed))
        patch = cut_patch(pair, view, units)
        np.testing.assert_array_equal(patch.anatomy, view.apply(units.apply(pair.anatomy, "anatomy")))
        np.testing.assert_array_equal(patch.tumour, view.apply(units.apply(pair.tumour, "tumour")))
        assert patch.anatomy.dtype == patch.tumour.dtype == patch.label.dtype == np.float32


def test_a_flat_image_that_is_scaled_by_itself_takes_the_range_of_all() -> None:
    scale = ChannelScale(0, 400, "uint16", per_image=True)
    image = np.full((6, 6), 300, np.uint16)
    pair = Pair(entry(0), image, image, np.zeros((6, 6), bool))
    assert (cut_patch(pair, View(0, 0, 3, 0), Normalisation(scale, scale)).tumour == 0.5).all()


def test_fill_is_cut_and_turned_with_the_images_and_spares_the_label() -> None:
    (pair,), view = scan_pairs(1), View(6, 2, 12, 3)
    units = Normalisation(
        ChannelScale(0, 600, "uint16"), ChannelScale(0, 600, "uint16"), FillValues(0, 0, 1, 1)
    )
    patch = cut_patch(pair, view, units)
    wanted = view.apply((pair.anatomy == 0) & ~pair.label)
    assert patch.fill is not None
    np.testing.assert_array_equal(patch.fill > 0, wanted)
    assert 0 < wanted.mean() < 1
    assert cut_patch(pair, view, replace(units, fill=None)).fill is None


def test_no_pairs_and_no_number_below_0() -> None:
    with pytest.raises(SettingError, match="no pairs"):
        Patches([], UNITS, 4, 0)
    with pytest.raises(IndexError):
        Patches(flat_pairs(2), UNITS, 4, 0)[-1]


@given(st.integers(0, 20), st.integers(1, 5))
def test_a_step_goes_on_with_the_patches_where_the_one_before_ended(step: int, batch_size: int) -> None:
    assert len(numbers_of(step, batch_size)) == batch_size
    assert numbers_of(step + 1, batch_size)[0] == numbers_of(step, batch_size)[-1] + 1
