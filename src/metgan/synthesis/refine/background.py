"""What no anatomy tells of, taken from real images: threads, dust, and the noise of the camera.

A generator makes what anatomy and label tell of, which is the mean of many possible images. What is left of
a real image when its generated image is taken away is what cannot be known: bright things that are no tumours
and that the anatomy does not show, and noise. A segmentor that has never seen them takes them for tumours. So
they are taken from one real image, away from its tumours, and laid over the generated image of another.

Notes
-----
The decision a reader would question is the scale on which they are taken away and added. Noise grows with
light, so both are done on the scale on which it does not, see `Noise.stabilise`. There, noise is as
strong in one image as in the other, and a thread keeps its strength against the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import Entry, FillValues, Pair, as_camera, entries_of
from metgan.errors import SettingError
from metgan.labels import find_tissue
from metgan.types import Camera, Mask

from .noise import RIM, Noise
from .step import PairImages, RefineStep
from .strips import Strip, strips

_COPIES = 16  # of a background that are looked through for what fits a place
_BLENDED = 4  # pixels over which one copy goes over into another
_LARGE = 10.0  # pixels, standard deviation: what is wider is no thread and no dust
_REACH = 4.0  # standard deviations
_HALO = 40  # pixels: as far as that is
_LEAST_WEIGHT = 1e-3
_USUAL = 4.0  # median deviations
_SQUARE = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class BackgroundResidual:
    """What is left of a real image when its generated image is taken away.

    Parameters
    ----------
    field : array, (Y, X)
        On the scale of `Noise.stabilise`, and about 0 on the whole, tissue and air by themselves: how
        bright a place is by and large is the generator's affair.
    free : Mask
        (Y, X), away from tumours and from where tissue ends, which is never generated quite where it is.
    tissue : Mask
        (Y, X), where there is tissue, not air.
    noise : Noise
        Of the real images.
    """

    field: NDArray[np.float64]
    free: Mask
    tissue: Mask
    noise: Noise

    @property
    def nbytes(self) -> int:
        """How many bytes of memory it takes."""
        return self.field.nbytes + self.free.nbytes + self.tissue.nbytes

    @classmethod
    def of(
        cls, real: Pair, generated: Camera, noise: Noise, constants: FillValues | None = None
    ) -> BackgroundResidual:
        """Take from a real tumour channel what was generated, (Y, X), of its anatomy and label.

        `constants` are those that the generator's training set was filled in with: see `Pair.filled`.
        """
        tissue = find_tissue(real.anatomy)
        ends = ndimage.binary_dilation(tissue, _SQUARE) & ndimage.binary_dilation(~tissue, _SQUARE)
        free = ~ndimage.binary_dilation(real.may_be_tumour | ends | real.filled(constants), _SQUARE, RIM)
        left = np.empty(tissue.shape)
        for rows, *_ in strips(len(left)):
            left[rows] = noise.stabilise(real.tumour[rows]) - noise.stabilise(generated[rows])
        field = left.copy()
        for part in (tissue, ~tissue):
            mean = _ByAndLarge.of(left, free & part)
            for strip in strips(len(field), _HALO):
                rows = strip.rows
                np.subtract(field[rows], mean.at(strip), out=field[rows], where=part[rows])
        return cls(field, free, tissue, noise)

    def lay_over(
        self, generated: Camera, tissue: Mask, rng: np.random.Generator, fill: Mask | None = None
    ) -> Camera:
        """Add it to a generated image of another place.

        It is mirrored by chance. What lay in tissue comes to lie in tissue, and what lay in air in air; where
        that is not so, or the real image has a tumour, a mirrored and shifted copy fills in. Where none fits
        there is noise alone. Over four pixels one goes over into the other, and the sum keeps the noise's
        strength. A smaller one is repeated, of a larger one a part is used.

        Parameters
        ----------
        generated : Camera
            (Y, X).
        tissue : Mask
            (Y, X), where that shows tissue.
        rng : numpy.random.Generator
        fill : Mask or None
            (Y, X), where nothing was imaged, and nothing is laid.

        Returns
        -------
        Camera
            In the units and the dtype of `generated`, and within the dtype's range.
        """
        chance = deepcopy(rng)  # draws the noise, strip by strip, that comes before the copies
        for rows, *_ in strips(len(generated)):
            rng.standard_normal(generated[rows].shape)
        added, power, missing = (np.zeros(generated.shape) for _ in range(3))
        missing += 1
        for number in range(_COPIES):
            copy = self._copied(generated.shape, rng, shifted=number > 0)
            for strip in strips(len(generated), _BLENDED):
                rows = strip.rows
                share = missing[rows] * copy.share(tissue, strip)
                added[rows] += share * copy.field(rows)
                power[rows] += share**2
                missing[rows] -= share
            if missing.max() < _LEAST_WEIGHT:
                break
        covered = np.empty_like(generated)
        for rows, *_ in strips(len(generated)):
            noise = chance.standard_normal(generated[rows].shape) * (not self.noise.is_none)
            laid = (added[rows] + missing[rows] * noise) / np.sqrt(power[rows] + missing[rows] ** 2)
            scaled = self.noise.stabilise(generated[rows])
            change = self.noise.restore(scaled + laid) - self.noise.restore(scaled)
            if fill is not None:
                change[fill[rows]] = 0
            covered[rows] = as_camera(generated[rows] + change, generated)
        return covered

    def _copied(self, shape: tuple[int, ...], rng: np.random.Generator, *, shifted: bool) -> _Copy:
        """Return a mirrored copy in some shape."""
        mirrored = tuple(slice(None, None, 1 - 2 * int(turn)) for turn in rng.integers(2, size=2))
        first = [int(rng.integers(side)) if shifted else 0 for side in self.field.shape]
        sides = zip(shape, first, self.field.shape, strict=True)
        rows, columns = ((np.arange(wanted) + start) % side for wanted, start, side in sides)
        field, free, tissue = self.field[mirrored], self.free[mirrored], self.tissue[mirrored]
        if any(first) or any(wanted > side for wanted, side in zip(shape, free.shape, strict=True)):
            inner = np.zeros(free.shape, bool)
            inner[(slice(1, -1),) * 2] = True
            free = free & inner  # its ends meet within the copy
        return _Copy(replace(self, field=field, free=free, tissue=tissue), rows, columns)


@dataclass(frozen=True, eq=False)
class _Copy:
    """A background that is laid over an image: which of its rows and columns come to lie on the image's."""

    of: BackgroundResidual
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def field(self, rows: slice) -> NDArray[np.float64]:
        """Return what it lays on some rows of the image."""
        return self.of.field[np.ix_(self.rows[rows], self.columns)]

    def share(self, tissue: Mask, strip: Strip) -> NDArray[np.float64] | float:
        """Return how much of it is laid there, 0 to 1, by how far it fits around a pixel."""
        cut = np.ix_(self.rows[strip.around], self.columns)
        fits = self.of.free[cut] & (self.of.tissue[cut] == tissue[strip.around])
        if fits.all():
            return 1.0
        depth = ndimage.distance_transform_cdt(fits)[strip.inner]
        return np.asarray(np.minimum(depth / _BLENDED, 1))


@dataclass(frozen=True)
class Background(RefineStep):
    """The threads, dust and noise of a real image are laid over: see `BackgroundResidual`.

    Parameters
    ----------
    noise : Noise
        Of the real images.
    donors : sequence of Entry
        Real pairs, each with its three images, that lend their background; at least one.
    donor : Entry or None
        The one that was drawn for one pair.
    seed : int
        Likewise drawn: it decides how the background is mirrored and shifted.

    Raises
    ------
    SettingError
        Without donors.
    """

    name = "background"
    purpose = "grain"

    noise: Noise
    donors: Sequence[Entry]
    donor: Entry | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.donors:
            raise SettingError("no real pairs to take backgrounds from", "some", "Give their entries")

    def __str__(self) -> str:
        return f"background: {len(self.donors)} images, {self.noise}"

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:
        """Return the step with the noise of real images, each of which lends its background."""
        return cls(Noise.measure(real, fill), tuple(entries_of(real)))

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with the real pair whose background an anatomy's generated image is given.

        It is of the same organ, where there is one, and never the anatomy's own pair, nor one that the
        anatomy was made of: that would be its real image again.

        Raises
        ------
        SettingError
            When there is no other pair.
        """
        seed = int(rng.integers(2**63))
        own = {source.name, *source.made_of}
        others = [donor for donor in self.donors if donor.name not in own]
        if not others:
            given = f"no real pair but {source.name} itself to take the background from"
            raise SettingError(given, "another real pair", "Give more pairs, or refine with noise instead")
        others = [donor for donor in others if donor.organ == source.organ] or others
        return replace(self, donor=others[int(rng.integers(len(others)))], seed=seed)

    def apply(self, images: PairImages) -> PairImages:
        """Return the images with the background of the donor."""
        assert images.residual is not None
        tissue, rng = find_tissue(images.anatomy), np.random.default_rng(self.seed)
        return replace(images, tumour=images.residual.lay_over(images.tumour, tissue, rng, images.filled))


@dataclass(frozen=True, eq=False)
class _ByAndLarge:
    """The mean of an image about each pixel, over the pixels of a mask, to which bright things hardly add."""

    left: NDArray[np.float64]
    where: Mask
    middle: float
    reach: float

    @classmethod
    def of(cls, left: NDArray[np.float64], where: Mask) -> _ByAndLarge:
        """Measure what is ordinary; nothing is where the mask is empty."""
        pixels = left[where]
        if not pixels.size:
            return cls(left, where, 0.0, 0.0)
        middle = np.median(pixels, overwrite_input=True)
        pixels -= middle
        spread = np.median(np.abs(pixels, out=pixels), overwrite_input=True)
        return cls(left, where, float(middle), float(_USUAL * spread))

    def at(self, strip: Strip) -> NDArray[np.float64]:
        """Return the mean in a strip, which reaches `_HALO` rows around."""
        where, left = self.where[strip.around], self.left[strip.around]
        ordinary = np.where(where, np.clip(left, self.middle - self.reach, self.middle + self.reach), 0)
        weight = _blurred(where.astype(np.float64))[strip.inner]
        mean = _blurred(ordinary)[strip.inner] / np.maximum(weight, _LEAST_WEIGHT)
        return np.where(weight > _LEAST_WEIGHT, mean, self.middle)


def _blurred(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(ndimage.gaussian_filter(image, _LARGE, truncate=_REACH))
