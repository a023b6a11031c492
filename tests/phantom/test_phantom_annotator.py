"""The phantom's annotator errs as told, and only in the label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from metgan.phantom import PhantomPair, PhantomSettings, draw_pairs
from metgan.types import Mask

PERFECT = PhantomSettings(size=96, empty_fraction=0.0, tumours_per_image=3.0)


def drawn(count: int = 40, **errors: float) -> list[PhantomPair]:
    return list(draw_pairs(count, replace(PERFECT, **errors), seed=8))


def found_and_missed(pairs: list[PhantomPair]) -> tuple[list[float], list[float]]:
    """Brightness over the picture's median, of the tumours that the label touches and of the others."""
    found: list[float] = []
    missed: list[float] = []
    for pair in pairs:
        pieces, count = ndimage.label(pair.truth)
        for piece in range(1, count + 1):
            inside: Mask = pieces == piece
            ring = ndimage.binary_dilation(inside, iterations=6) & ~ndimage.binary_dilation(
                pair.truth, iterations=2
            )
            (found if pair.label[inside].any() else missed).append(
                float(pair.tumour[inside].mean() / np.median(pair.tumour[ring]))
            )
    return found, missed


def test_a_perfect_annotator_draws_the_truth() -> None:
    assert all((pair.label == pair.truth).all() for pair in drawn(12))


def test_errors_change_the_label_and_nothing_else() -> None:
    for perfect, careless in zip(drawn(12), drawn(12, missed_fraction=0.5, outline_noise=1.5), strict=True):
        assert (perfect.anatomy == careless.anatomy).all()
        assert (perfect.tumour == careless.tumour).all()
        assert (perfect.truth == careless.truth).all()
        assert (careless.label != careless.truth).any()


@pytest.mark.parametrize("fraction", [0.2, 0.5, 1.0])
def test_the_share_of_missed_tumours_is_the_one_asked_for(fraction: float) -> None:
    found, missed = found_and_missed(drawn(missed_fraction=fraction))
    assert abs(len(missed) / (len(found) + len(missed)) - fraction) < 0.12


def test_dim_tumours_are_missed_first() -> None:
    found, missed = found_and_missed(drawn(missed_fraction=0.4))
    assert np.median(missed) < 0.7 * np.median(found)
    assert np.quantile(missed, 0.9) < np.median(found)
    assert max(missed) > min(found)  # the border is soft: the annotator's attention wavers


def test_a_missed_tumour_leaves_nothing_in_the_label() -> None:
    for pair in drawn(12, missed_fraction=0.5):
        assert not (pair.label & ~pair.truth).any()
        pieces, count = ndimage.label(pair.truth)
        parts = [pair.label[pieces == piece] for piece in range(1, count + 1)]
        assert all(part.all() or not part.any() for part in parts)


@pytest.mark.slow
def test_more_outline_noise_means_less_overlap() -> None:
    overlap = [
        np.mean([2 * (p.label & p.truth).sum() / (p.label.sum() + p.truth.sum()) for p in pairs])
        for pairs in (drawn(20, outline_noise=noise) for noise in (0.0, 0.5, 1.0, 2.0))
    ]
    assert overlap[0] == 1
    assert overlap == sorted(overlap, reverse=True)
    assert 0.4 < overlap[2] < 0.95


def test_outlines_both_grow_and_shrink() -> None:
    growth = np.array([pair.label.sum() / pair.truth.sum() for pair in drawn(outline_noise=1.0)])
    assert growth.min() < 0.9
    assert growth.max() > 1.1
