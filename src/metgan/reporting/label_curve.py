"""How many pairs must be labelled: a curve, a sentence and a table."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from metgan.pictures import Band, draw_bands
from metgan.studies import WITH, WITHOUT, LabelCurveResult

from .report import Figure, Report, Section, Table

_NAMES = {WITHOUT.name: "without metgan", WITH.name: "with metgan"}
_SCORES = ("Dice", "tumour F1", "false tumours")


def label_curve_report(found: LabelCurveResult, data: Path) -> Report:
    """Return the page of the study; `data` is what the pair set is called on it."""
    lead = (
        f"Segmentors were trained on some labelled pairs of {data}, without metgan (strong augmentation) and "
        "with it (the other pairs of the training part, as if they had no labels), and tested on other "
        "animals. The labels of the validation part choose the threshold of both, and whether strong "
        "augmentation multiplies the light of crops; they are not counted."
    )
    sentences = [worth_in_words(found, int(count)) for count in found.curve(WITH).index]
    bands = {
        _NAMES[one.name]: Band(
            [float(count) for count in found.curve(one).index],
            *([*map(float, found.curve(one)[of])] for of in ("mean", "least", "most")),
        )
        for one in (WITHOUT, WITH)
    }
    picture = draw_bands(bands, "pooled Dice", "labelled pairs")
    caption = "Lines: means over the folds. Bands: from the least to the most."
    sections = [
        Section("How many must I label?", sentences, figures=[Figure(picture, caption)]),
        Section("In figures", table=_table(found)),
    ]
    return Report("How many pairs must be labelled?", lead, sections)


def worth_in_words(found: LabelCurveResult, labelled: int) -> str:
    """Say how many labelled pairs without metgan so many with it are worth."""
    worth = found.worth(labelled)
    most, fewest = int(found.curve(WITHOUT).index.max()), int(found.curve(WITHOUT).index.min())
    if math.isinf(worth):
        said = f"more than all {most}"
    elif not worth:
        said = f"fewer than {fewest}"
    else:
        said = f"about {worth:.0f}"
    return f"{labelled} labelled pairs with metgan are worth {said} without."


def _table(found: LabelCurveResult) -> Table:
    rows = [
        [str(count), _NAMES[one.name], *(_range(found.curve(one, s), int(count), s) for s in _SCORES)]
        for count in found.curve(WITHOUT).index
        for one in (WITHOUT, WITH)
        if count in found.curve(one).index
    ]
    seeds = found.config.seeds
    caption = (
        "Pooled over the test images of a fold: means over the folds, in brackets the least and the most of "
        f"them; each fold is a mean over {seeds} seed{'s' if seeds > 1 else ''}. In the last row all are "
        f"labelled. With metgan: {WITH.title}."
    )
    return Table(("labelled pairs", "trained", *_SCORES), rows, caption)


def _range(curve: pd.DataFrame, count: int, score: str) -> str:
    digits = 1 if score == "false tumours" else 3
    mean, least, most = (f"{curve.loc[[count], of].iloc[0]:.{digits}f}" for of in ("mean", "least", "most"))
    return f"{mean} [{least}, {most}]"
