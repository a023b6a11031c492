"""Batches are a function of seed and step, visit every pair once per epoch, and cut three images alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import STRONG, Augmentation, ChannelScale, Entry, FillValues, Normalisation, Pair, View
from metgan.training.batches import Batches, stack

UNITS = Normalisation(ChannelScale(0, 2, "float32"), ChannelScale(0, 2, "float32"))


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


def entry(number: int) -> Entry:
    return Entry(f"pair-{number}", f"animal-{number}", "", "", {})


def numbers(batches: Batches, steps: int, count: int) -> list[int]:
    """Which pairs `steps` batches of flat pairs hold, in order."""
    values = torch.cat([batches.at(step).anatomy[:, 0, 0, 0] for step in range(steps)])
    return ((values + 1) * count).round().int().tolist()


def same(first: Batches, second: Batches, step: int) -> bool:
    a, b = first.at(step), second.at(step)
    return all(torch.equal(getattr(a, n), getattr(b, n)) for n in ("anatomy", "tumour", "label"))


@given(st.integers(0, 2**31), st.integers(0, 500))
def test_a_batch_is_a_function_of_seed_and_step_alone(seed: int, step: int) -> None:
    pairs = ramp_pairs(5, 8)
    fresh, used = (Batches(pairs, UNITS, 2, 4, seed) for _ in range(2))
    for earlier in (0, 3, step + 1):
        used.at(earlier)
    assert same(fresh, used, step)


def test_another_seed_or_step_gives_another_batch() -> None:
    pairs = ramp_pairs(5, 8)
    batches = Batches(pairs, UNITS, 2, 4, seed=0)
    assert not same(batches, Batches(pairs, UNITS, 2, 4, seed=1), 0)
    assert not torch.equal(batches.at(0).anatomy, batches.at(1).anatomy)


@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 1000))
def test_each_epoch_visits_each_pair_once(count: int, batch_size: int, seed: int) -> None:
    seen = numbers(Batches(flat_pairs(count), UNITS, batch_size, 4, seed), 3 * count, count)
    epochs = [seen[first : first + count] for first in range(0, 3 * count * batch_size, count)]
    assert all(sorted(epoch) == list(range(count)) for epoch in epochs)


def test_epochs_come_in_different_orders() -> None:
    seen = numbers(Batches(flat_pairs(7), UNITS, 1, 4, seed=0), 28, 7)
    epochs = [tuple(seen[first : first + 7]) for first in range(0, 28, 7)]
    assert all(first != second for first, second in pairwise(epochs))


@given(st.integers(0, 10_000))
def test_anatomy_tumour_and_label_are_cut_and_turned_alike(seed: int) -> None:
    batch = Batches(ramp_pairs(3, 9), UNITS, 3, 5, seed).at(0)
    anatomy = batch.anatomy + 1  # back to the ramp, (3, 1, 5, 5)
    assert torch.allclose(anatomy / 2, batch.tumour + 1, atol=1e-6)
    assert torch.equal((anatomy > 0.5 + 1e-6).float(), batch.label)


def test_a_label_turned_by_itself_would_be_noticed() -> None:
    (pair,) = ramp_pairs(1, 9)
    turned = Pair(pair.entry, pair.anatomy, pair.tumour, np.rot90(pair.label).copy())
    batch = stack([turned], [View(0, 0, 5, 0)], UNITS)
    assert not torch.equal((batch.anatomy + 1 > 0.5 + 1e-6).float(), batch.label)


def test_a_batch_is_a_stack_of_single_channel_crops() -> None:
    batch = Batches(ramp_pairs(3, 9), UNITS, 2, 5, seed=0).at(0)
    assert batch.anatomy.shape == batch.tumour.shape == batch.label.shape == (2, 1, 5, 5)
    assert batch.anatomy.dtype == batch.tumour.dtype == batch.label.dtype == torch.float32
    assert set(batch.label.unique().tolist()) <= {0.0, 1.0}


def test_crops_come_from_all_over_the_image() -> None:
    batches = Batches(ramp_pairs(1, 8), UNITS, 1, 4, seed=0)
    least = {round(float(batches.at(step).anatomy.min()), 4) for step in range(200)}
    assert len(least) == 25  # 5 x 5 places of a crop of 4 in 8 pixels


def test_views_and_pairs_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        stack(ramp_pairs(2, 8), [View(0, 0, 4, 0)], UNITS)


def test_distorted_batches_are_a_function_of_seed_and_step_and_differ_from_plain_ones() -> None:
    pairs = ramp_pairs(5, 16)
    one, other = (Batches(pairs, UNITS, 2, 12, 0, STRONG) for _ in range(2))
    one.at(7)
    assert same(one, other, 3)
    plain = Batches(pairs, UNITS, 2, 12, 0)
    assert not same(one, plain, 3)
    assert one.at(3).tumour.shape == plain.at(3).tumour.shape
    assert set(one.at(3).label.unique().tolist()) <= {0.0, 1.0}
    assert not torch.equal(one.at(3).tumour[0] - plain.at(3).tumour[0], one.at(3).tumour[1])


def test_no_augmentation_at_all_is_one_that_changes_nothing() -> None:
    pairs = ramp_pairs(5, 16)
    plain, still = Batches(pairs, UNITS, 2, 12, 0), Batches(pairs, UNITS, 2, 12, 0, Augmentation())
    assert torch.allclose(plain.at(3).tumour, still.at(3).tumour, atol=1e-6)
    assert torch.equal(plain.at(3).label, still.at(3).label)


def test_fill_is_cut_and_turned_with_the_images_and_spares_the_label() -> None:
    """The left half of the anatomy is fill, but for a labelled corner.

    ##..    #: 0 in both channels
    ##..
    L#..    L: 0, and labelled
    L#..
    """
    rng = np.random.default_rng(0)
    anatomy, tumour = (rng.uniform(0.5, 2, (16, 16)).astype(np.float32) for _ in range(2))
    anatomy[:, :8] = tumour[:, :8] = 0
    label = np.zeros((16, 16), bool)
    label[8:, :4] = True
    units = Normalisation(UNITS.anatomy, UNITS.tumour, FillValues(0, 0, 1, 1))
    view = View(0, 4, 12, 3)
    batch = stack([Pair(entry(0), anatomy, tumour, label)], [view], units)
    wanted = view.apply((anatomy == 0) & ~label)
    assert batch.fill is not None
    assert torch.equal(batch.fill[0, 0], torch.from_numpy(wanted.astype(np.float32)))
    assert 0 < wanted.mean() < 1
    assert stack([Pair(entry(0), anatomy, tumour, label)], [view], UNITS).fill is None


def test_the_fill_of_distorted_crops_is_its_constant_also_where_a_pixel_of_it_was_light() -> None:
    """Fill is found in the anatomy; a few of its pixels may be light in the tumour channel."""
    anatomy = np.full((16, 16), 1.5, np.float32)
    anatomy[:, :8] = 0
    tumour = np.where(anatomy == 0, 0, 1).astype(np.float32)
    tumour[0, 0] = 1.9
    units = replace(UNITS, fill=FillValues(anatomy=0, tumour=0, usual_anatomy=1.5, usual_tumour=1))
    pair = Pair(entry(0), anatomy, tumour, np.zeros((16, 16), bool))
    batch = Batches([pair], units, 1, 16, seed=0, augmentation=Augmentation(blur=0.5)).at(0)
    assert batch.fill is not None
    assert batch.fill.any()
    assert (batch.tumour[batch.fill > 0] == -1).all()
