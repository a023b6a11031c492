"""What no painting knows, taken from one real image and laid over the painting of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metgan.data import Entry, Pair, PairSet, part_of, read_pair, write_pair
from metgan.errors import ArrayError, SettingError
from metgan.labels import Bank, Merged, find_tissue
from metgan.seeding import stream
from metgan.synthesis import (
    Background,
    BackgroundResidual,
    GenerationRequest,
    Inpainter,
    Noise,
    PairPlans,
    check_request,
)
from metgan.types import Camera, Mask

from ..conftest import generate_tumour

GRAIN = Noise(slope=2.0, floor=-200.0)  # a gain of 2 counts a photon, an offset of 100 counts
SIDE = 96


def photographed(light: float, seed: int, side: int = SIDE) -> Camera:
    """Flat light above the offset, by a camera with the noise of `GRAIN`."""
    rng = np.random.default_rng(seed)
    return (100 + 2 * rng.poisson(light / 2, (side, side))).astype(np.uint16)


def flat(light: float, side: int = SIDE) -> Camera:
    return np.full((side, side), 100 + light, np.uint16)


def donor(tumour: Camera, label: Mask | None = None, anatomy: Camera | None = None) -> Pair:
    nothing = np.zeros(tumour.shape, bool)
    entry = Entry("donor", "mouse 1", "", "", {})
    flat_anatomy = np.full(tumour.shape, 500, np.uint16)
    return Pair(
        entry, flat_anatomy if anatomy is None else anatomy, tumour, nothing if label is None else label
    )


def everywhere(side: int = SIDE) -> Mask:
    return np.ones((side, side), bool)


NOISE = st.one_of(
    st.builds(Noise, st.floats(1e-6, 10) | st.just(0.0), st.floats(1e-3, 500) | st.just(0.0)),
    st.builds(Noise, st.floats(0.01, 10), st.floats(-500, 0), st.floats(1e-3, 500)),
    st.just(Noise(0.0, -3.0)),  # no noise that could be measured
)


@given(noise=NOISE, pixels=st.lists(st.integers(0, 65535), min_size=2, max_size=20))
def test_stabilising_keeps_the_order_and_is_undone(noise: Noise, pixels: list[int]) -> None:
    image = np.sort(np.array([pixels], np.uint16))
    stabilised = noise.stabilise(image)
    assert (np.diff(stabilised) >= 0).all()
    assert np.allclose(noise.restore(stabilised), image, rtol=1e-9, atol=1e-4)


@example(noise=Noise(5e-324, 0.0), pixels=[65535] * 16)
@given(
    noise=NOISE
    | st.builds(Noise, st.floats(0.01, 10), st.floats(-5000, 0))  # nothing is known of the dark
    | st.builds(Noise, st.floats(0, 1e-3), st.just(0.0)),  # hardly any noise
    pixels=st.lists(st.integers(0, 65535), min_size=16, max_size=16),
)
def test_a_background_of_nothing_leaves_every_image_as_it_is(noise: Noise, pixels: list[int]) -> None:
    image = np.array(pixels, np.uint16).reshape(4, 4)
    nothing = BackgroundResidual(np.zeros((4, 4)), everywhere(4), everywhere(4), noise)
    assert np.array_equal(nothing.lay_over(image, everywhere(4), np.random.default_rng(0)), image)


def test_air_below_the_light_that_noise_was_measured_at_keeps_its_mean_and_gets_its_noise() -> None:
    """A line through the noise of tissue says that there is none in air, at less than 164 counts."""
    noise = Noise(slope=0.08, floor=-13.0, least=4.0)
    air = np.random.default_rng(0).normal(120, 2, (SIDE, SIDE)).round().astype(np.uint16)
    painted = np.full((SIDE, SIDE), 120, np.uint16)
    laid = BackgroundResidual.of(donor(air), painted, noise).lay_over(
        painted, everywhere(), np.random.default_rng(0)
    )
    assert laid.mean() == pytest.approx(120, abs=0.5)
    assert laid.std() == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("covered", [False, True])
def test_images_without_noise_stay_without(covered: bool) -> None:
    real = np.zeros((SIDE, SIDE), np.float32)
    real[30:33, 10:60] = 0.5
    noise = Noise.measure([donor(np.full((SIDE, SIDE), 0.25, np.float32))])
    label = everywhere() if covered else None
    laid = BackgroundResidual.of(donor(real, label), np.zeros_like(real), noise).lay_over(
        np.full((SIDE, SIDE), 0.1, np.float32), everywhere(), np.random.default_rng(0)
    )
    assert laid.dtype == np.float32
    assert laid.min() == pytest.approx(0.1)
    assert laid.max() == pytest.approx(0.1 if covered else 0.6)


@pytest.mark.parametrize("light", [200.0, 2000.0, 20000.0])
def test_stabilised_noise_has_a_standard_deviation_of_one_at_any_light(light: float) -> None:
    assert GRAIN.stabilise(photographed(light, 0)).std() == pytest.approx(1, rel=0.05)


@settings(deadline=None, max_examples=10)
@given(bright=st.sampled_from([200, 800, 4000]), dark=st.sampled_from([150, 1000]), seed=st.integers(0, 99))
def test_the_noise_comes_to_what_a_camera_makes_of_the_new_light(bright: int, dark: int, seed: int) -> None:
    background = BackgroundResidual.of(donor(photographed(bright, seed)), flat(bright), GRAIN)
    laid = background.lay_over(flat(dark), everywhere(), np.random.default_rng(seed))
    expected = photographed(dark, seed + 1)
    assert laid.dtype == np.uint16
    assert laid.mean() == pytest.approx(expected.mean(), rel=0.01)
    assert laid.std() == pytest.approx(expected.std(), rel=0.06)


def test_a_thread_comes_along_and_keeps_its_strength_against_the_noise() -> None:
    real = flat(800)
    real[40:43, 10:80] += 1000
    background = BackgroundResidual.of(donor(real), flat(800), GRAIN)
    laid = background.lay_over(flat(200), everywhere(), np.random.default_rng(0))
    thread = laid != 100 + 200
    assert int(thread.sum()) == 3 * 70
    strength = GRAIN.stabilise(laid)[thread] - GRAIN.stabilise(flat(200))[thread]
    expected = GRAIN.stabilise(real)[41, 41] - GRAIN.stabilise(flat(800))[41, 41]
    assert np.allclose(strength, expected, rtol=0.02)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_tumour_of_the_donor_comes_along_nor_the_light_at_its_rim(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.zeros((SIDE, SIDE), bool)
    for _ in range(4):
        y, x = rng.integers(0, SIDE - 12, 2)
        label[y : y + 10, x : x + 12] = True
    real = flat(300)
    real[label] += 9000
    rim = np.pad(label, 2)
    for axis in (0, 1):
        rim = rim | np.roll(rim, 2, axis) | np.roll(rim, -2, axis)
    real[rim[2:-2, 2:-2] & ~label] += 2000
    background = BackgroundResidual.of(donor(real, label), flat(300), GRAIN)
    laid = background.lay_over(flat(300), everywhere(), rng)
    free = laid == flat(300)
    assert free.mean() > 0.9  # the rest, where no copy fits, is noise alone
    assert laid.max() < 100 + 300 + 6 * np.sqrt(2 * 300)


def half_air() -> Camera:
    anatomy = np.full((SIDE, SIDE), 100, np.uint16)
    anatomy[:, SIDE // 2 :] = 2000
    return anatomy


def test_what_lay_in_tissue_comes_to_lie_in_tissue_and_in_air_what_lay_in_air() -> None:
    anatomy = half_air()
    tissue = find_tissue(anatomy)
    real = flat(400)
    real[::7, ::7] += np.where(tissue, 600, 150).astype(np.uint16)[::7, ::7]  # dust
    background = BackgroundResidual.of(donor(real, anatomy=anatomy), flat(400), GRAIN)
    for seed in range(8):
        added = background.lay_over(flat(400), tissue, np.random.default_rng(seed)).astype(int) - 500
        assert (added[tissue] > 400).sum() > 60
        assert (added[~tissue] > 100).sum() > 60
        assert added[~tissue].max() < 200


def test_what_lies_where_tissue_ends_stays_behind() -> None:
    anatomy = half_air()
    real = flat(400)
    real[:, SIDE // 2 - 3 : SIDE // 2 + 3] += 5000  # a rim that was painted two pixels beside its place
    background = BackgroundResidual.of(donor(real, anatomy=anatomy), flat(400), GRAIN)
    laid = background.lay_over(flat(400), find_tissue(anatomy), np.random.default_rng(0))
    assert laid.max() < 100 + 400 + 6 * np.sqrt(2 * 400)


@settings(deadline=None, max_examples=10)
@given(more=st.integers(-300, 3000), seed=st.integers(0, 99))
def test_how_bright_a_place_is_by_and_large_is_left_to_the_painter(more: int, seed: int) -> None:
    """Neither an offset of the whole image nor a slope of light across it comes along."""
    slope = np.linspace(0, more, SIDE)[None] * np.ones((SIDE, 1))
    real = (photographed(800, seed) + slope + more / 4).astype(np.uint16)
    laid = BackgroundResidual.of(donor(real), flat(800), GRAIN).lay_over(
        flat(800), everywhere(), np.random.default_rng(seed)
    )
    middles = [part.mean() for part in np.array_split(laid, 4, axis=1)]
    assert np.allclose(middles, 900, rtol=0.05)


def test_pieces_of_several_copies_leave_no_seam_of_single_pixels() -> None:
    """A donor a third of which is air: copies must fill in, and the noise of this camera is blurred.

    Neighbours agree in it. Along a seam of slivers they would not: there, each pixel would be another copy's.
    """
    rough = np.random.default_rng(5).standard_normal((SIDE, SIDE))
    blurred = ndimage.gaussian_filter(rough, 1.5, mode="wrap")
    tumour = (400 + 60 * blurred / blurred.std()).astype(np.uint16)
    anatomy = half_air()
    tumour[anatomy < 200] = 100
    noise = Noise(slope=0.0, floor=3600.0)
    painted = np.where(anatomy < 200, 100, 400).astype(np.uint16)
    residual = BackgroundResidual.of(donor(tumour, anatomy=anatomy), painted, noise)
    jumps = []
    for seed in range(6):
        laid = residual.lay_over(flat(300), everywhere(), np.random.default_rng(seed)).astype(float)
        steps = np.concatenate([np.abs(np.diff(laid, axis=axis)).ravel() for axis in (0, 1)])
        jumps.append((steps > 120).sum())  # blurred noise alone has none
    assert max(jumps) <= 10  # slivers made 30 and more


def test_where_nothing_fits_there_is_noise_alone() -> None:
    background = BackgroundResidual.of(donor(flat(9000), everywhere()), flat(400), GRAIN)
    laid = background.lay_over(flat(400), everywhere(), np.random.default_rng(0))
    assert laid.mean() == pytest.approx(500, rel=0.01)
    assert laid.std() == pytest.approx(np.sqrt(2 * 400), rel=0.06)


@pytest.mark.parametrize("side", [40, 96, 200])
def test_a_donor_may_have_another_shape(side: int) -> None:
    background = BackgroundResidual.of(donor(photographed(800, 1, side)), flat(800, side), GRAIN)
    laid = background.lay_over(flat(800), everywhere(), np.random.default_rng(0))
    assert laid.shape == (SIDE, SIDE)
    assert laid.std() == pytest.approx(np.sqrt(2 * 800), rel=0.1)


def test_an_image_stays_within_the_range_of_its_camera() -> None:
    real = flat(100).astype(np.uint8)
    real[10:20, 10:20] = 255
    bright = np.full((SIDE, SIDE), 250, np.uint8)
    laid = BackgroundResidual.of(donor(real), flat(100).astype(np.uint8), GRAIN).lay_over(
        bright, everywhere(), np.random.default_rng(0)
    )
    assert laid.dtype == np.uint8
    assert laid.max() == 255
    assert laid.min() == 250


def entries(names: str) -> list[Entry]:
    """Entries of a letter for the organ and a number each."""
    return [Entry(name, f"mouse {name}", name[0], "", {}) for name in names.split()]


def drawn(donors: Sequence[Entry], source: Entry, rng: np.random.Generator) -> str:
    """Name of the donor that is drawn for an anatomy."""
    donor = Background(GRAIN, donors).draw(source, everywhere(), rng).donor
    assert donor is not None
    return donor.name


def test_a_donor_is_of_the_same_organ_and_never_the_anatomys_own_pair() -> None:
    donors = entries("a1 a2 a3 b1 b2")
    rng = np.random.default_rng(0)
    for source, allowed in (("a1", {"a2", "a3"}), ("b1", {"b2"}), ("c1", {"a1", "a2", "a3", "b1", "b2"})):
        (own,) = entries(source)
        assert {drawn(donors, own, rng) for _ in range(200)} == allowed


def test_a_painted_anatomy_is_given_no_background_of_what_it_was_made_of() -> None:
    donors = entries("a1 a2 a3")
    provenance = {"anatomy_source": "a1", "label_sources": "a2", "model": "1f"}
    painted = Entry("new", "mouse a1", "a", "", {}, provenance)
    rng = np.random.default_rng(0)
    assert {drawn(donors, painted, rng) for _ in range(50)} == {"a3"}


def test_a_single_pair_has_no_donor() -> None:
    (own,) = entries("a1")
    with pytest.raises(SettingError, match="Give more pairs, or refine with noise instead"):
        drawn([own], own, np.random.default_rng(0))


MEASURED = Noise(0.5, 20.0)


@pytest.fixture
def train(small_pairs: PairSet) -> Sequence[Entry]:
    return part_of(small_pairs.entries, "train", None)


@pytest.fixture
def with_backgrounds(train: Sequence[Entry]) -> GenerationRequest:
    return GenerationRequest(train, train, Merged(2), 4, 0, (Background(MEASURED, train),))


def test_a_background_changes_the_image_alone_and_the_history_tells_whose_it_is(
    inpainter: Inpainter, with_backgrounds: GenerationRequest, train: Sequence[Entry]
) -> None:
    homes = {entry.name: entry.group for entry in train}
    grainy = PairPlans(replace(with_backgrounds, refine=(MEASURED,)))
    for number in range(with_backgrounds.count):
        plan, plain = PairPlans(with_backgrounds).draw(number), grainy.draw(number)
        assert np.array_equal(plan.asked, plain.asked)
        assert plan.source == plain.source
        assert plain.origin["background_source"] == plain.origin["background_group"] == ""
        origin = plan.origin
        assert homes[origin["background_source"]] == origin["background_group"]
        assert origin["background_source"] != plan.source.name
        image = generate_tumour(inpainter, plan)
        assert np.array_equal(
            image, generate_tumour(inpainter, PairPlans(with_backgrounds).draw(number))
        )  # to the bit
        assert not np.array_equal(image, generate_tumour(inpainter, plain))


def test_other_donors_are_another_request(
    with_backgrounds: GenerationRequest, train: Sequence[Entry]
) -> None:
    fewer = replace(with_backgrounds, refine=(Background(MEASURED, train[:-1]),))
    assert "background: 5 images" in str(with_backgrounds)
    assert PairPlans(with_backgrounds).fingerprint != PairPlans(fewer).fingerprint
    plain = replace(with_backgrounds, refine=())
    assert PairPlans(plain).fingerprint not in {
        PairPlans(with_backgrounds).fingerprint,
        PairPlans(fewer).fingerprint,
    }


@pytest.mark.parametrize(
    ("donors", "says"),
    [
        ([], "no real pairs to take backgrounds from"),
        ([Entry("a", "m", "", "", {})], "lack a channel or a label, to take backgrounds from: a"),
        ([Entry("a", "m", "", "", {}, {"model": "1f"})], "generated images to take backgrounds from"),
    ],
)
def test_what_no_background_can_be_taken_from_is_refused(
    with_backgrounds: GenerationRequest, donors: list[Entry], says: str
) -> None:
    with pytest.raises(SettingError, match=says):
        replace(with_backgrounds, refine=(Background(MEASURED, donors),))


def test_a_request_whose_only_donor_is_its_anatomy_is_refused_before_anything_is_written(
    inpainter: Inpainter, with_backgrounds: GenerationRequest, train: Sequence[Entry]
) -> None:
    alone = (Background(MEASURED, train[:1]),)
    with pytest.raises(SettingError, match="to take the background from"):
        check_request(inpainter, replace(with_backgrounds, anatomies=train[:1], refine=alone))


def test_an_anatomy_without_a_donor_is_refused_wherever_it_comes(
    inpainter: Inpainter, with_backgrounds: GenerationRequest, train: Sequence[Entry]
) -> None:
    """Only the last of the anatomies has none, and plans are not drawn for all."""
    request = replace(with_backgrounds, recipe=Bank(), count=1, refine=(Background(MEASURED, train[-1:]),))
    with pytest.raises(SettingError, match=f"no real pair but {train[-1].name} itself"):
        check_request(inpainter, request)


def test_a_donor_that_the_network_does_not_take_is_named(
    inpainter: Inpainter, with_backgrounds: GenerationRequest, train: Sequence[Entry], tmp_path: Path
) -> None:
    pair = read_pair(train[0])
    low = slice(0, inpainter.minimum_side - 1)
    write_pair(tmp_path, "low", pair.anatomy[low], pair.tumour[low], pair.label[low])
    paths = {channel: tmp_path / channel / "low.tif" for channel in train[0].paths}
    donors = [*train, replace(train[0], name="low", paths=paths)]
    with pytest.raises(ArrayError, match=r"anatomy/low\.tif has shape"):
        check_request(inpainter, replace(with_backgrounds, refine=(Background(MEASURED, donors),)))


def test_seeds_of_backgrounds_do_not_repeat(with_backgrounds: GenerationRequest) -> None:
    steps = [PairPlans(with_backgrounds).draw(number).background for number in range(40)]
    seeds = {step.seed for step in steps if step is not None}
    assert len(seeds) == 40
    assert stream(0, "grain", 0).integers(2**63) in seeds


def test_nothing_comes_along_of_where_the_label_of_the_donor_says_nothing() -> None:
    """What lies there may be a tumour."""
    doubted = np.zeros((SIDE, SIDE), bool)
    doubted[40:50, 40:52] = True
    real = donor(np.where(doubted, 9000, photographed(300, 0)).astype(np.uint16))
    partly, labelled = replace(real, ignored=doubted), replace(real, label=doubted)
    frees = [BackgroundResidual.of(pair, flat(300), GRAIN).free for pair in (partly, labelled, real)]
    assert np.array_equal(frees[0], frees[1])
    assert not np.array_equal(frees[0], frees[2])
