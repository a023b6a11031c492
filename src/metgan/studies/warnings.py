"""What must be known before scores are believed: terminal, page, summary and `metgan info` all say it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from metgan.data import SPLIT_FILE, load_split
from metgan.io import has_file
from metgan.metrics import MIN_ANNOTATED_SIZE, Faithfulness
from metgan.models import ModelCard, seed_warning, worse_than_flat
from metgan.training import least_steps, planned_steps, stopped_at

LEAST_RECALL: Final = 0.2
"""Share of the real tumours below which an independent segmentor cannot judge generated ones: a choice,
as low as `metgan.models.LEAST_DICE`."""


def find_warnings(
    generator: ModelCard,
    independent_segmentor: ModelCard,
    real: Faithfulness,
    run: Path | None = None,
    errors: tuple[float, float] | None = None,
) -> tuple[str, ...]:
    """Return what speaks against the scores of a generator.

    Parameters
    ----------
    generator, independent_segmentor : ModelCard
    real : Faithfulness
        What the independent segmentor reads in the real test images, pooled.
    run : path or None, default None
        Run folder of the generator, which tells whether its training was stopped, or too short to judge; None
        where that is known.
    errors : (float, float) or None, default None
        Mean absolute errors of the test images, on [-1, 1] and fill left out: of the generated ones, and of
        flat images of the training mean. None where they are not compared.

    Returns
    -------
    tuple of str
        Sentences without a full stop, the gravest first; empty where nothing does.
    """
    told = [_why_blind(real), seed_warning(independent_segmentor, generator)]
    if independent_segmentor.warning:
        told.append(f"the independent segmentor: {independent_segmentor.warning}")
    if warning := warning_of(generator, run):
        told.append(f"the generator: {warning}")
    if (worse := worse_than_flat(*(errors or (None, None)))) and not _is_short(generator, run):
        told.append(
            f"the generated test images {worse}: train the generator longer (metgan train ... --resume "
            "--steps), and check that test and training images are stained and exposed alike"
        )
    if run is not None and (stopped := stopped_at(run, generator.steps)) is not None:
        told.append(
            f"the training of {run} stopped at step {stopped} of {planned_steps(run, generator.steps)}; "
            "metgan train ... --resume finishes it"
        )
    return tuple(text for text in told if text)


def warning_of(card: ModelCard, run: Path | None) -> str:
    """Return what whoever uses a network should be told of it; "" for nothing.

    Of a generator that was trained for less than its preset takes by itself, only that nothing can be said.

    Parameters
    ----------
    card : ModelCard
    run : path or None
        Its run folder, whose split tells how long a training should be; None where there is none.
    """
    is_unsure = bool(card.warning) or card.val_dice is None  # no segmentor has read its validation images
    if card.kind == "generator" and is_unsure and run is not None and _is_short(card, run):
        least = least_steps(card.preset, len(load_split(run / SPLIT_FILE).train))
        return (
            f"{card.steps} steps are too few to judge whether it will place tumours where the label is; "
            f"preset {card.preset} takes {least} or more (--steps {least})"
        )
    return card.warning


def _is_short(generator: ModelCard, run: Path | None) -> bool:
    """Return whether a training was shorter than any that its preset takes: too short to judge."""
    if run is None or not generator.steps or not has_file(run / SPLIT_FILE):  # or not known
        return False
    return generator.steps < least_steps(generator.preset, len(load_split(run / SPLIT_FILE).train))


def _why_blind(real: Faithfulness) -> str:
    """Return why the independent segmentor cannot tell where tumours are; "" where it can."""
    areas = [tumour.area for tumour in real.tumours if tumour.area >= MIN_ANNOTATED_SIZE]
    least = MIN_ANNOTATED_SIZE if areas else 1
    recall, count = real.recall_of(least), len(areas) or len(real.tumours)
    if np.isnan(recall):
        return "no test image shows a tumour: whether tumours are where they were asked for is not tested"
    if recall >= LEAST_RECALL:
        return ""
    return (
        f"the independent segmentor finds too few of the real tumours to judge ({recall:.0%} of {count}, "
        f"{LEAST_RECALL:.0%} or more is expected): its scores of generated images mean nothing. Train it "
        "longer (--independent-segmentor-steps; in a study --segmentor-steps), or give evaluate a better one "
        "(--independent-segmentor)"
    )
