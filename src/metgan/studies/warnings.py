"""What must be known before scores are believed: terminal, page, summary and `metgan info` all say it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from metgan.metrics import SMALLEST_ANNOTATED, Faithfulness
from metgan.models import ModelCard
from metgan.training import planned_steps, stopped_at

LEAST_RECALL: Final = 0.2
"""Share of the real tumours below which a referee finds too few to say anything of generated ones: a choice,
as low as `metgan.models.LEAST_DICE`."""


def find_warnings(
    generator: ModelCard, referee: ModelCard, real: Faithfulness, run: Path | None = None
) -> tuple[str, ...]:
    """Return what speaks against the scores of a generator.

    Parameters
    ----------
    generator, referee : ModelCard
    real : Faithfulness
        What the referee reads in the real test images, pooled.
    run : path or None, default None
        Run folder of the generator, which tells whether its training was stopped; None where that is known.

    Returns
    -------
    tuple of str
        Sentences without a full stop, the gravest first; empty where nothing does.
    """
    told = [_void(real)]
    if referee.doubt:
        told.append(f"the referee: {referee.doubt}")
    if generator.doubt:
        told.append(f"the generator: {generator.doubt}")
    if run is not None and (stopped := stopped_at(run, generator.steps)) is not None:
        told.append(
            f"the training of {run} stopped at step {stopped} of {planned_steps(run, generator.steps)}; "
            "metgan train ... --resume finishes it"
        )
    return tuple(text for text in told if text)


def _void(real: Faithfulness) -> str:
    """Return why the referee cannot judge whether tumours are where they were asked for; "" where it can."""
    areas = [tumour.area for tumour in real.tumours if tumour.area >= SMALLEST_ANNOTATED]
    least = SMALLEST_ANNOTATED if areas else 1
    recall, count = real.recall_of(least), len(areas) or len(real.tumours)
    if np.isnan(recall):
        return "no test image shows a tumour: whether tumours are where they were asked for is not tested"
    if recall >= LEAST_RECALL:
        return ""
    return (
        f"the referee finds too few of the real tumours to judge ({recall:.0%} of {count}, "
        f"{LEAST_RECALL:.0%} or more is expected): what it says of the generated ones is void. Train it "
        "longer (--referee-steps) or give a better one (--referee)"
    )
