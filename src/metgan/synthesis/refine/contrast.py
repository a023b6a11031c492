"""How bright tumours should be: contrasts to draw from, and generated tumours brought to them.

A label says where a tumour is, and not how bright. Which contrast a generator gives it is its own affair,
and it tends to give all tumours one that its segmentor is sure of. Real tumours differ, also within one
image: the dim ones are those that segmentors miss, and where no generated tumour is as bright as the
brightest real ones, a segmentor may take what is so bright for something else. What it is worth to a
segmentor is measured in docs/results.

Notes
-----
The decision a reader would question is that tumours are made brighter, too. The generator is asked for the
same tissue without a tumour; the difference is the light of the tumours alone, and a share of it, or up to
five times as much, leaves their shape and all else as it was generated. A tumour that was generated no
brighter than its surroundings has no light to multiply. Where tissue is about 0, as with a background that
was subtracted, a contrast is no ratio but the light that a tumour adds: see `metgan.metrics.choose_measure`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from metgan.data import Entry, FillValues, Pair, as_camera
from metgan.errors import ArrayError, SettingError
from metgan.metrics import MIN_ANNOTATED_SIZE, Measure, choose_measure, measure_contrasts
from metgan.objects import RING_GAP, number_tumours, sizes
from metgan.progress import note
from metgan.types import Camera, Mask

from .step import PairImages, RefineStep
from .strips import strips

HALO = RING_GAP + 1
"""Pixels within which added light fades to nothing."""
MOST_LIGHT = 5.0
"""How many times its light a generated tumour is given, at most."""
INVISIBLE: Final[Mapping[Measure, float]] = {"ratio": 1.0, "light": 0.0}
"""The contrast of what is as bright as its surroundings."""


@dataclass(frozen=True)
class Contrast(RefineStep):
    """Each tumour is brought to a contrast out of several: see `match_contrasts`.

    Parameters
    ----------
    values : tuple of float
        Above 1, or above 0 where they are lights; in camera units, see `metgan.metrics.evaluate_detection`.
    weights : tuple of float, above 0, or None
        How likely each is beside the others; None for all alike.
    unit : {"ratio", "light"}, default "ratio"
        What the values are.
    asked : tuple of float
        Those that were drawn for one pair, one for each of its tumours.

    Raises
    ------
    SettingError
        Without values, with one that is no tumour's, or with weights that do not fit.

    Examples
    --------
    >>> str(Contrast((1.5, 2.0, 4.0)))
    'contrast: ratios of 3 tumours, 1.5..4 (7ec66ce7)'
    """

    name = purpose = "contrast"
    needs_tumour_free = True

    values: tuple[float, ...]
    weights: tuple[float, ...] | None = None
    unit: Measure = "ratio"
    asked: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        least = INVISIBLE[self.unit]
        if not self.values or not all(least < value < math.inf for value in self.values):
            given = f"{len(self.values)} contrasts: {', '.join(f'{v:g}' for v in self.values[:5])}"
            raise SettingError(
                given, f"one or more above {least:g}", "Leave out tumours that are not brighter"
            )
        weights = self.weights
        if weights is not None and (len(weights) != len(self.values) or min(weights) <= 0):
            given = f"{len(weights)} weights for {len(self.values)} contrasts"
            raise SettingError(given, "one above 0 for each", "Leave out contrasts of weight 0")

    def __str__(self) -> str:
        mark = zlib.crc32(repr((self.values, self.weights)).encode())
        ends = f"{min(self.values):g}..{max(self.values):g}"
        return f"contrast: {self.unit}s of {len(self.values)} tumours, {ends} ({mark:08x})"

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:
        """Return those of real tumours of 10 pixels and more, each as likely; note how many have none.

        Raises
        ------
        SettingError
            When none is brighter than its surroundings.
        """
        labelled = ((pair.counted(pair.label), pair.tumour, pair.unscored(fill)) for pair in real)
        seen = [
            measured
            for label, image, hidden in labelled
            for measured in zip(sizes(label), measure_contrasts(label, image, hidden), strict=True)
        ]
        large = [contrast for area, contrast in seen if area >= MIN_ANNOTATED_SIZE]
        ratios, lights = [each.ratio for each in large], [each.light for each in large]
        unit = choose_measure(ratios, lights)
        values = ratios if unit == "ratio" else lights
        kept = tuple(value for value in values if INVISIBLE[unit] < value < math.inf)
        if not kept:
            given = f"{len(seen)} real tumours, none of 10 pixels or more and brighter than its surroundings"
            raise SettingError(given, "one or more to take contrasts from", "Give pairs with such tumours")
        _tell(ratios, kept, unit)
        return cls(kept, None, unit)

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with one contrast for each tumour, drawn by its weight."""
        weights = None if self.weights is None else np.array(self.weights) / sum(self.weights)
        drawn = (float(rng.choice(self.values, p=weights)) for _ in sizes(asked))
        return replace(self, asked=tuple(drawn))

    def apply(self, images: PairImages) -> PairImages:
        """Return the images with tumours of less light or more."""
        assert images.tumour_free is not None
        tumour = match_contrasts(
            images.tumour, images.tumour_free, images.asked, self.asked, images.filled, self.unit
        )
        return replace(images, tumour=tumour)


def _tell(ratios: Sequence[float], kept: Sequence[float], measure: Measure) -> None:
    """Note what contrasts are measured in where that is not a ratio, and how many tumours have none."""
    if measure == "light":
        note(
            f"{sum(map(math.isnan, ratios))} of {len(ratios)} real tumours lie in surroundings without "
            "light, as where a background was subtracted: contrasts are differences, not ratios"
        )
    if dropped := len(ratios) - len(kept):
        note(
            f"{dropped} of {len(ratios)} real tumours lend no contrast: they are no brighter than their "
            "surroundings"
        )


def match_contrasts(
    tumour: Camera,
    tumour_free: Camera,
    label: Mask,
    contrasts: Sequence[float],
    fill: Mask | None = None,
    measure: Measure = "ratio",
) -> Camera:
    """Return generated tumours with less light or more, so that each has about its contrast.

    A pixel between tumours belongs to the nearest. Light is added on the tumour, and fades to nothing within
    three pixels beyond: a moat that the generator makes about a tumour becomes no deeper. Where a tumour has
    too much, all that its label has added is taken back in part, however far away.

    Parameters
    ----------
    tumour, tumour_free : Camera
        (Y, X), the same tissue generated with the label, and with none.
    label : Mask
        (Y, X).
    contrasts : sequence of float
        One for each tumour of the label, in the order of `metgan.objects.number_tumours`; above 1, or above 0
        where they are lights.
    fill : Mask or None
        (Y, X), where nothing was imaged: it surrounds no tumour, and no light is added to it.
    measure : {"ratio", "light"}, default "ratio"
        What the contrasts are.

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
    >>> generated = np.where(label, 300, tissue).astype(np.uint16)
    >>> match_contrasts(generated, tissue, label, [1.5, 4])[0, [3, 4, 5, 16]].tolist()
    [100, 150, 100, 400]
    >>> match_contrasts(generated, tissue, label, [50, 300], measure="light")[0, [3, 4, 5, 16]].tolist()
    [100, 150, 100, 400]
    """
    generated = contrasts_of(tumour, label, fill, measure)
    if len(generated) != len(contrasts):
        given = f"{len(contrasts)} contrasts for {len(generated)} tumours"
        raise ArrayError(given, "one for each", "Give one for each connected part of the label")
    if not contrasts:
        return tumour
    none = INVISIBLE[measure]
    factors = np.array(
        [_factor(own - none, wanted - none) for own, wanted in zip(generated, contrasts, strict=True)]
    )
    numbered, _ = number_tumours(label)
    nearest = ndimage.distance_transform_edt(~label, return_distances=False, return_indices=True)
    matched = np.empty_like(tumour)
    for rows, around, inner in strips(len(label), HALO):
        factor = factors[numbered[tuple(nearest[:, rows])] - 1]
        light = tumour[rows].astype(np.float64) - tumour_free[rows]
        more = np.clip(light, 0, None) * fading(label[around])[inner]
        if fill is not None:
            more[fill[rows]] = 0
        lit = tumour_free[rows] + np.minimum(factor, 1) * light + np.clip(factor - 1, 0, None) * more
        matched[rows] = as_camera(lit, tumour)
    return matched


def contrasts_of(tumour: Camera, label: Mask, fill: Mask | None, measure: Measure) -> list[float]:
    """Return the contrast of each tumour of a label, in the order of `metgan.objects.number_tumours`.

    Parameters
    ----------
    tumour : Camera
        (Y, X).
    label : Mask
        (Y, X).
    fill : Mask or None
        (Y, X), where nothing was imaged; None for nowhere.
    measure : {"ratio", "light"}

    Returns
    -------
    list of float
        Nan where a contrast cannot be told: see `metgan.metrics.Contrast`.
    """
    measured = measure_contrasts(label, tumour, fill)
    return [each.ratio if measure == "ratio" else each.light for each in measured]


def _factor(own: float, wanted: float) -> float:
    """Return how many times its light a tumour is given; both are what is more than invisible."""
    return min(wanted / own, MOST_LIGHT) if own > 0 else 1.0


def fading(label: Mask) -> NDArray[np.float64]:
    """Return where light is added: 1 on the tumours of a label, (Y, X), down to 0 within `HALO` pixels."""
    if not label.any():
        return np.zeros(label.shape)
    return np.asarray(np.clip(1 - ndimage.distance_transform_edt(~label) / HALO, 0, 1))
