"""MetGen: both pathways meet, at any size, and a pixel depends on no more than its halo."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.errors import ArrayError
from metgan.networks import PRESETS, LabelSpec, MetGen, MetGenSpec, UNetSpec, build
from metgan.networks.metgen import least_side

LABEL = LabelSpec(width=1, hidden=4)
TINY = MetGenSpec(UNetSpec((2, 3), (2, 3)), LABEL)  # two stages: a small halo for images
BEHIND = MetGenSpec(TINY.image, LabelSpec(1, 4, "nearest", "released"), merge="behind")
PAPER_SHAPE = MetGenSpec(UNetSpec((2,) * 6, (2,) * 6), LABEL)
RELEASED_SHAPE = MetGenSpec(
    UNetSpec((2,) * 6, (2,) * 6, align_corners=True), LabelSpec(1, 4, "nearest", "released"), "behind"
)


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def spots(*shape, seed=0):
    return (noise(*shape, seed=seed) > 1.5).double()


@cache
def lively(spec, seed=0):
    """Return a generator in eval mode with large weights, normalised on noise, so that no cell is dead."""
    network = build(lambda: MetGen(spec), seed).double()
    dice = torch.Generator().manual_seed(seed)
    side = 2 * least_side(spec)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.3, generator=dice)
        for k in range(20):  # spectral norm and running statistics follow the weights
            network(noise(1, 1, side, side, seed=k), network.embed(spots(1, 1, side, side, seed=k)))
    return network.eval()


def translate(network, image, label):
    with torch.no_grad():
        return network(image, network.embed(label))


# --- sizes ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    return build(lambda: MetGen(PRESETS["small"].metgen), 0).eval()


SMALLEST = least_side(PRESETS["small"].metgen)


@settings(max_examples=12, deadline=None)
@given(st.integers(SMALLEST, 90), st.integers(SMALLEST, 90))
def test_any_size_from_the_minimum_on_comes_back_as_it_was(small, height, width):
    image, label = noise(1, 1, height, width).float(), spots(1, 1, height, width).float()
    translated = translate(small, image, label)
    assert translated.shape == image.shape
    assert translated.abs().max() < 1


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(0, 40), min_size=2, max_size=2))
def test_any_depth_takes_any_size_from_its_minimum_on(stages, extra):
    spec = MetGenSpec(UNetSpec((2,) * stages, (2,) * stages), LABEL)
    sizes = [least_side(spec) + e for e in extra]
    image = torch.zeros(1, 1, *sizes)
    assert translate(MetGen(spec).eval(), image, image).shape == image.shape


@pytest.mark.parametrize(("spec", "least"), [(TINY, 32), (PAPER_SHAPE, 64)])
def test_a_smaller_image_or_label_is_refused_with_the_minimum(spec, least):
    network = MetGen(spec).eval()
    assert least_side(spec) == network.stride == least
    good, bad = torch.zeros(1, 1, least, least), torch.zeros(1, 1, least, least - 1)
    with pytest.raises(ArrayError, match=f"at least {least} pixels"):
        network.embed(bad)
    with pytest.raises(ArrayError, match=f"at least {least} pixels"):
        network(bad, network.embed(good))


@pytest.mark.parametrize("taps", ["all", "released"])
def test_volumes_pass_through_the_same_code(taps):
    spec = MetGenSpec(UNetSpec((2, 2), (2, 2), dims=3), LabelSpec(1, 2, taps=taps, dims=3))
    volume = torch.zeros(1, 1, 32, 35, 33)
    assert translate(MetGen(spec).eval(), volume, volume).shape == volume.shape


# --- where the label goes -------------------------------------------------------------------------


def gradients_by_block(spec):
    """Return for each SPADE block the gradients of its parameters, None where nothing depends on one."""
    network = copy.deepcopy(lively(spec))
    image, label = noise(1, 1, 128, 128), spots(1, 1, 128, 128)
    network(image, network.embed(label)).square().sum().backward()
    return [{name: p.grad for name, p in block.named_parameters()} for block in network.label_pathway.blocks]


def test_every_spade_block_of_the_paper_preset_reaches_the_image():
    paper = PRESETS["paper"].metgen
    assert (paper.label.taps, paper.merge, len(paper.image.encoder)) == ("all", "into", 6)
    blocks = gradients_by_block(PAPER_SHAPE)
    assert len(blocks) == 7
    for gradients in blocks:
        assert all(gradient is not None and gradient.abs().max() > 0 for gradient in gradients.values())


def test_the_last_spade_block_of_the_released_preset_does_not():
    released = PRESETS["released"].metgen
    assert (released.label.taps, released.merge) == ("released", "behind")
    *reaching, last = gradients_by_block(RELEASED_SHAPE)
    for gradients in reaching:
        assert all(gradient is not None and gradient.abs().max() > 0 for gradient in gradients.values())
    assert all(gradient is None for gradient in last.values())


@pytest.mark.parametrize("spec", [PAPER_SHAPE, RELEASED_SHAPE], ids=["paper", "released"])
def test_label_and_image_both_change_the_translation(spec):
    network = lively(spec)
    image, label = noise(1, 1, 64, 64), spots(1, 1, 64, 64)
    translated = translate(network, image, label)
    assert not torch.allclose(translated, translate(network, image, torch.zeros_like(label)))
    assert not torch.allclose(translated, translate(network, image.flip(2), label))


def test_translating_and_embedding_in_eval_mode_change_no_weight_and_no_buffer():
    network = copy.deepcopy(lively(TINY))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    translate(network, noise(1, 1, 32, 32), spots(1, 1, 32, 32))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    network.train()
    translate(network, noise(1, 1, 64, 64), spots(1, 1, 64, 64))
    assert not all(torch.equal(before[name], value) for name, value in network.state_dict().items())


# --- the halo -------------------------------------------------------------------------------------


def farthest_label(spec, p):
    """Return the distance of the farthest label pixel that can change pixel `p`, by walking indices.

    The radii of `MetGen.halo` are not used: this collects the cells that every layer reads, level by
    level, after the layer table, and the pixels that a cell of the pyramid covers.
    """
    near = lambda cells, r: {c + d for c in cells for d in range(-r, r + 1)}  # noqa: E731
    cells, taps = {p}, []
    for _ in spec.image.encoder:
        entered = near(cells, 3)
        taps.append(entered if spec.merge == "into" else cells)
        cells = {j for c in entered for j in (c // 2, c // 2 + (1 if c % 2 else -1))}
    taps += [set()] * (6 - len(taps))
    if spec.label.taps == "released":  # 1/8 reads the middles of 1/16; nothing reads up 3 and the head
        taps = [set(), taps[1], taps[2], set(), taps[4] | {c // 2 for c in taps[3]}, set(), *taps[6:]]
    pixels, above = set(), set()
    for level, blocks in enumerate((1, 1, 1, 1, 2, 1)):
        wanted = taps[level] | {c // 2 for c in above}
        for _ in range(blocks):
            seen = near(near(wanted, 2), 2) if wanted else set()  # conv 1, conv 0; shared, gamma and beta
            pixels |= {c * 2**level + d for c in (seen and (min(seen), max(seen))) for d in (0, 2**level - 1)}
            wanted = near(wanted, 2) if wanted else set()
        above = wanted
    last = near(above, 1)
    pixels |= {c * 32 + d for c in (min(last), max(last)) for d in (0, 31)}
    return max(abs(c - p) for c in pixels)


def farthest_image(spec, p):
    near = lambda low, high, r: (low - r, high + r)  # noqa: E731
    low = high = p
    for _ in spec.image.encoder:
        low, high = near(low, high, 3)
        low, high = (low - 1) // 2, (high + 1) // 2
    low, high = near(low, high, 1)
    for _ in spec.image.encoder:
        low, high = near(2 * low, 2 * high + 1, 2)
    return max(p - low, high - p)


SHAPES = [
    MetGenSpec(UNetSpec((1,) * stages, (1,) * stages), LabelSpec(1, 4, taps=taps), merge)
    for stages in (2, 5, 6)
    for taps, merge in (("all", "into"), ("released", "behind"), ("all", "behind"))
    if taps == "all" or stages >= 5
]


@pytest.mark.parametrize("spec", SHAPES, ids=lambda s: f"{len(s.image.encoder)}-{s.label.taps}-{s.merge}")
def test_the_halo_is_a_bound_and_a_tight_one(spec):
    halo = MetGen(spec).halo
    period = least_side(spec)
    pixels = range(8192, 8192 + period, 3)  # every third phase of the grid, even and odd
    reached = max(max(farthest_label(spec, p), farthest_image(spec, p)) for p in pixels)
    assert reached <= halo <= 1.2 * reached


def reached_by_label(spec, column):
    """Return the distances of all columns that change with one column of the label."""
    network = lively(spec)
    image, label = noise(1, 1, 32, 1280), spots(1, 1, 32, 1280)
    other = label.clone()
    other[..., column] = 1 - label[..., column]
    changed = (translate(network, image, label) != translate(network, image, other)).any(2)[0, 0]
    return (torch.nonzero(changed)[:, 0] - column).abs()


@pytest.mark.parametrize("column", [640, 671])
def test_no_label_outside_the_halo_changes_a_pixel_and_one_inside_does(column):
    halo = lively(TINY).halo
    assert 0.8 * halo <= reached_by_label(TINY, column).max() <= halo
    assert 0 < reached_by_label(BEHIND, 640).max() <= lively(BEHIND).halo


def test_the_released_generator_never_reads_the_odd_columns_of_a_label():
    assert reached_by_label(BEHIND, 671).numel() == 0
    assert reached_by_label(BEHIND, 672).numel() > 0


@pytest.mark.parametrize("column", [160, 163])
def test_no_image_outside_its_halo_changes_a_pixel_and_one_inside_does(column):
    network = lively(TINY)
    label = spots(1, 1, 32, 320)
    changed = torch.zeros(320, dtype=torch.bool)
    for seed in range(4):
        image = noise(1, 1, 32, 320, seed=seed)
        other = image.clone()
        other[..., column] += 5 * noise(32, seed=seed + 50)
        changed |= (translate(network, image, label) != translate(network, other, label)).any(2)[0, 0]
    reached = (torch.nonzero(changed)[:, 0] - column).abs().max().item()
    assert 0.8 * TINY.image.halo <= reached <= TINY.image.halo


def whole_and_crop(spec, start, stop, seed=0):
    """Return the translation of a long image, and that of its columns from `start` to `stop`."""
    network = lively(spec, seed)
    halo = MetGen(replace(spec, image=replace(spec.image, align_corners=False))).halo  # aligned, it has none
    image, label = noise(1, 1, 32, 1100, seed=seed), spots(1, 1, 32, 1100, seed=seed + 1)
    crop = translate(network, image[..., start:stop], label[..., start:stop])
    return translate(network, image, label), crop, halo


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.integers(1, 6), st.integers(0, 90), st.integers(0, 3))
def test_a_crop_on_the_grid_gives_the_pixels_of_the_whole_image_beyond_the_halo(cells, cut, seed):
    start, stop = cells * least_side(TINY), 1100 - cut
    whole, crop, halo = whole_and_crop(TINY, start, stop, seed)
    inside = slice(start + halo, stop - halo)
    assert inside.start < inside.stop
    torch.testing.assert_close(crop[..., halo : stop - start - halo], whole[..., inside])


@pytest.mark.parametrize(
    ("align_corners", "start"), [(True, 64), (False, 65)], ids=["aligned", "off the grid"]
)
def test_aligned_corners_or_a_start_off_the_grid_change_pixels_beyond_the_halo(align_corners, start):
    spec = MetGenSpec(UNetSpec((2, 3), (2, 3), align_corners=align_corners), LABEL)
    whole, crop, halo = whole_and_crop(spec, start, 1100)
    difference = (crop - whole[..., start:])[..., halo:-halo].abs().max()
    assert difference > 1e-4


# --- painting: a mirrored margin around the image -------------------------------------------------


@pytest.mark.slow
def test_painting_differs_from_translating_within_the_halo_of_an_edge_alone():
    network = lively(TINY)
    side = 2 * network.halo + 40
    image, label = noise(1, 1, side, side), spots(1, 1, side, side)
    with torch.no_grad():
        painted = network.generate(image, label)
    difference = (painted - translate(network, image, label).clamp(-1, 1)).abs()[0, 0]
    inside = slice(network.halo, side - network.halo)
    assert difference[inside, inside].max() < 1e-12
    assert difference[0].max() > 1e-3


@settings(max_examples=8, deadline=None)
@given(st.integers(SMALLEST, 70), st.integers(SMALLEST, 70))
def test_painting_gives_the_size_of_the_image(small, height, width):
    image, label = noise(1, 1, height, width).float(), spots(1, 1, height, width).float()
    with torch.no_grad():
        assert small.generate(image, label).shape == image.shape


def test_painting_refuses_an_image_below_the_minimum_though_its_margin_would_fill_it(small):
    image = torch.zeros(1, 1, SMALLEST - 1, 64)
    with pytest.raises(ArrayError, match=f"at least {SMALLEST}"):
        small.generate(image, image)


# --- a fresh generator begins where the data is ---------------------------------------------------


@pytest.mark.parametrize("level", [-0.9, 0.0, 0.4])
def test_a_fresh_generator_begins_at_the_level_it_is_told(level):
    network = build(lambda: MetGen(PRESETS["small"].metgen), 0)
    network.begin_at(level)
    painted = network(noise(1, 1, 64, 64).float(), network.embed(torch.zeros(1, 1, 64, 64)))
    assert painted.mean().item() == pytest.approx(level, abs=0.1)
