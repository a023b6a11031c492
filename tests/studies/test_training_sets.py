"""Training sets are values: their names lead back to them, and what contradicts itself cannot be built."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.errors import MetganError, SettingError
from metgan.labels import Bank, Mixed
from metgan.studies import BASELINES, TrainingSet
from metgan.studies.sources import Pasted, source_of
from metgan.studies.synthetic import Streamed, Synthetic
from metgan.studies.training_sets import STEPS
from metgan.synthesis import order_steps
from metgan.transforms import STRONG

STEP_LISTS = [steps for count in range(len(STEPS) + 1) for steps in combinations(STEPS, count)]


MAKEABLE = {(), ("contrast",), ("noise",), ("background",), ("insert",)} | {
    ("contrast", step) for step in ("noise", "background", "insert")
}
"""A background and a real tumour channel have noise."""


@st.composite
def training_sets(draw: st.DrawFn) -> TrainingSet:
    """Any training set that there is."""
    share = st.integers(0, 10_000).map(lambda n: n / 10_000)
    factor = st.integers(1, 1_000_000).map(lambda n: n / 10_000) | st.integers(1, 100)
    augment = draw(st.sampled_from(["none", "strong"]))
    made = draw(st.sampled_from(["", "generated", "streamed", "pasted"]))
    real = draw(share if made in ("generated", "pasted") else share.filter(bool))
    if not made:
        return TrainingSet(real=real, augment=augment)
    ways: dict[str, Any] = {}
    if made != "pasted":
        steps = draw(st.sampled_from(sorted(MAKEABLE)))
        ways = {"refine": steps, "oversampled": "contrast" in steps and draw(st.booleans())}
        ways["gated"] = made == "generated" and draw(st.booleans())
    return TrainingSet(real=real, synthetic=draw(factor), made=made, augment=augment, **ways)


@given(training_sets())
def test_the_name_of_a_training_set_leads_back_to_it_and_names_a_folder(training_set: TrainingSet) -> None:
    assert TrainingSet.parse(training_set.name) == training_set
    assert re.fullmatch(r"[a-z0-9.-]{5,90}", training_set.name)


@given(training_sets(), training_sets())
def test_two_training_sets_have_two_names_and_two_titles(one: TrainingSet, other: TrainingSet) -> None:
    assert (one.name == other.name) == (one == other) == (one.title == other.title)


WORDS = ["real", "synthetic", "pasted", "25", "100", "1x", "0.50x", "gated", *STEPS, "strong", ""]


@given(st.lists(st.sampled_from(WORDS), max_size=6).map("-".join))
def test_what_is_no_name_is_refused_and_what_is_one_is_the_only_one_of_its_value(text: str) -> None:
    try:
        training_set = TrainingSet.parse(text)
    except MetganError:
        return
    assert training_set.name == text


@pytest.mark.parametrize(
    ("values", "name", "title"),
    [
        ({"real": 0.25}, "real-25", "real 25 %"),
        ({"real": 0.29}, "real-29", "real 29 %"),
        ({"real": 0.125}, "real-12.5", "real 12.5 %"),
        ({"synthetic": 0.5}, "synthetic-0.5x", "synthetic 0.5x"),
        ({"synthetic": 10}, "synthetic-10x", "synthetic 10x"),
        (
            {"real": 1, "synthetic": 1, "gated": True, "refine": ("noise",), "augment": "strong"},
            "real-100-synthetic-1x-gated-noise-strong",
            "real 100 % + gated synthetic 1x (noise), strong augmentation",
        ),
        ({"real": 0.5, "synthetic": 2, "made": "streamed"}, "real-50-streamed-2x", "real 50 % + streamed 2x"),
    ],
)
def test_names_and_titles_are_read_off_the_values(values: dict[str, Any], name: str, title: str) -> None:
    training_set = TrainingSet(**values)
    assert (training_set.name, training_set.title) == (name, title)


def test_a_line_joins_training_sets_that_differ_in_numbers_alone() -> None:
    def line(name: str) -> str:
        return TrainingSet.parse(name).line

    assert line("real-25") == line("real-100") == "real"
    assert line("real-25-synthetic-1x-contrast") == line("real-100-synthetic-2x-contrast")
    others = ("synthetic-1x", "synthetic-1x-gated", "real-100-synthetic-1x", "real-100-pasted-1x")
    assert len({line(name) for name in (*others, "real-25", "real-25-strong", "synthetic-1x-noise")}) == 7


def test_the_baselines_are_all_real_pairs_with_and_without_strong_augmentation() -> None:
    assert [baseline.name for baseline in BASELINES] == ["real-100", "real-100-strong"]
    assert [baseline.augmentation for baseline in BASELINES] == [None, STRONG]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "real=0 and synthetic=0"),
        ({"real": 1.5}, "real is 1.5; expected a number from 0"),
        ({"real": -0.5, "synthetic": 1.0}, "real is -0.5"),
        ({"real": float("nan")}, "real is nan"),
        ({"real": 1 / 3}, "Round it, to 0.3333"),
        ({"real": "1"}, "real is '1'; expected a number"),
        ({"real": True}, "real is True; expected a number"),
        ({"synthetic": 101}, "synthetic is 101"),
        ({"synthetic": 1, "gated": "yes"}, "gated is 'yes'; expected true or false"),
        ({"synthetic": 1, "made": "painted"}, "value of made 'painted'; expected one of: generated"),
        ({"real": 1, "augment": "weak"}, "value of augment 'weak'"),
        ({"synthetic": 1, "refine": ("grain",)}, "value of refine 'grain'"),
        ({"synthetic": 1, "refine": "noise"}, "refine is 'noise'; expected a list"),
        ({"synthetic": 1, "refine": ("noise", "contrast")}, "Write contrast,noise"),
        ({"synthetic": 1, "refine": ("noise", "noise")}, "once each"),
        ({"real": 1, "made": "pasted"}, "synthetic=0 and pasted"),
        ({"real": 1, "refine": ("noise",)}, "synthetic=0 and noise"),
        ({"synthetic": 1, "made": "pasted", "gated": True}, "pasted pairs that are gated"),
        ({"synthetic": 1, "made": "streamed"}, "without real ones"),
    ],
)
def test_a_training_set_that_contradicts_itself_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(MetganError, match=re.escape(says)):
        TrainingSet(**values)


@pytest.mark.parametrize("refine", STEP_LISTS)
@pytest.mark.parametrize("oversampled", [False, True])
def test_each_list_of_steps_has_a_source_or_is_refused(refine: Any, oversampled: bool) -> None:
    """Errors are oversampled by contrast."""
    values = {"real": 1, "synthetic": 1, "refine": refine, "oversampled": oversampled}
    if refine in MAKEABLE and (not oversampled or "contrast" in refine):
        made = source_of(TrainingSet(**values))
        assert isinstance(made, Synthetic)
        assert (made.refine, made.oversampled, made.gate) == (order_steps(refine), oversampled, None)
    else:
        with pytest.raises(SettingError, match=r"expected (one|both)"):
            TrainingSet(**values)


def test_labels_are_the_papers_or_single_tumours_where_each_has_a_contrast() -> None:
    def recipe(name: str) -> object:
        made = source_of(TrainingSet.parse(name))
        assert isinstance(made, Synthetic)
        return made.recipe

    assert isinstance(recipe("synthetic-1x-gated"), Mixed)
    assert isinstance(recipe("synthetic-1x-noise"), Mixed)
    assert recipe("synthetic-1x-contrast-background") == Bank()
    assert recipe("synthetic-1x-insert") == Bank(counts=(1, 1))


def test_training_sets_that_differ_in_numbers_alone_share_what_makes_their_pairs() -> None:
    names = ("synthetic-1x-contrast", "real-25-synthetic-2x-contrast-strong", "synthetic-1x-gated-contrast")
    one, same, gated = (source_of(TrainingSet.parse(name)) for name in names)
    assert one == same
    assert one != gated
    assert source_of(TrainingSet.parse("pasted-1x")) == Pasted()
    assert isinstance(source_of(TrainingSet.parse("real-50-streamed-1x-noise")), Streamed)
    with pytest.raises(SettingError, match="streamed pairs that are gated"):
        TrainingSet.parse("real-50-streamed-1x-gated")


COMBINED = {
    "real": (0.0, 0.25),
    "synthetic": (0.0, 1.5),
    "made": ("generated", "streamed", "pasted"),
    "gated": (False, True),
    "oversampled": (False, True),
    "refine": STEP_LISTS,
    "augment": ("none", "strong"),
    "unlabelled": ("none", "negatives", "pseudo-labels", "teacher", "true-labels"),
    "anatomies": ("labelled", "unlabelled"),
    "order": ("mixed", "balanced", "first"),
    "times": (1, 10),
}


def test_names_and_titles_tell_all_combinations_apart_and_parse_is_the_inverse() -> None:
    """All that do not contradict themselves."""
    titles = set()
    made = 0
    for values in product(*COMBINED.values()):
        with suppress(MetganError):
            training_set = TrainingSet(**dict(zip(COMBINED, values, strict=True)))  # type: ignore[arg-type]
            assert TrainingSet.parse(training_set.name) == training_set
            titles.add(training_set.title)
            made += 1
    assert len(titles) == made == 3848
