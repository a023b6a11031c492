"""The released networks to the digit: every number here stands in the paper's released layer table.

The table is in docs/paper.md, "The released networks". Networks are made on torch's meta device,
which counts and names weights without drawing any.
"""

from __future__ import annotations

import hashlib
from itertools import product

import pytest

from metgan.networks import PRESETS, MetGen, PatchGAN, Segmentor, blank
from metgan.networks.presets import DiscriminatorSpec


def made(make, spec):
    return blank(lambda: make(spec))


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


@pytest.fixture(scope="module")
def released():
    return made(MetGen, PRESETS["released"].metgen)


def test_the_released_generator_has_its_39_847_532_parameters_in_two_pathways(released):
    assert parameters(released.image_pathway) == 35_602_993
    assert parameters(released.label_pathway) == 4_244_539
    assert parameters(released) == 39_847_532


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_the_segmentor_has_its_35_371_441_parameters(preset):
    assert parameters(made(Segmentor, PRESETS[preset].segmentor)) == 35_371_441


@pytest.mark.parametrize(("channels", "expected"), [(1, 2_762_689), (3, 2_764_737)])
def test_the_judge_has_its_parameters(channels, expected):
    assert parameters(made(PatchGAN, DiscriminatorSpec(channels=channels))) == expected
    assert (
        PRESETS["released"].discriminator == PRESETS["paper"].discriminator == DiscriminatorSpec(channels=1)
    )


def test_every_stage_of_the_released_anatomy_pathway_has_its_parameters(released):
    unet = released.image_pathway
    assert [parameters(s) for s in unet.down] == [5_496, 50_944, 221_696, 885_760, 3_540_992, 8_850_432]
    assert parameters(unet.centre) == 5_309_952
    assert [parameters(s) for s in unet.up] == [24_336, 45_072, 295_296, 1_032_960, 3_540_480, 11_799_552]
    assert parameters(unet.classify) == 25


def test_every_module_of_the_released_label_pathway_has_its_parameters(released):
    pathway = released.label_pathway
    assert parameters(pathway.entrance) == 2_432
    head, *middles, up_0, up_1, up_2, up_3 = map(parameters, pathway.blocks)
    assert (head, middles) == (890_368, [890_368, 890_368])
    assert (up_0, up_1, up_2) == (864_128, 406_016, 199_232)
    assert up_3 + parameters(pathway.discarded) == 101_627


def test_the_paper_preset_differs_from_the_release_by_where_features_join_alone():
    paper = made(MetGen, PRESETS["paper"].metgen)
    by_hand = {  # inputs of each decoder stage: from below + skip + features, then its three cells
        0: ((24 + 24 + 8) + 24 + 24) * 24 * 9 + 6 * 24,
        5: ((768 + 768 + 128) + 512 + 512) * 512 * 9 + 6 * 512,
    }
    assert {k: parameters(paper.image_pathway.up[k]) for k in by_hand} == by_hand
    assert parameters(paper.label_pathway) == 4_244_539 - (8 * 3 * 9 + 3)  # without the discarded image


def test_the_small_generator_has_between_2_and_4_million_parameters():
    assert 2e6 < parameters(made(MetGen, PRESETS["small"].metgen)) < 4e6


def expand(*patterns):
    """Expand ``a.{0,1}.b`` as a shell does."""
    for pattern in patterns:
        pieces = [piece.split(",") for part in pattern.split("{") for piece in part.split("}")]
        yield from ("".join(choice) for choice in product(*pieces))


CELL = "conv.weight", "norm.{weight,bias,running_mean,running_var,num_batches_tracked}"
STAGES = "{0,1,2,3,4}"
UNET_KEYS = {
    *expand(*(f"down.{STAGES}.{{0,1}}.{leaf}" for leaf in CELL)),
    *expand(*(f"centre.0.{leaf}" for leaf in CELL)),
    *expand(*(f"up.{STAGES}.{{0,1,2}}.{leaf}" for leaf in CELL)),
    *expand("classify.{weight,bias}"),
}
SPADE = "norm.{running_mean,running_var,num_batches_tracked}", "{shared,gamma,beta}.{weight,bias}"
SPECTRAL = "parametrizations.weight.{original,0._u,0._v}"
LABEL_KEYS = {
    *expand("entrance.{weight,bias}"),
    *expand(*(f"blocks.{{0,1,2,3,4,5,6}}.spade_{{0,1}}.{leaf}" for leaf in SPADE)),
    *expand(f"blocks.{{0,1,2,3,4,5,6}}.conv_{{0,1}}.{SPECTRAL}", "blocks.{0,1,2,3,4,5,6}.conv_{0,1}.bias"),
    *expand(*(f"blocks.{{3,4,5,6}}.spade_s.{leaf}" for leaf in SPADE)),
    *expand(f"blocks.{{3,4,5,6}}.shortcut.{SPECTRAL}"),
}


def test_state_dict_keys_of_the_segmentor_are_pinned():
    assert set(made(Segmentor, PRESETS["small"].segmentor).state_dict()) == {f"unet.{k}" for k in UNET_KEYS}


def test_state_dict_keys_of_the_generator_are_pinned():
    keys = set(made(MetGen, PRESETS["small"].metgen).state_dict())
    pathways = {f"image_pathway.{k}" for k in UNET_KEYS} | {f"label_pathway.{k}" for k in LABEL_KEYS}
    assert keys == {*pathways, "bound"}


def test_state_dict_keys_of_the_judge_are_pinned():
    keys = set(made(PatchGAN, PRESETS["small"].discriminator).state_dict())
    assert keys == set(expand("layers.{0,2,5,8,11}.{weight,bias}"))


def digest(network):
    """Condense names and shapes of all weights and buffers, in any order, to twelve characters."""
    lines = sorted(f"{key} {tuple(value.shape)}" for key, value in network.state_dict().items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("make", "preset", "part", "expected"),
    [
        (MetGen, "paper", "metgen", "87a77ac96049"),
        (MetGen, "released", "metgen", "4d88e26021ca"),
        (Segmentor, "paper", "segmentor", "cc85182d906b"),
        (PatchGAN, "paper", "discriminator", "cc5adfc77368"),
    ],
)
def test_names_and_shapes_of_the_large_networks_are_as_recorded(make, preset, part, expected):
    """A change here makes every stored model unreadable; if it is meant, record the new digest."""
    assert digest(made(make, getattr(PRESETS[preset], part))) == expected
