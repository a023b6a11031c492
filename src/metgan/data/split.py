"""Which pairs train, validate and test: by whole groups, balanced over organs and tumours.

Neighbouring planes and crops of one animal look alike, so a split by image would test on what was
trained on. Groups are never divided; within that, strata (organ, with or without tumour) are balanced.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from metgan.errors import SettingError, StorageError
from metgan.io import has_file, normal_form, write_json

from .sample import Entry

PARTS: Final = ("train", "val", "test")
"""What the pairs of a set are for."""
SPLIT_FILE: Final = "splits.json"
"""In the folder of a run: what it was trained, validated and tested on."""
FRACTIONS: Final = (0.7, 0.1, 0.2)  # 20 % for testing: paper, section 3
Strata = Counter[tuple[str, bool]]
"""Numbers of pairs by organ, and by whether they show a tumour."""


@dataclass(frozen=True)
class Split:
    """Names of the pairs of each part, sorted."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]

    def groups(self, entries: Sequence[Entry], *parts: str) -> frozenset[str]:
        """Return the groups that the named parts hold."""
        names = {name for part in parts for name in getattr(self, part)}
        return frozenset(entry.group for entry in entries if entry.name in names)


def save_split(split: Split, path: Path) -> None:
    """Write a split as JSON: ``splits.json`` of a run."""
    write_json(path, {part: list(getattr(split, part)) for part in PARTS})


def load_split(path: Path) -> Split:
    """Read what `save_split` wrote: the file itself, or that of a run folder."""
    if path.is_dir():
        path = path / SPLIT_FILE
    if not has_file(path):
        raise StorageError(f"there is no {path}", "the splits.json of a run", "Give a run folder")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Split(*(tuple(map(normal_form, content[part])) for part in PARTS))
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{path} cannot be read ({error})", "a split", "Train again") from error


def stated_split(entries: Sequence[Entry]) -> Split | None:
    """Return the split that ``pairs.csv`` states, or None when it states none.

    Raises
    ------
    SettingError
        For an unknown word, a pair without one, a part without pairs, or a divided group.
    """
    if not any(entry.split for entry in entries):
        return None
    words = {entry.split for entry in entries}
    if words != set(PARTS):
        raise SettingError(
            f"the split column says {', '.join(repr(word) for word in sorted(words))}",
            "train, val and test, each at least once, or an empty column",
            "Run metgan prepare with --split for each part, or clear the column",
        )
    return _collect(entries, _homes(entries, {entry.name: entry.split for entry in entries}))


def refuse_divided(entries: Sequence[Entry], split: Split) -> None:
    """Refuse a split that has a pair, or a group, in two parts: whoever made it, the rule is one.

    Raises
    ------
    SettingError
        Naming the first.
    """
    parts: dict[str, str] = {}
    for part in PARTS:
        for name in getattr(split, part):
            if name in parts:
                raise SettingError(
                    f"the split has pair {name!r} in {parts[name]} and in {part}",
                    "every pair in one part, once",
                    "Use the splits.json of a run as it was written",
                )
            parts[name] = part
    _homes([entry for entry in entries if entry.name in parts], parts)


def _homes(entries: Sequence[Entry], parts: Mapping[str, str]) -> dict[str, str]:
    """Return the part of each group, from that of each pair by name; refuse a divided one."""
    homes: dict[str, str] = {}
    for entry in entries:
        if homes.setdefault(entry.group, parts[entry.name]) != parts[entry.name]:
            raise SettingError(
                f"group {entry.group!r} is in {homes[entry.group]} and in {parts[entry.name]}",
                "every group in one part",
                "Give these pairs one split",
            )
    return homes


def draw_split(entries: Sequence[Entry], with_tumour: Mapping[str, bool], rng: np.random.Generator) -> Split:
    """Draw a grouped split that balances organs and pairs with and without tumour.

    Groups come in random order; each goes to the part that lacks most of what it holds.

    Parameters
    ----------
    entries : sequence of Entry
    with_tumour : mapping of name to bool
    rng : numpy.random.Generator

    Raises
    ------
    SettingError
        When there are fewer than three groups.
    """
    groups = count_strata(entries, with_tumour)
    if len(groups) < len(PARTS):
        raise SettingError(
            f"{len(groups)} groups ({', '.join(sorted(groups))})",
            "at least 3, one each for training, validation and testing",
            "Name more groups in pairs.csv (or leave the column empty: then every pair is one)",
        )
    homes = divide(groups, FRACTIONS, rng)
    return _collect(entries, {group: PARTS[part] for group, part in homes.items()})


def count_strata(entries: Sequence[Entry], with_tumour: Mapping[str, bool]) -> dict[str, Strata]:
    """Count the pairs of each group by organ, and by whether they show a tumour."""
    groups: dict[str, Strata] = {}
    for entry in entries:
        groups.setdefault(entry.group, Counter())[entry.organ, with_tumour[entry.name]] += 1
    return groups


def divide(
    groups: Mapping[str, Strata], fractions: Sequence[float], rng: np.random.Generator
) -> dict[str, int]:
    """Give each group the index of its part, so that the parts hold their fractions of every stratum.

    There must be as many groups as parts, or more; then no part is empty.
    """
    order = [sorted(groups)[k] for k in rng.permutation(len(groups))]
    order.sort(key=lambda group: -groups[group].total())
    total: Strata = sum(groups.values(), Counter())
    lacking = [{key: fraction * count for key, count in total.items()} for fraction in fractions]
    homes: dict[str, int] = {}
    for index, group in enumerate(order):
        empty = [part for part in range(len(fractions)) if part not in homes.values()]
        must_fill = len(order) - index <= len(empty)
        # The share of each part's need in these strata that is still open.
        need = [
            sum(lacking[p][key] / (fractions[p] * total[key]) * n for key, n in groups[group].items())
            for p in range(len(fractions))
        ]
        best = max(empty if must_fill else range(len(fractions)), key=lambda part: need[part])
        homes[group] = best
        for key, n in groups[group].items():
            lacking[best][key] -= n
    return homes


def _collect(entries: Sequence[Entry], homes: Mapping[str, str]) -> Split:
    parts = {part: sorted(e.name for e in entries if homes[e.group] == part) for part in PARTS}
    return Split(*(tuple(parts[part]) for part in PARTS))


def draw_folds(
    entries: Sequence[Entry], with_tumour: Mapping[str, bool], count: int, rng: np.random.Generator
) -> list[Split]:
    """Draw so many grouped folds that balance organs and pairs with and without tumour.

    A fold is a split like any other. What it does not test on is divided into training and validation anew
    each time, in the proportion of `draw_split`.

    Parameters
    ----------
    entries : sequence of Entry
        Their own ``split`` is not looked at.
    with_tumour : mapping of name to bool
    count : int, 2 or more
    rng : numpy.random.Generator

    Returns
    -------
    list of Split
        The test parts are disjoint, and together they are all pairs.

    Raises
    ------
    SettingError
        When there are fewer than two folds, fewer groups than folds, or a fold leaves less than two groups
        for training and validation.

    Examples
    --------
    >>> entries = [Entry(name, name, "", "", {}) for name in "abcd"]
    >>> folds = draw_folds(entries, dict.fromkeys("abcd", True), 2, np.random.default_rng(0))
    >>> sorted(name for fold in folds for name in fold.test)
    ['a', 'b', 'c', 'd']
    """
    groups = count_strata(entries, with_tumour)
    if count < 2 or len(groups) < count:
        given = f"{count} folds of {len(groups)} groups"
        remedy = "Ask for fewer folds, or name more groups in pairs.csv (an empty column: every pair is one)"
        raise SettingError(given, "2 folds or more, and at least one group for each", remedy)
    homes = divide(groups, [1 / count] * count, rng)
    folds = []
    for fold in range(count):
        rest = {group: strata for group, strata in groups.items() if homes[group] != fold}
        if len(rest) < 2:
            raise SettingError(
                f"fold {fold + 1} of {count}, which leaves {len(rest)} group for training",
                "two groups or more outside each fold, to train and to validate on",
                "Ask for more folds, or name more groups in pairs.csv",
            )
        parts = divide(rest, [part / sum(FRACTIONS[:2]) for part in FRACTIONS[:2]], rng)
        train, val = (_names(entries, {g for g, home in parts.items() if home == part}) for part in (0, 1))
        folds.append(Split(train, val, _names(entries, set(groups) - set(rest))))
    return folds


def _names(entries: Sequence[Entry], groups: set[str]) -> tuple[str, ...]:
    return tuple(sorted(entry.name for entry in entries if entry.group in groups))


def part_of(entries: Sequence[Entry], part: str, split: Split | None) -> tuple[Entry, ...]:
    """Return the entries of one part.

    A run's `split` decides where it knows the names; else the entries' own ``split``; entries that no one
    has put into a part belong to any.

    Raises
    ------
    SettingError
        When nothing is left.
    """
    if part == "all":
        return tuple(entries)
    known = {name: p for p in PARTS for name in getattr(split, p)} if split else {}
    chosen = tuple(e for e in entries if known.get(e.name, e.split or part) == part)
    if not chosen:
        raise SettingError(
            f"no image of part {part!r} among {len(entries)}", "at least one", "Choose another --part"
        )
    return chosen
