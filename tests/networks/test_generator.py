"""What every generator keeps to, whatever its architecture: the contract of `Generator`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from metgan.errors import ArrayError, SettingError
from metgan.methods import CATALOGUE
from metgan.networks import (
    GENERATORS,
    PRESETS,
    Generator,
    GeneratorName,
    MetGen,
    Pix2PixGenerator,
    Pix2PixSpec,
    ResNetGenerator,
    ResNetSpec,
    build,
    least_training_side,
    make_generator,
)
from metgan.training import GAN_CONFIGS

SMALL_PIX2PIX = Pix2PixSpec(width=2, depth=3)
SMALL_RESNET = ResNetSpec(width=2, blocks=2)
PLAIN = {
    "pix2pix": lambda: Pix2PixGenerator(SMALL_PIX2PIX),
    "resnet": lambda: ResNetGenerator(SMALL_RESNET),
}


def parameters(network: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def lively(network: Generator) -> Generator:
    """Weights large enough to see what depends on what; drawn ones are near zero."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("weight"):
                weight.mul_(15)
    return network.eval()


@pytest.fixture(params=PLAIN)
def plain(request: pytest.FixtureRequest) -> Generator:
    return lively(build(PLAIN[request.param], 0))


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_pix2pix_has_the_54_414_million_parameters_of_its_authors_for_three_channels() -> None:
    """Theirs maps 3 channels to 3; ours maps 2 to 1, which spares kernels of 4 x 4 at both ends."""
    spared = 64 * 1 * 16 + (2 * 64) * 2 * 16 + 2
    with torch.device("meta"):
        assert parameters(Pix2PixGenerator(Pix2PixSpec())) + spared == 54_414_531


def test_cyclegan_has_the_11_378_million_parameters_of_its_authors_for_three_channels() -> None:
    """Likewise, with kernels of 7 x 7."""
    spared = 64 * 1 * 49 + 64 * 2 * 49 + 2
    with torch.device("meta"):
        assert parameters(ResNetGenerator(ResNetSpec())) + spared == 11_378_179


@pytest.mark.slow
def test_generators_of_one_size_are_comparable_at_small() -> None:
    counts = [parameters(make_generator(name, "small")) for name in ("metgen", "pix2pix", "resnet")]
    assert max(counts) < 1.05 * min(counts)


@pytest.mark.parametrize("name", GENERATORS)
def test_the_smallest_image_is_taken_and_a_smaller_one_refused(name: str) -> None:
    network = build(lambda: make_generator(name, "small"), 0).eval()
    side = network.stride
    with torch.inference_mode():
        painted = network.generate(noise(1, 1, side, side + 3), torch.zeros(1, 1, side, side + 3))
        assert painted.shape == (1, 1, side, side + 3)
        assert -1 <= painted.min() <= painted.max() <= 1
        with pytest.raises(ArrayError, match=f"at least {side} pixels"):
            network.generate(noise(1, 1, side, side - 1), torch.zeros(1, 1, side, side - 1))


@pytest.mark.parametrize("sides", [(8, 8), (9, 23), (17, 40)])
def test_a_plain_generator_takes_any_size(plain: Generator, sides: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert plain(noise(2, 1, *sides), plain.embed(torch.zeros(2, 1, *sides))).shape == (2, 1, *sides)


def test_a_plain_generator_sees_the_label_on_minus_one_to_one_and_no_tumour_beyond_the_edge(
    plain: Generator,
) -> None:
    seen: list[torch.Tensor] = []
    plain.get_submodule("body").register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    height, width = 2 * plain.stride - 3, 2 * plain.stride - 5
    label = torch.zeros(1, 1, height, width)
    label[..., 2:6, 2:6] = 1
    plain(noise(1, 1, height, width), plain.embed(label))
    expected = torch.full((2 * plain.stride, 2 * plain.stride), -1.0)
    expected[2:6, 2:6] = 1
    assert torch.equal(seen[0][0, 1], expected)


def test_a_plain_generator_listens_to_the_label(plain: Generator) -> None:
    image, label = noise(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    label[..., 12:20, 12:20] = 1
    with torch.inference_mode():
        without, with_tumour = plain(image, [torch.zeros_like(label)]), plain(image, plain.embed(label))
    assert (without - with_tumour)[..., 12:20, 12:20].abs().mean() > 1e-3


@pytest.mark.parametrize("name", GENERATORS)
def test_a_fresh_generator_paints_at_the_level_that_it_begins_at(name: str) -> None:
    network = build(lambda: make_generator(name, "small"), 0).eval()
    side = 2 * network.stride
    label = torch.zeros(1, 1, side, side)
    with torch.inference_mode():
        before = float(network.generate(noise(1, 1, side, side), label).mean())
        network.begin_at(-0.8)
        after = float(network.generate(noise(1, 1, side, side), label).mean())
    assert abs(after + 0.8) < 0.15 < abs(before + 0.8)


def test_pix2pix_paints_the_same_twice_although_it_trains_with_dropout() -> None:
    network = lively(build(lambda: Pix2PixGenerator(Pix2PixSpec(width=2, depth=6)), 0))
    image = noise(2, 1, 64, 64)
    features = network.embed(torch.zeros(2, 1, 64, 64))
    with torch.no_grad():
        assert torch.equal(network(image, features), network(image, features))
        network.train()  # untreated: dropout draws anew each time
        assert not torch.equal(network(image, features), network(image, features))


def test_pix2pix_drops_where_its_decoder_is_widest() -> None:
    """The authors' network of eight halvings drops behind three layers of 512 channels; six leave one."""
    for depth, expected in ((8, 3), (6, 1), (5, 0)):
        with torch.device("meta"):
            modules = Pix2PixGenerator(Pix2PixSpec(depth=depth)).modules()
        assert sum(isinstance(module, torch.nn.Dropout) for module in modules) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_method_trains_at_the_paper_s_size_on_its_crops_and_batches(name: str) -> None:
    """Batch 1 and crops of 256: a normalisation over one value would be refused, or fail."""
    recipe, generator = GAN_CONFIGS["paper"], CATALOGUE[name].generator
    assert least_training_side(generator, "paper", recipe.batch_size) <= recipe.crop


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_least_side_that_is_promised_can_be_trained_on(name: str, batch_size: int) -> None:
    network = build(lambda: make_generator(name, "small"), 0).train()
    side = least_training_side(name, "small", batch_size)
    image = noise(batch_size, 1, side, side)
    network(image, network.embed((image > 0.9).float())).mean().backward()


def reach(network: Generator, side: int) -> int:
    """How far away, in pixels, a single input pixel is seen to change the output."""
    image, label = noise(1, 1, side, side), torch.zeros(1, 1, side, side)
    middle, farthest = side // 2, 0
    with torch.inference_mode():
        before = network(image, network.embed(label))
        for start in range(network.stride):  # every place within a coarse cell
            changed = image.clone()
            changed[..., middle + start, middle + start] += 1
            difference = (network(changed, network.embed(label)) - before).abs() > 0
            _, _, rows, columns = torch.nonzero(difference, as_tuple=True)
            distances = torch.cat([rows - middle - start, columns - middle - start]).abs()
            farthest = max(farthest, int(distances.max()))
    return farthest


def test_pix2pix_sees_as_far_as_its_halo_says() -> None:
    network = lively(build(PLAIN["pix2pix"], 0))
    assert network.halo is not None
    assert network.halo / 2 < reach(network, 96) <= network.halo


def test_cyclegan_has_no_halo_since_a_pixel_changes_the_whole_image() -> None:
    network = lively(build(PLAIN["resnet"], 0))
    assert network.halo is None
    assert reach(network, 96) == 55  # to the farthest corner


def test_too_few_halvings_are_refused() -> None:
    with pytest.raises(SettingError, match="2 or more halvings"):
        Pix2PixSpec(depth=1)


@pytest.mark.slow
def test_the_sixth_block_is_the_last_where_six_are_asked_for() -> None:
    seven, six = make_generator("metgen", "small"), make_generator("metgen-six", "small")
    assert (len(seven.label_pathway.blocks), len(six.label_pathway.blocks)) == (7, 6)
    assert six.label_pathway.spec.feature_widths(5)[0] == 0 < seven.label_pathway.spec.feature_widths(5)[0]


@pytest.mark.parametrize("name", ["metgen", "pix2pix", "resnet"])
def test_exact_black_is_within_reach_but_not_in_the_released_networks(name: GeneratorName) -> None:
    """At -1 the gradient is still 1 - 1 / 2^2 = 0.75 of what it is at 0; a plain tanh never comes there."""
    network = make_generator(name, "small")
    x = torch.tensor([network.unbounded(-0.999999)], requires_grad=True)
    painted = network.bounded(x)
    painted.backward()
    assert painted.item() == pytest.approx(-1, abs=1e-5)
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(1 - 1 / 2**2, rel=1e-3)
    small = PRESETS["small"].metgen
    released = MetGen(replace(PRESETS["released"].metgen, image=small.image, label=small.label))
    assert released.bounded(torch.tensor(3.0)).item() == pytest.approx(np.tanh(3.0), rel=1e-6)


def test_a_fresh_generator_begins_where_it_is_told(plain: Generator) -> None:
    plain.begin_at(-0.9)
    with torch.no_grad():
        for name, weight in plain.named_parameters():
            if name.endswith("weight"):
                weight.zero_()
        painted = plain.generate(noise(1, 1, 16, 16), torch.zeros(1, 1, 16, 16))
    assert torch.allclose(painted, torch.tensor(-0.9), atol=1e-6)


def test_what_is_painted_is_cut_off_where_the_scale_ends(plain: Generator) -> None:
    plain.begin_at(0.999)
    with torch.no_grad():
        plain.last.get_parameter("bias").fill_(9.0)
        image, label = noise(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
        assert plain(image, plain.embed(label)).max() > 1.5
        assert plain.generate(image, label).max() == 1


def test_weights_from_before_there_was_a_bound_paint_as_they_did(plain: Generator) -> None:
    """They end in a plain tanh, which the file says by not saying anything."""
    weights = {name: value for name, value in plain.state_dict().items() if name != "bound"}
    plain.load_state_dict(weights)
    assert plain.bounded(torch.tensor(0.8)).item() == pytest.approx(np.tanh(0.8), rel=1e-6)
    assert "bound" not in weights
