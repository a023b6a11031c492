"""Which way each term of the loss pulls tumours in the first steps of a training: brighter, or darker.

A generator that starts where the segmentor in the loop is lost may be told to darken the label. Once tumours
are black, nothing brings them back. These few numbers tell why a run failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import torch
from torch import Tensor

from metgan.io import has_file, write_text
from metgan.methods import Translations

FIRST_STEPS_FILE = "first_steps.csv"
"""Name of the table in a run folder: ``step, term, pull``."""
LOOKED_AT: Final = (0, 10, 20)
"""The steps, counted from 0, of which the pulls are written down: each, or the next that shows a tumour."""


def label_pulls(losses: Mapping[str, Tensor], step: Translations) -> dict[str, float]:
    """Return how each weighted term pulls the label's pixels of the generated tumour channel: up, above 0.

    Minus the gradient, summed over the label's pixels of the batch. Terms that do not see the tumour channel
    are left out. `losses` are scalars that hang together with ``step.fake_tumour``; their graphs are kept.
    """
    pulls = {}
    for name, loss in losses.items():
        (gradient,) = torch.autograd.grad(loss, step.fake_tumour, retain_graph=True, allow_unused=True)
        if gradient is not None:
            pulls[name] = -float((gradient * step.label).sum())
    return pulls


class FirstSteps:
    """The table of pulls of one run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FIRST_STEPS_FILE
        self._complete = False

    def is_over(self, step: int) -> bool:
        """Return whether no step from this one on is looked at."""
        return step > LOOKED_AT[-1] and self._complete

    def write(self, step: int, losses: Mapping[str, Tensor], images: Translations) -> None:
        """Add the rows of a step that is looked at; those that a resumed run takes again are replaced.

        A step whose crops show no tumour pulls at none: the next one that does stands in for it.
        """
        if self.is_over(step):
            return
        rows = [row for row in read_first_steps(self.path) if row[0] < step]
        looks = len({number for number, *_ in rows})
        self._complete = looks == len(LOOKED_AT)
        if self._complete or step < LOOKED_AT[looks] or not images.label.any():
            return
        rows += [(step, name, pull) for name, pull in label_pulls(losses, images).items()]
        table = pd.DataFrame(rows, columns=["step", "term", "pull"])
        write_text(self.path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def read_first_steps(path: Path) -> list[tuple[int, str, float]]:
    """Return the rows (step, term, pull) of a table; none where there is no file yet."""
    if not has_file(path):
        return []
    return [*pd.read_csv(path).itertuples(index=False, name=None)]
