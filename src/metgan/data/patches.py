"""What a network is trained on: patches without end, of which number k is a function of the seed and k.

Which pair it is of, which part of it and which way round, and how it is to be distorted: nothing is carried
from one patch to the next. So a resumed training continues with the patches that the interrupted one would
have seen, and any number of worker processes share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from metgan.errors import SettingError
from metgan.labels import symmetry
from metgan.seeding import stream
from metgan.transforms import Augmentation, Distortions, draw_distortion
from metgan.types import AnyArray, Camera, Scaled

from .normalise import ChannelScale, Normalisation
from .sample import Pair


@dataclass(frozen=True)
class View:
    """A crop at a place, in one of the eight orientations: the same for anatomy, tumour and label.

    The eight symmetries of the square invent no pixel values, unlike rotations by other angles.
    """

    top: int
    left: int
    size: int
    orientation: int

    def apply(self, image: AnyArray) -> AnyArray:
        """Cut `image`, (Y, X), and turn it.

        An image smaller than the crop is mirrored at its far edges first, as often as it takes.
        """
        missing = [(0, max(0, self.size - length)) for length in image.shape]
        if any(after for _, after in missing):
            image = np.pad(image, missing, mode="symmetric")
        crop = image[self.top : self.top + self.size, self.left : self.left + self.size]
        return symmetry(crop, self.orientation)


def draw_view(shape: tuple[int, ...], size: int, rng: np.random.Generator) -> View:
    """Draw a crop of `size` pixels within `shape` and one of the eight orientations, all alike.

    Deviates: the release cuts the top-left corner, which loses tumours, and knows four of the eight
    orientations. Pinned by ``test_every_place_is_drawn_the_last_row_and_column_too`` and
    ``test_the_eight_orientations_differ_and_all_are_drawn``.
    """
    top, left = (int(rng.integers(max(0, length - size) + 1)) for length in shape)
    return View(top, left, size, int(rng.integers(8)))


@dataclass(frozen=True)
class Patch:
    """A part of one pair, (Y, X) each: both channels on [-1, 1], label and fill 0 or 1, all float32.

    ``fill`` is None for a set that has none: see `metgan.labels.fill`. ``ignored`` is where the label says
    nothing, 0 or 1; None where it says all, see `Pair`. ``distortion`` is what is still to be
    done to the patch, on the device that it is trained on; None for nothing.
    """

    anatomy: Scaled
    tumour: Scaled
    label: Scaled
    fill: Scaled | None = None
    ignored: Scaled | None = None
    distortion: Distortions | None = None


def cut_patch(pair: Pair, view: View | None, normalisation: Normalisation) -> Patch:
    """Cut and turn a part of a pair, and normalise that part alone; None for the whole pair as it is.

    The whole pair has its say where it must: in the range of an image that is scaled by itself, and in what
    is fill.
    """

    def cut(image: AnyArray) -> AnyArray:
        return image if view is None else view.apply(image)

    has_fill = normalisation.fill is not None
    return Patch(
        _scale_of(pair.anatomy, normalisation.anatomy).apply(cut(pair.anatomy)),
        _scale_of(pair.tumour, normalisation.tumour).apply(cut(pair.tumour)),
        cut(pair.label).astype(np.float32),
        cut(pair.filled(normalisation.fill)).astype(np.float32) if has_fill else None,
        None if pair.ignored is None else cut(pair.ignored).astype(np.float32),
    )


def _scale_of(image: Camera, scale: ChannelScale) -> ChannelScale:
    """Return the scale that holds for all parts of one whole image."""
    if not scale.per_image:
        return scale
    low, high = float(image.min()), float(image.max())
    if low == high:
        low, high = scale.low, scale.high
    return replace(scale, low=low, high=high, per_image=False)


@dataclass(frozen=True, eq=False)
class Patches(Dataset[Patch]):
    """Squares of pairs, by number from 0 and without end.

    Every epoch, as many patches as there are pairs, has one of each pair, in a new order. It has no length; a
    `torch.utils.data.DataLoader` is told which numbers to fetch, by its ``sampler`` or ``batch_sampler``.

    Parameters
    ----------
    pairs : sequence of Pair
        A pair is asked for when a patch of it is, so that it may be read, or made, only then.
    normalisation : Normalisation
    side : int
        Of the squares, in pixels. Smaller images are mirrored at their far edges.
    seed : int
    augmentation : Augmentation or None, default None
        How far patches are to be distorted.
    purpose : str, default ""
        Sets patches apart from others of the same seed: what is drawn for one is not drawn for the other.
    first : sequence of Pair, default ()
        Which the patches before number `until` are of.
    until : int, default 0

    Raises
    ------
    SettingError
        If there is no pair.

    Examples
    --------
    >>> patches = Patches(pairs, normalisation, side=64, seed=0)  # doctest: +SKIP
    >>> loader = DataLoader(patches, 4, sampler=range(400), collate_fn=list)  # doctest: +SKIP
    """

    pairs: Sequence[Pair]
    normalisation: Normalisation
    side: int
    seed: int
    augmentation: Augmentation | None = None
    purpose: str = ""
    first: Sequence[Pair] = ()
    until: int = 0

    def __post_init__(self) -> None:
        if not len(self.pairs):
            raise SettingError("no pairs to cut patches of", "one or more", "Give the training part some")

    def __getitem__(self, number: int) -> Patch:
        """Return one patch; raises `IndexError` for a number below 0."""
        if number < 0:
            raise IndexError(f"patch {number}; they are numbered from 0")
        is_first = number < self.until
        pairs, since = (self.first, 0) if is_first else (self.pairs, self.until)
        epoch, place = divmod(number - since, len(pairs))
        purpose = f"{self.purpose}first " if is_first else self.purpose
        pair = pairs[int(_order(self.seed, purpose, epoch, len(pairs))[place])]
        view = draw_view(pair.label.shape, self.side, stream(self.seed, f"{self.purpose}view", number))
        patch = cut_patch(pair, view, self.normalisation)
        if self.augmentation is None:
            return patch
        drawn = draw_distortion(self.augmentation, stream(self.seed, f"{self.purpose}distortion", number))
        return replace(patch, distortion=drawn)


@lru_cache(maxsize=8)
def _order(seed: int, purpose: str, epoch: int, count: int) -> NDArray[np.intp]:
    order = stream(seed, f"{purpose}order", epoch).permutation(count)
    order.flags.writeable = False
    return order


def numbers_of(step: int, batch_size: int) -> range:
    """Return the patches that are trained on in a step.

    Examples
    --------
    >>> [*numbers_of(step=1, batch_size=3)]
    [3, 4, 5]
    """
    return range(step * batch_size, (step + 1) * batch_size)
