"""The U-Net against its layer table, written out with torch's functions."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torch.nn.functional as nnf
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.errors import ArrayError, SettingError
from metgan.networks import PRESETS, Segmentor, UNet, UNetSpec, build

TINY = UNetSpec(encoder=(2, 3), decoder=(2, 3))


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def lively(make, seed=0):
    """Return a network in eval mode whose weights and running statistics are all of order one."""
    network = build(make, seed).double().eval()
    dice = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not name.endswith(("_u", "_v")):
            value.copy_(torch.rand(value.shape, generator=dice, dtype=value.dtype) + 0.1)
            if name.endswith(("conv.weight", "norm.bias")):
                value.sub_(0.5)
    return network


def by_the_table(state, image, spec, features, merge):
    """Compute the table: two cells and a pool, one cell, resize and concatenate and three cells."""

    def cell(x, name):
        x = nnf.conv2d(x, state[f"{name}.conv.weight"], padding=1)
        mean, var, scale, shift = (
            state[f"{name}.norm.{leaf}"].reshape(1, -1, 1, 1)
            for leaf in ("running_mean", "running_var", "weight", "bias")
        )
        return nnf.relu((x - mean) / torch.sqrt(var + 1e-4) * scale + shift)

    x, skips, stages = image, [], len(spec.encoder)
    for k in range(stages):
        skips.append(cell(cell(x, f"down.{k}.0"), f"down.{k}.1"))
        x = skips[-1].unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
    x = cell(x, "centre.0")
    for k in reversed(range(stages)):
        x = nnf.interpolate(x, size=skips[k].shape[2:], mode="bilinear", align_corners=spec.align_corners)
        x = torch.cat([x, skips[k], *([features[k]] if merge == "into" else [])], 1)
        for i in range(3):
            x = cell(x, f"up.{k}.{i}")
        x = torch.cat([x, *([features[k]] if merge == "behind" else [])], 1)
    return nnf.conv2d(x, state["classify.weight"], state["classify.bias"])


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("merge", ["into", "behind"])
def test_the_network_is_its_layer_table(merge, align_corners):
    spec = UNetSpec(encoder=(2, 3, 4), decoder=(3, 2, 4), align_corners=align_corners)
    widths = (1, 2, 3)
    unet = lively(lambda: UNet(spec, widths, merge))
    image = noise(2, 1, 16, 24)
    features = [noise(2, w, 16 >> k, 24 >> k, seed=k) for k, w in enumerate(widths)]
    expected = by_the_table(unet.state_dict(), image, spec, features, merge)
    torch.testing.assert_close(unet(image, features), expected)
    other = by_the_table(unet.state_dict(), image, spec, [f + 1 for f in features], merge)
    assert not torch.allclose(expected, other)


def test_the_segmentor_is_the_same_network_without_features_and_gives_logits():
    segmentor = lively(lambda: Segmentor(TINY))
    image = noise(1, 1, 8, 12)
    state = {name.removeprefix("unet."): value for name, value in segmentor.state_dict().items()}
    empty = [noise(1, 0, 8, 12), noise(1, 0, 4, 6)]
    torch.testing.assert_close(segmentor(image), by_the_table(state, image, TINY, empty, "into"))
    with torch.no_grad():
        segmentor.unet.classify.bias.fill_(99.0)
    assert segmentor(image).min() > 1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.lists(st.integers(0, 30), min_size=2, max_size=2), st.booleans())
def test_any_size_from_the_stride_on_comes_back_as_it_was(stages, extra, align_corners):
    spec = UNetSpec((2,) * stages, (2,) * stages, align_corners=align_corners)
    sizes = [2**stages + e for e in extra]
    assert list(UNet(spec).eval()(torch.zeros(2, 1, *sizes)).shape) == [2, 1, *sizes]


def test_a_smaller_image_is_refused_with_the_minimum():
    with pytest.raises(ArrayError, match=r"3 x 9 pixels; expected at least 4 pixels"):
        UNet(TINY)(torch.zeros(1, 1, 3, 9))


@pytest.mark.parametrize(("encoder", "decoder"), [((2, 3), (2,)), ((), ())])
def test_unequal_or_empty_widths_are_refused(encoder, decoder):
    with pytest.raises(SettingError, match="one width per stage"):
        UNetSpec(encoder, decoder)


def test_volumes_pass_through_the_same_code():
    spec = UNetSpec((2, 3), (2, 3), dims=3)
    assert Segmentor(spec).eval()(torch.zeros(1, 1, 5, 9, 6)).shape == (1, 1, 5, 9, 6)


def test_eval_mode_forgets_the_other_images_of_a_batch_and_training_mode_does_not():
    unet = lively(lambda: UNet(TINY))
    images = noise(2, 1, 8, 8)
    torch.testing.assert_close(unet(images)[:1], unet(images[:1]))
    unet.train()
    assert not torch.allclose(unet(images)[:1], unet(images[:1]))


# --- the halo -------------------------------------------------------------------------------------


def farthest(spec, p, length):
    """Return the distance of the farthest pixel whose change reaches pixel `p`, by walking indices.

    Sets of indices instead of the radii of `UNetSpec.halo`: linear weights are non-zero for the two nearest
    coarse centres, a pool covers two cells, a 3-convolution three.
    """
    near = lambda cells, r: {c + d for c in cells for d in range(-r, r + 1)}  # noqa: E731
    cells, stages = {p}, len(spec.encoder)
    for _ in range(stages):
        cells = near(cells, 3)
        cells = {j for c in cells for j in (c // 2, c // 2 - 1 if c % 2 == 0 else c // 2 + 1)}
    cells = near(cells, 1)
    for _ in range(stages):
        cells = near({2 * c + d for c in cells for d in (0, 1)}, 2)
    assert min(cells) >= 0
    assert max(cells) < length
    return max(abs(c - p) for c in cells)


@pytest.mark.parametrize("stages", [1, 2, 3, 4, 5, 6])
def test_the_halo_is_a_bound_and_a_tight_one_for_every_depth(stages):
    spec = UNetSpec((1,) * stages, (1,) * stages)
    reached = [farthest(spec, p, 4096) for p in range(2048, 2048 + spec.stride)]
    assert max(reached) <= spec.halo <= 1.15 * max(reached)


def changed_columns(network, width, column):
    """Return the columns of the output that change with one column of the input, over a few images."""
    changed = torch.zeros(width, dtype=torch.bool)
    for seed in range(6):
        image = noise(1, 1, 8, width, seed=seed)
        other = image.clone()
        other[..., column] += 5 * noise(8, seed=seed + 50)
        with torch.no_grad():
            changed |= (network(image) != network(other)).any(2)[0, 0]
    return torch.nonzero(changed)[:, 0]


def test_no_change_outside_the_halo_reaches_a_pixel_and_one_inside_does():
    network = lively(lambda: UNet(TINY))
    reached = [int((changed_columns(network, 160, column) - column).abs().max()) for column in range(80, 84)]
    assert max(reached) <= TINY.halo
    assert max(reached) >= TINY.halo - 4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10), st.integers(0, 10), st.integers(0, 99))
def test_a_crop_on_the_grid_gives_the_pixels_of_the_whole_image_beyond_the_halo(left, cut, seed):
    network = lively(lambda: UNet(TINY), seed)
    image = noise(1, 1, 12, 130, seed=seed)
    start, stop = left * TINY.stride, 130 - cut
    with torch.no_grad():
        whole, crop = network(image), network(image[..., start:stop])
    inside = slice(start + TINY.halo if start else 0, stop - TINY.halo)
    torch.testing.assert_close(crop[..., inside.start - start : inside.stop - start], whole[..., inside])


@pytest.mark.parametrize(
    ("align_corners", "start"), [(True, 40), (False, 41)], ids=["aligned corners", "off the grid"]
)
def test_aligned_corners_or_a_start_off_the_grid_change_pixels_beyond_the_halo(align_corners, start):
    spec = UNetSpec(TINY.encoder, TINY.decoder, align_corners=align_corners)
    network = lively(lambda: UNet(spec))
    image = noise(1, 1, 12, 160)
    with torch.no_grad():
        whole, crop = network(image), network(image[..., start:])
    inside = start + spec.halo
    assert not torch.allclose(crop[..., inside - start : -30], whole[..., inside:-30], atol=1e-3)


def test_the_stride_and_the_reach_of_the_papers_network_are_as_counted_by_hand():
    # 3; then 3 // 2 + 1 + 3 = 5; 5 // 2 + 4 = 6; 6 // 2 + 4 = 7; 7 // 2 + 4 = 7; 7
    assert UNetSpec().reach == (3, 5, 6, 7, 7, 7)
    # centre 7 // 2 + 1 + 1 = 5; then 2 r + 3 six times: 13, 29, 61, 125, 253, 509
    assert UNetSpec().halo == 509
    assert UNetSpec().stride == 64


def test_the_minimum_is_the_stride_for_all_depths():
    for stages, offset in product((1, 2, 3), (-1, 0)):
        unet = UNet(UNetSpec((2,) * stages, (2,) * stages)).eval()
        image = torch.zeros(1, 1, 2**stages + offset, 2**stages)
        if offset:
            with pytest.raises(ArrayError):
                unet(image)
        else:
            assert unet(image).shape == image.shape


def test_a_fresh_segmentor_begins_at_the_share_of_tumour():
    network = build(lambda: Segmentor(PRESETS["small"].segmentor), 0)
    network.begin_at(0.01)
    reading = network(torch.zeros(1, 1, 64, 64)).sigmoid()
    assert reading.mean().item() == pytest.approx(0.01, abs=0.005)
