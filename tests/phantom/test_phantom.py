"""What the phantom promises: repeatable pairs, a known truth, tumours that only their own channel shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from itertools import islice

import numpy as np
import pytest
from scipy import ndimage

from metgan.errors import SettingError
from metgan.phantom import ORGANS, PhantomPair, PhantomSettings, draw_pairs
from metgan.types import AnyArray, Mask

PLAIN = PhantomSettings(size=96)


@pytest.fixture(scope="module")
def phantom() -> list[PhantomPair]:
    """Eighty pairs of ten mice with a perfect annotator."""
    return list(draw_pairs(80, PLAIN, seed=11))


def bytes_of(pair: PhantomPair) -> list[object]:
    """Everything in a pair, comparable with ==."""
    values = [getattr(pair, field.name) for field in fields(pair)]
    return [value.tobytes() if isinstance(value, np.ndarray) else value for value in values]


def tumours_of(truth: Mask) -> list[Mask]:
    """One mask per connected tumour of at least 5 pixels."""
    pieces, count = ndimage.label(truth)
    masks = [pieces == piece for piece in range(1, count + 1)]
    return [mask for mask in masks if mask.sum() >= 5]


def contrast(channel: AnyArray, tumour: Mask, truth: Mask) -> float:
    """Mean inside a tumour over the median of a ring 3 to 6 pixels away from it, other tumours left out."""
    ring = ndimage.binary_dilation(tumour, iterations=6) & ~ndimage.binary_dilation(truth, iterations=2)
    return float(channel[tumour].mean() / np.median(channel[ring]))


def contrasts(pairs: list[PhantomPair], channel: str) -> AnyArray:
    return np.array(
        [
            contrast(getattr(pair, channel), tumour, pair.truth)
            for pair in pairs
            for tumour in tumours_of(pair.truth)
        ]
    )


def share_of_empty(pairs: list[PhantomPair]) -> float:
    return float(np.mean([not pair.truth.any() for pair in pairs]))


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again = (list(map(bytes_of, draw_pairs(3, PLAIN, seed=5))) for _ in range(2))
    other = list(map(bytes_of, draw_pairs(3, PLAIN, seed=6)))
    assert once == again
    assert all(mine[3:5] != theirs[3:5] for mine, theirs in zip(once, other, strict=True))


def test_a_pair_does_not_depend_on_how_many_are_drawn() -> None:
    short = list(draw_pairs(2, PLAIN, seed=5))
    long = list(islice(draw_pairs(1000, PLAIN, seed=5), 2))
    assert list(map(bytes_of, short)) == list(map(bytes_of, long))
    assert bytes_of(short[0]) != bytes_of(short[1])


@pytest.mark.parametrize("size", [48, 65, 256])
def test_pairs_have_the_size_asked_for_and_the_camera_s_dtype(size: int) -> None:
    (pair,) = draw_pairs(1, PhantomSettings(size=size), seed=0)
    for channel in (pair.anatomy, pair.tumour):
        assert (channel.shape, channel.dtype) == ((size, size), np.uint16)
    for mask in (pair.label, pair.truth):
        assert (mask.shape, mask.dtype) == ((size, size), np.bool_)


def test_names_are_unique_and_an_animal_has_eight_pairs(phantom: list[PhantomPair]) -> None:
    assert len({pair.name for pair in phantom}) == len(phantom)
    assert set(Counter(pair.group for pair in phantom).values()) == {PhantomSettings().pairs_per_animal}


def test_organs_are_balanced(phantom: list[PhantomPair]) -> None:
    assert Counter(pair.organ for pair in phantom) == dict.fromkeys(ORGANS, len(phantom) // len(ORGANS))


def test_pairs_of_one_animal_share_their_brightness() -> None:
    pairs = list(draw_pairs(80, replace(PLAIN, edge_fraction=0.0, size=48), seed=2))
    level = np.array([np.log(np.median(pair.anatomy)) for pair in pairs])
    for organ in ORGANS:  # organs differ in brightness too
        level[[pair.organ == organ for pair in pairs]] -= np.mean(
            [value for value, pair in zip(level, pairs, strict=True) if pair.organ == organ]
        )
    of_mice = level.reshape(-1, PhantomSettings().pairs_per_animal)  # (mouse, pair)
    assert of_mice.std(axis=1).mean() < 0.6 * level.std()
    shuffled = np.random.default_rng(0).permutation(level).reshape(of_mice.shape)
    assert shuffled.std(axis=1).mean() > 0.8 * level.std()


def test_tumours_are_brighter_than_their_surroundings_in_the_tumour_channel(
    phantom: list[PhantomPair],
) -> None:
    found = contrasts(phantom, "tumour")
    assert len(found) > 100
    assert np.median(found) > 1.2
    assert np.quantile(found, 0.02) > 1.08  # the dim ones are dim, not invisible
    assert np.quantile(found, 0.25) < 1.8
    assert np.quantile(found, 0.9) > 3


def test_the_anatomy_does_not_give_the_tumours_away(phantom: list[PhantomPair]) -> None:
    found = contrasts(phantom, "anatomy")
    assert abs(np.median(found) - 1) < 0.03
    assert abs(found.mean() - 1) < 0.06


def test_tumour_areas_are_those_of_real_metastases(phantom: list[PhantomPair]) -> None:
    areas = [tumour.sum() for pair in phantom for tumour in tumours_of(pair.truth)]
    # The 15 tumours of MetGAN's label sample: median 41 pixels, 10 to 365.
    assert 30 < np.median(areas) < 55
    assert np.quantile(areas, 0.05) < 15
    assert 120 < np.quantile(areas, 0.95) < 400


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.6, 1.0])
def test_the_share_of_empty_pairs_is_the_one_asked_for(fraction: float) -> None:
    pairs = list(draw_pairs(40, PhantomSettings(size=48, empty_fraction=fraction), seed=1))
    assert abs(share_of_empty(pairs) - fraction) <= 1 / 40


def test_pairs_without_tumours_still_have_bright_things_to_be_wrong_about() -> None:
    empty = PhantomSettings(size=96, empty_fraction=1.0, edge_fraction=0.0)
    brightest = {
        mean: np.median(
            [pair.tumour.max() / np.median(pair.tumour) for pair in draw_pairs(15, settings, seed=4)]
        )
        for mean, settings in ((mean, replace(empty, confusers_per_image=mean)) for mean in (0.0, 12.0))
    }
    assert brightest[12.0] > 1.25 * brightest[0.0]


def test_some_pictures_show_the_outside_near_the_camera_offset() -> None:
    inside, edge = (
        [pair.anatomy.min() for pair in draw_pairs(10, replace(PLAIN, edge_fraction=share), seed=3)]
        for share in (0.0, 1.0)
    )
    assert max(edge) < 180
    assert np.median(inside) > 1.2 * np.median(edge)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 47),
        ("size", 64.0),
        ("size", True),
        ("empty_fraction", 1.1),
        ("empty_fraction", float("nan")),
        ("tumours_per_image", 0.5),
        ("median_area", 0),
        ("dim_fraction", -0.1),
        ("photons", 0),
        ("missed_fraction", 2),
        ("outline_noise", -1),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(SettingError, match=f"{name} is .*; expected .*"):
        PhantomSettings(**{name: value})


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1, -1)])
def test_a_negative_count_or_seed_is_refused_before_anything_is_drawn(count: int, seed: int) -> None:
    with pytest.raises(SettingError):
        draw_pairs(count, PLAIN, seed)
