"""What a run trains and validates on: loaded, checked and normalised once, before the first step."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metgan.data import (
    Normalisation,
    Pair,
    PairSet,
    Scaling,
    Split,
    checksum,
    draw_split,
    fit_normalisation,
    shuffle_labels,
    stated_split,
)
from metgan.errors import ArrayError, LeakageError
from metgan.seeding import stream
from metgan.types import Channel


@dataclass(frozen=True)
class Curriculum:
    """Training and validation pairs in memory, the split they come from, and their normalisation.

    Where pairs are made as a training asks for them, they are `fresh`, and batches are drawn from there;
    what is measured on a training part is measured on `train` all the same. Their ``str`` names what they
    are made of.
    """

    train: Sequence[Pair]
    val: Sequence[Pair]
    split: Split
    normalisation: Normalisation
    groups_seen: tuple[str, ...]
    groups_test: tuple[str, ...]
    fresh: Sequence[Pair] | None = None

    @property
    def drawn(self) -> Sequence[Pair]:
        """What batches are drawn from: `fresh` where it is there, else `train`."""
        return self.train if self.fresh is None else self.fresh

    @property
    def checksum(self) -> int:
        """CRC-32 of the names and pixels of both parts, of the normalisation, and of what `fresh` says."""
        total = zlib.crc32(str(self.normalisation).encode())
        for part in (self.train, self.val):
            total = zlib.crc32(b"end of part", checksum(part, total))
        return total if self.fresh is None else zlib.crc32(str(self.fresh).encode(), total)

    def in_units_of(self, normalisation: Normalisation) -> Curriculum:
        """Give the same data in the normalisation of a network that was trained before."""
        for pair in (*self.train, *self.val):
            normalisation.check(pair.tumour, "tumour", f"{pair.entry.name} tumour")
            normalisation.check(pair.anatomy, "anatomy", f"{pair.entry.name} anatomy")
        return replace(self, normalisation=normalisation)

    def rescaled(self, scaling: Scaling) -> Curriculum:
        """Give the same data in a normalisation of another kind, measured on the training part."""
        images = [pair.anatomy for pair in self.train], [pair.tumour for pair in self.train]
        return replace(self, normalisation=fit_normalisation(*images, scaling))

    def with_shuffled_labels(self, share: float, seed: int) -> Curriculum:
        """Give the same images with a share of the labels on wrong ones, in both parts: `shuffle_labels`.

        A validation part of one pair stays as it is.
        """
        train = shuffle_labels(self.train, share, stream(seed, "shuffled train"))
        val = self.val
        if len(val) > 1:
            val = shuffle_labels(val, share, stream(seed, "shuffled val"))
        return replace(self, train=train, val=val)

    def mean(self, channel: Channel) -> float:
        """Mean of one channel of the training images on [-1, 1]: painting it is the least that counts."""
        images = [pair.anatomy if channel == "anatomy" else pair.tumour for pair in self.train]
        return float(np.mean([self.normalisation.apply(image, channel).mean() for image in images]))

    @property
    def tumour_share(self) -> float:
        """Share of the training pixels that are tumour, in (0, 1)."""
        return float(np.mean([pair.label.mean() for pair in self.train]))

    @property
    def smallest_side(self) -> int:
        """Smallest side in pixels over all pairs."""
        return min(int(side) for pair in (*self.train, *self.val) for side in pair.label.shape)


def split_pairs(pairs: PairSet, seed: int) -> Split:
    """Give the split that the table states, or draw one by whole groups."""
    stated = stated_split(pairs.entries)
    if stated is not None:
        return stated
    with_tumour = {pair.entry.name: bool(pair.label.any()) for pair in pairs.read_all()}
    return draw_split(pairs.entries, with_tumour, stream(seed, "split"))


def load_curriculum(pairs: PairSet, split: Split) -> Curriculum:
    """Load the training and validation parts of a pair set.

    Raises
    ------
    ArrayError
        When no training label holds a tumour.
    LeakageError
        When a pair that is not of the test part was made of one of its groups.
    """
    train = pairs.select(split.train).read_all()
    val = pairs.select(split.val).read_all()
    if not any(pair.label.any() for pair in train):
        raise ArrayError(
            f"none of the {len(train)} training labels in {pairs.root} holds a tumour",
            "at least one positive label",
            "Add annotated pairs, or check that the labels were exported",
        )
    data = Curriculum(
        train=train,
        val=val,
        split=split,
        normalisation=fit_normalisation((p.anatomy for p in train), (p.tumour for p in train)),
        groups_seen=tuple(sorted({group for pair in (*train, *val) for group in pair.entry.made_of_groups})),
        groups_test=tuple(sorted(split.groups(pairs.entries, "test"))),
    )
    if leaking := sorted(set(data.groups_seen) & set(data.groups_test)):
        raise LeakageError(
            f"training or validation pairs in {pairs.root} that are made of the test groups "
            f"{', '.join(leaking[:5])}",
            "every group in one part, also those that generated pairs are made of",
            "Leave these pairs out, or generate from the training part",
        )
    return data.in_units_of(data.normalisation)  # validation images are checked too
