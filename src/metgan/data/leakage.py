"""Every guard against leakage: what may be trained on, and what may judge, given what is tested.

A pair is known by its name, by its group (the animal), by the names and groups of what it was made of, and by
what its images hold. Names and groups are compared without case and blanks, and numbers
as such, see `metgan.io.comparison_key`.

Notes
-----
The decision a reader would question is that images are compared pixel by pixel: a copy is found under any
name and in any format, one that was cropped, turned or scaled is not. Whoever makes such copies knows it;
whoever exports a folder twice may not. Only what a camera has seen is compared: images of one value, such as
crops of black fill, are equal in any animal, and so may labels be that were drawn with one brush.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from metgan.errors import LeakageError, SettingError
from metgan.images import read_image
from metgan.io import comparison_key, has_file

from .entry import Entry

if TYPE_CHECKING:
    from .split import Split

PARTS: Final = ("train", "val", "test")
"""What the pairs of a set are for."""
_SEEN = ("anatomy", "tumour")
_LISTED = 5
_OTHERWISE = "tissue that is not the same needs another name or another group in pairs.csv"


@dataclass(frozen=True)
class HeldOut:
    """What must not be trained on: the pairs of a test part, as all guards know them.

    Parameters
    ----------
    names, groups : frozenset of str
        Of the pairs, and of what they were made of.
    images : frozenset of str
        Digests of their pixels.

    Examples
    --------
    >>> tested = HeldOut.of([Entry("b", "Mouse 2", "", "", {})])
    >>> tested.found_in(Entry("a", "mouse 1", "", "", {}, {"label_groups": "mouse2"}))
    ["group 'Mouse 2'"]
    >>> tested.found_in(Entry("a", "mouse 1", "", "", {}))
    []
    """

    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> HeldOut:
        """Return what holds these pairs out; their images are read, one at a time."""
        kept = tuple(entries)
        return cls(
            frozenset(name for e in kept for name in (e.name, *e.made_of)),
            groups_of(kept),
            frozenset(digest for e in kept for digest in _digests(e).values()),
        )

    def __or__(self, other: HeldOut) -> HeldOut:
        return HeldOut(self.names | other.names, self.groups | other.groups, self.images | other.images)

    def found_in(self, entry: Entry) -> list[str]:
        """Return what a pair and its sources share with it, in words; images are read where any are known."""
        found = _alike(self._names, "pair", entry.made_of | {entry.name})
        found += _alike(self._groups, "group", entry.made_of_groups)
        digests = _digests(entry) if self.images else {}
        return found + [f"the pixels of its {c}" for c, d in digests.items() if d in self.images]

    def refuse(
        self, entries: Iterable[Entry], purpose: str, part: str = "test", remedy: str | None = None
    ) -> None:
        """Refuse pairs that are, or were made of, what is held out.

        Parameters
        ----------
        entries : iterable of Entry
        purpose, part : str
            What the pairs are for, and what is held out, for the message.
        remedy : str or None, default None
            What to do about it; None for what helps in general.

        Raises
        ------
        LeakageError
            Naming the first.
        """
        for entry in entries:
            if found := self.found_in(entry):
                kind, first = "pair", "Give all pairs of a group one split, or leave it out"
                if entry.is_generated:
                    kind, first = "generated pair", "Leave it out, or generate from the training part"
                shared = ", ".join(found[:_LISTED])
                raise LeakageError(
                    f"{kind} {entry.name!r} for {purpose} shares {shared} with the {part} part",
                    f"pairs that are not of the {part} part, and were made of nothing of it",
                    remedy or f"{first}; {_OTHERWISE}",
                )

    @cached_property
    def _names(self) -> dict[str, str]:
        return {comparison_key(name): name for name in sorted(self.names)}

    @cached_property
    def _groups(self) -> dict[str, str]:
        return {comparison_key(group): group for group in sorted(self.groups)}


def groups_of(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the groups of pairs, and of what they were made of; no image is read."""
    return frozenset(group for entry in entries for group in entry.made_of_groups)


def _alike(known: Mapping[str, str], kind: str, given: Iterable[str]) -> list[str]:
    keys = sorted(set(map(comparison_key, given)) & known.keys())
    return [f"{kind} {known[key]!r}" for key in keys]


def _digests(entry: Entry) -> dict[str, str]:
    """Return what names the pixels of each channel of a pair; nothing for one of a single value."""
    found = {}
    for channel in _SEEN:
        if (path := entry.paths.get(channel)) is None:
            continue
        state = path.stat() if has_file(path) else None
        stamp = (state.st_size, state.st_mtime_ns) if state else None
        if digest := _digest(path, stamp):
            found[channel] = digest
    return found


@lru_cache(maxsize=2**17)
def _digest(path: Path, stamp: object) -> str:  # noqa: ARG001  # a changed file is read again
    image = read_image(path)
    if image.min() == image.max():
        return ""
    image = image.astype(image.dtype.newbyteorder("="), copy=False)
    named = hashlib.blake2b(f"{image.shape} {image.dtype}".encode(), digest_size=8)
    named.update(np.ascontiguousarray(image).data)
    return named.hexdigest()


def parts_of(entries: Sequence[Entry], split: Split | None) -> list[str]:
    """Return the part of each image: by a run's split where it knows the name, else by the table, else "".

    What neither knows, as an unlabelled image, is of the part that others of its group are of.
    """
    known = {comparison_key(name): p for p in PARTS for name in getattr(split, p)} if split else {}
    parts = [known.get(comparison_key(entry.name), entry.split) for entry in entries]
    of_group = {comparison_key(e.group): part for e, part in zip(entries, parts, strict=True) if part}
    return [part or of_group.get(comparison_key(e.group), "") for e, part in zip(entries, parts, strict=True)]


def held_out_of(entries: Sequence[Entry], split: Split | None) -> HeldOut:
    """Return what a run's split holds out; without one, what the table of these images does.

    Where the split was made by hand, and names alone are known, these images tell the rest.
    """
    if split is None:
        return HeldOut.of(entry for entry in entries if entry.split == "test")
    known = set(map(comparison_key, split.test))
    tested = HeldOut.of(entry for entry in entries if comparison_key(entry.name) in known)
    return tested | split.held_out | HeldOut(frozenset(split.test))


def part_of(entries: Sequence[Entry], part: str, split: Split | None) -> tuple[Entry, ...]:
    """Return the entries of one part: the door to whatever is made from images.

    A run's `split` decides where it knows the names; else the entries' own ``split``; entries that no one
    has put into a part belong to any.

    Raises
    ------
    SettingError
        When nothing is left.
    LeakageError
        When an entry of the training or validation part is, or was made of, what is tested: a pair of a test
        group under a new name, a copy of a test image, or a pair that was generated from one.
    """
    if part == "all":
        return tuple(entries)
    chosen = tuple(e for e, home in zip(entries, parts_of(entries, split), strict=True) if home in ("", part))
    if not chosen:
        raise SettingError(
            f"no image of part {part!r} among {len(entries)}", "at least one", "Choose another --part"
        )
    if part != "test":
        held_out_of(entries, split).refuse(
            chosen,
            "training",
            remedy="Give other sources, or give it the split test in pairs.csv; or --part all if nothing "
            "will be tested on that part",
        )
    return chosen


def refuse_shared(parts: Mapping[str, Iterable[Entry]], known: HeldOut | None = None) -> HeldOut:
    """Refuse parts, by their names, of which two share a pair, a group, a source or an image.

    Returns
    -------
    HeldOut
        The test part, and what is `known` to be held out beside it.

    Raises
    ------
    LeakageError
        Naming the first pair.
    """
    train, val, test = (tuple(parts[part]) for part in PARTS)
    tested = HeldOut.of(test) | (known or HeldOut())
    tested.refuse(train, "training")
    tested.refuse(val, "validation")
    HeldOut.of(val).refuse(train, "training", "validation")
    return tested


def refuse_generated(entries: Iterable[Entry], where: str) -> None:
    """Refuse generated pairs where folds are drawn: their generator may have seen any fold's test groups."""
    if generated := [entry.name for entry in entries if entry.is_generated]:
        raise LeakageError(
            f"{len(generated)} generated pairs in {where} ({', '.join(generated[:_LISTED])})",
            "real pairs only: the study generates its own, fold by fold",
            "Keep generated pairs in a pair set of their own",
        )


def refuse_seen(network: str, seen: Iterable[str], groups: Iterable[str]) -> None:
    """Refuse a network that was trained on groups that it must not have seen.

    Parameters
    ----------
    network : str
        What it is, and what for: "the segmentor for testing".
    seen, groups : iterable of str
        What it was trained on, and what it must not have seen.
    """
    known = set(map(comparison_key, seen))
    if found := sorted(group for group in set(groups) if comparison_key(group) in known):
        raise LeakageError(
            f"{network} has seen {len(found)} test groups ({', '.join(found[:_LISTED])})",
            "one that has seen none of them",
            "Train one on this data set's training part, or use the same split for both",
        )


def refuse_trained_on(network: str, names: Iterable[str], entries: Iterable[Entry]) -> None:
    """Refuse a network, trained on the pairs of these names, whose errors on `entries` are asked for."""
    trained = HeldOut(frozenset(names))
    if found := [entry.name for entry in entries if trained.found_in(entry)]:
        raise LeakageError(
            f"{network} has been trained on {len(found)} of the validation pairs "
            f"({', '.join(found[:_LISTED])})",
            "a segmentor with the run's own split",
            "Train one with metgan segmentor DATA --split RUN/splits.json",
        )


def refuse_in_loop(segmentor: Path, fingerprint: str, in_loop: str) -> None:
    """Refuse a segmentor whose weights are those, by their fingerprint, that a generator trained with."""
    if fingerprint == in_loop:
        raise LeakageError(
            f"the independent segmentor {segmentor} is the segmentor that the generator trained with",
            "a segmentor trained apart from it",
            "Train one with metgan segmentor DATA --split RUN/splits.json and a --seed of its own, or leave "
            "it out",
        )
