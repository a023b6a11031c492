"""How bright tumours shall be: contrasts to draw from, and painted tumours brought to them.

A label says where a tumour is, and not how bright. Which contrast a generator gives it is its own affair,
and it tends to give all tumours one that its segmentor is sure of. Real tumours differ, also within one
image: the dim ones are those that segmentors miss, and where no painted tumour is as bright as the brightest
real ones, a segmentor may take what is so bright for something else. What it is worth to a segmentor is
measured in docs/results.md.

The decision a reader would question is that tumours are made brighter, too. The generator is asked for the
same tissue without a tumour; the difference is the light of the tumours alone, and a share of it, or up to
five times as much, leaves their shape and all else as it was painted. A tumour that was painted no brighter
than its surroundings has no light to multiply.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import as_camera
from metgan.errors import ArrayError, SettingError
from metgan.labels import number_tumours
from metgan.metrics import RING_GAP, SMALLEST_ANNOTATED, judge
from metgan.types import Camera, Mask

HALO = RING_GAP + 1
"""Pixels within which added light fades to nothing."""
MOST_LIGHT = 5.0
"""How many times its light a painted tumour is given, at most."""


@dataclass(frozen=True)
class Contrasts:
    """Contrasts of tumours, some likelier than others.

    Parameters
    ----------
    values : tuple of float, above 1
        In camera units, see `metgan.metrics.judge`.
    weights : tuple of float, above 0, or None
        How likely each is beside the others; None for all alike.

    Raises
    ------
    SettingError
        Without values, with one that is no tumour's, or with weights that do not fit.

    Examples
    --------
    >>> str(Contrasts((1.5, 2.0, 4.0)))
    'each in a contrast of 3 tumours, 1.5..4 (7ec66ce7)'
    """

    values: tuple[float, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not self.values or not all(1 < value < math.inf for value in self.values):
            given = f"{len(self.values)} contrasts: {', '.join(f'{v:g}' for v in self.values[:5])}"
            raise SettingError(given, "one or more above 1", "Leave out tumours that are not brighter")
        weights = self.weights
        if weights is not None and (len(weights) != len(self.values) or min(weights) <= 0):
            given = f"{len(weights)} weights for {len(self.values)} contrasts"
            raise SettingError(given, "one above 0 for each", "Leave out the contrasts that nobody wants")

    def __str__(self) -> str:
        mark = zlib.crc32(repr((self.values, self.weights)).encode())
        ends = f"{min(self.values):g}..{max(self.values):g}"
        return f"each in a contrast of {len(self.values)} tumours, {ends} ({mark:08x})"

    @classmethod
    def measured(cls, pairs: Iterable[tuple[Mask, Camera, Mask]]) -> Contrasts:
        """Give those of real tumours of 10 pixels and more, each as likely.

        Parameters
        ----------
        pairs : iterable of (label, tumour image, fill), all (Y, X)
            Where fill is True, nothing was imaged: see `metgan.data.Pair.filled`.

        Raises
        ------
        SettingError
            When none is brighter than its surroundings.
        """
        scores = (judge(label, label, image, fill=fill) for label, image, fill in pairs)
        found = [tumour for score in scores for tumour in score.tumours]
        kept = [t.contrast for t in found if t.area >= SMALLEST_ANNOTATED and 1 < t.contrast < math.inf]
        if not kept:
            given = f"{len(found)} real tumours, none of 10 pixels or more and brighter than its surroundings"
            raise SettingError(given, "one or more to take contrasts from", "Give pairs with such tumours")
        return cls(tuple(kept))

    def draw(self, rng: np.random.Generator) -> float:
        """Draw one."""
        weights = None if self.weights is None else np.array(self.weights) / sum(self.weights)
        return float(rng.choice(self.values, p=weights))


def match_contrasts(
    tumour: Camera, without: Camera, label: Mask, contrasts: Sequence[float], fill: Mask | None = None
) -> Camera:
    """Give painted tumours less light or more, until each has about its contrast.

    A pixel between tumours belongs to the nearest. Light is added on the tumour, and fades to nothing within
    three pixels beyond: a moat that the generator paints about a tumour becomes no deeper, and nothing far
    away changes.

    Parameters
    ----------
    tumour, without : Camera
        (Y, X), the same tissue painted with the label, and with none.
    label : Mask
        (Y, X).
    contrasts : sequence of float, above 1
        One for each tumour of the label, in the order of `metgan.labels.number_tumours`.
    fill : Mask or None
        (Y, X), where nothing was imaged: it surrounds no tumour, and no light is added to it.

    Returns
    -------
    Camera
        In the units and the dtype of `tumour`. Tumours that are no brighter than their surroundings, or whose
        contrast cannot be told, stay as they are; light grows `MOST_LIGHT` times at most.

    Raises
    ------
    ArrayError
        When there is not one contrast for each tumour.

    Examples
    --------
    >>> label = np.arange(24)[None] % 12 == 4
    >>> tissue = np.full((1, 24), 100, np.uint16)
    >>> painted = np.where(label, 300, tissue).astype(np.uint16)
    >>> match_contrasts(painted, tissue, label, [1.5, 4])[0, [3, 4, 5, 16]].tolist()
    [100, 150, 100, 400]
    """
    painted = judge(label, label, tumour, fill=fill).contrasts
    if len(painted) != len(contrasts):
        given = f"{len(contrasts)} contrasts for {len(painted)} tumours"
        raise ArrayError(given, "one for each", "Give one for each connected part of the label")
    if not contrasts:
        return tumour
    factors = np.array([_factor(own, wanted) for own, wanted in zip(painted, contrasts, strict=True)])
    numbered, _ = number_tumours(label)
    nearest = ndimage.distance_transform_edt(~label, return_distances=False, return_indices=True)
    factor = factors[numbered[tuple(nearest)] - 1]
    light = tumour.astype(np.float64) - without
    more = np.clip(light, 0, None) * fading(label)
    if fill is not None:
        more[fill] = 0
    lit = without + np.minimum(factor, 1) * light + np.clip(factor - 1, 0, None) * more
    return as_camera(lit, tumour)


def _factor(own: float, wanted: float) -> float:
    return min((wanted - 1) / (own - 1), MOST_LIGHT) if own > 1 else 1.0


def fading(label: Mask) -> NDArray[np.float64]:
    """Give where light is added: 1 on the tumours of a label, (Y, X), down to 0 within `HALO` pixels."""
    return np.asarray(np.clip(1 - ndimage.distance_transform_edt(~label) / HALO, 0, 1))
