"""Each laboratory keeps what its settings say: exact values, formats, areas, contrasts and groups."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import pytest
from scipy import ndimage

from metgan.errors import SettingError
from metgan.metrics import Tumour, evaluate_detection
from metgan.phantom import (
    LABORATORIES,
    Fill,
    Laboratory,
    PhantomPair,
    PhantomSettings,
    draw_laboratory,
    draw_pairs,
)
from metgan.types import AnyArray

COUNT = 12


def visibility(settings: PhantomSettings) -> float:
    """Signal over the standard error, of the dimmest tumour of the median area: shot noise and texture.

    The default's by hand: 0.35 / sqrt(1 / (35 * 0.95 * 41) + 0.15**2 * 16 / 41) = 3.59.
    """
    area, light = settings.median_area, settings.photons * (0.5 + abs(settings.crosstalk))
    return float((settings.lowest_contrast - 1) / np.sqrt(1 / (light * area) + 0.15**2 * 16 / area))


FORMATS = {"uint8": np.uint8, "uint12": np.uint16, "uint16": np.uint16, "float32": np.float32}
UNCLIPPED = [name for name in LABORATORIES if name != "clipped"]
GAPPY = [name for name, laboratory in LABORATORIES.items() if laboratory.settings.fill.kind != "none"]
SEEDS = range(30)


@cache
def drawn(name: str) -> tuple[PhantomPair, ...]:
    """Twelve pairs of a laboratory, drawn once for all tests."""
    return tuple(draw(LABORATORIES[name], COUNT))


def draw(laboratory: Laboratory, count: int) -> list[PhantomPair]:
    return list(draw_pairs(count, laboratory.settings_for(count), laboratory.seed_for(0)))


def light(pair: PhantomPair, channel: str = "tumour") -> AnyArray:
    """Counts above the dark level; where nothing was recorded, those of the nearest pixel."""
    nearest = ndimage.distance_transform_edt(pair.fill, return_distances=False, return_indices=True)
    return getattr(pair, channel)[tuple(nearest)].astype(float) - pair.dark


def tumours(pairs: tuple[PhantomPair, ...] | list[PhantomPair], channel: str = "tumour") -> list[Tumour]:
    scores = [evaluate_detection(pair.truth, pair.truth, light(pair, channel)) for pair in pairs]
    return [tumour for score in scores for tumour in score.tumours]


def comparison_key(pair: PhantomPair) -> float:
    """Correlation of the channels outside tumours and gaps."""
    tissue = ~pair.fill & ~pair.truth
    return float(np.corrcoef(pair.anatomy[tissue], pair.tumour[tissue])[0, 1])


@pytest.mark.parametrize("name", LABORATORIES)
def test_images_have_the_size_and_the_dtype_of_their_camera(name: str) -> None:
    settings = LABORATORIES[name].settings
    for pair in drawn(name):
        for channel in (pair.anatomy, pair.tumour):
            assert channel.dtype == FORMATS[settings.pixel_format]
            assert channel.shape == (settings.size, settings.size)
            assert np.isfinite(channel).all()


@pytest.mark.parametrize("name", GAPPY)
def test_exact_values_cover_the_share_asked_for_and_differ_between_images(name: str) -> None:
    fill = LABORATORIES[name].settings.fill
    shares = [(pair.tumour == fill.value).mean() for pair in drawn(name)]
    assert abs(np.mean(shares) - fill.share) < 0.08
    assert np.std(shares) > 0.03


@pytest.mark.parametrize("name", UNCLIPPED)
def test_gaps_hold_the_fill_value_in_both_channels_and_nothing_else_does(name: str) -> None:
    settings = LABORATORIES[name].settings
    for pair in drawn(name):
        assert pair.fill.any() == (settings.fill.kind != "none")
        for channel in (pair.anatomy, pair.tumour):
            assert (channel[pair.fill] == settings.fill.value).all()
            if settings.pixel_format != "float32":
                assert (channel[~pair.fill] != settings.fill.value).all()


@pytest.mark.parametrize("kind", ["mask", "mosaic", "rotation"])
def test_no_label_lies_in_a_gap_even_if_the_annotator_strays(kind: str) -> None:
    asked = PhantomSettings(
        size=96, empty_fraction=0.0, tumours_per_image=6.0, outline_noise=4.0, fill=Fill(kind, 0.5, 7)
    )
    pairs = list(draw_pairs(COUNT, asked, seed=2))
    assert not any((pair.fill & (pair.label | pair.truth)).any() for pair in pairs)
    assert all((pair.tumour[pair.fill] == 7).all() for pair in pairs)
    assert any(pair.label.any() for pair in pairs)


@pytest.mark.parametrize("kind", ["mask", "mosaic", "rotation"])
def test_what_is_recorded_is_one_piece_without_holes(kind: str) -> None:
    for pair in draw_pairs(COUNT, PhantomSettings(size=96, fill=Fill(kind, 0.4)), seed=3):
        recorded = ~pair.fill
        assert ndimage.label(recorded)[1] == 1
        assert (ndimage.binary_fill_holes(recorded) == recorded).all()
        edges = (pair.fill[0], pair.fill[-1], pair.fill[:, 0], pair.fill[:, -1])
        assert any(edge.any() for edge in edges)


def test_a_clipped_tumour_channel_is_0_in_scattered_pixels_and_in_areas_and_the_anatomy_is_whole() -> None:
    for pair in drawn("clipped"):
        assert not pair.fill.any()
        assert pair.anatomy.min() > 0
        pieces, count = ndimage.label(pair.tumour == 0)
        sizes = np.bincount(pieces.ravel())[1:]
        assert count > 20
        assert sizes.max() > 200
        assert (sizes == 1).sum() > 5


def test_a_12_bit_camera_never_counts_beyond_4095_and_saturates_there() -> None:
    brightest = [pair.tumour.max() for pair in drawn("twelve-bit-noisy")]
    assert max(brightest) == 4095
    assert max(pair.tumour.max() for pair in drawn("crowded")) > 4095


def test_floats_lie_around_zero_and_are_no_whole_numbers() -> None:
    for pair in drawn("float-subtracted"):
        assert abs(np.median(pair.tumour)) < 1e-3
        assert pair.tumour.min() < 0
        assert (pair.tumour % 1 != 0).mean() > 0.9


@pytest.mark.parametrize("name", UNCLIPPED)
def test_tumours_are_as_bright_against_their_ring_as_asked(name: str) -> None:
    settings = LABORATORIES[name].settings
    found = [tumour.contrast for tumour in tumours(drawn(name)) if tumour.area >= 8]
    low, high = np.quantile(found, [0.1, 0.9])
    assert 0.9 * settings.lowest_contrast < low
    assert high < 1.1 * settings.highest_contrast
    middle = settings.dim_contrast * (settings.highest_contrast / settings.dim_contrast) ** 0.3
    assert 0.5 * middle < np.median(found) < 1.8 * middle


def test_the_anatomy_channel_has_no_such_contrasts() -> None:
    found = [tumour.contrast for tumour in tumours(drawn("skull-stripped-large"), "anatomy")]
    assert abs(np.median(found) - 1) < 0.1


@pytest.mark.parametrize("name", UNCLIPPED)
def test_areas_stay_within_their_limits(name: str) -> None:
    settings = LABORATORIES[name].settings
    areas = np.array([tumour.area for tumour in tumours(drawn(name))])
    assert 0.4 * settings.median_area < np.median(areas) < 2.5 * settings.median_area
    # Ragged fields lose stray pixels, gain holes and are cut at gaps; neighbours that touch count as one.
    assert (areas < 0.7 * settings.smallest_area).mean() <= 0.1
    assert (areas > 1.2 * settings.largest_area).mean() <= 0.1


def test_large_lesions_are_ragged_and_uneven() -> None:
    found = 0
    for pair in drawn("skull-stripped-large"):
        pieces, count = ndimage.label(pair.truth)
        for piece in (pieces == number for number in range(1, count + 1)):
            inner = ndimage.binary_erosion(piece)
            if piece.sum() < 400 or not inner.any():
                continue
            found += 1
            roundness = (piece & ~inner).sum() / np.sqrt(np.pi * piece.sum())  # about 1.8 for a disc
            inside = ndimage.gaussian_filter(light(pair), 1)[inner]
            assert roundness > 1.95
            assert inside.std() / inside.mean() > 0.06
    assert found >= 5


def test_a_disc_would_not_count_as_ragged() -> None:
    y, x = np.indices((101, 101)) - 50
    disc = np.hypot(y, x) < 30
    rim = disc & ~ndimage.binary_erosion(disc)
    assert rim.sum() / np.sqrt(np.pi * disc.sum()) < 1.85


def test_an_inverted_tumour_channel_is_dark_where_the_anatomy_is_bright() -> None:
    assert np.median([comparison_key(pair) for pair in drawn("inverted")]) < -0.4
    assert np.median([comparison_key(pair) for pair in drawn("cleared-mouse")]) > 0.4
    assert min(pair.tumour.min() - pair.dark for pair in drawn("inverted")) > 0


def test_without_crosstalk_and_dye_in_tissue_the_channels_are_hardly_alike() -> None:
    alone = PhantomSettings(size=96, crosstalk=0.0, dye_in_tissue=0.0, edge_fraction=0.0)
    strong = replace(alone, crosstalk=2.0)
    unlike, alike = (
        np.median([comparison_key(pair) for pair in draw_pairs(COUNT, settings, seed=1)])
        for settings in (alone, strong)
    )
    assert abs(unlike) < 0.4  # light is uneven in both channels alike, and dye sticks to walls
    assert alike > abs(unlike) + 0.25


@pytest.mark.parametrize("name", LABORATORIES)
def test_all_pairs_of_a_laboratory_come_from_the_groups_it_states(name: str) -> None:
    laboratory = LABORATORIES[name]
    each = laboratory.settings_for(laboratory.pairs).pairs_per_animal
    assert -(-laboratory.pairs // each) == laboratory.groups
    assert 3 <= len({pair.group for pair in drawn(name)}) <= min(COUNT, laboratory.groups)
    assert {pair.organ for pair in drawn(name)} <= set(laboratory.settings.organs)


def test_the_first_laboratory_is_the_default_phantom() -> None:
    ours, default = (
        next(iter(pairs)) for pairs in (drawn("cleared-mouse"), draw_pairs(1, PhantomSettings(), 0))
    )
    assert (ours.anatomy == default.anatomy).all()


def test_laboratories_show_different_tissue() -> None:
    first, other = (drawn(name)[0].anatomy.astype(float) for name in ("clipped", "three-animals"))
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_a_laboratory_drawn_at_random_has_visible_tumours(seed: int) -> None:
    laboratory = draw_laboratory(seed)
    assert visibility(laboratory.settings) >= 3 - 1e-6, "Rose's criterion"
    assert laboratory.settings.lowest_contrast >= 1.2
    pairs = draw_pairs(40, laboratory.settings_for(40), laboratory.seed_for(0))
    pair = next(pair for pair in islice(pairs, 16) if pair.truth.any())
    assert not (pair.truth & pair.fill).any()
    brightness = light(pair)
    assert brightness[pair.truth].mean() > brightness[~pair.truth & ~pair.fill].mean()


def test_the_same_seed_draws_the_same_laboratory_and_others_draw_others() -> None:
    laboratories = [draw_laboratory(seed) for seed in SEEDS]
    assert laboratories == [draw_laboratory(seed) for seed in SEEDS]
    assert len({laboratory.settings for laboratory in laboratories}) == len(SEEDS)
    settings = [laboratory.settings for laboratory in laboratories]
    assert {each.fill.kind for each in settings} == {"none", "mask", "mosaic", "rotation", "clipped"}
    assert {each.pixel_format for each in settings} == set(FORMATS)
    assert min(each.crosstalk for each in settings) < 0 < max(each.crosstalk for each in settings)
    assert max(each.median_area for each in settings) > 50 * min(each.median_area for each in settings)


def test_a_random_laboratory_says_what_was_drawn() -> None:
    laboratory = draw_laboratory(7)
    for fact in (f"{laboratory.settings.size} pixels wide", laboratory.settings.pixel_format, "contrast"):
        assert fact in laboratory.description


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"median_area": 500.0}, "median_area is 500.0, largest_area is 400; expected ascending"),
        ({"lowest_contrast": 3.0}, "expected ascending"),
        ({"organs": ("heart",)}, "organs is .*heart.*; expected from: lung"),
        ({"organs": ()}, "organs is"),
        ({"pixel_format": "int16"}, "pixel_format is .*; expected from: uint8"),
        ({"pairs_per_animal": 0}, "pairs_per_animal is 0"),
        ({"crosstalk": -3.0}, "crosstalk is -3.0"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        replace(PhantomSettings(), **change)


@pytest.mark.parametrize(
    ("kind", "share", "value"),
    [("vignette", 0.3, 0), ("mask", 0.9, 0), ("mask", 0.0, 0), ("none", 0.2, 0), ("clipped", 0.3, 5)],
)
def test_a_fill_that_makes_no_sense_is_refused(kind: str, share: float, value: int) -> None:
    with pytest.raises(SettingError):
        Fill(kind, share, value)


def test_a_laboratory_of_two_animals_is_refused_as_a_training_needs_three() -> None:
    with pytest.raises(SettingError, match="2 groups"):
        replace(LABORATORIES["three-animals"], groups=2)


@pytest.mark.parametrize("seed", [-1, 1000])
def test_a_seed_that_belongs_to_another_laboratory_is_refused(seed: int) -> None:
    with pytest.raises(SettingError, match=f"seed is {seed}"):
        LABORATORIES["mosaic"].seed_for(seed)


def test_a_negative_seed_draws_no_laboratory() -> None:
    with pytest.raises(SettingError, match="seed is -1"):
        draw_laboratory(-1)
