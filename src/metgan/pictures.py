"""Pictures as PNG bytes: rows of panels in a grid with headings, and a few curves."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metgan.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OUTLINE = "#ffb000"
_INK = "#30343b"
_WIDE = 34  # characters of a name that a picture has room for beside it


@dataclass(frozen=True)
class Band:
    """Points of a line, (x, y), with the least and the most that each was drawn from."""

    across: Sequence[float]
    mean: Sequence[float]
    least: Sequence[float]
    most: Sequence[float]


_MAPS = {"grey": "gray", "difference": "RdBu_r", "mask": "gray"}


COMPARISON = ("anatomy", "label", "generated", "real", "difference")
"""Headings of the rows that `metgan.panels.compare_images` returns."""
COMPARED = (
    "Orange: the outline of the label. Generated and real share one grey scale. Difference: generated minus "
    "real, white where they agree, red where the generated is too bright and blue where it is too dark, in "
    "full colour at the values below it, the same in all rows (images lie on [-1, 1])."
)
"""What to say below such rows."""


def draw_comparison(rows: Sequence[Sequence[Panel]]) -> bytes:
    """Draw rows of `metgan.panels.compare_images` with one scale for all differences; returns PNG bytes.

    The scale is that of the row with the widest. So rows can be compared: what is red in one is as far off as
    what is red in another.
    """
    reach = max(panel.high for row in rows for panel in row if panel.colours == "difference")
    shared = [
        [replace(p, low=-reach, high=reach) if p.colours == "difference" else p for p in row] for row in rows
    ]
    return draw_grid(shared, COMPARISON)


def draw_grid(rows: Sequence[Sequence[Panel]], headings: Sequence[str], names: Sequence[str] = ()) -> bytes:
    """Draw panels in rows under `headings`, with the rows' `names` at the left; returns PNG bytes."""
    height, width = len(rows), len(headings)
    figure = _figure(2.1 * width + 0.3, 2.1 * height + 0.35)
    axes = np.atleast_2d(figure.subplots(height, width, squeeze=False))
    for r, row in enumerate(rows):
        for c, panel in enumerate(row):
            _draw_panel(axes[r, c], panel)
        if names:
            axes[r, 0].set_ylabel(names[r], fontsize=7, color=_INK)
    for c, heading in enumerate(headings):
        axes[0, c].set_title(heading, fontsize=10, color=_INK)
    return _png(figure)


def draw_curves(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str) -> bytes:
    """Draw named curves (step, y) as PNG bytes; on a log scale where they span decades."""
    figure = _figure(5.2, 3.0)
    axes = figure.subplots()
    values = np.array([v for _, ys in curves.values() for v in ys if v > 0])
    for name, (xs, ys) in curves.items():
        axes.plot(xs, ys, label=name, linewidth=1.4, marker="." if len(xs) < 15 else None)
    if values.size and values.max() / values.min() > 50:
        axes.set_yscale("log", nonpositive="mask")  # a zero is a gap, not a cliff
    return _furnished(figure, axes, title, "step")


def draw_bands(bands: Mapping[str, Band], title: str, across: str) -> bytes:
    """Draw named lines of means in bands from least to most; returns PNG bytes.

    A single point has a bar; those of one number stand side by side, since the last would hide the others.
    """
    figure = _figure(6.6, 3.8)
    axes = figure.subplots()
    places_of_all = [place for band in bands.values() for place in band.across]
    if len({*places_of_all}) == 1:  # else the axis would show nothing but how they were moved aside
        axes.set_xlim(places_of_all[0] - 1, places_of_all[0] + 1)
    aside = _side_by_side([band.across for band in bands.values()])
    for (name, band), by in zip(bands.items(), aside, strict=True):
        places = [place + by for place in band.across]
        (line,) = axes.plot(places, band.mean, label=name, linewidth=1.6, marker="o", markersize=4)
        if len(places) > 1:
            axes.fill_between(places, band.least, band.most, color=line.get_color(), alpha=0.18, lw=0)
        else:
            axes.vlines(places, band.least, band.most, color=line.get_color(), linewidth=1.6)
    return _furnished(figure, axes, title, across)


def _side_by_side(places: Sequence[Sequence[float]]) -> list[float]:
    """Return how far each line is moved across: single points, by a hundredth of all the width or less."""
    everywhere = [place for line in places for place in line]
    single = [tuple(line) if len(line) == 1 else None for line in places]
    most = max((single.count(point) for point in single if point is not None), default=1)
    step = min(0.012, 0.06 / most) * (max(everywhere) - min(everywhere) or 2.0)
    aside = []
    for k, point in enumerate(single):
        before, all_told = single[:k].count(point), single.count(point)
        aside.append(0.0 if point is None else step * (before - (all_told - 1) / 2))
    return aside


def draw_bars(names: Sequence[str], bars: Mapping[str, Sequence[float]], title: str) -> bytes:
    """Draw a group of bars for each of `names`, one bar per series, on their side; returns PNG bytes."""
    names = [textwrap.fill(name, _WIDE) for name in names]
    lines = sum(max(len(bars) + 0.6, 0.8 * (1 + name.count("\n"))) for name in names)
    figure = _figure(6.6, 0.9 + 0.2 * lines)
    axes = figure.subplots()
    places = np.arange(len(names))
    height = 0.8 / len(bars)
    for k, (series, values) in enumerate(bars.items()):
        drawn = axes.barh(places + (k - (len(bars) - 1) / 2) * height, values, height, label=series)
        axes.bar_label(drawn, fmt="%.5g", fontsize=7, padding=2)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)  # the first name on top
    axes.set_title(title, fontsize=10, color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    return _with_legend(figure)


def _figure(width: float, height: float) -> Figure:
    """Return an empty figure; width and height in inches."""
    from matplotlib.figure import Figure  # half a second: not for verbs that draw nothing

    return Figure(figsize=(width, height), layout="constrained")


def _furnished(figure: Figure, axes: Axes, title: str, across: str) -> bytes:
    """Return curves their title, grid, whole-numbered axis and legend; returns PNG bytes."""
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, fontsize=10, color=_INK)
    axes.set_xlabel(across, fontsize=9)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axes.dataLim.ymin >= 0:  # no room for scores and losses below 0
        axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))
    return _with_legend(figure)


def _with_legend(figure: Figure) -> bytes:
    """Return a picture with its legend as PNG bytes: at the right, or below where a name is long."""
    names = figure.axes[0].get_legend_handles_labels()[1]
    if max(map(len, names)) <= _WIDE:
        figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    else:
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + 0.18 * len(names))
        figure.legend(loc="outside lower left", fontsize=7, frameon=False)
    return _png(figure)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.imshow(
        panel.image, cmap=_MAPS[panel.colours], vmin=panel.low, vmax=panel.high, interpolation="nearest"
    )
    if panel.outline is not None and panel.outline.any() and not panel.outline.all():
        axes.contour(panel.outline, levels=[0.5], colors=_OUTLINE, linewidths=1.0)
    axes.set_xticks([])
    axes.set_yticks([])
    if panel.colours == "difference":
        axes.set_xlabel(f"blue {panel.low:+.2g} to red {panel.high:+.2g}", fontsize=7, color=_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
