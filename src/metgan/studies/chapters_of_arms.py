"""The chapters of the downstream study: Table 2, Fig. 4, tumours found, small and dim ones, tests, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from metgan.metrics import LEAST_IOU, SIZES
from metgan.models import SMALLEST_READ, ModelCard
from metgan.pictures import Band, draw_bands, draw_bars

from .arms import YARDSTICKS, Arm
from .gains import COUNTS, RATIOS, Cell
from .report import Figure, Section, Table
from .verdicts import p_value

_PIXELS, _TUMOURS = RATIOS[:4], RATIOS[4:7]
_MOST_LINES = 8  # that can be told apart where many have a single point, and that at the same number
_RULE = (
    f"A tumour counts as found when what is read overlaps it by an intersection over union of {LEAST_IOU} or "
    f"more, one to one (metrics.match); read objects below {SMALLEST_READ} pixels are ignored."
)


def arm_chapters(table: pd.DataFrame, cells: Sequence[Cell]) -> list[Section]:
    """Give the chapters; the first has Table 2, the second Fig. 4."""
    arms = list({cell.arm.name: cell.arm for cell in cells}.values())
    figures = table.set_index(["arm", "score"])
    return [
        _pixels(figures, arms, cells),
        _samples(figures, arms, cells),
        _tumours(figures, arms),
        _kinds(figures, arms),
        _tests(figures, arms),
        _costs(arms, cells),
    ]


def painters_chapter(cards: Mapping[int, Sequence[ModelCard]]) -> Section:
    """Tell what the networks that further pairs come from had learned, by fold."""
    known = [(fold, card) for fold, mine in cards.items() for card in mine]
    rows = [
        [str(fold), card.kind, "" if (dice := card.val_dice) is None else f"{dice:.3f}", str(card.step)]
        for fold, card in known
    ]
    doubts = [f"Fold {fold}, {card.kind}: {card.doubt}." for fold, card in known if card.doubt]
    caption = (
        "Pooled Dice on the validation part, by which the weights were chosen: of the labels and what the "
        "segmentor in the loop reads, in real images (segmentor) and in painted ones (generator)."
    )
    header = ("fold", "network", "validation Dice", "weights of step")
    return Section("What the painters had learned", doubts, table=Table(header, rows, caption))


def _pixels(table: pd.DataFrame, arms: Sequence[Arm], cells: Sequence[Cell]) -> Section:
    rows = [
        [arm.title, f"{_samples_of(arm, cells):.0f}", *(_range(table, arm, score) for score in _PIXELS)]
        for arm in arms
    ]
    folds, seeds = len({cell.fold for cell in cells}), len({cell.seed for cell in cells})
    caption = (
        f"Pixels pooled over the test images of a fold: means over {folds} folds, in brackets the least and "
        f"the most of them; each fold is a mean over {seeds} seed{'s' if seeds > 1 else ''}. Samples: mean "
        "size of the training sets. All segmentors have the same steps, batches and crops. The generator has "
        "seen the whole training part, also where the segmentor is given a share of it."
    )
    return Section("Does it help?", table=Table(("trained on", "samples", *_PIXELS), rows, caption))


def _samples(table: pd.DataFrame, arms: Sequence[Arm], cells: Sequence[Cell]) -> Section:
    lines: dict[str, list[Arm]] = {}
    for arm in sorted(arms, key=lambda arm: _samples_of(arm, cells)):
        lines.setdefault(arm.line, []).append(arm)
    bands = {
        line: Band(
            [_samples_of(arm, cells) for arm in points],
            *([_figure(table, arm, "Dice", of) for arm in points] for of in ("mean", "least", "most")),
        )
        for line, points in lines.items()
    }
    caption = "Lines: means over the folds. Bands, and bars of single points: from the least to the most."
    if len(bands) > _MOST_LINES:
        bands = {line: bands[line] for line, points in lines.items() if len(points) > 1} or bands
        caption += " Arms that are the only ones of their kind stand in the table above alone."
    picture = draw_bands(bands, "pooled Dice", "training samples")
    return Section("How many samples does it take?", figures=[Figure(picture, caption)])


def _tumours(table: pd.DataFrame, arms: Sequence[Arm]) -> Section:
    scores = (*COUNTS[1:], *_TUMOURS)
    rows = []
    for arm in arms:
        counts = [f"{_figure(table, arm, score, 'mean'):.1f}" for score in COUNTS[1:]]
        rows.append([arm.title, *counts, *(_range(table, arm, score) for score in _TUMOURS)])
    bars = {
        score: [_figure(table, arm, score, "mean") for arm in arms]
        for score in ("tumours found", "false tumours")
    }
    picture = draw_bars([arm.title for arm in arms], bars, "per fold")
    return Section(
        "Which tumours are found?",
        table=Table(("trained on", *scores), rows, f"Counts per fold, means over the folds. {_RULE}"),
        figures=[Figure(picture, "Tumours found, and false ones, in the test images of a fold.")],
    )


def _kinds(table: pd.DataFrame, arms: Sequence[Arm]) -> Section:
    scores = RATIOS[7:]
    rows = [[arm.title, *(_range(table, arm, score) for score in scores)] for arm in arms]
    caption = (
        f"Share of the tumours that are found, by size ({', '.join(SIZES)}) and by contrast: dim ones lie "
        "below the median contrast of the test tumours of all folds, taken in the real image: the ratio to "
        "the surroundings, or the difference where these have no light."
    )
    header = ("trained on", *(score.removeprefix("recall ") for score in scores))
    return Section("The small and the dim", table=Table(header, rows, caption))


def _tests(table: pd.DataFrame, arms: Sequence[Arm]) -> Section:
    scores = ("Dice", "tumour F1", "wrong pixels", "tumours found", "false tumours")
    present = [arm for name in YARDSTICKS for arm in arms if arm.name == name]
    rows = [
        [arm.title, other.title, *(_tested(table, arm, other, score) for score in scores)]
        for other in present
        for arm in arms
        if arm != other
    ]
    caption = (
        "The first minus the second; in brackets the p-values of the paired t-test and of Wilcoxon's signed "
        "ranks, corrected by Holm's rule over the rows. Dice and F1 are paired by fold; wrong pixels (missed "
        "and false), tumours found and false ones by test image, where they are always defined. Folds share "
        "training pairs and images of a group resemble each other: all p-values are too small."
    )
    return Section("What the tests say", table=Table(("trained on", "minus", *scores), rows, caption))


def _costs(arms: Sequence[Arm], cells: Sequence[Cell]) -> Section:
    rows = []
    for arm in arms:
        seconds = [cell.seconds for cell in cells if cell.arm == arm]
        rows.append([arm.title, f"{np.mean(seconds):.0f}", str(len(seconds))])
    caption = "Mean seconds of a segmentor's training, without the generator's, and how many were trained."
    return Section("What it costs", table=Table(("trained on", "seconds", "trainings"), rows, caption))


def _tested(table: pd.DataFrame, arm: Arm, other: Arm, score: str) -> str:
    difference, *tests = (
        _figure(table, arm, score, f"{kind} {other.name}") for kind in ("difference", "t_test", "wilcoxon")
    )
    if np.isnan(difference):
        return "–"
    return f"{difference:+.3f} ({' / '.join(p_value(test) for test in tests)})"


def _range(table: pd.DataFrame, arm: Arm, score: str) -> str:
    mean, least, most = (_figure(table, arm, score, of) for of in ("mean", "least", "most"))
    return "–" if np.isnan(mean) else f"{mean:.3f} [{least:.3f}, {most:.3f}]"


def _figure(table: pd.DataFrame, arm: Arm, score: str, column: str) -> float:
    return float(table[column].to_dict()[arm.name, score])


def _samples_of(arm: Arm, cells: Sequence[Cell]) -> float:
    return float(np.mean([cell.samples for cell in cells if cell.arm == arm]))
