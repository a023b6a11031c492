"""Where a training set's further pairs come from: a fold's MetGAN, or pasted real tumours.

A source gives pairs in one fixed order, and a training set takes the first of them. All training sets of a
fold whose further pairs are made alike therefore share one generation, and a larger set holds the smaller
one, as lines over the number of samples suggest. The streamed ones alone are made for one training.
"""

from __future__ import annotations

from typing import Final

from metgan.labels import Bank, LabelRecipe, Merged, Mixed, Real
from metgan.synthesis import GateLimits, order_steps

from .pasted import Pasted
from .source import Source
from .streamed import Streamed
from .synthetic import Synthetic
from .training_sets import TrainingSet

_PAPERS: Final = Mixed((Real(), Merged(2)))  # section 4: single real labels, or several merged


def source_of(training_set: TrainingSet) -> Source:
    """Return what makes the further pairs of a training set: from its values to how it is made."""
    if training_set.made == "pasted":
        return Pasted()
    generated = Synthetic(
        training_set.making,
        _labels_of(training_set),
        order_steps(training_set.refine),
        GateLimits() if training_set.gated else None,
        training_set.oversampled,
    )
    return Streamed(generated) if training_set.made == "streamed" else generated


def _labels_of(training_set: TrainingSet) -> LabelRecipe:
    """Return the paper's labels, single tumours where each has a contrast, or one beside the image's own."""
    if "insert" in training_set.refine:
        return Bank(counts=(1, 1))
    return Bank() if "contrast" in training_set.refine else _PAPERS
