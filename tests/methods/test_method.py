"""A method is a row; a row that makes no sense is refused when it is made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metgan.errors import SettingError, UnknownNameError
from metgan.methods import (
    CATALOGUE,
    Adversarial,
    Cycle,
    Method,
    Paired,
    Segmentation,
    Translations,
    build_networks,
    find_method,
    freeze,
    trained_modules,
)
from metgan.networks import Segmentor, UNetSpec, build

UNET = UNetSpec((2, 2), (2, 2))
PIX2PIX_LIKE = Method(
    name="one-way",
    title="One way",
    generator="metgen",
    cyclic=False,
    discriminator="conditional",
    terms=(Adversarial(), Paired(100)),
    source="this test",
)
METGAN = find_method("metgan")
some_terms = st.lists(
    st.sampled_from([Adversarial(), Cycle(), Segmentation(), Paired()]),
    max_size=4,
    unique_by=lambda term: term.name,
)


@given(some_terms, st.booleans())
def test_a_row_is_refused_exactly_when_a_term_needs_a_cycle_it_has_not(terms, cyclic):
    wanting = not cyclic and any(isinstance(term, Cycle) for term in terms)
    try:
        row = replace(PIX2PIX_LIKE, cyclic=cyclic, terms=tuple(terms))
    except SettingError:
        assert wanting
    else:
        assert not wanting
        assert row.needs_segmentor == any(isinstance(term, Segmentation) for term in terms)


def test_cycle_term_is_refused_by_a_method_without_a_cycle():
    with pytest.raises(SettingError, match="'one-way' has the term 'cycle' and no cycle"):
        replace(PIX2PIX_LIKE, terms=(Adversarial(), Cycle()))


def test_two_terms_of_one_name_are_refused_since_the_sum_would_hold_one_alone():
    with pytest.raises(SettingError, match="several terms 'paired'"):
        replace(PIX2PIX_LIKE, terms=(Paired(100), Adversarial(), Paired(1)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"generator": "pix2pixx"}, "unknown generator 'pix2pixx'"),
        ({"discriminator": "patch"}, "unknown discriminator 'patch'; expected one of: plain, conditional"),
    ],
)
def test_networks_that_there_are_not_are_refused_with_the_row(change, says):
    with pytest.raises(UnknownNameError, match=says):
        replace(PIX2PIX_LIKE, **change)


def test_a_row_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        METGAN.cyclic = False

    assert (METGAN.cyclic, METGAN.discriminator, METGAN.needs_segmentor) == (True, "plain", True)


def test_every_row_stands_under_its_own_name():
    assert {name: row.name for name, row in CATALOGUE.items()} == {name: name for name in CATALOGUE}
    assert all(find_method(name) is row for name, row in CATALOGUE.items())


def test_an_unknown_method_is_answered_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown method 'megtan'; expected one of: .*metgan"):
        find_method("megtan")


# --- networks --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def networks():
    return build_networks(METGAN, "small", build(lambda: Segmentor(UNET), 9), seed=5)


@pytest.fixture(scope="module")
def one_way():
    return build_networks(PIX2PIX_LIKE, "small", build(lambda: Segmentor(UNET), 9), seed=5)


def test_a_method_that_needs_a_segmentor_is_not_built_without_one():
    with pytest.raises(SettingError, match="metgan without a segmentor"):
        build_networks(METGAN, "small", None, seed=0)


def test_no_two_players_start_with_the_same_weights(networks):
    for one, other in (
        (networks.to_tumour, networks.to_anatomy),
        (networks.discriminator_tumour, networks.backward.discriminator_anatomy),
    ):
        pairs = zip(one.parameters(), other.parameters(), strict=True)
        assert any(not torch.equal(p, q) for p, q in pairs)


def test_players_are_a_function_of_the_seed(one_way):
    again, other = (build_networks(PIX2PIX_LIKE, "small", None, seed=seed).to_tumour for seed in (5, 6))
    same = [
        all(
            torch.equal(p, q)
            for p, q in zip(one_way.to_tumour.parameters(), network.parameters(), strict=True)
        )
        for network in (again, other)
    ]
    assert same == [True, False]


def test_those_who_learn_are_generators_and_judges_and_not_the_segmentor(networks, one_way):
    assert [*trained_modules(networks)] == [
        "to_tumour",
        "to_anatomy",
        "discriminator_tumour",
        "discriminator_anatomy",
    ]
    assert [*trained_modules(one_way)] == ["to_tumour", "discriminator_tumour"]
    learning = {id(p) for network in trained_modules(networks).values() for p in network.parameters()}
    assert not learning & {id(p) for p in networks.segmentor.parameters()}


def test_judges_stand_in_the_order_of_the_evidence(networks):
    assert [*networks.discriminators_by_name.values()] == [
        networks.discriminator_tumour,
        networks.backward.discriminator_anatomy,
    ]


def test_a_frozen_segmentor_stays_as_it_was_and_an_unfrozen_one_does_not():
    dice = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 16, 16, generator=dice)
    for treat, unchanged in ((freeze, True), (lambda segmentor: segmentor, False)):
        segmentor = treat(build(lambda: Segmentor(UNET), 0))
        before = {name: value.clone() for name, value in segmentor.state_dict().items()}
        segmentor(image)
        after = segmentor.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before) == unchanged
        assert segmentor.training != unchanged
        assert any(p.requires_grad for p in segmentor.parameters()) != unchanged


def test_the_segmentor_of_players_is_frozen_and_left_out_where_no_term_reads_it(networks, one_way):
    assert not networks.segmentor.training
    assert not any(p.requires_grad for p in networks.segmentor.parameters())
    assert one_way.segmentor is None


def test_a_method_of_one_way_works_with_a_conditional_judge(one_way):
    assert not one_way.is_cyclic
    assert one_way.discriminator_tumour.spec.channels == 3
    dice = torch.Generator().manual_seed(0)
    anatomy, tumour, label = torch.rand(3, 1, 1, 64, 64, generator=dice) * 2 - 1
    step = Translations(one_way, anatomy, tumour, (label > 0.9).float())
    total = sum(term.weight * term(step) for term in PIX2PIX_LIKE.terms)
    total.backward()
    assert total.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in one_way.to_tumour.parameters())
    with pytest.raises(SettingError, match="a cycle's image asked of a method without a cycle"):
        _ = one_way.to_anatomy
