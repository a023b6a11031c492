"""Pictures: rows of images in a grid with headings, and a few curves.

Generated and real images that are compared share one grey scale, because a picture that stretches each
by itself hides just what one looks for.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from metgan.types import AnyArray, Mask, Scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Item = TypeVar("Item")
LARGEST = 512
"""Pixels along the longer side of a panel, at most: it is drawn with fewer than half of them."""
_OUTLINE = "#ffb000"
_INK = "#30343b"


@dataclass(frozen=True)
class Panel:
    """One image of a grid; of a large one every n-th pixel is kept, so that no side exceeds `LARGEST`.

    Parameters
    ----------
    image : array, (Y, X)
        Of a mask, and of the outline, a pixel is kept where any of n x n is True, so that no tumour vanishes.
    low, high : float
        Values shown as black and white (or as the two ends of the colours).
    outline : Mask or None
        Drawn as a thin line over the image.
    colours : {"grey", "difference", "mask"}
        A difference has its scale written below it.
    """

    image: AnyArray
    low: float
    high: float
    outline: Mask | None = None
    colours: Literal["grey", "difference", "mask"] = "grey"

    def __post_init__(self) -> None:
        step = -(-max(self.image.shape) // LARGEST)
        if step == 1:
            return
        image = _any_of(self.image, step) if self.colours == "mask" else self.image[::step, ::step].copy()
        object.__setattr__(self, "image", image)
        if self.outline is not None:
            object.__setattr__(self, "outline", _any_of(self.outline, step))


def _any_of(mask: Mask, step: int) -> Mask:
    """Return the largest value of each `step` x `step` pixels."""
    for axis, side in enumerate(mask.shape):
        mask = np.maximum.reduceat(mask, np.arange(0, side, step), axis)
    return mask


@dataclass(frozen=True)
class Band:
    """Points of a line, (x, y), with the least and the most that each was drawn from."""

    across: Sequence[float]
    mean: Sequence[float]
    least: Sequence[float]
    most: Sequence[float]


_MAPS = {"grey": "gray", "difference": "RdBu_r", "mask": "gray"}


COMPARISON = ("anatomy", "label", "generated", "real", "difference")
"""Headings of the rows that `compare_images` gives."""
COMPARED = (
    "Orange: the outline of the label. Generated and real share one grey scale. Difference: generated minus "
    "real, white where they agree, red where the generated is too bright and blue where it is too dark, in "
    "full colour at the values below it, the same in all rows (images lie on [-1, 1])."
)
"""What to say below such rows."""


def compare_images(anatomy: Scaled, label: Mask, generated: Scaled, real: Scaled) -> list[Panel]:
    """Return the row of a pair and what was generated for it; images are (Y, X) on [-1, 1].

    Generated and real share one grey scale, so that a dim tumour is seen to be dim. In the difference,
    generated minus real, red is too bright and blue too dark, at full colour by half of that scale;
    `draw_comparison` gives all rows the widest.
    """
    low, high = window(generated, real)
    reach = (high - low) / 2
    return [
        Panel(anatomy, *window(anatomy)),
        Panel(label, 0, 1, colours="mask"),
        Panel(generated, low, high, outline=label),
        Panel(real, low, high, outline=label),
        Panel(generated - real, -reach, reach, colours="difference"),
    ]


def draw_comparison(rows: Sequence[Sequence[Panel]]) -> bytes:
    """Draw rows of `compare_images` with one scale for all differences; returns PNG bytes.

    The scale is that of the row with the widest. So rows can be compared: what is red in one is as far off as
    what is red in another.
    """
    reach = max(panel.high for row in rows for panel in row if panel.colours == "difference")
    shared = [
        [replace(p, low=-reach, high=reach) if p.colours == "difference" else p for p in row] for row in rows
    ]
    return draw_grid(shared, COMPARISON)


def window(*images: Scaled) -> tuple[float, float]:
    """Return the values to show as black and white: all but the darkest and brightest pixels of `images`.

    The scale of a data set is set by its brightest tumours; on it, most tissue is black.
    """
    low, high = np.percentile(np.concatenate([image.ravel() for image in images]), [0.5, 99.7])
    return float(low), float(max(high, low + 1e-3))


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of `items`, evenly spread from the first to the last.

    Examples
    --------
    >>> evenly("abcdefg", 3)
    ['a', 'd', 'g']
    """
    places = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[place] for place in places]


def evenly_over(items: Sequence[Item], most: int, group: Callable[[Item], str]) -> list[Item]:
    """Return at most `most` of `items`, as many of one group as of another where there are; in their order.

    Where there are more groups than `most`, one item each of groups that are evenly spread.

    Examples
    --------
    >>> evenly_over(["a1", "a2", "a3", "a4", "a5", "b1", "c1"], 4, lambda item: item[0])
    ['a1', 'a5', 'b1', 'c1']
    >>> evenly_over(["a1", "b1", "b2", "c1"], 2, lambda item: item[0])
    ['a1', 'c1']
    """
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(group(item), []).append(place)
    quota = dict.fromkeys(evenly([*places], most), 0)
    left = min(most, len(items))
    while left and (free := [name for name in quota if quota[name] < len(places[name])]):
        for name in evenly(free, left):
            quota[name] += 1
            left -= 1
    chosen = sorted(place for name, count in quota.items() for place in evenly(places[name], count))
    return [items[place] for place in chosen]


def draw_grid(rows: Sequence[Sequence[Panel]], headings: Sequence[str], names: Sequence[str] = ()) -> bytes:
    """Draw panels in rows under `headings`, with the rows' `names` at the left; returns PNG bytes."""
    height, width = len(rows), len(headings)
    figure = Figure(figsize=(2.1 * width + 0.3, 2.1 * height + 0.35), layout="constrained")
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
    figure = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = figure.subplots()
    values = np.array([v for _, ys in curves.values() for v in ys if v > 0])
    for name, (xs, ys) in curves.items():
        axes.plot(xs, ys, label=name, linewidth=1.4, marker="." if len(xs) < 15 else None)
    if values.size and values.max() / values.min() > 50:
        axes.set_yscale("log", nonpositive="mask")  # a zero is a gap, not a cliff
    return _furnished(figure, axes, title, "step")


def draw_bands(bands: Mapping[str, Band], title: str, across: str) -> bytes:
    """Draw named lines of means in bands from least to most; a single point has a bar. Gives PNG bytes."""
    figure = Figure(figsize=(6.6, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, band in bands.items():
        (line,) = axes.plot(band.across, band.mean, label=name, linewidth=1.6, marker="o", markersize=4)
        if len(band.across) > 1:
            axes.fill_between(band.across, band.least, band.most, color=line.get_color(), alpha=0.18, lw=0)
        else:
            axes.vlines(band.across, band.least, band.most, color=line.get_color(), linewidth=1.6)
    return _furnished(figure, axes, title, across)


def draw_bars(names: Sequence[str], bars: Mapping[str, Sequence[float]], title: str) -> bytes:
    """Draw a group of bars for each of `names`, one bar per series, on their side; returns PNG bytes."""
    figure = Figure(figsize=(6.6, 0.9 + 0.2 * len(names) * (len(bars) + 0.6)), layout="constrained")
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
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return _png(figure)


def _furnished(figure: Figure, axes: Axes, title: str, across: str) -> bytes:
    """Return curves their title, grid, whole-numbered axis and legend; returns PNG bytes."""
    axes.set_title(title, fontsize=10, color=_INK)
    axes.set_xlabel(across, fontsize=9)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
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
