"""What a generated pair must reach to be kept, and what it reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metgan.errors import SettingError
from metgan.metrics import choose_measure


@dataclass(frozen=True)
class GateScores:
    """How one pair scored; nan where there is nothing to measure.

    Parameters
    ----------
    recall : float, in [0, 1]
        Share of the asked-for tumours of 10 pixels and more that the independent segmentor read.
    false_area : float, in [0, 1]
        Share of the label-free pixels that it read as tumour.
    contrast : float
        Of the median asked-for tumour, over its surroundings; in camera units, see
        `metgan.metrics.evaluate_detection`.
    nearest : float, in [0, 2]
        Distance to the nearest training image, see `TrainingImages.distance`.
    light : float, camera units
        That the median asked-for tumour adds to its surroundings, see `metgan.metrics.evaluate_detection`.
    """

    recall: float
    false_area: float
    contrast: float
    nearest: float
    light: float = math.nan


@dataclass(frozen=True)
class GateLimits:
    """What a pair must reach. They find pairs whose label is false, and no more than that.

    A gate that is tight keeps what its independent segmentor finds easy. But a pair is worth most where a
    segmentor errs, on small and dim tumours, and the independent segmentor is one. So the defaults are wide:
    on the phantom, read by the segmentor of a short demo, 82 % of the real training images and 76 % of the
    real test images would pass.

    Parameters
    ----------
    least_recall : float, in [0, 1], default 0.5
        Half of the tumours must be seen: an independent segmentor reads about three quarters of them in real
        images, half or more in three images of four. One of two may be missed, a single one may not.
    most_false_area : float, in [0, 1], default 0.02
        Four times the area that tumours cover in a usual image. Real images are read with 0.003, one in
        twenty with 0.015 to 0.04: rims that outgrow the label count, and are long about large tumours.
    least_contrast, most_contrast : float or None, default None
        Of the median tumour over its surroundings. None for what `settled` takes from the training images,
        since the same tumours have another contrast where another offset is in the camera's units.
    least_distance : float, in [0, 2], default 0.05
        Real phantom images of different animals are 0.12 and more apart, and copies with a tenth of noise in
        every pixel 0.01 to 0.07.
    attempts : int, at least 1, default 4
        Labels that are tried for one pair.
    least_light, most_light : float, camera units, default no limit
        Of the light that the median tumour adds; `settled` sets them in place of limits of contrast where
        the training images have no contrasts.

    Raises
    ------
    SettingError
        If a limit is out of its range.

    Examples
    --------
    >>> GateLimits().faults(GateScores(0.25, 0.001, 2.0, float("nan")))
    {'recall': 'recall 0.25 below 0.5'}
    """

    least_recall: float = 0.5
    most_false_area: float = 0.02
    least_contrast: float | None = None
    most_contrast: float | None = None
    least_distance: float = 0.05
    attempts: int = 4
    least_light: float = -math.inf
    most_light: float = math.inf

    def __post_init__(self) -> None:
        SettingError.unless_within("least_recall", self.least_recall, 0.0, 1.0)
        SettingError.unless_within("most_false_area", self.most_false_area, 0.0, 1.0)
        least, most = self._contrast
        if not 0 <= least <= most:
            raise SettingError(
                f"contrast from {least:g} to {most:g}", "0 <= least <= most", "Give both, in order"
            )
        SettingError.unless_within("least_distance", self.least_distance, 0.0, 2.0)
        SettingError.unless_within("attempts", self.attempts, 1, 1000)

    def __str__(self) -> str:
        contrast = "..".join(str(float(limit)) for limit in self._contrast)
        is_limited = math.isfinite(self.least_light) or math.isfinite(self.most_light)
        light = f"light={self.least_light:.6g}..{self.most_light:.6g} " if is_limited else ""
        return (
            f"recall>={float(self.least_recall)} false_area<={float(self.most_false_area)} "
            f"contrast={contrast} {light}nearest>={float(self.least_distance)} attempts={self.attempts}"
        )

    @property
    def _contrast(self) -> tuple[float, float]:
        """The limits of contrast; one that is None limits nothing."""
        least, most = self.least_contrast, self.most_contrast
        return 0.0 if least is None else least, math.inf if most is None else most

    def settled(self, contrasts: Sequence[float], lights: Sequence[float]) -> GateLimits:
        """Return the same limits, with those of contrast that are None taken from the training images.

        Parameters
        ----------
        contrasts, lights : sequence of float
            Of each labelled training image, contrast and light of its median tumour; nan where undefined.

        Returns
        -------
        GateLimits
            A contrast of 1 adds no light. The limits are half the light that the dim training tumours add and
            twice that of the bright ones, dim and bright being the 5th and the 95th percentile: a few
            mislabelled images move neither. Rounded outwards to hundredths. Where there is no image, 1.05 and
            20. Where contrasts are no ratios (see `metgan.metrics.choose_measure`), light is limited.

        Raises
        ------
        SettingError
            If a limit that was given lies beyond the other, taken one, or is one of contrast where the
            training images have none.

        Examples
        --------
        >>> str(GateLimits(most_contrast=9).settled([1.5, 2.0, 2.5], [50.0, 100.0, 150.0]))
        'recall>=0.5 false_area<=0.02 contrast=1.27..9.0 nearest>=0.05 attempts=4'
        """
        if choose_measure(contrasts, lights) == "light":
            return self._of_light([light for light in lights if not math.isnan(light)])
        least, most = _usual([contrast for contrast in contrasts if not math.isnan(contrast)])
        return replace(
            self,
            least_contrast=least if self.least_contrast is None else self.least_contrast,
            most_contrast=most if self.most_contrast is None else self.most_contrast,
        )

    def _of_light(self, lights: Sequence[float]) -> GateLimits:
        """Return the same with limits of light: half that of dim tumours, and twice that of bright ones."""
        for name in ("least_contrast", "most_contrast"):
            if getattr(self, name) is not None:
                raise SettingError(
                    f"{name} is {getattr(self, name):g}, and tumours of the training images lie in "
                    "surroundings without light, as where a background was subtracted",
                    "no limit of a ratio, which means nothing there",
                    f"Leave {name} out; the light that tumours add is limited as in the training images",
                )
        dim, bright = np.quantile(lights, _TYPICAL).tolist()
        return replace(self, least_light=min(dim, dim / 2), most_light=max(bright, 2 * bright))

    def faults(self, scores: GateScores) -> dict[str, str]:
        """Return what a pair failed, by the name of the score, in words. What is nan fails nothing."""
        bounds = (
            ("recall", scores.recall, self.least_recall, 1.0),
            ("false_area", scores.false_area, 0.0, self.most_false_area),
            ("contrast", scores.contrast, *self._contrast),
            ("nearest", scores.nearest, self.least_distance, 2.0),
            ("light", scores.light, self.least_light, self.most_light),
        )
        faults = {}
        for name, value, least, most in bounds:
            if value < least:
                faults[name] = f"{name} {value:.3g} below {least:g}"
            elif value > most:
                faults[name] = f"{name} {value:.3g} above {most:g}"
        return faults


def _usual(known: Sequence[float]) -> tuple[float, float]:
    """Return the limits that follow from the contrasts of training images."""
    if not known:
        return _NOTHING_KNOWN
    dim, bright = np.quantile(known, _TYPICAL).tolist()
    # Tumours darker than their surroundings, as noise may make them, widen the limits instead.
    least, most = min(dim, (1 + dim) / 2), max(bright, 2 * bright - 1)
    return math.floor(100 * least) / 100, math.ceil(100 * most) / 100


_NOTHING_KNOWN = (1.05, 20.0)  # real phantom images have 1.2 to 8.6; camera offsets draw it towards 1
_TYPICAL = (0.05, 0.95)
