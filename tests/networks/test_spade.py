"""SPADE written out from its paper, and a pyramid in which no tumour vanishes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as nnf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from metgan.networks import LabelPathway, LabelSpec, build
from metgan.networks.spade import Spade, SpadeBlock, enlarge, one_hot, shrink

few = settings(max_examples=50, deadline=None)
TINY = LabelSpec(width=1, hidden=4)


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tensor(mask):
    return torch.from_numpy(mask.astype(np.float64))[None, None]


# --- the pyramid ----------------------------------------------------------------------------------


@st.composite
def masks_and_factors(draw):
    factor = draw(st.sampled_from([1, 2, 4, 8]))
    shape = [factor * draw(st.integers(1, 4)) for _ in range(draw(st.sampled_from([2, 2, 3])))]
    if len(shape) == 3:
        shape = [factor] * 3
    return draw(hnp.arrays(np.bool_, shape, fill=st.just(False))), factor


@few
@given(masks_and_factors())
def test_no_tumour_vanishes_in_the_pooled_pyramid(case):
    mask, factor = case
    tumour = shrink(one_hot(tensor(mask)), factor, "pooled")[0, 1].numpy()
    objects, count = ndimage.label(mask)
    for k in range(1, count + 1):
        cells = tuple(axis // factor for axis in np.nonzero(objects == k))
        assert (tumour[cells] == 1).all()
    covered = np.zeros(tumour.shape, bool)
    covered[tuple(axis // factor for axis in np.nonzero(mask))] = True
    np.testing.assert_array_equal(tumour, covered)  # and none is invented


@few
@given(masks_and_factors())
def test_the_background_of_the_pooled_pyramid_is_the_share_of_pixels_without_tumour(case):
    mask, factor = case
    background = shrink(one_hot(tensor(mask)), factor, "pooled")[0, 0].numpy()
    split = [n for size in mask.shape for n in (size // factor, factor)]
    share = (~mask).reshape(split).mean(tuple(range(1, 2 * mask.ndim, 2)))
    np.testing.assert_allclose(background, share, atol=1e-12)


@few
@given(masks_and_factors())
def test_the_nearest_pyramid_keeps_the_first_pixel_of_each_cell(case):
    mask, factor = case
    classes = one_hot(tensor(mask))
    first = classes[(..., *[slice(None, None, factor)] * mask.ndim)]
    assert torch.equal(shrink(classes, factor, "nearest"), first)


@pytest.mark.parametrize("factor", [2, 4, 8, 16, 32])
def test_the_nearest_pyramid_loses_a_tumour_that_the_pooled_one_keeps(factor):
    label = torch.zeros(1, 1, 64, 64)
    label[..., 33, 33] = 1
    lost, kept = (shrink(one_hot(label), factor, pyramid)[0, 1] for pyramid in ("nearest", "pooled"))
    assert lost.sum() == 0
    assert kept.sum() == 1


@pytest.mark.parametrize("pyramid", ["pooled", "nearest"])
@given(hnp.arrays(np.bool_, (6, 7)))
@few
def test_factor_1_is_the_one_hot_label(pyramid, mask):
    classes = shrink(one_hot(tensor(mask)), 1, pyramid)[0].numpy()
    np.testing.assert_array_equal(classes, np.stack([~mask, mask]))


# --- the layer and the block ----------------------------------------------------------------------


def spade_by_hand(layer, x, label, mean, variance):
    """Eq. (1) of Park et al. 2019, with torch's functions."""
    hidden = nnf.conv2d(label, layer.shared.weight, layer.shared.bias, padding=1).clamp_min(0)
    gamma = nnf.conv2d(hidden, layer.gamma.weight, layer.gamma.bias, padding=1)
    beta = nnf.conv2d(hidden, layer.beta.weight, layer.beta.bias, padding=1)
    return (x - mean) / torch.sqrt(variance + 1e-5) * (1 + gamma) + beta


def statistics(x):
    return x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)


def random_label(*sizes):
    return one_hot((noise(1, 1, *sizes, seed=9) > 1).double())


def test_spade_is_equation_1_in_training_mode():
    layer = Spade(2, 3, 5).double()
    x, label = 2 + noise(2, 3, 7, 6), random_label(7, 6).expand(2, -1, -1, -1)
    torch.testing.assert_close(layer(x, label), spade_by_hand(layer, x, label, *statistics(x)))
    assert not torch.allclose(layer(x, label), layer(x, label.flip(1)))


def test_spade_uses_its_running_statistics_in_eval_mode():
    layer = Spade(2, 3, 5).double()
    x, label = 2 + noise(1, 3, 7, 6), random_label(7, 6)
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=True)
    layer(x, label)  # torch's momentum of 0.1 from mean 0 and variance 1
    layer.eval()
    mean, variance = (v.reshape(1, -1, 1, 1) for v in (0.1 * mean, 0.9 + 0.1 * variance))
    torch.testing.assert_close(layer(x, label), spade_by_hand(layer, x, label, mean, variance))


def divided(convolution):
    """Return a weight divided by its largest singular value, from a full decomposition."""
    raw = convolution.parametrizations.weight.original
    return raw / torch.linalg.svdvals(raw.flatten(1))[0]


def converged(block):
    """Run enough power iterations for the stored vectors to be the singular ones."""
    with torch.no_grad():
        for _ in range(400):
            for convolution in (block.conv_0, block.conv_1, block.shortcut):
                if convolution is not None:
                    _ = convolution.weight
    return block


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 4), (4, 2), (2, 4)])
def test_a_block_is_a_shortcut_plus_two_modulated_convolutions(inputs, outputs):
    block = converged(SpadeBlock(TINY, inputs, outputs).double()).eval()
    x, label = noise(1, inputs, 8, 6), random_label(8, 6)

    def modulated(layer, x):
        return spade_by_hand(layer, x, label, 0.0, torch.ones(()).double())

    y = nnf.leaky_relu(modulated(block.spade_0, x), 0.2)
    y = nnf.conv2d(y, divided(block.conv_0), block.conv_0.bias, padding=1)
    assert y.shape[1] == min(inputs, outputs)
    y = nnf.leaky_relu(modulated(block.spade_1, y), 0.2)
    y = nnf.conv2d(y, divided(block.conv_1), block.conv_1.bias, padding=1)
    short = x if inputs == outputs else nnf.conv2d(modulated(block.spade_s, x), divided(block.shortcut))
    torch.testing.assert_close(block(x, label), short + y, rtol=1e-5, atol=1e-6)


# --- the pathway ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "stages", "widths"),
    [
        (LabelSpec(), 6, (8, 16, 32, 64, 128, 128)),
        (LabelSpec(), 5, (8, 16, 32, 64, 128)),
        (LabelSpec(), 8, (8, 16, 32, 64, 128, 128, 0, 0)),
        (LabelSpec(), 2, (8, 16)),
        (LabelSpec(taps="released"), 6, (0, 16, 32, 128, 128, 0)),
    ],
)
def test_features_have_the_channels_of_the_table_at_each_scale(spec, stages, widths):
    assert spec.feature_widths(stages)[:stages] == widths
    side = max(64, 2**stages)
    tiny = LabelSpec(width=1, hidden=2, taps=spec.taps)
    features = LabelPathway(tiny, stages, side).eval()(torch.zeros(1, 1, side, 2 * side))
    shapes = [None if f is None else tuple(f.shape[1:]) for f in features]
    assert shapes == [(w // 8, side >> k, 2 * side >> k) if w else None for k, w in enumerate(widths)]


def test_the_released_pathway_walks_as_its_table_says():
    """Head at 1/32, both middles at 1/16, then 1/8, 1/4, 1/2; 1/8 gets the features of 1/16 enlarged."""
    pathway = LabelPathway(LabelSpec(1, 4, "nearest", "released"), 6, 64).double().eval()
    label = (noise(1, 1, 64, 128) > 1).double()
    at = {k: one_hot(label[..., ::k, ::k]) for k in (2, 4, 8, 16, 32)}
    double = lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3)  # noqa: E731
    head, middle_0, middle_1, up_0, up_1, up_2, _ = pathway.blocks
    x = nnf.conv2d(at[32], pathway.entrance.weight, pathway.entrance.bias, padding=1)
    middle = middle_1(middle_0(double(head(x, at[32])), at[16]), at[16])
    quarter = up_1(double(up_0(double(middle), at[8])), at[4])
    half = up_2(double(quarter), at[2])
    features = pathway(label)
    assert features[0] is None
    assert features[5] is None
    for given_, expected in zip(features[1:5], (half, quarter, double(middle), middle), strict=True):
        torch.testing.assert_close(given_, expected)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(32, 90), st.integers(32, 90))
def test_a_label_of_any_size_is_padded_to_the_coarsest_grid_with_background(height, width):
    pathway = build(lambda: LabelPathway(TINY, 2, 32), 0).eval()
    rows, columns = -(-height // 32) * 32, -(-width // 32) * 32
    label = torch.ones(1, 1, height, width)
    padded = torch.zeros(1, 1, rows, columns)
    padded[..., :height, :width] = 1
    with torch.no_grad():
        for feature, expected in zip(pathway(label), pathway(padded), strict=True):
            assert torch.equal(feature, expected)


@few
@given(hnp.arrays(np.float64, (1, 1, 3, 2), elements=st.floats(-1, 1)))
def test_enlarging_repeats_every_cell(cells):
    expected = cells.repeat(2, 2).repeat(2, 3)
    np.testing.assert_array_equal(enlarge(torch.from_numpy(cells)).numpy(), expected)
