"""Where a training set's further pairs come from: a fold's MetGAN, or pasted real tumours.

A source gives pairs in one fixed order, and a training set takes the first of them. All training sets of a
fold whose further pairs are made alike therefore share one generation, and a larger set holds the smaller
one, as lines over the number of samples suggest. The streamed ones alone are made for one training.
"""

from __future__ import annotations

from typing import Final

from metgan.errors import SettingError
from metgan.labels import Bank, LabelRecipe, Merged, Mixed, Real
from metgan.synthesis import Contrast, GateLimits, order_steps

from .pasted import Pasted
from .source import Source
from .streamed import Streamed
from .synthetic import Synthetic
from .training_sets import TrainingSet

_PAPERS: Final = Mixed((Real(), Merged(2)))  # section 4: single real labels, or several merged


def source_of(training_set: TrainingSet) -> Source:
    """Return what makes the further pairs of a training set: from its values to how it is made.

    Raises
    ------
    SettingError
        For values that cannot be made together.
    """
    if training_set.made == "pasted":
        return Pasted()
    _refuse_what_cannot_be(training_set)
    steps = order_steps(training_set.refine)
    generated = Synthetic(
        training_set.making,
        _labels_of(training_set),
        # the contrasts of missed tumours take the place of those of all
        tuple(step for step in steps if not (training_set.oversampled and step == Contrast.name)),
        GateLimits() if training_set.gated else None,
        training_set.oversampled,
    )
    return Streamed(generated) if training_set.made == "streamed" else generated


def _labels_of(training_set: TrainingSet) -> LabelRecipe:
    """Return the paper's labels, single tumours where each has a contrast, or one beside the image's own."""
    if "insert" in training_set.refine:
        return Bank(counts=(1, 1))
    return Bank() if "contrast" in training_set.refine else _PAPERS


def _refuse_what_cannot_be(training_set: TrainingSet) -> None:
    if training_set.oversampled and "contrast" not in training_set.refine:
        given = f"training set {training_set.name}, oversampled without the step contrast"
        raise SettingError(given, "both: tumours get the contrasts of missed ones", "Add contrast to refine")
    if training_set.made == "streamed" and training_set.gated:
        given = f"training set {training_set.name}, streamed and gated"
        expected = "one of them: a stream cannot leave out what fails at the gate"
        raise SettingError(given, expected, "Ask for gated pairs as a set, with generated for made")
