"""Pairs of a phantom, one after the other, each a function of the seed and of its number alone.

Chance comes in streams keyed by (seed, stream, number): a picture does not change when fewer or more are
drawn, nor when the annotator gets worse, and the pairs of an animal agree on the animal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy import ndimage

from metgan.errors import SettingError
from metgan.seeding import check_seed
from metgan.types import Camera, Mask

from .animal import Animal, draw_animal
from .annotator import annotate
from .camera import Scan, clip_background, store
from .fields import Field
from .fill import draw_fill, draw_share
from .scene import draw_scene
from .settings import PhantomSettings

MOST_PAIRS = 100_000
"""Most pairs of a phantom: their names have five digits, and are in the order of their numbers."""
_GOLDEN = (5**0.5 - 1) / 2


class _Stream(IntEnum):
    PICTURE, ANIMAL, ORGAN, EMPTINESS, ANNOTATOR, FILL = range(6)


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
    anatomy, tumour : Camera
        The two channels, (Y, X), in the units of their files; by default camera counts as uint16, of which
        an empty camera reads about 110.
    label : Mask
        What the annotator drew, (Y, X).
    truth : Mask
        What is there, (Y, X).
    fill : Mask
        Pixels that were never recorded and hold the fill value in both channels, (Y, X).
    dark : float
        Value of the tumour channel without light.
    """

    name: str
    group: str
    organ: str
    anatomy: Camera
    tumour: Camera
    label: Mask
    truth: Mask
    fill: Mask
    dark: float


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
        At once, if `count` or `seed` is out of its range.

    Examples
    --------
    >>> pair = next(draw_pairs(1, PhantomSettings(size=64), seed=0))
    >>> pair.name, pair.group, pair.anatomy.shape, str(pair.tumour.dtype)
    ('phantom-00000', 'mouse-00', (64, 64), 'uint16')
    >>> bool((pair.label == pair.truth).all())
    True
    """
    SettingError.unless_within("count", count, 0, MOST_PAIRS)
    check_seed(seed)
    return (_draw_pair(number, settings, seed) for number in range(count))


def _draw_pair(number: int, settings: PhantomSettings, seed: int) -> PhantomPair:
    mouse = number // settings.pairs_per_animal
    animal = draw_animal(settings, _chance(seed, _Stream.ANIMAL, mouse))
    organ = _organ_of(number, settings.organs, seed)
    of_fill = _chance(seed, _Stream.FILL, number)
    fill = draw_fill(settings.fill, settings.size, of_fill)
    rng = _chance(seed, _Stream.PICTURE, number)
    scene = draw_scene(organ, _is_empty(number, settings.empty_fraction, seed), fill, animal, settings, rng)
    label, truth = annotate(scene.tumours, settings, _chance(seed, _Stream.ANNOTATOR, number))
    anatomy, tumour = (
        store(_expose(light, animal, rng), animal.offset, settings.pixel_format, fill, settings.fill.value)
        for light in (scene.anatomy, scene.tumour)
    )
    if settings.fill.kind == "clipped":
        tumour = clip_background(tumour, draw_share(settings.fill, of_fill), truth)
    return PhantomPair(
        name=f"phantom-{number:05d}",
        group=f"mouse-{mouse:02d}",
        organ=organ,
        anatomy=anatomy.image,
        tumour=tumour.image,
        label=label & ~fill,
        truth=truth & ~fill,
        fill=fill,
        dark=tumour.dark,
    )


def _expose(light: Field, animal: Animal, rng: np.random.Generator) -> Scan:
    """Count photons, read the camera out and resample the scan: counts, neither rounded nor cut.

    `light`, (Y, X), >= 0, is that on the camera, where 1 is ordinary tissue. A stored scan was resampled to
    even voxels, which smooths the noise with the picture: its grain (neighbours correlate 0.5 to 0.8 in the
    scans that we measured) is not that of noise drawn per pixel.
    """
    photons = rng.poisson(light * animal.photons)
    counts = animal.gain * photons + animal.read_noise * rng.standard_normal(light.shape)
    return np.asarray(
        animal.offset + ndimage.gaussian_filter(counts, animal.grain, mode="reflect"), dtype=np.float64
    )


def _chance(seed: int, stream: _Stream, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, int(stream), number])


def _organ_of(number: int, organs: tuple[str, ...], seed: int) -> str:
    """Return the organ of a pair: each block of as many pairs as organs has every organ once."""
    block, place = divmod(number, len(organs))
    order = _chance(seed, _Stream.ORGAN, block).permutation(len(organs))
    return organs[int(order[place])]


def _is_empty(number: int, share: float, seed: int) -> bool:
    """Decide by a golden-ratio sequence, which keeps the share in every stretch of pairs, short ones too."""
    start = float(_chance(seed, _Stream.EMPTINESS, 0).random())
    return (start + number * _GOLDEN) % 1 < share
