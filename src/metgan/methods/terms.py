"""The four terms of the paper's loss, Eqs. (1) to (3), and one of ours, each a value that can be called."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import ClassVar, Final

import torch
from torch import Tensor
from torch.nn import functional as nnf

from metgan.errors import SettingError, UnknownNameError
from metgan.losses import (
    ADVERSARIAL,
    SEGMENTATION,
    TUMOUR_WEIGHT,
    AdversarialName,
    SegmentationName,
    absolute_difference,
    pixel_weights,
    structure_difference,
)

from .method import Term
from .translations import Translations

RIM: Final = 2
"""Pixels around a tumour in which its glow is taken to show."""


@dataclass(frozen=True)
class Adversarial(Term):
    """Adversarial loss of the generators: first line of Eq. (1). One discriminator per direction."""

    weight: float = 1.0
    loss: AdversarialName = "least-squares"
    name: ClassVar[str] = "adversarial"

    def __post_init__(self) -> None:
        UnknownNameError.unless_known("adversarial loss", ADVERSARIAL, self.loss)

    def __call__(self, step: Translations) -> Tensor:
        """Sum over the directions of the loss of the discriminators' scores of fakes."""
        generator_loss = ADVERSARIAL[self.loss].generator_loss
        return reduce(add, [generator_loss(scores) for scores in step.fake_logits])


@dataclass(frozen=True)
class Cycle(Term):
    """Come back to where you started: second line of Eq. (1)."""

    weight: float = 10.0
    name: ClassVar[str] = "cycle"
    needs_cycle: ClassVar[bool] = True

    def __call__(self, step: Translations) -> Tensor:
        """Sum over both directions of the L1 distance after there and back."""
        return reduce(add, [absolute_difference(back, real, step.within) for back, real in step.cycles])


@dataclass(frozen=True)
class Segmentation(Term):
    """Put tumours where the label says: L_Segm, read by the frozen segmentor.

    Parameters
    ----------
    weight : float
    loss : {"weighted-bce", "l1"}
    """

    weight: float = 100.0
    loss: SegmentationName = "weighted-bce"
    name: ClassVar[str] = "segmentation"
    needs_segmentor: ClassVar[bool] = True

    def __post_init__(self) -> None:
        UnknownNameError.unless_known("segmentation loss", SEGMENTATION, self.loss)

    def __call__(self, step: Translations) -> Tensor:
        """Distance of the segmentor's reading of the fake from the label."""
        return SEGMENTATION[self.loss](step.segmentation_logits, step.label, step.within)


@dataclass(frozen=True)
class Paired(Term):
    """Resemble the real partner: Eq. (2), over all directions the method has.

    Deviates: a tumour's pixels weigh ten times as much as others, as they do in the segmentation loss. In a
    plain mean, where they are one in 200, that loss alone decided how bright a tumour became, and it is the
    more content the brighter it is (docs/results). Pinned by
    ``test_a_tumour_weighs_as_much_in_the_pair_term_as_in_the_segmentation_term``.

    Parameters
    ----------
    weight : float
    tumour_weight : float
        How many other pixels a tumour's pixel weighs, above 0; 1 for the papers' plain mean.
    """

    weight: float = 10.0
    tumour_weight: float = TUMOUR_WEIGHT
    name: ClassVar[str] = "paired"

    def __post_init__(self) -> None:
        if not 0 < self.tumour_weight < math.inf:
            raise SettingError(
                f"tumour_weight={self.tumour_weight} of pairs",
                "a finite number above 0",
                "Choose 1 for a plain mean",
            )

    def __call__(self, step: Translations) -> Tensor:
        """Sum over the directions of the L1 distance to the real image."""
        weights = pixel_weights(step.label, self.tumour_weight, step.within)
        return reduce(add, [absolute_difference(fake, real, weights) for fake, real in step.pairs])


@dataclass(frozen=True)
class Structure(Term):
    """Show the structures of what surrounds the real partner's tumours, which Eq. (2) hardly asks for.

    Deviates: no paper has this term. Beside bright tumours tissue spans a few hundredths of [-1, 1], and
    animals differ by more. So the pair term is nearly all about how bright an animal is, and teaches that
    what is bright in the anatomy is bright, also where in each animal it is dark (docs/results). This term
    compares how each pixel differs from its neighbourhood, in units of the real image's own contrast. Pixels
    within `RIM` of a tumour may show its glow, and do not count. Pinned by
    ``test_every_row_with_pairs_and_no_other_asks_for_their_structure_alike``.
    """

    weight: float = 10.0
    name: ClassVar[str] = "structure"

    def __call__(self, step: Translations) -> Tensor:
        """Sum over the directions of the difference in structure, away from the label."""
        counts = torch.ones_like(step.label) if step.within is None else step.within
        glows = nnf.max_pool2d(counts * step.label, 2 * RIM + 1, stride=1, padding=RIM)
        around = counts * (1 - glows)
        return reduce(add, [structure_difference(fake, real, around) for fake, real in step.pairs])
