"""Every number of every request is checked when the request is built, by the name of its option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from metgan import workflows
from metgan.errors import SettingError

REQUESTS = [
    kind
    for name in workflows.__all__
    if name.endswith("Request") and is_dataclass(kind := getattr(workflows, name))
]
ANY_SIGN = {"labels_above", "tissue_above"}
FROM_ZERO = {
    *("seed", "laboratory_seed", "margin", "gap", "elastic", "size_spread", "infiltration", "channels"),
    *("least_recall", "most_false_area", "least_contrast", "most_contrast", "least_distance"),
    *("missed", "outline_noise", "least_tissue", "real", "synthetic"),
}
NEEDS: dict[str, dict[str, Any]] = {
    "merge": {"recipe": "merged"},
    **{name: {"recipe": "bank"} for name in ("scale", "elastic", "tumours", "margin", "gap")},
    **{name: {"recipe": "grown"} for name in ("areas", "infiltration")},
    "size_spread": {"recipe": "grown", "areas": (5.0, 9.0, 20.0)},
    "diameters_um": {"recipe": "grown", "pixel_size_um": 1.0},
    "pixel_size_um": {"recipe": "grown", "diameters_um": (10.0, 20.0, 40.0)},
}
"""What must be given beside an option."""
SOME: dict[Any, Any] = {list[Path]: [Path("p")]}


def kinds(hint: Any) -> set[type]:
    """Return the types within an annotation."""
    inner = get_args(hint)
    return set().union(*map(kinds, inner)) if inner else {hint}


def length(hint: Any) -> int:
    """Return how many numbers an option takes; 0 for one that takes a single one."""
    tuples = [get_args(one) for one in (hint, *get_args(hint)) if get_origin(one) is tuple]
    return max((1 if Ellipsis in one else len(one) for one in tuples), default=0)


def numbers(kind: type, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield where each number of a request is, and its type."""
    hints = get_type_hints(kind)
    for one in fields(kind):
        hint = hints[one.name]
        if is_dataclass(hint):
            yield from numbers(hint, *path, one.name)
        elif kinds(hint) & {int, float}:
            yield (*path, one.name), hint


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
            values[one.name] = build(hint, ("",), {}) if is_dataclass(hint) else SOME.get(hint, Path("p"))
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
