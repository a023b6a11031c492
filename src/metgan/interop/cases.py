"""Pair sets put together as one data set for another program: names, parts, and no group in two parts.

Generated pairs train and do nothing else: a program that is chosen or scored on them is scored on what it
was given to learn. So a generated pair that is made of held-out tissue is refused, and not left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.data import PARTS, Entry, PairSet, Split
from metgan.errors import LeakageError, SettingError
from metgan.io import refuse_lookalikes


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
        Real and generated ones. Names stay as they are where they differ; otherwise each gets the number of
        its set before it: ``1-a``, ``2-a``.
    split : Split or None
        Of a run; decides for the set that it was made for. Other real pairs follow their table's ``split``.

    Raises
    ------
    SettingError
        When a set is given twice, groups differ only in case or blanks, a real pair is in no part, a
        generated one is not for training, nothing is for training, or the split fits no set, or several.
    LeakageError
        When a group is in two parts, or a generated pair is made of a group that is not for training.
    """
    _refuse_twice([pairs.root for pairs in sets])
    groups = [group for pairs in sets for entry in pairs for group in entry.made_of_groups]
    refuse_lookalikes(groups, "groups", ", ".join(str(pairs.root) for pairs in sets))
    home = None if split is None else _home(sets, split)
    known = {} if split is None else {name: part for part in PARTS for name in getattr(split, part)}
    counts = Counter(entry.name for pairs in sets for entry in pairs)
    are_unique = max(counts.values(), default=1) == 1
    cases = tuple(
        Case(
            entry.name if are_unique else f"{number}-{entry.name}",
            _part(entry, known if pairs is home else {}, pairs.root),
            pairs.root,
            entry,
        )
        for number, pairs in enumerate(sets, start=1)
        for entry in pairs
    )
    require_part(cases, "train")
    _refuse_leakage(cases)
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


def _part(entry: Entry, known: Mapping[str, str], root: Path) -> str:
    part = known.get(entry.name, entry.split)
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


def _refuse_leakage(cases: Sequence[Case]) -> None:
    """Refuse a group of the test part in any other, and one of the validation part in the training part."""
    for part, others in (("test", ("val", "train")), ("val", ("train",))):
        held_out = {case.entry.group for case in cases if case.part == part}
        for case in cases:
            if case.part not in others or not (shared := sorted(case.entry.made_of_groups & held_out)):
                continue
            kind = "generated pair" if case.entry.is_generated else "pair"
            raise LeakageError(
                f"{kind} {case.entry.name} of {case.source} is for {case.part} and made of group "
                f"{shared[0]!r}, which is for {part}",
                "every group in one part, over all pair sets",
                "Leave the set out, or generate from the training part; what is not the same tissue needs "
                "another group in pairs.csv",
            )
