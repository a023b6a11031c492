"""Folds for cross-validation: every pair is tested on once, and no group is divided.

A fold is a split like any other, so that whoever trains on one need not know that there are more. The rest of
a fold is divided into training and validation anew each time, in the proportion of `draw_split`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from metgan.errors import SettingError

from .sample import Entry
from .split import FRACTIONS, Split, count_strata, divide


def draw_folds(
    entries: Sequence[Entry], with_tumour: Mapping[str, bool], count: int, rng: np.random.Generator
) -> list[Split]:
    """Draw so many grouped folds that balance organs and pairs with and without tumour.

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
