"""The level above which a pixel is read as tumour: the one that reads validation pairs best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.metrics import Overlap, overlap
from metgan.models import DEFAULT_THRESHOLD
from metgan.studies.predictions import LEVELS, choose_level


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_no_other_level_has_a_better_pooled_dice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weighed = [rng.random((9, 9), np.float32) for _ in range(3)]
    labels = [(w + rng.normal(0, 0.3, w.shape)) > 0.7 for w in weighed]

    def dice(level: float) -> float:
        pairs = zip(weighed, labels, strict=True)
        return sum((overlap(w > level, label) for w, label in pairs), Overlap()).dice

    assert dice(choose_level(weighed, labels)) == pytest.approx(max(map(dice, LEVELS)))


def test_pairs_are_pooled_and_not_averaged() -> None:
    """One large tumour wants a low level, two small ones a high level; pooled, the large one decides.

    Averaged, a low level would have (1 + 2 x 2/101) / 3 = 0.35, a high one (0 + 1 + 1) / 3 = 0.67.
    """
    large, small = np.full((1, 100), 0.55, np.float32), np.full((1, 100), 0.55, np.float32)
    small[0, 0] = 0.97
    first = np.arange(100)[None] == 0
    assert choose_level([large, small, small], [np.ones((1, 100), bool), first, first]) < 0.55


def test_validation_pairs_without_tumours_leave_the_usual_level() -> None:
    nothing = np.zeros((4, 4), bool)
    assert choose_level([np.zeros((4, 4), np.float32)], [nothing]) == DEFAULT_THRESHOLD
    assert choose_level([np.full((4, 4), 0.92, np.float32)], [nothing]) == DEFAULT_THRESHOLD
    assert choose_level([], []) == DEFAULT_THRESHOLD
