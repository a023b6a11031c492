"""How good a network is by validation: a generator's label faithfulness and similarity together.

Score of a generator = pooled Dice between the asked-for label and the segmentor's reading of the generated
image, minus the mean absolute error as a share of that of generating the training mean. Both go from 0 to
about 1, also where the validated animals are stained unlike those that were trained on. So neither drowns the
other: a blurred image without tumours loses the first, bright blobs on nothing the second. The Dice counts up
to that of real images alone (`faithful_enough`). Beyond it, early weights, whose tumours are brighter and
whose tissue is flat, won by tumours that are easier to read than any real ones. It decides how long an open
run goes on; the weights that are kept are the last. Score of a segmentor = pooled Dice against the labels;
its best weights are kept.

The segmentor that judges here is the one in the loop, so these figures only steer trainings;
published ones come from a segmentor of their own (metgan evaluate).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from metgan.data import Normalisation, Pair, evenly_over
from metgan.metrics import Overlap, compare_within, overlap
from metgan.models import DEFAULT_THRESHOLD, predict
from metgan.networks import Generator, Segmentor
from metgan.panels import compare_images
from metgan.pictures import draw_comparison
from metgan.types import Mask, Scaled

from .loop import ValidationResult
from .training_data import TrainingData, fill_of_pair

SHOWN = 6
FAITHFUL = 0.5  # Dice that is asked of generated tumours also where real ones are read worse
VALIDATED = 32  # pairs at most, so that looking does not take longer than training


@dataclass(frozen=True)
class ValidationSet:
    """Pairs to validate on, normalised once.

    Parameters
    ----------
    pairs : sequence of Pair
    anatomy, tumour : sequence of ndarray, (Y, X), float in [-1, 1]
    fill : sequence of ndarray, (Y, X), bool
        Where nothing was imaged, see `metgan.labels.fill`.
    normalisation : Normalisation
    training_mean : float, in [-1, 1]
        Of the training part's tumour channel: generating it everywhere is the baseline.
    device : torch.device
    """

    pairs: Sequence[Pair]
    anatomy: Sequence[Scaled]
    tumour: Sequence[Scaled]
    fill: Sequence[Mask]
    normalisation: Normalisation
    training_mean: float
    device: torch.device

    @classmethod
    def of(
        cls, data: TrainingData, device: torch.device, pairs: Sequence[Pair] | None = None
    ) -> ValidationSet:
        """Take `pairs`, or at most `VALIDATED` of the validation part, evenly spread, with tumours first."""
        normalisation = data.normalisation
        wanted = data.validated(VALIDATED) if pairs is None else [*pairs]
        return cls(
            wanted,
            [normalisation.apply(pair.anatomy, "anatomy") for pair in wanted],
            [normalisation.apply(pair.tumour, "tumour") for pair in wanted],
            [fill_of_pair(pair, normalisation) for pair in wanted],
            normalisation,
            data.mean("tumour"),
            device,
        )

    @property
    def scored(self) -> list[Mask]:
        """What the figures count of each pair: not its fill, nor what its label says nothing of."""
        return [pair.counted(~fill) for pair, fill in zip(self.pairs, self.fill, strict=True)]

    @property
    def shows_tumours(self) -> bool:
        """Whether there is any to be found."""
        return any(bool(pair.label.any()) for pair in self.pairs)

    @property
    def flat_error(self) -> float:
        """Mean absolute error of generating the training mean, on what is scored."""
        light = [image[scored] for image, scored in zip(self.tumour, self.scored, strict=True)]
        return float(np.mean([np.abs(pixels - self.training_mean).mean() for pixels in light if pixels.size]))


def validate_segmentor(segmentor: Segmentor, data: ValidationSet) -> ValidationResult:
    """Score a segmentor by its pooled Dice on real tumour images."""
    with evaluating(segmentor):
        dice = _dice(segmentor, data.tumour, data)
    return ValidationResult(dice, {"val_dice": dice} if data.shows_tumours else {})


def generate_images(generator: Generator, data: ValidationSet) -> list[Scaled]:
    """Generate the tumour image of every validation pair, from its anatomy and label."""
    units, level = data.normalisation, data.normalisation.fill_level("tumour")
    shown = [units.shown(pair.anatomy, fill) for pair, fill in zip(data.pairs, data.fill, strict=True)]
    with evaluating(generator):
        images = [(x, pair.label) for x, pair in zip(shown, data.pairs, strict=True)]
        generated = predict(generator.generate, images, data.device)
    return [np.where(fill, np.float32(level), p) for p, fill in zip(generated, data.fill, strict=True)]


def faithful_enough(segmentor: Segmentor, data: ValidationSet) -> float:
    """Return the Dice from which generated tumours are read as well as real ones, in [0.5, 1].

    It is that of the segmentor's reading of the real images; half where it reads these worse.
    """
    return max(FAITHFUL, validate_segmentor(segmentor, data).score)


def validate_generator(
    generated: Sequence[Scaled], segmentor: Segmentor | None, data: ValidationSet, enough: float = 1.0
) -> ValidationResult:
    """Score generated images by error and, where there is a segmentor, by faithfulness to the label.

    A Dice above `enough` counts as much as `enough`: see `faithful_enough`.
    """
    images = zip(generated, data.tumour, data.scored, strict=True)
    counted = ((np.where(scored, p, y), y, scored) for p, y, scored in images if scored.any())
    similarity = [compare_within(*one) for one in counted]
    details = {
        "val_mae": float(np.mean([one.mae for one in similarity])),
        "val_ssim": float(np.nanmean([one.ssim for one in similarity])),
    }
    relative = details["val_mae"] / data.flat_error
    if segmentor is None:
        return ValidationResult(-relative, details)
    dice = _dice(segmentor, generated, data)
    read = {"val_dice": dice} if data.shows_tumours else {}
    return ValidationResult(min(dice, enough) - relative, read | details)


def sample_grid(generated: Sequence[Scaled], data: ValidationSet) -> bytes:
    """Draw anatomy, label, generated, real and difference of some pairs, all on [-1, 1].

    They are spread evenly over the groups (animals), with tumours where there are any.
    """
    pairs = [*zip(data.pairs, data.anatomy, generated, data.tumour, strict=True)]
    with_tumours = [one for one in pairs if one[0].label.any()]
    shown = evenly_over(with_tumours or pairs, SHOWN, lambda one: one[0].entry.group)
    return draw_comparison([compare_images(x, p.label, fake, real) for p, x, fake, real in shown])


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Within the block the network is in eval mode and builds no graph; then as it was."""
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        yield
    network.train(was_training)


def _dice(segmentor: Segmentor, images: Sequence[Scaled], data: ValidationSet) -> float:
    """Return the pooled Dice of the labels and what a segmentor reads in images of the pairs; 0 for nan."""
    total = Overlap()
    logits = predict(segmentor, [(image,) for image in images], data.device)
    for pair, one in zip(data.pairs, logits, strict=True):
        reading = torch.from_numpy(one).sigmoid().numpy() > DEFAULT_THRESHOLD
        total += overlap(pair.counted(reading), pair.counted(pair.label))
    return 0.0 if np.isnan(total.dice) else total.dice
