"""A laboratory drawn at random, so that combinations come up that nobody had in mind.

What is drawn stays visible: Rose's criterion [1] says that a uniform disc is seen in noise when its signal
exceeds the standard error of the background under it `ROSE` times. Here the background has two parts, shot
noise of independent pixels and texture whose patches are some 16 pixels large. The dimmest tumour of the
median area meets it; if the contrast drawn does not suffice, it is raised.

[1] A. Rose, J. Opt. Soc. Am. 38, 196 (1948). https://doi.org/10.1364/JOSA.38.000196
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metgan.seeding import check_seed

from .fill import Fill, FillKind
from .laboratories import SEEDS, Laboratory
from .organs import ORGANS
from .settings import PhantomSettings

ROSE = 3.0
"""Signal over standard error of the dimmest tumour of the median area, at least."""
_TEXTURE, _PATCH = 0.15, 16  # of the background's light; pixels that are bright or dark together
_NAMED = 1000  # more than there are named laboratories
_GAIN = 14.0  # counts per photon of the default camera
_COVERED = 0.12  # of the recorded pixels, that tumours of the median area may cover
_KINDS: tuple[FillKind, ...] = ("none", "mask", "mosaic", "rotation", "clipped")


def draw_laboratory(seed: int) -> Laboratory:
    """Draw a laboratory: every quantity at random, and none so that its tumours are invisible.

    Parameters
    ----------
    seed : int
        Which one, >= 0; the same seed gives the same laboratory.

    Returns
    -------
    Laboratory
        Named ``random-SEED``; its description states what was drawn.

    Raises
    ------
    SettingError
        If `seed` is no whole number from 0 to ``metgan.seeding.MAX_SEED``.

    Examples
    --------
    >>> draw_laboratory(3) == draw_laboratory(3), draw_laboratory(3).name
    (True, 'random-3')
    """
    check_seed(seed)
    rng = np.random.default_rng([seed, 0x1AB])
    size = int(rng.integers(96, 301))
    drawn: dict[str, Any] = {"size": size, **_draw_tissue(rng), "fill": _draw_fill(rng)}
    drawn |= _draw_tumours(size, drawn["fill"], rng)
    drawn |= _draw_contrasts(drawn, rng)
    settings = PhantomSettings(**drawn)
    groups = int(rng.choice([3, 4, 5, 6, 8, 10, 12, 15, 20]))
    described = _describe(settings, groups)
    return Laboratory(f"random-{seed}", described, settings, groups, first_seed=(_NAMED + seed) * SEEDS)


def _draw_tissue(rng: np.random.Generator) -> dict[str, Any]:
    organs = tuple(ORGANS) if rng.random() < 0.5 else (str(rng.choice(list(ORGANS))),)
    crosstalk = float(rng.choice([0.0, rng.uniform(0.2, 2), rng.uniform(0.2, 2), rng.uniform(-1.5, -0.5)]))
    photons = _log_uniform(8, 200, rng)
    counts = _log_uniform(200, 1000, rng)  # of ordinary tissue in the tumour channel, in 12 bits
    return {
        "organs": organs,
        "edge_fraction": float(rng.uniform(0, 0.4)),
        "confusers_per_image": float(rng.uniform(0, 12)),
        "crosstalk": round(crosstalk, 2),
        "dye_in_tissue": float(rng.uniform(0, 0.25)) if crosstalk >= 0 else 0.0,
        "animal_spread": float(rng.uniform(0.1, 0.5)),
        "photons": photons,
        "gain": counts / (_GAIN * photons * _background(crosstalk)),
        "pixel_format": str(rng.choice(["uint8", "uint12", "uint16", "float32"])),
        "empty_fraction": float(rng.uniform(0, 0.7)),
    }


def _draw_fill(rng: np.random.Generator) -> Fill:
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    return Fill(kind, 0.0 if kind == "none" else round(float(rng.uniform(0.05, 0.6)), 2))


def _draw_tumours(size: int, fill: Fill, rng: np.random.Generator) -> dict[str, Any]:
    """Draw areas and numbers that the recorded pixels have room for."""
    recorded = size**2 * (1 if fill.kind == "clipped" else 1 - fill.share)
    median = _log_uniform(12, min(3000, _COVERED * recorded), rng)
    number = _log_uniform(1, float(np.clip(_COVERED * recorded / median, 1.01, 15)), rng)
    return {
        "tumours_per_image": number,
        "median_area": median,
        "area_spread": float(rng.uniform(0.2, 1.2)),
        "smallest_area": max(round(median / 6), 5),
        "largest_area": round(min(10 * median, 10_000)),
    }


def _draw_contrasts(drawn: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Draw contrasts of which the lowest meets Rose's criterion; raise it if need be."""
    error = _standard_error(drawn["median_area"], drawn["photons"], drawn["crosstalk"])
    lowest = max(_log_uniform(1.2, 3, rng), 1 + ROSE * error)
    highest = lowest * _log_uniform(1.3, max(20 / lowest, 1.31), rng)
    return {
        "lowest_contrast": lowest,
        "dim_contrast": lowest * (highest / lowest) ** 0.3,
        "highest_contrast": highest,
        "dim_fraction": float(rng.uniform(0, 0.6)),
    }


def _standard_error(area: float, photons: float, crosstalk: float) -> float:
    """Return that of the background's mean over `area` pixels, as a share of its light."""
    return float(np.sqrt(1 / (photons * _background(crosstalk) * area) + _TEXTURE**2 * _PATCH / area))


def _background(crosstalk: float) -> float:
    """Return the light of ordinary tissue in the tumour channel, about."""
    return 0.5 + abs(crosstalk)


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _describe(s: PhantomSettings, groups: int) -> str:
    organs = s.organs[0] if len(s.organs) == 1 else "all organs"
    fill = "no exact values" if s.fill.kind == "none" else f"{s.fill.kind} over {s.fill.share:.0%}"
    return (
        f"Drawn at random: {organs}, {s.size} pixels wide, {groups} groups, {s.pixel_format}, {fill}; "
        f"{s.tumours_per_image:.1f} tumours of some {s.median_area:.0f} pixels "
        f"({s.smallest_area} to {s.largest_area}) per image, {s.empty_fraction:.0%} of the images without; "
        f"contrast {s.lowest_contrast:.2f} to {s.highest_contrast:.1f}, crosstalk {s.crosstalk:g}, "
        f"{s.photons:.0f} photons, {s.confusers_per_image:.0f} confusers, "
        f"animals differ by {s.animal_spread:.0%}."
    )
