"""Whether the tumour appears where it was asked for, and nowhere else.

A generated pair is only worth training on when its label is true. An independent segmentor segments the
generated image; its prediction is compared with the label that was asked for.

Notes
-----
The decision a reader would question is that its contrast is measured, too: that needs no segmentor, and so
tells a tumour that is there but dim from one that the segmentor was taught to overlook.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from metgan.errors import ArrayError
from metgan.types import AnyArray, Mask

from .contrast import measure_contrasts
from .counts import Detection, Overlap, Pooled, ratio
from .lesions import check_masks, match, overlap

MIN_ANNOTATED_SIZE = 10
"""Pixels of the smallest tumour in the labels that the paper's authors published. Smaller objects are mostly
what a plane or a crop's border has left of larger ones."""

SIZES: Final = {"below 25 pixels": 1, "25 to 100": 25, "above 100": 101}
"""Classes of tumours by their area, each from so many pixels on; fixed, so that they mean the same on all
data. The median tumour of the published labels has about 41: the first are smaller than most, the last
hard to miss."""


@dataclass(frozen=True)
class Tumour:
    """One target tumour: its size in pixels, whether it was detected, and how it stands out.

    ``contrast`` is a ratio, ``light`` a difference in camera units; both are nan where undefined.
    """

    area: int
    found: bool
    contrast: float
    light: float = float("nan")


@dataclass(frozen=True)
class Faithfulness(Pooled):
    """How one generated image, or several pooled with ``+`` or `pool`, kept to its label.

    Attributes
    ----------
    detection : Detection
        Asked-for tumours that were read, missed, and read without being asked for.
    overlap : Overlap
        The same in pixels.
    label_free : int, pixels
        Pixels that were imaged, and where no tumour was asked for.
    tumours : tuple of Tumour
        The asked-for ones, each by itself.
    images : int
        Number of images pooled.
    fill_read : int, pixels, default 0
        Pixels read as tumour though nothing was imaged there: they are no share of `label_free`.

    Examples
    --------
    >>> large, small = Tumour(7, True, 1.5), Tumour(1, True, 2.5)
    >>> one = Faithfulness(Detection(2, 0, 0), Overlap(8, 1, 0), 4, (large, small))
    >>> both = one + Faithfulness(Detection(0, 1, 1), Overlap(0, 1, 1), 4, (Tumour(1, False, 3.5),))
    >>> both.contrast, both.false_area, both.false_objects, both.overlap.dice
    (2.5, 0.25, 0.5, 0.8421052631578947)
    >>> both.recall_of(at_least=1), both.recall_of(at_least=2)
    (0.6666666666666666, 1.0)
    """

    detection: Detection
    overlap: Overlap
    label_free: int
    tumours: tuple[Tumour, ...]
    images: int = 1
    fill_read: int = 0

    @property
    def contrasts(self) -> tuple[float, ...]:
        """One per asked-for tumour; nan where undefined."""
        return tuple(tumour.contrast for tumour in self.tumours)

    @property
    def lights(self) -> tuple[float, ...]:
        """The light that each asked-for tumour adds, in camera units; nan where undefined."""
        return tuple(tumour.light for tumour in self.tumours)

    @property
    def false_area(self) -> float:
        """Share of label-free pixels read as tumour, outgrown rims included; nan without such pixels."""
        return ratio(self.overlap.false_positive - self.fill_read, self.label_free)

    @property
    def false_objects(self) -> float:
        """Tumours per image that nobody asked for; nan for no image."""
        return ratio(self.detection.false_positives, self.images)

    @property
    def contrast(self) -> float:
        """Median contrast of the asked-for tumours; nan when none has one."""
        return _median(self.contrasts)

    @property
    def light(self) -> float:
        """Median of the light that asked-for tumours add, in camera units; nan when none has surroundings."""
        return _median(self.lights)

    def recall_of(self, at_least: int) -> float:
        """Share of the asked-for tumours of `at_least` so many pixels that were read; nan without any."""
        chosen = [tumour.found for tumour in self.tumours if tumour.area >= at_least]
        return ratio(sum(chosen), len(chosen))


def evaluate_detection(
    target: Mask, prediction: Mask, image: AnyArray, *, fill: Mask | None = None, smallest: int = 1
) -> Faithfulness:
    """Score a generated tumour image by the label that it was asked to show.

    Parameters
    ----------
    target : ndarray, (Y, X) or (Z, Y, X), bool
        The label that the generator was given.
    prediction : ndarray, same shape, bool
        What an independent segmentor reads in the generated image.
    image : ndarray, same shape, any real dtype, camera units
        The generated tumour channel, normalisation undone.
    fill : ndarray, same shape, bool, or None
        Where nothing was imaged, or the label says nothing: it surrounds no tumour, and is no background.
        None for nowhere.
    smallest : int, pixels, default 1
        As for `match`.

    Returns
    -------
    Faithfulness
        Everything is nan, never 0, where there is nothing to measure it on.

    Raises
    ------
    ArrayError, SettingError
        If shapes differ, a mask is not boolean, the image is not real and finite, or a
        setting is out of range.

    Notes
    -----
    The contrast of a tumour of the label is the mean of the image on it over the mean of the image on the
    ring around it (`metgan.objects.rings`), see `Contrast`; 1 means invisible. It is nan where that ring is
    empty (a label that fills the image, a crowd). A ratio depends on the zero of its scale: a camera offset
    pulls it towards 1, and in [-1, 1] it means nothing. Compare images of one camera, or subtract the dark
    level first: ``evaluate_detection(target, prediction, image.astype(float) - dark)``. The light of a tumour
    is the difference of the two means, in camera units; 0 means invisible, and an offset does not matter. See
    `choose_measure`.

    Examples
    --------
    A tumour of one pixel, three times as bright as its surroundings, read where it is:

    >>> target = np.arange(9)[None] == 4
    >>> scores = evaluate_detection(target, target, np.where(target, 300, 100))
    >>> scores.contrast, scores.light, scores.detection.recall, scores.false_area
    (3.0, 200.0, 1.0, 0.0)
    """
    check_masks({"target": target, "prediction": prediction} | ({} if fill is None else {"fill": fill}))
    _check_image(image, target.shape)
    matches = match(prediction, target, smallest=smallest)
    each = zip(matches.areas, matches.found, measure_contrasts(target, image, fill), strict=True)
    return Faithfulness(
        matches.counts,
        overlap(prediction, target),
        int((~target if fill is None else ~target & ~fill).sum()),
        tuple(Tumour(int(area), bool(found), by.ratio, by.light) for area, found, by in each),
        fill_read=0 if fill is None else int((prediction & ~target & fill).sum()),
    )


def pool(scores: Iterable[Faithfulness]) -> Faithfulness:
    """Pool the scores of many images: counts are added, contrasts gathered, ratios taken last.

    The total over no image at all has `images` 0, and each of its ratios is nan.

    Examples
    --------
    >>> nothing = pool([])
    >>> nothing.images, nothing.detection.recall, nothing.false_objects
    (0, nan, nan)
    """
    return sum(scores, Faithfulness(Detection(), Overlap(), 0, (), 0))


def _median(values: Iterable[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.median(defined)) if defined else float("nan")


def _check_image(image: AnyArray, shape: tuple[int, ...]) -> None:
    if image.shape != shape or image.dtype.kind not in "uif":
        given = f"image is a {image.dtype} array of shape {image.shape}"
        raise ArrayError(given, f"real numbers of the label's shape {shape}", "Give one channel, uncropped")
    if not np.isfinite(image).all():
        given = f"image has {np.count_nonzero(~np.isfinite(image))} pixels of nan or infinity"
        raise ArrayError(given, "finite values", "Look for where the generator made them")
