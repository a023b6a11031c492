"""What is drawn lies within what was asked for, and every setting leaves the draws of the others alone."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from metgan.errors import SettingError
from metgan.transforms import STRONG, Augmentation, Distortions, draw_distortion

ALL = replace(STRONG, exposure=1.0, balance=0.5)


def drawn(augmentation: Augmentation, count: int) -> Distortions:
    return Distortions.join([draw_distortion(augmentation, np.random.default_rng(k)) for k in range(count)])


def test_scans_are_exposed_longer_as_often_as_shorter() -> None:
    """And of a bright anatomy the tumour channel is brighter, but not in proportion."""
    anatomy, tumour = np.log2(drawn(Augmentation(exposure=1, balance=0.5), 400).exposure.T)
    for factors, most in ((tumour, 1), (anatomy, 1.5)):
        assert 160 < (factors > 0).sum() < 240
        assert 0.9 * most < np.abs(factors).max() <= most
    assert np.polyfit(anatomy, tumour, 1)[0] == pytest.approx(0.8, abs=0.05)  # 1 / (1 + 0.5 ** 2)


def test_draws_reach_what_was_asked_for_and_no_further() -> None:
    many = drawn(ALL, 400)
    for values, most in (
        (np.rad2deg(many.angle), 20),
        (np.log2(many.stretch), 0.3),
        (np.log2(many.exponent), 0.5),
        (np.log2(many.factor), 0.4),
        (many.offset, 0.5),
    ):
        assert -most <= values.min() < -0.97 * most < 0.97 * most < values.max() <= most
    for values, most in ((many.noise, 0.4), (many.blur, 1.0)):
        assert 0 <= values.min() < 0.03 * most < 0.97 * most < values.max() <= most
    assert many.knots.std() == pytest.approx(2, rel=0.03)
    assert len(set(many.seed.tolist())) == 400


@pytest.mark.parametrize("name", [field.name for field in fields(Augmentation)])
def test_a_setting_leaves_the_draws_of_the_others_alone(name: str) -> None:
    whole, without = drawn(ALL, 1), drawn(replace(ALL, **{name: 0.0}), 1)
    differing = {
        field.name
        for field in fields(Distortions)
        if not np.array_equal(getattr(whole, field.name), getattr(without, field.name))
    }
    own = {"gamma": "exponent", "contrast": "factor", "brightness": "offset", "turn": "angle"}
    own |= {"balance": "exposure", "bend": "knots"}
    assert differing == {own.get(name, name)}


@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_an_augmentation_that_means_nothing_is_refused(value: float) -> None:
    with pytest.raises(SettingError, match="expected a finite number"):
        Augmentation(blur=value)
