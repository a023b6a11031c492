"""What a run trains and validates on: loaded, checked and normalised once, before the first step."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metgan.data import (
    Normalisation,
    Pair,
    PairSet,
    Scaling,
    Split,
    checksum,
    draw_split,
    fit_normalisation,
    refuse_divided,
    shuffle_labels,
    stated_split,
)
from metgan.errors import ArrayError, LeakageError
from metgan.objects import surroundings
from metgan.seeding import check_seed, stream
from metgan.types import Channel, Mask

_FURTHEST = 0.95  # from 0, of a level to begin at: tanh must still have a gradient there


@dataclass(frozen=True)
class TrainingData:
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
        units = str(self.normalisation).replace(", fill=None)", ")")  # so that runs from before it go on
        units = re.sub(r", ceiling=[^,)]*", "", units)  # nothing in a training depends on it
        total = zlib.crc32(units.encode())
        for part in (self.train, self.val):
            total = zlib.crc32(b"end of part", checksum(part, total))
        return total if self.fresh is None else zlib.crc32(str(self.fresh).encode(), total)

    def in_units_of(self, normalisation: Normalisation) -> TrainingData:
        """Return the same data in the normalisation of a network that was trained before.

        Where these data were filled in stays what was measured on them.
        """
        for pair in (*self.train, *self.val):
            normalisation.check(pair.tumour, "tumour", f"{pair.entry.name} tumour")
            normalisation.check(pair.anatomy, "anatomy", f"{pair.entry.name} anatomy")
        fill = None if normalisation.tumour.per_image else self.normalisation.fill
        return replace(self, normalisation=replace(normalisation, fill=fill))

    def rescaled(self, scaling: Scaling) -> TrainingData:
        """Return the same data in a normalisation of another kind, measured on the training part."""
        images = [pair.anatomy for pair in self.train], [pair.tumour for pair in self.train]
        return replace(self, normalisation=fit_normalisation(*images, scaling))

    def with_shuffled_labels(self, share: float, seed: int) -> TrainingData:
        """Return the same images with a share of the labels on wrong ones, in both parts: `shuffle_labels`.

        A validation part of one pair stays as it is.
        """
        train = shuffle_labels(self.train, share, stream(seed, "shuffled train"))
        val = self.val
        if len(val) > 1:
            val = shuffle_labels(val, share, stream(seed, "shuffled val"))
        return replace(self, train=train, val=val)

    def mean(self, channel: Channel) -> float:
        """Mean light of one channel of the training images on [-1, 1]: painting it is the baseline."""
        light = [pixels for pixels in self._light(channel) if pixels.size]
        return float(np.concatenate(light).mean(dtype=np.float64)) if light else 0.0

    def start(self, channel: Channel) -> float:
        """Return the level in (-1, 1) at which a fresh generator of this channel begins.

        Of the tumour channel, the median of what surrounds tumours, as their contrast is measured against it.
        The mean of an image is no place to begin: where much of it is dark, an image of that mean is unlike
        any that the segmentor in the loop has seen, and its first gradients make tumours darker. Of the
        anatomy, and where no tumour has surroundings, the median of the light.
        """
        light = self._light(channel)
        if channel == "tumour":
            around = [
                self.normalisation.apply(pair.tumour, "tumour")[near]
                for pair in self.train
                if (near := surroundings(pair.label) & ~uncounted(pair, self.normalisation)).any()
            ]
            light = around or light
        pixels = np.concatenate(light)
        return float(np.clip(np.median(pixels), -_FURTHEST, _FURTHEST)) if pixels.size else 0.0

    def _light(self, channel: Channel) -> list[NDArray[np.float32]]:
        """Return the pixels of every training image that are not fill, on [-1, 1], each (P,)."""
        scale = self.normalisation
        images = [(p, p.anatomy if channel == "anatomy" else p.tumour) for p in self.train]
        return [scale.apply(image, channel)[~uncounted(pair, scale)] for pair, image in images]

    @property
    def tumour_share(self) -> float:
        """Share of the training pixels that are tumour, in (0, 1)."""
        return float(np.mean([pair.label.mean() for pair in self.train]))

    @property
    def smallest_side(self) -> int:
        """Smallest side in pixels over all pairs."""
        return min(int(side) for pair in (*self.train, *self.val) for side in pair.label.shape)


def uncounted(pair: Pair, units: Normalisation) -> Mask:
    """Return the fill of a pair, (Y, X), in a set whose units these are: none, where the set has none."""
    return np.zeros(pair.label.shape, bool) if units.fill is None else pair.filled(units.fill)


def split_pairs(pairs: PairSet, seed: int) -> Split:
    """Return the split that the table states, or draw one by whole groups."""
    check_seed(seed)
    stated = stated_split(pairs.entries)
    if stated is not None:
        return stated
    with_tumour = {pair.entry.name: bool(pair.label.any()) for pair in pairs.read_all()}
    return draw_split(pairs.entries, with_tumour, stream(seed, "split"))


def load_training_data(pairs: PairSet, split: Split) -> TrainingData:
    """Load the training and validation parts of a pair set.

    Raises
    ------
    ArrayError
        When no training label holds a tumour.
    SettingError
        When the split has a pair or a group in two parts.
    LeakageError
        When a pair that is not of the test part was made of one of its groups.
    """
    refuse_divided(pairs.entries, split)
    train = pairs.select(split.train).read_all()
    val = pairs.select(split.val).read_all()
    if not any(pair.label.any() for pair in train):
        raise ArrayError(
            f"none of the {len(train)} training labels in {pairs.root} holds a tumour",
            "at least one positive label",
            "Add annotated pairs, or check that the labels were exported",
        )
    data = TrainingData(
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
