"""Pair sets put together as one data set for another program: names, parts, and no group in two parts.

Generated pairs train and do nothing else: a program that is chosen or scored on them is scored on what it
was given to learn. So a generated pair that is made of held-out tissue is refused, and not left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import PARTS, Entry, PairSet, Split, parts_of, refuse_shared
from metgan.errors import SettingError
from metgan.io import normal_form


@dataclass(frozen=True)
class Case:
    """One pair under the name and in the part that it has in the exported data set.

    Parameters
    ----------
    name : str
        Unique among the cases.
    part : str
        "train", "val" or "test".
    source : Path
        The pair set.
    entry : Entry
    """

    name: str
    part: str
    source: Path
    entry: Entry


def gather_cases(sets: Sequence[PairSet], split: Split | None = None) -> tuple[Case, ...]:
    """Return the pairs of all sets as the cases of one data set.

    Parameters
    ----------
    sets : sequence of PairSet
        Real and generated ones. Names stay as they are where they differ, by more than case too; otherwise
        each gets the number of its set before it: ``1-a``, ``2-a``.
    split : Split or None
        Of a run; decides for the set that it was made for. Other real pairs follow their table's ``split``.

    Raises
    ------
    SettingError
        When a set is given twice, a real pair is in no part, a generated one is not for training, nothing is
        for training, or the split fits no set, or several.
    LeakageError
        When two parts share a group or an image, or a generated pair is made of what is not for training.
    """
    _refuse_twice([pairs.root for pairs in sets])
    home = None if split is None else _home(sets, split)
    counts = Counter(normal_form(entry.name).casefold() for pairs in sets for entry in pairs)
    are_unique = max(counts.values(), default=1) == 1
    cases = tuple(
        Case(
            entry.name if are_unique else f"{number}-{entry.name}",
            _part(entry, part, pairs.root),
            pairs.root,
            entry,
        )
        for number, pairs in enumerate(sets, start=1)
        for entry, part in zip(pairs, parts_of(pairs.entries, split if pairs is home else None), strict=True)
    )
    require_part(cases, "train")
    named = [(case.part, replace(case.entry, name=case.name)) for case in cases]
    refuse_shared({part: [entry for home, entry in named if home == part] for part in PARTS})
    return cases


def require_part(cases: Iterable[Case], part: str) -> None:
    """Refuse cases of which none is in `part`."""
    if not any(case.part == part for case in cases):
        raise SettingError(
            f"no pair is in part {part!r}",
            "at least one",
            "Give a real pair set whose split column says so, or the splits.json of a run with --split",
        )


def _refuse_twice(roots: Sequence[Path]) -> None:
    places = [root.resolve() for root in roots]
    twice = [str(root) for root, place in zip(roots, places, strict=True) if places.count(place) > 1]
    if twice:
        raise SettingError(f"{twice[0]} is given twice", "different pair sets", "Name each of them once")


def _home(sets: Sequence[PairSet], split: Split) -> PairSet:
    """Return the one set that holds all pairs of the split."""
    names = {*split.train, *split.val, *split.test}
    homes = [pairs for pairs in sets if names <= {entry.name for entry in pairs}]
    if len(homes) != 1:
        raise SettingError(
            f"the split names {len(names)} pairs, which {len(homes)} of {len(sets)} pair sets hold",
            "exactly one that it was made for",
            "Give the data that the run was trained on, and sets with the same names in another call",
        )
    return homes[0]


def _part(entry: Entry, part: str, root: Path) -> str:
    stated = f"in part {part!r}" if part else "in no part"
    if entry.is_generated:
        if part not in ("", "train"):
            raise SettingError(
                f"generated pair {entry.name} of {root} is {stated}",
                "train, or nothing: generated pairs are for training only",
                "Clear its split column",
            )
        return "train"
    if part not in PARTS:
        raise SettingError(
            f"pair {entry.name} of {root} is {stated}",
            f"one of {', '.join(PARTS)}",
            "Give the splits.json of a run that was trained on this set with --split, or fill the split "
            "column of its pairs.csv",
        )
    return part
