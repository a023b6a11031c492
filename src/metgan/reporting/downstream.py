"""What the downstream study has found: Table 2, Fig. 4, tumours found, small and dim ones, tests, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from metgan.metrics import LEAST_IOU, SIZES
from metgan.models import MIN_OBJECT_SIZE, ModelCard
from metgan.pictures import Band, draw_bands, draw_bars
from metgan.studies import BASELINES, COUNTS, RATIOS, DownstreamResult, RunResult, TrainingSet

from .comparison import difference_cell
from .report import Figure, Report, Section, Table

_PIXELS, _TUMOURS = RATIOS[:4], RATIOS[4:7]
_MOST_LINES = 8  # that can be told apart where many have a single point, and that at the same number
_RULE = (
    f"A tumour counts as found when what is read overlaps it by an intersection over union of {LEAST_IOU} or "
    f"more, one to one (metrics.match); read objects below {MIN_OBJECT_SIZE} pixels are ignored."
)

_UNDEFINED = (
    "A mean leaves out folds in which a share has nothing to be of, as precision where nothing is read."
)


def downstream_report(found: DownstreamResult, data: Path, training_pairs: int | None) -> Report:
    """Return the page of the study.

    Parameters
    ----------
    found : DownstreamResult
    data : path
        Pair set that it was held on, as it is called on the page.
    training_pairs : int or None
        How many the training part of each fold has kept; None for all.
    """
    sections = training_set_sections(found.statistics, found.cells)
    if found.elsewhere is not None:
        sections.append(_elsewhere(found.elsewhere, found.cells))
    if found.helpers:
        has_warning = any(card.warning for cards in found.helpers.values() for card in cards)
        sections.insert(0 if has_warning else len(sections), _generators(found.helpers))
    training_sets = {cell.training_set.name for cell in found.cells}
    folds = {cell.fold for cell in found.cells}
    kept = f"{training_pairs} pairs" if training_pairs else "the rest"
    lead = (
        f"Segmentors were trained alike on {len(training_sets)} kinds of training sets and tested on "
        f"{data} in {len(folds)} folds, trained on {kept} of each, preset {found.config.preset}. "
        "Generator, labels and pasted tumours come from the training part of the fold alone, and no "
        "unlabelled pair is of a test group; the validation part chooses the weights of the segmentor in the "
        "generator's loop, thresholds and what oversampled pairs show more of."
    )
    if found.exposures:
        lead += _exposures(found.exposures)
    return Report("Does synthetic data help?", lead, sections)


def training_set_sections(table: pd.DataFrame, cells: Sequence[RunResult]) -> list[Section]:
    """Return the sections; the first has Table 2, the second Fig. 4."""
    training_sets = list({cell.training_set.name: cell.training_set for cell in cells}.values())
    figures = table.set_index(["training_set", "score"])
    return [
        _pixels(figures, training_sets, cells),
        _samples(figures, training_sets, cells),
        _tumours(figures, training_sets),
        _kinds(figures, training_sets),
        _tests(figures, training_sets),
        _costs(training_sets, cells),
    ]


def _exposures(exposures: Mapping[int, float]) -> str:
    """Tell in which folds strong augmentation multiplies the light of crops."""
    with_them = [str(fold) for fold, exposure in exposures.items() if exposure]
    where = (
        f"in {len(with_them)} of {len(exposures)} folds ({', '.join(with_them)})"
        if with_them
        else "in no fold"
    )
    return (
        f" Strong augmentation multiplies the light of crops {where}: only where a segmentor that was "
        "trained so on the labelled pairs had the higher Dice on the validation part."
    )


def _generators(cards: Mapping[int, Sequence[ModelCard]]) -> Section:
    """Tell what the networks that further pairs come from had learned, by fold."""
    known = [(fold, card) for fold, mine in cards.items() for card in mine]
    rows = [
        [str(fold), card.kind, "" if (dice := card.val_dice) is None else f"{dice:.3f}", str(card.step)]
        for fold, card in known
    ]
    warnings = [f"Fold {fold}, {card.kind}: {card.warning}." for fold, card in known if card.warning]
    caption = (
        "Pooled Dice on the validation part: of the labels and what the segmentor in the loop reads, in real "
        "images (segmentor, whose weights were chosen by it) and in generated ones (generator)."
    )
    header = ("fold", "network", "validation Dice", "weights of step")
    return Section("What the generators had learned", warnings, table=Table(header, rows, caption))


def _pixels(table: pd.DataFrame, training_sets: Sequence[TrainingSet], cells: Sequence[RunResult]) -> Section:
    rows = [
        [
            training_set.title,
            f"{_samples_of(training_set, cells):.0f}",
            *(_range(table, training_set, score) for score in _PIXELS),
        ]
        for training_set in training_sets
    ]
    folds, seeds = len({cell.fold for cell in cells}), len({cell.seed for cell in cells})
    caption = (
        f"Pixels pooled over the test images of a fold: means over {folds} folds, in brackets the least and "
        f"the most of them; each fold is a mean over {seeds} seed{'s' if seeds > 1 else ''}. {_UNDEFINED} "
        "Samples: mean size of the training sets. All segmentors have the same steps, but where more are "
        "named, and the same batches and crops. The generator has seen the whole training part, also where "
        "the segmentor is given a share of it."
    )
    return Section("Does it help?", table=Table(("trained on", "samples", *_PIXELS), rows, caption))


def _samples(
    table: pd.DataFrame, training_sets: Sequence[TrainingSet], cells: Sequence[RunResult]
) -> Section:
    lines: dict[str, list[TrainingSet]] = {}
    for training_set in sorted(training_sets, key=lambda training_set: _samples_of(training_set, cells)):
        lines.setdefault(training_set.line, []).append(training_set)
    bands = {
        line: Band(
            [_samples_of(training_set, cells) for training_set in points],
            *(
                [_figure(table, training_set, "Dice", of) for training_set in points]
                for of in ("mean", "least", "most")
            ),
        )
        for line, points in lines.items()
    }
    caption = (
        "Lines: means over the folds. Bands, and bars of single points: from the least to the most. Points "
        "at the same number stand side by side."
    )
    if len(bands) > _MOST_LINES:
        bands = {line: bands[line] for line, points in lines.items() if len(points) > 1} or bands
        caption += " Training sets that are the only ones of their kind stand in the table above alone."
    picture = draw_bands(bands, "pooled Dice", "training samples")
    return Section("How many samples does it take?", figures=[Figure(picture, caption)])


def _tumours(table: pd.DataFrame, training_sets: Sequence[TrainingSet]) -> Section:
    scores = (*COUNTS[1:], *_TUMOURS)
    rows = []
    for training_set in training_sets:
        counts = [f"{_figure(table, training_set, score, 'mean'):.1f}" for score in COUNTS[1:]]
        ranges = [_range(table, training_set, score) for score in _TUMOURS]
        rows.append([training_set.title, *counts, *ranges])
    bars = {
        score: [_figure(table, training_set, score, "mean") for training_set in training_sets]
        for score in ("tumours found", "false tumours")
    }
    picture = draw_bars([training_set.title for training_set in training_sets], bars, "per fold")
    return Section(
        "Which tumours are found?",
        table=Table(
            ("trained on", *scores), rows, f"Counts per fold, means over the folds. {_RULE} {_UNDEFINED}"
        ),
        figures=[Figure(picture, "Tumours found, and false ones, in the test images of a fold.")],
    )


def _kinds(table: pd.DataFrame, training_sets: Sequence[TrainingSet]) -> Section:
    scores = RATIOS[7:]
    rows = [
        [training_set.title, *(_range(table, training_set, score) for score in scores)]
        for training_set in training_sets
    ]
    caption = (
        f"Share of the tumours that are found, by size ({', '.join(SIZES)}) and by contrast: dim ones lie "
        "below the median contrast of the test tumours of all folds, taken in the real image: the ratio to "
        f"the surroundings, or the difference where these have no light. {_UNDEFINED}"
    )
    header = ("trained on", *(score.removeprefix("recall ") for score in scores))
    return Section("The small and the dim", table=Table(header, rows, caption))


def _tests(table: pd.DataFrame, training_sets: Sequence[TrainingSet]) -> Section:
    scores = ("Dice", "tumour F1", "wrong pixels", "tumours found", "false tumours")
    present = [baseline for baseline in BASELINES if baseline in training_sets]
    rows = [
        [training_set.title, other.title, *(_tested(table, training_set, other, score) for score in scores)]
        for k, other in enumerate(present)
        for training_set in training_sets
        if training_set not in present[: k + 1]  # baselines meet once
    ]
    caption = (
        "The first minus the second; in brackets the p-values of the paired t-test and of Wilcoxon's signed "
        "ranks, corrected by Holm's rule over the rows. Dice and F1 are paired by fold; wrong pixels (missed "
        "and false), tumours found and false ones by test image, where they are always defined. Folds share "
        "training pairs and images of a group resemble each other: all p-values are too small."
    )
    return Section("What the tests say", table=Table(("trained on", "minus", *scores), rows, caption))


def _elsewhere(table: pd.DataFrame, cells: Sequence[RunResult]) -> Section:
    scores = ("Dice", "tumour recall", "tumour F1")
    figures = table.set_index(["training_set", "score"])
    training_sets = list({cell.training_set.name: cell.training_set for cell in cells}.values())
    rows = [
        [
            one.title,
            *(_range(figures, one, score) for score in scores),
            f"{_figure(figures, one, 'false tumours', 'mean'):.1f}",
        ]
        for one in training_sets
    ]
    caption = (
        "The same segmentors on all pairs of another laboratory, at the thresholds that their own validation "
        "parts chose: means over the folds, in brackets the least and the most of them."
    )
    header = ("trained on", *scores, "false tumours")
    return Section("In another laboratory", table=Table(header, rows, caption))


def _costs(training_sets: Sequence[TrainingSet], cells: Sequence[RunResult]) -> Section:
    rows = []
    for training_set in training_sets:
        seconds = [cell.seconds for cell in cells if cell.training_set == training_set]
        rows.append([training_set.title, f"{np.mean(seconds):.0f}", str(len(seconds))])
    caption = "Mean seconds of a segmentor's training, without the generator's, and how many were trained."
    return Section("What it costs", table=Table(("trained on", "seconds", "trainings"), rows, caption))


def _tested(table: pd.DataFrame, training_set: TrainingSet, other: TrainingSet, score: str) -> str:
    difference, *tests = (
        _figure(table, training_set, score, f"{kind} {other.name}")
        for kind in ("difference", "t_test", "wilcoxon")
    )
    return difference_cell(difference, tests, 3)


def _range(table: pd.DataFrame, training_set: TrainingSet, score: str) -> str:
    mean, least, most = (_figure(table, training_set, score, of) for of in ("mean", "least", "most"))
    return "–" if np.isnan(mean) else f"{mean:.3f} [{least:.3f}, {most:.3f}]"


def _figure(table: pd.DataFrame, training_set: TrainingSet, score: str, column: str) -> float:
    return float(table[column].to_dict()[training_set.name, score])


def _samples_of(training_set: TrainingSet, cells: Sequence[RunResult]) -> float:
    return float(np.mean([cell.samples for cell in cells if cell.training_set == training_set]))
