"""The small layers, against torch's functions and numpy's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as nnf
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.errors import ArrayError, SettingError
from metgan.networks.blocks import (
    ConvNormReLU,
    average_pool,
    batch_norm,
    cells,
    convolution,
    crop_like,
    in_full_precision,
    instance_norm,
    max_pool,
    pad_to_multiple,
    resize_linear,
)

few = settings(max_examples=40, deadline=None)
dims_of_both = pytest.mark.parametrize("dims", [2, 3])


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@st.composite
def images_and_multiples(draw):
    multiple = draw(st.integers(1, 9))
    sizes = draw(st.lists(st.integers(multiple, multiple + 25), min_size=2, max_size=3))
    return noise(1, 2, *sizes), multiple


@few
@given(images_and_multiples(), st.booleans())
def test_padding_then_cropping_gives_the_image_back(case, mirror):
    image, multiple = case
    padded = pad_to_multiple(image, multiple, mirror=mirror)
    assert all(size % multiple == 0 for size in padded.shape[2:])
    assert all(
        0 <= after - before < multiple for after, before in zip(padded.shape, image.shape, strict=True)
    )
    assert torch.equal(crop_like(padded, image.shape[2:]), image)


@few
@given(images_and_multiples(), st.booleans())
def test_the_far_end_is_filled_as_numpy_pads(case, mirror):
    image, multiple = case
    ends = [(0, 0), (0, 0), *((0, -size % multiple) for size in image.shape[2:])]
    expected = np.pad(image.numpy(), ends, mode="reflect" if mirror else "constant")
    np.testing.assert_array_equal(pad_to_multiple(image, multiple, mirror=mirror).numpy(), expected)


def test_an_axis_shorter_than_the_multiple_is_refused_with_sizes_and_minimum():
    with pytest.raises(ArrayError, match=r"7 x 40 pixels.*at least 8 pixels"):
        pad_to_multiple(torch.zeros(1, 1, 7, 40), 8, mirror=True)


@pytest.mark.parametrize("dims", [1, 4])
@pytest.mark.parametrize(
    "make",
    [lambda d: convolution(d, 1, 1, 3), lambda d: batch_norm(d, 1), lambda d: instance_norm(d, 1)],
    ids=["convolution", "batch norm", "instance norm"],
)
def test_other_dimensions_than_two_and_three_are_refused(make, dims):
    with pytest.raises(SettingError, match=f"dims={dims}"):
        make(dims)


@dims_of_both
@given(kernel=st.sampled_from([1, 3, 5]), side=st.integers(5, 9))
@settings(max_examples=10, deadline=None)
def test_odd_kernels_keep_the_size(dims, kernel, side):
    x = torch.zeros(1, 1, *[side] * dims)
    assert convolution(dims, 1, 2, kernel)(x).shape[2:] == x.shape[2:]


@dims_of_both
def test_a_cell_is_convolution_then_batch_norm_with_epsilon_of_the_release_then_relu(dims):
    cell = ConvNormReLU(dims, 2, 3).double()
    conv = nnf.conv2d if dims == 2 else nnf.conv3d
    x = 1e-2 * noise(2, 2, *[6] * dims)  # small, so that epsilon is felt
    raw = conv(x, cell.conv.weight, padding=1)
    axes = (0, *range(2, 2 + dims))
    mean = raw.mean(axes, keepdim=True)
    variance = raw.var(axes, unbiased=False, keepdim=True)
    expected = ((raw - mean) / (variance + 1e-4).sqrt()).clamp_min(0)
    usual = ((raw - mean) / (variance + 1e-5).sqrt()).clamp_min(0)
    torch.testing.assert_close(cell(x), expected)
    assert not torch.allclose(cell(x), usual)
    assert cell.conv.bias is None


def test_cells_chain_the_given_widths():
    assert [(cell.conv.in_channels, cell.conv.out_channels) for cell in cells(2, (1, 4, 7))] == [
        (1, 4),
        (4, 7),
    ]


@few
@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([2, 4]), st.integers(0, 99))
def test_pools_are_the_maximum_and_the_mean_of_cells(rows, columns, factor, seed):
    image = noise(1, 1, rows * factor, columns * factor, seed=seed)
    blocks = image.numpy().reshape(rows, factor, columns, factor)
    np.testing.assert_allclose(average_pool(image, factor)[0, 0].numpy(), blocks.mean((1, 3)), atol=1e-12)
    if factor == 2:
        np.testing.assert_array_equal(max_pool(image)[0, 0].numpy(), blocks.max((1, 3)))


def test_pools_halve_all_three_axes_of_a_volume():
    volume = noise(1, 1, 4, 6, 2)
    blocks = volume.numpy().reshape(2, 2, 3, 2, 1, 2)
    np.testing.assert_array_equal(max_pool(volume)[0, 0].numpy(), blocks.max((1, 3, 5)))
    np.testing.assert_allclose(average_pool(volume, 2)[0, 0].numpy(), blocks.mean((1, 3, 5)), atol=1e-12)


def test_linear_resize_places_pixels_by_their_centres_or_by_the_corners():
    coarse, fine = torch.tensor([0.0, 4.0]).reshape(1, 1, 1, 2), (1, 4)
    centres = resize_linear(coarse, fine, align_corners=False)
    corners = resize_linear(coarse, fine, align_corners=True)
    assert centres.flatten().tolist() == [0, 1, 3, 4]
    torch.testing.assert_close(corners.flatten(), torch.tensor([0, 4 / 3, 8 / 3, 4]))


def test_the_last_layer_is_in_full_precision_so_that_black_can_become_tissue() -> None:
    head = torch.nn.Conv2d(1, 1, 1, bias=False)
    with torch.no_grad():
        head.weight.fill_(1.0)
    for full in (True, False):
        x = torch.full((1, 1, 2, 2), -4.0, dtype=torch.bfloat16, requires_grad=True)
        with torch.autocast("cpu", torch.bfloat16):
            torch.tanh(in_full_precision(head, x) if full else head(x)).sum().backward()
        assert x.grad is not None
        assert bool((x.grad != 0).all()) == full
