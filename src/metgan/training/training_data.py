"""What a run trains and validates on: read pair by pair, checked and measured before the first step."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from typing import Final

import numpy as np

from metgan.data import (
    JoinedPairs,
    Normalisation,
    Pair,
    PairView,
    PixelValues,
    Scaling,
    Split,
    checksum,
    entries_of,
    evenly,
    fit_pairs,
    pixel_values,
    shuffle_labels,
)
from metgan.models import LABELLED_BY
from metgan.objects import surroundings
from metgan.seeding import stream
from metgan.types import AnyArray, Camera, Channel, Mask

FIRST: Final = 0.6
"""Share of the steps that pairs which are trained on first are trained on."""
_FURTHEST = 0.95  # from 0, of a level to begin at: tanh must still have a gradient there


@dataclass(frozen=True)
class _Survey:
    """What one pass over the pairs tells: nothing that grows with their pixels.

    Parameters
    ----------
    sides : list of int, pixels
        The smallest of each pair of both parts.
    tumour_shares : list of float, in [0, 1]
        Of the pixels of each training pair.
    val_tumours : list of bool
        Whether each validation pair shows one.
    light : dict of Channel to PixelValues
        Of the training images, without fill: camera units, or [-1, 1] where each is scaled by itself.
    """

    sides: list[int]
    tumour_shares: list[float]
    val_tumours: list[bool]
    light: dict[Channel, PixelValues]


@dataclass(frozen=True)
class TrainingData:
    """Training and validation pairs, the split they come from, and their normalisation.

    Pairs may be in memory or on the disk; what is measured on them is measured pair by pair, in one pass
    each time, when it is first asked for.

    A segmentor learns from `unlabelled` pairs too, and a method from those of them that a segmentor has
    `pseudo_labelled`. Where there are `first` pairs, the first `FIRST` of the steps are of these alone.
    Nothing is measured on any of them.

    Where pairs are made as a training asks for them, they are `fresh`, and batches are drawn from there;
    what is measured on a training part is measured on `train` all the same. Their ``str`` names what they
    are made of.
    """

    train: Sequence[Pair]
    val: Sequence[Pair]
    split: Split
    normalisation: Normalisation
    groups_seen: tuple[str, ...]
    fresh: Sequence[Pair] | None = None
    unlabelled: Sequence[Pair] = ()
    pseudo_labelled: Sequence[Pair] = ()
    first: Sequence[Pair] = ()

    @property
    def drawn(self) -> Sequence[Pair]:
        """What batches are drawn from: `fresh` where it is there, else `train`; and pseudo-labelled pairs."""
        known = self.train if self.fresh is None else self.fresh
        return JoinedPairs(known, self.pseudo_labelled) if self.pseudo_labelled else known

    @cached_property
    def checksum(self) -> int:
        """CRC-32 of the names and pixels of all parts, of the normalisation, and of what `fresh` says.

        What a segmentor has pseudo-labelled is not in it: a method's identity names that segmentor, and a
        segmentor's has a checksum of its own.
        """
        units = str(self.normalisation).replace(", fill=None)", ")")  # so that runs from before it go on
        units = re.sub(r", ceiling=[^,)]*", "", units)  # nothing in a training depends on it
        total = zlib.crc32(units.encode())
        theirs = enumerate(entries_of(self.pseudo_labelled))
        known = [place for place, entry in theirs if not entry.provenance.get(LABELLED_BY)]
        labelled = PairView(self.pseudo_labelled, known)
        further = (part for part in (self.unlabelled, self.first, labelled) if part)
        for part in (self.train, self.val, *further):
            total = zlib.crc32(b"end of part", checksum(part, total))
        return total if self.fresh is None else zlib.crc32(str(self.fresh).encode(), total)

    def in_units_of(self, normalisation: Normalisation) -> TrainingData:
        """Return the same data in the normalisation of a network that was trained before.

        Where these data were filled in stays what was measured on them.
        """
        for pair in (*islice(self.train, 1), *islice(self.val, 1)):  # the others are of their dtypes
            check_dtypes(pair, normalisation)
        fill = None if normalisation.tumour.per_image else self.normalisation.fill
        moved = replace(self, normalisation=replace(normalisation, fill=fill))
        if "_survey" in vars(self) and not (self._is_per_image or moved._is_per_image):
            vars(moved)["_survey"] = self._survey  # measured in camera units: the same
        return moved

    def rescaled(self, scaling: Scaling) -> TrainingData:
        """Return the same data in a normalisation of another kind, measured on the training part."""
        return replace(self, normalisation=fit_pairs(self.train, scaling))

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
        """Mean light of one channel of the training images on [-1, 1]: generating it is the baseline."""
        light = self._survey.light[channel]
        return light.mean(partial(self._scaled, channel=channel)) if light.size else 0.0

    def start(self, channel: Channel) -> float:
        """Return the level in (-1, 1) at which a fresh generator of this channel begins.

        Of the tumour channel, the median of what surrounds tumours, as their contrast is measured against it.
        The mean of an image is no place to begin: where much of it is dark, an image of that mean is unlike
        any that the segmentor in the loop has seen, and its first gradients make tumours darker. Of the
        anatomy, and where no tumour has surroundings, the median of the light.
        """
        light = self._survey.light[channel]
        if channel == "tumour" and (around := self._around()).size:
            light = around
        middle = self._scaled(light.middle(), channel)  # the median on [-1, 1]: the map keeps the order
        return float(np.clip(np.mean(middle), -_FURTHEST, _FURTHEST)) if light.size else 0.0

    @property
    def tumour_share(self) -> float:
        """Share of the training pixels that are tumour, in (0, 1)."""
        return float(np.mean(self._survey.tumour_shares))

    @property
    def smallest_side(self) -> int:
        """Smallest side in pixels over all pairs."""
        return min(self._survey.sides)

    def validated(self, most: int) -> list[Pair]:
        """Return at most so many pairs of the validation part, evenly spread, with tumours first."""
        shown = self._survey.val_tumours
        places = sorted(range(len(shown)), key=lambda place: not shown[place])
        return [self.val[place] for place in evenly(places, most)]

    @cached_property
    def _survey(self) -> _Survey:
        found = _Survey([], [], [], {"anatomy": self._count("anatomy"), "tumour": self._count("tumour")})
        for pair in self.train:
            found.sides.append(min(pair.label.shape))
            found.tumour_shares.append(float(pair.label.mean()))
            seen = ~fill_of_pair(pair, self.normalisation)
            found.light["anatomy"].add(self._measured(pair.anatomy, "anatomy")[seen])
            found.light["tumour"].add(self._measured(pair.tumour, "tumour")[seen])
        for pair in self.val:
            found.sides.append(min(pair.label.shape))
            found.val_tumours.append(bool(pair.label.any()))
        return found

    def _around(self) -> PixelValues:
        """Count the light of the tumour channel that surrounds tumours, in the units of the survey."""
        found = self._count("tumour")
        for pair in self.train:
            near = pair.counted(surroundings(pair.label)) & ~fill_of_pair(pair, self.normalisation)
            found.add(self._measured(pair.tumour, "tumour")[near])
        return found

    @property
    def _is_per_image(self) -> bool:
        return self.normalisation.tumour.per_image

    def _count(self, channel: Channel) -> PixelValues:
        scale = self.normalisation.anatomy if channel == "anatomy" else self.normalisation.tumour
        return pixel_values(np.dtype(np.float32 if scale.per_image else scale.dtype))

    def _measured(self, image: Camera, channel: Channel) -> AnyArray:
        """Return what is counted of an image: where each is scaled by itself, that has to come first."""
        return self.normalisation.apply(image, channel) if self._is_per_image else image

    def _scaled(self, counted: AnyArray, channel: Channel) -> AnyArray:
        return counted if self._is_per_image else self.normalisation.apply(counted, channel)


def check_dtypes(pair: Pair, normalisation: Normalisation) -> None:
    """Refuse a pair of another dtype than the training part has."""
    normalisation.check(pair.tumour, "tumour", f"{pair.entry.name} tumour")
    normalisation.check(pair.anatomy, "anatomy", f"{pair.entry.name} anatomy")


def fill_of_pair(pair: Pair, units: Normalisation) -> Mask:
    """Return the fill of a pair, (Y, X), in a set whose units these are: none, where the set has none."""
    return np.zeros(pair.label.shape, bool) if units.fill is None else pair.filled(units.fill)
