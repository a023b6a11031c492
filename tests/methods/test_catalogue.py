"""The table of methods, against the papers' own words: cycles, discriminators and weights."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from metgan.errors import UnknownNameError
from metgan.losses import TUMOUR_WEIGHT
from metgan.methods import (
    ABLATIONS,
    CATALOGUE,
    METHOD_SETS,
    Method,
    Paired,
    Structure,
    find_method,
    find_methods,
)
from metgan.networks import GENERATORS

# Horvath et al. 2021, Tables 1 and 3, section 3: generator, cyclic, discriminator, weights in the order of
# TERMS. Ours are 10 for a segmentor (theirs: 100), 1 where there are pairs, and 100 for MetGAN's pairs
# (theirs: 10).
PAPER = {
    "MetGAN": ("metgen", True, "plain", 1, 10, 1, 100),
    "MetGAN-": ("metgen", True, "plain", 1, 10, 10, None),
    "MetGenCondSeg": ("metgen", False, "conditional", 1, None, 1, 100),
    "Pix2Pix": ("pix2pix", False, "conditional", 1, None, None, 100),
    "Pix2PixSeg": ("pix2pix", False, "conditional", 1, None, 1, 100),
    "CycleGAN": ("resnet", True, "plain", 1, 10, None, None),
    "CycleGANSeg": ("resnet", True, "plain", 1, 10, 10, None),
    "MetGen-Cycle": ("metgen", True, "plain", 1, 10, None, None),
    "MetGen-Cond": ("metgen", False, "conditional", 1, None, None, 100),
}
TERMS = ("adversarial", "cycle", "segmentation", "paired")


def row(method: Method) -> tuple[object, ...]:
    weights = {term.name: term.weight for term in method.terms}
    return method.generator, method.cyclic, method.discriminator, *(weights.get(name) for name in TERMS)


def test_every_row_is_what_the_papers_say_but_for_two_weights() -> None:
    assert {method.title: row(method) for method in CATALOGUE.values()} == PAPER


def test_every_row_with_pairs_weighs_their_tumours_alike() -> None:
    """What makes tumours as bright as real ones is no advantage of one row over another."""
    pairs = [term for method in CATALOGUE.values() for term in method.terms if isinstance(term, Paired)]
    assert len(pairs) == 5
    assert {term.tumour_weight for term in pairs} == {TUMOUR_WEIGHT}


def test_every_row_with_pairs_and_no_other_asks_for_their_structure_alike() -> None:
    """What no paper has is no advantage of one row over another."""
    for method in CATALOGUE.values():
        has_pairs = any(isinstance(term, Paired) for term in method.terms)
        asked = [term for term in method.terms if isinstance(term, Structure)]
        assert asked == ([Structure(10)] if has_pairs else [])


def test_the_seven_of_table_1_stand_first() -> None:
    assert [find_method(name).title for name in METHOD_SETS["table1"]] == [*PAPER][:7]
    assert METHOD_SETS["all"] == tuple(CATALOGUE)


def test_every_row_says_where_it_is_described() -> None:
    assert all("20" in method.source for method in CATALOGUE.values())


def test_a_comparison_is_named_or_listed_and_nobody_takes_part_twice() -> None:
    assert [method.name for method in find_methods("pix2pix, metgan,pix2pix")] == ["pix2pix", "metgan"]
    assert [method.title for method in find_methods("table3")] == [
        "MetGen-Cycle",
        "MetGen-Cond",
        "Pix2Pix",
        "CycleGAN",
    ]


@pytest.mark.parametrize("names", ["stargan", "metgan,", ""])
def test_an_unknown_method_is_answered_with_the_known_ones(names: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_methods(names)
    assert all(name in str(caught.value) for name in (*CATALOGUE, *METHOD_SETS))


def test_an_ablation_changes_one_thing_of_metgan() -> None:
    metgan = CATALOGUE["metgan"]
    for ablated in ABLATIONS:
        as_before = replace(ablated, name=metgan.name, title=metgan.title, source=metgan.source)
        changed = [f.name for f in fields(Method) if getattr(as_before, f.name) != getattr(metgan, f.name)]
        assert len(changed) == 1
        if changed == ["terms"] and ablated.name != "metgan-weights":
            kept = [term for term in metgan.terms if term in ablated.terms]
            assert len(kept) == len(metgan.terms) - 1
            assert len(ablated.terms) - len(kept) in (0, 1)  # left out, or replaced
        assert ablated.generator in GENERATORS
    assert len({ablated.name for ablated in (metgan, *ABLATIONS)}) == len(ABLATIONS) + 1
