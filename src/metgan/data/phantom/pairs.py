"""Pairs of a phantom, one after the other, each a function of the seed and of its number alone.

Chance comes in streams keyed by (seed, stream, number): a picture does not change when fewer or more are
drawn, nor when the annotator gets worse, and the pairs of an animal agree on the animal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from metgan.errors import SettingError
from metgan.types import Mask

from .animal import draw_animal
from .annotator import annotate
from .optics import expose
from .organs import ORGANS
from .scene import draw_scene
from .settings import PhantomSettings

PAIRS_PER_ANIMAL = 8
"""Consecutive pairs that show the same animal, the last one of a phantom apart."""
_GOLDEN = (5**0.5 - 1) / 2


class _Stream(IntEnum):
    PICTURE, ANIMAL, ORGAN, EMPTINESS, ANNOTATOR = range(5)


@dataclass(frozen=True, eq=False)
class PhantomPair:
    """One synthetic scan with its label and its truth.

    Parameters
    ----------
    name : str
        Unique among the pairs of one seed: ``"phantom-00012"``.
    group : str
        The animal: ``"mouse-03"``.
    organ : str
        The organ in the middle of the picture: ``"lung"``.
    anatomy, tumour : NDArray[np.uint16]
        The two channels, (Y, X), camera counts; an empty camera reads about 110.
    label : Mask
        What the annotator drew, (Y, X).
    truth : Mask
        What is there, (Y, X).
    """

    name: str
    group: str
    organ: str
    anatomy: NDArray[np.uint16]
    tumour: NDArray[np.uint16]
    label: Mask
    truth: Mask


def draw_pairs(count: int, settings: PhantomSettings, seed: int) -> Iterator[PhantomPair]:
    """Draw the first `count` pairs of a phantom, lazily.

    Parameters
    ----------
    count : int
        How many, >= 0.
    settings : PhantomSettings
        What they look like.
    seed : int
        Which phantom, >= 0; the same seed gives the same bytes.

    Raises
    ------
    SettingError
        At once, if `count` or `seed` is negative.

    Examples
    --------
    >>> pair = next(draw_pairs(1, PhantomSettings(size=64), seed=0))
    >>> pair.name, pair.group, pair.anatomy.shape, str(pair.tumour.dtype)
    ('phantom-00000', 'mouse-00', (64, 64), 'uint16')
    >>> bool((pair.label == pair.truth).all())
    True
    """
    for name, value in (("count", count), ("seed", seed)):
        if value < 0:
            raise SettingError(f"{name} is {value}", "a whole number >= 0", f"Give another {name}")
    return (_draw_pair(number, settings, seed) for number in range(count))


def _draw_pair(number: int, settings: PhantomSettings, seed: int) -> PhantomPair:
    """Draw pair `number`, counted from 0, of the phantom `seed`."""
    mouse = number // PAIRS_PER_ANIMAL
    animal = draw_animal(settings, _chance(seed, _Stream.ANIMAL, mouse))
    organ = _organ_of(number, seed)
    rng = _chance(seed, _Stream.PICTURE, number)
    scene = draw_scene(organ, _is_empty(number, settings.empty_fraction, seed), animal, settings, rng)
    label, truth = annotate(scene.tumours, settings, _chance(seed, _Stream.ANNOTATOR, number))
    return PhantomPair(
        name=f"phantom-{number:05d}",
        group=f"mouse-{mouse:02d}",
        organ=organ,
        anatomy=expose(scene.anatomy, animal, rng),
        tumour=expose(scene.tumour, animal, rng),
        label=label,
        truth=truth,
    )


def _chance(seed: int, stream: _Stream, number: int) -> np.random.Generator:
    """Give the generator of one stream and number."""
    return np.random.default_rng([seed, int(stream), number])


def _organ_of(number: int, seed: int) -> str:
    """Give the organ of a pair: each block of as many pairs as organs has every organ once."""
    block, place = divmod(number, len(ORGANS))
    order = _chance(seed, _Stream.ORGAN, block).permutation(len(ORGANS))
    return tuple(ORGANS)[int(order[place])]


def _is_empty(number: int, share: float, seed: int) -> bool:
    """Decide by a golden-ratio sequence, which keeps the share in every stretch of pairs, short ones too."""
    start = float(_chance(seed, _Stream.EMPTINESS, 0).random())
    return (start + number * _GOLDEN) % 1 < share
