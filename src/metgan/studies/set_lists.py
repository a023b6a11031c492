"""Lists of training sets: combinations of values, the named lists of the package, and files of users.

A list is a TOML file of ``[[set]]`` tables. A table has the keys of a `TrainingSet`; those that are lists
stand for each of their values, and all combinations of a table are compared. The steps of ``refine`` are a
list themselves: a list of such lists stands for each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, Final

from metgan.errors import MetganError, SettingError, StorageError, UnknownNameError
from metgan.progress import note

from .training_sets import (
    AS_PAIRS,
    BASELINES,
    STEPS,
    Anatomies,
    Making,
    Order,
    Step,
    Strength,
    TrainingSet,
    Unlabelled,
)

NAMED_LISTS: Final = ("table2", "quick-set", "few-labels", "all")
"""Lists in the package: the paper's Table 2, a first look, few labelled pairs, and all that need no more."""
_OF_GENERATED = ("gated", "oversampled", "refine", "anatomies")
_OF_FURTHER = ("made", *_OF_GENERATED)


@dataclass(frozen=True, kw_only=True)
class TrainingSetGrid:
    """Values to be combined: every combination of them is a training set.

    Parameters
    ----------
    real : tuple of float, or None
        Shares of the real training pairs, 0 to 1, with commas between. Default: 0.
    synthetic : tuple of float, or None
        Numbers of further pairs, as factors of the number of real training pairs, 0 to 100. Default: 0.
    made : tuple of {"generated", "streamed", "pasted"}, or None
        How further pairs are made: generated as a set; generated while the training goes on, none twice; or
        of real tumours pasted into other real images. Default: generated.
    gated : tuple of bool, or None
        Whether generated pairs must pass a gate: yes, no, or no,yes. Default: no.
    oversampled : tuple of bool, or None
        Whether generated pairs show more of what the fold's segmentor misses: yes, no, or no,yes; with the
        step contrast, whose contrasts are then those of missed tumours. Default: no.
    refine : tuple of tuple of {"contrast", "noise", "background", "insert"}, or None
        Steps that bring generated pairs closer to real ones, with commas between, in any order: contrasts
        of real tumours; noise of real images; threads, dust and noise of another real image; tumours inserted
        into the real tumour channel. Once for each list of steps; none for no step. Default: none.
    augment : tuple of {"none", "strong"}, or None
        Augmentation beside crops and the eight symmetries. Default: none.
    unlabelled : tuple of {"none", "negatives", "pseudo-labels", "teacher", "true-labels"}, or None
        What is learned of unlabelled pairs: those of the set, and those that --training-pairs leaves over.
        negatives: that there is no tumour, in those in which a segmentor of the labelled pairs finds none;
        pseudo-labels: what a teacher is sure of; teacher: consistency with it; true-labels: their labels,
        where they are only set apart, as a ceiling. Default: none.
    anatomies : tuple of {"labelled", "unlabelled"}, or None
        Which pairs lend anatomies, and tumour channels to insert in, to generated pairs. Default: labelled.
    order : tuple of {"mixed", "balanced", "first"}, or None
        How further pairs come beside real ones: mixed as they are; balanced, real ones being repeated until
        they are as many; or further ones first, and then real ones alone. Default: mixed.
    times : tuple of int, or None
        How often the steps of the study are trained for, 1 to 10. Default: 1.

    Raises
    ------
    SettingError, UnknownNameError
        For values that no training set has, values of further pairs where there are none, and combinations
        of which none makes a training set.

    Examples
    --------
    >>> grid = TrainingSetGrid(real=(0, 1), synthetic=(0, 2), refine=(("contrast", "background"),))
    >>> [training_set.name for training_set in grid.training_sets]
    ['synthetic-2x-contrast-background', 'real-100', 'real-100-synthetic-2x-contrast-background']
    >>> grid.left_out
    ['training sets without any pairs']
    """

    real: tuple[float, ...] | None = None
    synthetic: tuple[float, ...] | None = None
    made: tuple[Making, ...] | None = None
    gated: tuple[bool, ...] | None = None
    oversampled: tuple[bool, ...] | None = None
    refine: tuple[tuple[Step, ...], ...] | None = None
    augment: tuple[Strength, ...] | None = None
    unlabelled: tuple[Unlabelled, ...] | None = None
    anatomies: tuple[Anatomies, ...] | None = None
    order: tuple[Order, ...] | None = None
    times: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        given = self._given()
        for name, values in given.items():
            if not isinstance(values, tuple) or not values:
                what = f"{name} is {values!r}"
                raise SettingError(what, "one value or more, as a tuple", "Give one, as in (1,)")
        idle = [name for name in given if all(name in _idle_in(values) for values in self._combinations())]
        if idle:
            kind = "further" if "made" in idle else "generated or streamed"
            raise SettingError(
                f"{', '.join(idle)} without {kind} pairs",
                f"a training set with {kind} pairs, that this is said of",
                "Give synthetic above 0 of such pairs, or leave it out",
            )
        if given and not self.training_sets:
            said = [f"{name}={', '.join(map(str, values))}" for name, values in given.items()]
            raise SettingError(
                f"no training set of {'; '.join(said)} ({', '.join(self.left_out)})",
                "pairs to train on, real ones among them where others are streamed",
                "Give real above 0, or synthetic of pairs that are no stream",
            )

    @property
    def training_sets(self) -> list[TrainingSet]:
        """The training sets, each once; what is said of pairs that a set has none of is dropped."""
        found: dict[TrainingSet, None] = {}
        for values in self._combinations():
            if _why_none(values) is None:
                used = {name: value for name, value in values.items() if name not in _idle_in(values)}
                if "refine" in used:
                    used["refine"] = _in_order(used["refine"])
                found[TrainingSet(**used)] = None
        return [*found]

    @property
    def left_out(self) -> list[str]:
        """Which combinations are no training sets."""
        reasons = map(_why_none, self._combinations())
        return [*dict.fromkeys(reason for reason in reasons if reason is not None)]

    def _given(self) -> dict[str, Any]:
        return {name: values for name, values in vars(self).items() if values is not None}

    def _combinations(self) -> list[dict[str, Any]]:
        given = self._given()
        if not given:
            return []
        values = {field.name: given.get(field.name, (field.default,)) for field in fields(TrainingSet)}
        return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


def choose_training_sets(lists: str | None, grid: TrainingSetGrid) -> list[TrainingSet]:
    """Return the training sets of lists and of a grid, each once, and the baselines; tell what was left out.

    Parameters
    ----------
    lists : str or None
        With commas between: lists by their names, TOML files, and training sets by their names.
    grid : TrainingSetGrid

    Raises
    ------
    StorageError, SettingError, UnknownNameError
        For a list that is not there or cannot be read, and for training sets that make no sense.

    Examples
    --------
    >>> [one.title for one in choose_training_sets("synthetic-1x,real-100", TrainingSetGrid())]
    ['real 100 %, strong augmentation', 'synthetic 1x', 'real 100 %']
    """
    named = [_find(word.strip()) for word in lists.split(",")] if lists is not None else []
    all_found = [*named, (grid.training_sets, grid.left_out)]
    for reason in dict.fromkeys(reason for _, reasons in all_found for reason in reasons):
        note(f"left out: {reason}")
    found = [training_set for sets, _ in all_found for training_set in sets]
    missing = [baseline for baseline in BASELINES if baseline not in found]
    if missing:
        note(f"compared too, as baselines: {'; '.join(baseline.title for baseline in missing)}")
    return [*dict.fromkeys([*missing, *found])]


def _find(word: str) -> tuple[list[TrainingSet], list[str]]:
    """Return the training sets that a word names, and which combinations are left out."""
    if word in NAMED_LISTS:
        text = files(__package__).joinpath("lists", f"{word}.toml").read_text(encoding="utf-8")
        return _parsed(text, word)
    if word.endswith(".toml"):
        return _parsed(_read(Path(word)), word)
    try:
        return [TrainingSet.parse(word)], []
    except UnknownNameError as error:
        given = f"unknown list or training set {word!r}"
        expected = f"one of {', '.join(NAMED_LISTS)}, a file that ends with .toml, or {error.expected}"
        raise UnknownNameError(given, expected, error.remedy) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        given = f"the list of training sets {path} cannot be read ({error})"
        raise StorageError(given, "a TOML file", "Check the path") from error


def _parsed(text: str, name: str) -> tuple[list[TrainingSet], list[str]]:
    """Return the training sets of a TOML text, and which combinations are left out."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StorageError(f"{name} cannot be read ({error})", "a TOML file", "Correct it") from error
    UnknownNameError.unless_known(f"key of {name}", ["set"], *content)
    tables = content.get("set")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        given = f"{name} without tables [[set]]"
        raise SettingError(given, "one for each training set, or each grid of them", "Write [[set]]")
    grids = [_grid(table, f"[[set]] number {number} of {name}") for number, table in enumerate(tables, 1)]
    return [one for grid in grids for one in grid.training_sets], [r for grid in grids for r in grid.left_out]


def _grid(table: Mapping[str, Any], where: str) -> TrainingSetGrid:
    known = [field.name for field in fields(TrainingSetGrid)]
    UnknownNameError.unless_known(f"key of {where}", known, *table)
    values = {key: tuple(value) if isinstance(value, list) else (value,) for key, value in table.items()}
    steps = table.get("refine")
    if isinstance(steps, list):  # a list of steps is one value
        each = bool(steps) and all(isinstance(one, list) for one in steps)
        values["refine"] = tuple(map(tuple, steps)) if each else (tuple(steps),)
    try:
        grid = TrainingSetGrid(**values)
    except MetganError as error:
        raise type(error)(f"{where}: {error.given}", error.expected, error.remedy) from error
    if not table:
        raise SettingError(f"{where} is empty", "values of real or synthetic", "Give one, or leave it out")
    return grid


def _in_order(refine: object) -> object:
    """Return known steps in the order of names; what else was given is for `TrainingSet` to refuse."""
    if isinstance(refine, tuple) and all(step in STEPS for step in refine):
        return tuple(sorted(refine, key=STEPS.index))
    return refine


def _why_none(values: Mapping[str, Any]) -> str | None:
    """Return why values make no training set, where others that are combined with them may."""
    if values["real"] == 0 and values["synthetic"] == 0:
        return "training sets without any pairs"
    if values["unlabelled"] not in ("none", "true-labels") and values["real"] == 0:
        return "unlabelled pairs without labelled ones beside them"
    if values["order"] != "mixed" and values["real"] == 0:
        return f"the order {values['order']} without real pairs"
    if values["order"] != "mixed" and values["synthetic"] != 0 and values["made"] == "streamed":
        return f"the order {values['order']} with streamed pairs"
    if values["synthetic"] != 0 and values["made"] == "streamed":
        if values["real"] == 0:
            return "streamed pairs without real ones beside them"
        if values["gated"]:
            return "streamed pairs that are gated"
    return None


def _idle_in(values: Mapping[str, Any]) -> set[str]:
    """Return which values say something of pairs that there are none of."""
    if values["synthetic"] == 0:
        return {*_OF_FURTHER} | (set() if values["unlabelled"] in AS_PAIRS else {"order"})
    return {*_OF_GENERATED} if values["made"] == "pasted" else set()
