"""Which pairs train, validate and test: by whole groups, balanced over organs and tumours.

Neighbouring planes and crops of one animal look alike, so a split by image would test on what was
trained on. Groups are never divided; within that, strata (organ, with or without tumour) are balanced.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from metgan.errors import SettingError, StorageError
from metgan.io import has_file, normal_form, write_json
from metgan.progress import note_once

from .entry import Entry
from .leakage import PARTS, HeldOut

SPLIT_FILE: Final = "splits.json"
"""In the folder of a run: what it was trained, validated and tested on."""
FRACTIONS: Final = (0.7, 0.1, 0.2)  # 20 % for testing: paper, section 3
Strata = Counter[tuple[str, bool]]
"""Numbers of pairs by organ, and by whether they show a tumour."""


@dataclass(frozen=True)
class Split:
    """Names of the pairs of each part, sorted, and what else is known of those that are tested on."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    held_out: HeldOut = field(default=HeldOut(), compare=False)


def save_split(split: Split, path: Path) -> None:
    """Write a split as JSON: ``splits.json`` of a run."""
    parts = {part: list(getattr(split, part)) for part in PARTS}
    write_json(
        path, {**parts, "held_out": {key: sorted(known) for key, known in asdict(split.held_out).items()}}
    )


def load_split(path: Path | str) -> Split:
    """Read what `save_split` wrote: the file itself, or that of a run folder."""
    path = Path(path)
    if path.is_dir():
        path = path / SPLIT_FILE
    if not has_file(path):
        raise StorageError(f"there is no {path}", "the splits.json of a run", "Give a run folder")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = {
            key: frozenset(map(normal_form, names)) for key, names in content.get("held_out", {}).items()
        }
        train, val, test = (tuple(map(normal_form, content[part])) for part in PARTS)
        return Split(train, val, test, HeldOut(**known))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path} cannot be read ({error})", "a split", "Train again") from error


def stated_split(entries: Sequence[Entry]) -> Split | None:
    """Return the split that ``pairs.csv`` states, or None when it states none.

    Raises
    ------
    SettingError
        For an unknown word, a pair without one, or a part without pairs.
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
    return _collect(entries, [entry.split for entry in entries])


def draw_split(entries: Sequence[Entry], with_tumour: Mapping[str, bool], rng: np.random.Generator) -> Split:
    """Draw a grouped split that balances organs and pairs with and without tumour.

    Groups come in random order; each goes to the part that lacks most of what it holds.

    Raises
    ------
    SettingError
        When there are fewer than three groups.
    """
    _tell_of_no_groups(entries)
    groups = count_strata(entries, with_tumour)
    if len(groups) < len(PARTS):
        raise SettingError(
            f"labelled pairs of {len(groups)} groups ({', '.join(sorted(groups))})",
            "at least 3, one each for training, validation and testing",
            "Annotate pairs of further groups, or name more in pairs.csv (column empty: every pair is one)",
        )
    homes = divide(groups, FRACTIONS, rng)
    return _collect(entries, [PARTS[homes[entry.group]] for entry in entries])


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


def _tell_of_no_groups(entries: Sequence[Entry]) -> None:
    """Note pairs whose group is their own name: what they have in common is not known then."""
    if alone := sum(entry.group == entry.name for entry in entries):
        note_once(
            f"of {len(entries)} labelled pairs {alone} have no group, and each counts as an animal of its "
            "own: if some are of one animal, it may be in the training and in the test part. Name the "
            "animals in pairs.csv, column group"
        )


def _collect(entries: Sequence[Entry], homes: Sequence[str]) -> Split:
    placed = sorted((entry.name, home) for entry, home in zip(entries, homes, strict=True))
    train, val, test = (tuple(name for name, home in placed if home == part) for part in PARTS)
    return Split(train, val, test)


def draw_folds(
    entries: Sequence[Entry], with_tumour: Mapping[str, bool], count: int, rng: np.random.Generator
) -> list[Split]:
    """Draw `count` grouped folds that balance organs and pairs with and without tumour.

    A fold is a split like any other. What it does not test on is divided into training and validation anew
    each time, in the proportion of `draw_split`.

    Parameters
    ----------
    entries : sequence of Entry
        Their own ``split`` is ignored.
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
    _tell_of_no_groups(entries)
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
        folds.append(_collect(entries, [PARTS[parts.get(entry.group, -1)] for entry in entries]))  # -1: test
    return folds
