"""Every number, word and path of every request is checked when the request is built, by its option's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from metgan import workflows
from metgan.errors import SettingError, UnknownNameError

REQUESTS = [
    kind
    for name in workflows.__all__
    if name.endswith("Request") and is_dataclass(kind := getattr(workflows, name))
]
ANY_SIGN = {"labels_above", "tissue_above", "tissue_level"}
FROM_ZERO = {
    *("seed", "laboratory_seed", "margin", "gap", "elastic", "size_spread", "infiltration", "channels"),
    *("least_recall", "most_false_area", "least_contrast", "most_contrast", "least_distance"),
    *("missed", "outline_noise", "least_tissue", "keep_empty", "real", "synthetic"),
}
NEEDS: dict[str, dict[str, Any]] = {
    "merge": {"recipe": "merged"},
    **{name: {"recipe": "bank"} for name in ("scale", "elastic", "tumours", "margin", "gap")},
    **{name: {"recipe": "grown"} for name in ("areas", "infiltration")},
    "size_spread": {"recipe": "grown", "areas": (5.0, 9.0, 20.0)},
    "diameters_um": {"recipe": "grown", "pixel_size_um": 1.0},
    **{name: {"synthetic": (1,)} for name in ("made", "refine", "augment", "anatomies")},
    **{name: {"real": (1,), "synthetic": (1,)} for name in ("unlabelled", "order", "times")},
    "pixel_size_um": {"recipe": "grown", "diameters_um": (10.0, 20.0, 40.0)},
    "sizes_of": {"recipe": "grown", "density_per_mm3": 1.0},
    "real_tumours": {"recipe": "grown", "density_per_mm3": 1.0, "diameters_um": (10.0, 20.0, 40.0)},
}
"""What must be given beside an option."""


def some(hint: Any) -> Any:
    """Return a value for an option that must be given."""
    return get_args(hint)[0] if get_origin(hint) is Literal else within(hint, Path("p.zarr"))


def kinds(hint: Any) -> set[type]:
    """Return the types within an annotation."""
    inner = get_args(hint)
    return set().union(*map(kinds, inner)) if inner else {hint}


def length(hint: Any) -> int:
    """Return how many numbers an option takes; 0 for one that takes a single one."""
    tuples = [get_args(one) for one in (hint, *get_args(hint)) if get_origin(one) is tuple]
    return max((1 if Ellipsis in one else len(one) for one in tuples), default=0)


def options(kind: type, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield where each option of a request is, and its type."""
    hints = get_type_hints(kind)
    for one in fields(kind):
        hint = hints[one.name]
        if is_dataclass(hint):
            yield from options(hint, *path, one.name)
        else:
            yield (*path, one.name), hint


def numbers(kind: type) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield where each number of a request is, and its type."""
    return ((path, hint) for path, hint in options(kind) if kinds(hint) & {int, float})


def words(hint: Any) -> set[str]:
    """Return the words that an option is one of; none for another option."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return set().union(*map(words, get_args(hint)))


def within(hint: Any, value: Any) -> Any:
    """Return a value in as many lists or tuples as an annotation has."""
    inner = next((one for one in get_args(hint) if get_origin(one) in (list, tuple)), None)
    if get_origin(hint) in (list, tuple):
        return get_origin(hint)([within(inner, value) if inner else value])
    return within(inner, value) if inner else value


def at(request: object, path: tuple[str, ...]) -> Any:
    """Return what a field of a request, or of a group of its options, holds."""
    return reduce(getattr, path, request)


def build(kind: type, path: tuple[str, ...], given: dict[str, Any]) -> object:
    """Build a request with values for some fields of the group that `path` leads to."""
    values: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for one in fields(kind):
        hint = hints[one.name]
        if len(path) > 1 and one.name == path[0]:
            values[one.name] = build(hint, path[1:], given)
        elif len(path) == 1 and one.name in given:
            values[one.name] = given[one.name]
        elif one.default is MISSING:
            values[one.name] = build(hint, ("",), {}) if is_dataclass(hint) else some(hint)
    if (
        kind is workflows.InpaintRequest
        and values.get("recipe", workflows.VolumeRecipeChoice()).recipe is None
    ):
        values.setdefault("labels", Path("p"))  # one of the two
    return kind(**values)


def bad_values(name: str, hint: Any) -> list[float]:
    whole = float not in kinds(hint)
    bad: list[float] = [10**17] if whole else [float("nan"), float("inf")]
    if name not in ANY_SIGN:
        bad.append(-1)
        bad += [] if name in FROM_ZERO else [0]
    return bad


CASES = [
    pytest.param(kind, path, hint, value, id=f"{kind.__name__}-{'.'.join(path)}-{value}")
    for kind in REQUESTS
    for path, hint in numbers(kind)
    for value in bad_values(path[-1], hint)
]


def test_the_requests_have_numbers() -> None:
    assert len(CASES) > 150
    assert {kind.__name__ for kind in REQUESTS} >= {"GenerateRequest", "PrepareRequest", "DemoRequest"}


@pytest.mark.parametrize(("kind", "path", "hint", "value"), CASES)
def test_a_number_out_of_range_is_refused_with_the_name_of_its_option_and_no_other_value(
    kind: type, path: tuple[str, ...], hint: Any, value: float
) -> None:
    name = path[-1]
    needed = NEEDS.get(name, {})
    usual = {"areas": (5.0, 9.0, 20.0), "diameters_um": (10.0, 20.0, 40.0)}.get(name)
    count = length(hint)
    asked = value if not count else (*(usual or (1,) * count)[:-1], value)
    with pytest.raises(SettingError) as refused:
        build(kind, path, {**needed, name: asked})
    assert re.fullmatch(rf"{name} is {re.escape(repr(value))}", refused.value.given)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        (workflows.PrepareRequest, ("files", "labels_above"), -3.5),
        (workflows.EvaluateRequest, ("independent", "independent_segmentor_steps"), 1),
        (workflows.GenerateRequest, ("recipe", "tumours"), (1, 4)),
        (workflows.DemoRequest, ("steps",), 1),
    ],
)
def test_a_number_within_its_range_is_taken(kind: type, path: tuple[str, ...], value: Any) -> None:
    build(kind, path, {**NEEDS.get(path[-1], {}), path[-1]: value})


WORDS = [(kind, path, hint) for kind in REQUESTS for path, hint in options(kind) if words(hint)]
PATHS = [(kind, path, hint) for kind in REQUESTS for path, hint in options(kind) if Path in kinds(hint)]
OTHERS = [
    (kind, path, hint)
    for kind in REQUESTS
    for path, hint in options(kind)
    if not words(hint) and kinds(hint) & {bool, str, Path} and "grid" not in path  # checks itself
]


def named(cases: list[Any]) -> list[Any]:
    return [pytest.param(*case, id=f"{case[0].__name__}-{'.'.join(case[1])}") for case in cases]


def test_the_requests_have_words_and_paths() -> None:
    assert len(WORDS) > 25
    assert len(PATHS) > 30
    assert {path[-1] for _, path, _ in WORDS} >= {"preset", "device", "part", "recipe", "format", "made"}


@pytest.mark.parametrize(("kind", "path", "hint"), named(WORDS))
def test_a_word_that_is_none_of_an_options_is_refused_and_all_of_them_named(
    kind: type, path: tuple[str, ...], hint: Any
) -> None:
    name = path[-1]
    with pytest.raises((SettingError, UnknownNameError)) as refused:
        build(kind, path, {**NEEDS.get(name, {}), name: within(hint, "smal")})
    assert name in refused.value.given
    assert "smal" in refused.value.given
    assert all(word in refused.value.expected for word in words(hint))


@pytest.mark.parametrize(("kind", "path", "hint"), named(PATHS))
def test_a_path_may_be_given_as_text(kind: type, path: tuple[str, ...], hint: Any) -> None:
    request = build(kind, path, {**NEEDS.get(path[-1], {}), path[-1]: within(hint, "somewhere/else.zarr")})
    assert at(request, path) == within(hint, Path("somewhere/else.zarr"))


@pytest.mark.parametrize(("kind", "path", "hint"), named(OTHERS))
def test_what_is_of_another_kind_than_an_option_is_refused(
    kind: type, path: tuple[str, ...], hint: Any
) -> None:
    with pytest.raises(SettingError, match=f"^{path[-1]} is 3; expected "):
        build(kind, path, {path[-1]: 3})


@pytest.mark.parametrize(
    ("build_one", "said"),
    [
        (lambda: workflows.Sources(anatomy="pairs", part="trian"), "'train', 'val', 'test' or 'all'"),
        (lambda: workflows.RecipeChoice("banks"), "'real', 'merged', 'bank', 'grown', 'file' or None"),
        (lambda: workflows.CropChoice(split="training"), "'train', 'val', 'test' or None"),
        (lambda: workflows.ExportRequest(data="pairs", format="nnunet", out="out"), r"Write \['pairs'\]"),
        (lambda: workflows.GenerateRequest(run="run", sources="pairs", out="out"), "expected a Sources"),
        (lambda: workflows.RecipeChoice("bank", tumours=(1, 2, 3)), "a tuple of 2 values"),
        (lambda: workflows.TrainRequest(data=None, out="run"), "data is None; expected a path"),
    ],
)
def test_what_a_request_takes_is_told(build_one: Any, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        build_one()


def test_a_list_is_taken_where_a_tuple_is_asked_for() -> None:
    choice = workflows.RecipeChoice("bank", scale=[0.8, 1.25], tumours=[1, 4])  # type: ignore[arg-type]  # as users write it
    assert (choice.scale, choice.tumours) == ((0.8, 1.25), (1, 4))


@pytest.mark.parametrize("lengths", [{"steps": 3, "epochs": 2}, {"steps": 1, "epochs": 1}])
def test_a_length_in_steps_and_in_epochs_is_refused(lengths: dict[str, int]) -> None:
    with pytest.raises(SettingError, match=f"steps {lengths['steps']} and epochs {lengths['epochs']}"):
        workflows.TrainingSettings(**lengths)  # type: ignore[arg-type]  # numbers
