"""From a pair set to what a run trains on: the split, its parts, and the unlabelled pairs beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from metgan.data import (
    CACHE_BYTES,
    PARTS,
    Entry,
    HeldOut,
    PairSet,
    Split,
    StoredPairs,
    draw_split,
    evenly,
    fit_pairs,
    groups_of,
    parts_of,
    read_pair,
    refuse_shared,
    stated_split,
    tell_of_inverted,
    without_label,
)
from metgan.errors import ArrayError, SettingError
from metgan.io import refuse_lookalikes
from metgan.progress import note
from metgan.seeding import check_seed, stream

from .training_data import TrainingData, check_dtypes

_LOOKED_AT: Final = 100
"""Training labels of which it is measured how much they cover, at most."""


def load_data(pairs: PairSet, seed: int, more: Sequence[Entry] = ()) -> TrainingData:
    """Load the data of a run, with `more` pairs that are taken as unlabelled; writes nothing."""
    return load_training_data(pairs, split_pairs(pairs, seed), more)


def split_pairs(pairs: PairSet, seed: int) -> Split:
    """Return the split that the table states, or draw one by whole groups.

    To draw it, every pair is read once, so that one that cannot be read is refused before a training.
    """
    check_seed(seed)
    stated = stated_split(pairs.entries)
    if stated is not None:
        return stated
    with_tumour = {entry.name: bool(read_pair(entry).label.any()) for entry in pairs}
    return draw_split(pairs.entries, with_tumour, stream(seed, "split"))


def load_training_data(pairs: PairSet, split: Split, more: Sequence[Entry] = ()) -> TrainingData:
    """Load the training and validation parts of a pair set, and its unlabelled pairs.

    Parameters
    ----------
    pairs : PairSet
    split : Split
        Of its labelled pairs.
    more : sequence of Entry, default ()
        Further pairs that are taken as unlabelled. Of these, and of the set's own, what is of the validation
        or the test part is left out, and told: by its name in the split, by the ``split`` of its row, or by
        what it shares with a pair of these.

    Raises
    ------
    ArrayError
        When no training label holds a tumour, or an image is of another dtype than the training part.
    SettingError
        When two unlabelled pairs have one name.
    LeakageError
        When two parts share a pair, a group, a source or an image, see `metgan.data.refuse_shared`, or a pair
        that is not of the test part is of what a run's split holds out.
    """
    names = {part: {*getattr(split, part)} for part in PARTS}
    parts = {part: [entry for entry in pairs if entry.name in known] for part, known in names.items()}
    bare = [*map(without_label, (*pairs.unlabelled, *more))]
    homes = parts_of(bare, split)
    val_too, test_too = ([e for e, home in zip(bare, homes, strict=True) if home == p] for p in PARTS[1:])
    held_out = refuse_shared(parts, split.held_out | HeldOut.of(test_too))
    unlabelled = _learned_from(bare, held_out | HeldOut.of((*parts["val"], *val_too)))
    train = StoredPairs(pairs.select(split.train))
    val = StoredPairs(pairs.select(split.val), CACHE_BYTES // 4)  # no step asks for them
    if not any(pair.label.any() for pair in train):
        raise ArrayError(
            f"none of the {len(train)} training labels in {pairs.root} holds a tumour",
            "at least one positive label",
            "Add annotated pairs, or check that the labels were exported",
        )
    some = evenly(range(len(train)), _LOOKED_AT)
    tell_of_inverted((train[k].label for k in some), f"the training labels in {pairs.root}")
    normalisation = fit_pairs(train)
    further = StoredPairs(unlabelled)
    for pair in chain(val, further):  # one at a time: a set may be larger than memory
        check_dtypes(pair, normalisation)
    return TrainingData(
        train=train,
        val=val,
        split=replace(split, held_out=held_out),
        normalisation=normalisation,
        groups_seen=tuple(sorted(groups_of((*train.entries, *val.entries, *unlabelled)))),
        unlabelled=further,
    )


def _learned_from(entries: Sequence[Entry], held_out: HeldOut) -> tuple[Entry, ...]:
    """Return the unlabelled pairs that are of nothing that is held out, and tell how many are."""
    kept = tuple(entry for entry in entries if not held_out.found_in(entry))
    if left_out := len(entries) - len(kept):
        note(f"{left_out} of {len(entries)} unlabelled pairs are of the validation or test part: left out")
    names = Counter(entry.name for entry in kept)
    refuse_lookalikes(names, "names", "unlabelled pairs")
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise SettingError(
            f"{len(twice)} names of unlabelled pairs in two pair sets ({twice[0]}, ...)",
            "each pair once; those without a label that lie in DATA are learned from in any case",
            "Rename those of one set, or leave --unlabelled out if they are the same images",
        )
    return kept
