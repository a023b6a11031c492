"""Labels that are passed on: as many as asked, none to itself, none lost, the images untouched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import Entry, Pair, shuffle_labels
from metgan.errors import SettingError


def pairs_of(count: int, side: int = 4) -> list[Pair]:
    """Pairs whose labels each have one tumour pixel, at the pair's own place."""
    made = []
    for k in range(count):
        label = np.zeros((side, side), bool)
        label.flat[k % label.size] = True
        image = np.full((side, side), k, np.uint16)
        made.append(
            Pair(
                Entry(f"{side}-{k}", "mouse", "liver", "train", {"anatomy": Path(f"{k}")}),
                image,
                image,
                label,
            )
        )
    return made


def moved(before: list[Pair], after: list[Pair]) -> int:
    return sum(not np.array_equal(a.label, b.label) for a, b in zip(before, after, strict=True))


@given(st.integers(8, 16), st.floats(0.3, 1), st.integers(0, 99))
def test_a_share_of_the_labels_moves_and_none_is_lost(count: int, share: float, seed: int) -> None:
    before = pairs_of(count)
    after = shuffle_labels(before, share, np.random.default_rng(seed))
    assert moved(before, after) == round(share * count)
    assert sorted(p.label.tobytes() for p in after) == sorted(p.label.tobytes() for p in before)
    assert all(a.entry is b.entry and a.anatomy is b.anatomy for a, b in zip(after, before, strict=True))


def test_the_same_seed_moves_the_same_labels_and_another_others() -> None:
    before = pairs_of(12)
    one, again, other = (shuffle_labels(before, 0.5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert moved(one, again) == 0 < moved(one, other)


def test_images_of_different_shapes_exchange_no_labels() -> None:
    before = pairs_of(6) + pairs_of(6, side=5)
    after = shuffle_labels(before, 1, np.random.default_rng(0))
    assert all(pair.label.shape == pair.anatomy.shape for pair in after)
    assert moved(before, after) == 12


def test_a_small_share_of_a_few_still_moves_two() -> None:
    before = pairs_of(4)
    assert moved(before, shuffle_labels(before, 0.1, np.random.default_rng(0))) == 2


def test_no_share_moves_nothing() -> None:
    before = pairs_of(3)
    assert moved(before, shuffle_labels(before, 0, np.random.default_rng(0))) == 0


@pytest.mark.parametrize(("count", "share"), [(4, 1.5), (4, -0.1), (1, 1)])
def test_a_share_that_cannot_be_moved_is_refused(count: int, share: float) -> None:
    with pytest.raises(SettingError, match="expected"):
        shuffle_labels(pairs_of(count), share, np.random.default_rng(0))


def test_what_a_label_says_nothing_of_goes_with_the_label() -> None:
    """Of two pairs, the second is partly labelled: after the exchange the first is."""
    first, second = pairs_of(2)
    second = replace(second, ignored=second.label)
    swapped = shuffle_labels([first, second], 1.0, np.random.default_rng(0))
    assert np.array_equal(swapped[0].label, second.label)
    assert np.array_equal(swapped[0].ignored, second.label)
    assert swapped[1].ignored is None
