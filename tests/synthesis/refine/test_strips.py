"""What is computed of an image strip by strip has the bytes of the image taken at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from metgan.data import Entry, Pair
from metgan.objects import number_tumours
from metgan.synthesis.refine import BackgroundResidual, Noise, insert_tumours, match_contrasts, strips
from metgan.types import Camera, Mask

SHAPE = (150, 90)
NOISE = Noise(slope=0.8, floor=-40.0, least=12.0)


def channel(seed: int) -> Camera:
    """A channel with tissue and air."""
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 130, SHAPE)
    image[:, : 40 + 5 * seed] += 700
    return image.astype(np.uint16)


def label(seed: int) -> Mask:
    """Tumours here and there, and stretches of many rows without one."""
    rng = np.random.default_rng(seed)
    found = rng.random(SHAPE) < 0.01
    found[40:75] = False
    return found


def residual() -> BackgroundResidual:
    real = Pair(Entry("a", "mouse", "", "", {}), channel(0), channel(1), label(0))
    return BackgroundResidual.of(real, channel(2), NOISE)


def lay_over() -> Camera:
    return residual().lay_over(channel(3), channel(3) > 400, np.random.default_rng(0), channel(4) > 820)


def match() -> Camera:
    tumours = number_tumours(label(1))[1].size
    wanted = np.random.default_rng(2).uniform(1.1, 6, tumours)
    return match_contrasts(channel(1) * 3, channel(1), label(1), [*wanted], channel(4) > 820)


COMPUTED = {
    "residual": lambda: residual().field,
    "laid over": lay_over,
    "noise": lambda: NOISE.add(channel(0), np.random.default_rng(1), channel(4) > 820),
    "contrast": match,
    "insert": lambda: insert_tumours(channel(0), channel(1) * 3, channel(1), label(1)),
}


@pytest.mark.parametrize("rows", [1, 7, 64, 149])
@pytest.mark.parametrize("compute", COMPUTED.values(), ids=COMPUTED)
def test_strips_of_any_height_give_the_same_bytes(
    compute: Callable[[], np.ndarray], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = compute()
    monkeypatch.setattr(strips, "ROWS", rows)
    np.testing.assert_array_equal(compute(), at_once)


@pytest.mark.parametrize(("compute", "reach"), [(COMPUTED["contrast"], 1), (COMPUTED["residual"], 20)])
def test_strips_that_see_too_little_around_them_would_give_others(
    compute: Callable[[], np.ndarray], reach: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, plain = compute(), strips.strips
    monkeypatch.setattr(strips, "ROWS", 7)
    for step in ("contrast", "background"):
        narrow = f"metgan.synthesis.refine.{step}.strips"
        monkeypatch.setattr(narrow, lambda rows, far=0: plain(rows, min(far, reach)))
    assert not np.array_equal(compute(), at_once)


def test_strips_cover_each_row_once_and_reach_no_further_than_the_image() -> None:
    found = [*strips.strips(600, reach=40)]
    assert np.concatenate([np.arange(600)[strip.rows] for strip in found]).tolist() == [*range(600)]
    for strip in found:
        around = np.arange(600)[strip.around]
        assert around[strip.inner].tolist() == np.arange(600)[strip.rows].tolist()
        assert around[0] == max(0, strip.rows.start - 40)
        assert around[-1] == min(600, strip.rows.stop + 40) - 1
