"""Steps of refinement: their names and order, what does not go together, and what each draws and does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from metgan.data import Entry, PairSet, StoredPairs, part_of
from metgan.errors import SettingError, UnknownNameError
from metgan.labels import Bank
from metgan.seeding import stream
from metgan.synthesis import (
    REFINE_STEPS,
    Contrast,
    ErrorAnalysis,
    GenerationRequest,
    Inpainter,
    PairPlans,
    Seen,
    measure_steps,
    order_steps,
    oversample_errors,
)

from ..conftest import generate_tumour

TOGETHER = [
    (),
    ("insert",),
    ("contrast",),
    ("noise",),
    ("background",),
    ("insert", "contrast"),
    ("contrast", "noise"),
    ("contrast", "background"),
]
"""All that go together, in the order in which they are applied."""


@pytest.fixture
def train(small_pairs: PairSet) -> Sequence[Entry]:
    return part_of(small_pairs.entries, "train", None)


def request_of(train: Sequence[Entry], names: Sequence[str]) -> GenerationRequest:
    return GenerationRequest(train, train, Bank(), 4, 0, measure_steps(names, StoredPairs(train)))


def test_each_step_goes_by_its_name() -> None:
    assert [*REFINE_STEPS] == ["insert", "contrast", "noise", "background"]
    assert all(step.name == name for name, step in REFINE_STEPS.items())


@pytest.mark.parametrize("names", TOGETHER)
def test_steps_are_applied_in_one_order_whatever_order_they_are_named_in(names: tuple[str, ...]) -> None:
    for given in itertools.permutations(names):
        assert order_steps(given) == names


def test_no_others_go_together() -> None:
    for count in range(len(REFINE_STEPS) + 1):
        for names in itertools.combinations(REFINE_STEPS, count):
            if names not in TOGETHER:
                with pytest.raises(SettingError, match=r"real.*Leave (noise|background) out"):
                    order_steps(names)


@pytest.mark.parametrize("wrong", ["contrasts", "", "match-contrast", "Noise"])
def test_a_step_that_is_not_there_is_named_and_those_that_are_there(wrong: str) -> None:
    with pytest.raises(UnknownNameError, match=f"'{wrong}'.*insert, contrast, noise, background"):
        order_steps(["contrast", wrong])


@pytest.mark.parametrize("name", REFINE_STEPS)
def test_a_step_is_named_once(name: str) -> None:
    with pytest.raises(SettingError, match=f"expected {name} once"):
        order_steps([name, name])


def test_a_request_takes_steps_in_their_order_alone(train: Sequence[Entry]) -> None:
    steps = measure_steps(("contrast", "noise"), StoredPairs(train))
    request = GenerationRequest(train, train, Bank(), 1, 0, steps)
    with pytest.raises(SettingError, match="expected contrast,noise"):
        replace(request, refine=steps[::-1])
    with pytest.raises(SettingError, match="Leave noise out"):
        replace(request, refine=(*steps, *measure_steps(("background",), StoredPairs(train))))


@pytest.mark.parametrize("names", TOGETHER)
def test_what_is_drawn_for_a_pair_is_a_function_of_its_number_and_steps_share_no_draws(
    train: Sequence[Entry], names: tuple[str, ...]
) -> None:
    """A step draws the same beside others as alone, and draws anew for each pair and each attempt."""
    plans = PairPlans(request_of(train, names))
    for place, name in enumerate(names):
        alone = PairPlans(request_of(train, (name,)))
        draws = [(number, attempt) for number in range(3) for attempt in range(2)]
        steps = [plans.draw(*draw).refine[place] for draw in draws]
        assert steps == [plans.draw(*draw).refine[place] for draw in draws]
        if "insert" not in names:  # which leaves less room for labels
            assert steps == [alone.draw(*draw).refine[0] for draw in draws]
        assert len({repr(step) for step in steps}) == (1 if name == "insert" else len(draws))


def test_noise_and_the_background_of_a_pair_come_from_its_grain_stream(train: Sequence[Entry]) -> None:
    for name in ("noise", "background"):
        (step,) = PairPlans(request_of(train, (name,))).draw(2, 1).refine
        assert vars(step)["seed"] == stream(0, "grain", 2, 1).integers(2**63)


@pytest.mark.parametrize("names", TOGETHER)
def test_each_step_changes_the_image_of_those_before_it(
    inpainter: Inpainter, train: Sequence[Entry], names: tuple[str, ...]
) -> None:
    plan = PairPlans(request_of(train, names)).draw(0)
    images = [
        generate_tumour(inpainter, replace(plan, refine=plan.refine[:count]))
        for count in range(len(names) + 1)
    ]
    for before, after in itertools.pairwise(images):
        assert before.dtype == after.dtype
        assert not np.array_equal(before, after)


@pytest.mark.parametrize("names", TOGETHER)
def test_oversampled_errors_bring_contrasts_of_their_own_into_their_place(
    train: Sequence[Entry], names: tuple[str, ...]
) -> None:
    spots = ErrorAnalysis((Seen("lung", 9, 1.5, found=False), Seen("lung", 90, 3.0, found=True)))
    aimed = oversample_errors(request_of(train, names), spots)
    assert tuple(step.name for step in aimed.refine) == order_steps([*(set(names) | {"contrast"})])
    assert [step for step in aimed.refine if isinstance(step, Contrast)] == [spots.contrasts]


def test_a_request_says_its_recipe_and_its_steps(train: Sequence[Entry]) -> None:
    request = request_of(train, ("contrast", "background"))
    assert str(request).startswith(f"{request.recipe}; contrast: ratios of ")
    assert f"; background: {len(train)} images, noise " in str(request)


def test_a_text_is_no_list_of_steps() -> None:
    with pytest.raises(SettingError, match=r"refine is 'noise'; .* Write \('noise',\)"):
        order_steps("noise")
