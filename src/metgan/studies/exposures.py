"""Whether strong augmentation multiplies the light of crops: decided for each fold, by its validation part.

Where animals are stained unlike each other, a segmentor of few of them finds little without such exposures;
where the mask follows the signal of one animal, they cost as much (docs/results/few-labels.md). How unlike
each other the groups are does not tell which it is, and one labelled group tells nothing. The labels of the
validation part do, which levels of reading are chosen by, too. All training sets of a fold get the same.
"""

from __future__ import annotations

from dataclasses import replace

from metgan.models import read_card
from metgan.training import RunConfig, TrainConfig, train_segmentor
from metgan.transforms import STRONG

from .fold import Fold
from .training_sets import BASELINES

_, _STRONG = BASELINES  # all real pairs, without and with strong augmentation
EXPOSURES = (0.0, STRONG.exposure)
"""Those that are tried, in powers of 2."""


def suited(run_config: RunConfig[TrainConfig], fold: Fold) -> RunConfig[TrainConfig]:
    """Return the settings of a segmentor with the exposures that suit its fold, where it has any."""
    augmentation = run_config.train.augmentation
    if augmentation is None or not augmentation.exposure:
        return run_config
    augmentation = replace(augmentation, exposure=choose_exposure(fold))
    return replace(run_config, train=replace(run_config.train, augmentation=augmentation))


def choose_exposure(fold: Fold) -> float:
    """Return how far strong augmentation exposes crops in a fold, in powers of 2: one of `EXPOSURES`.

    A segmentor is trained with each on all labelled pairs of the training part, where it is not yet, and that
    which has the higher Dice on the validation part decides; none where they are equal.
    """
    dice = {}
    for exposure in EXPOSURES:
        usual = fold.run_config(_STRONG, fold.rules.seed)
        augmentation = replace(STRONG, exposure=exposure)
        folder = fold.folder / "runs" / f"exposure-{exposure:g}"
        trial = replace(usual, folder=folder, train=replace(usual.train, augmentation=augmentation))
        train_segmentor(trial, fold.data)
        dice[exposure] = read_card(folder).val_dice or 0.0
    return max(EXPOSURES, key=lambda exposure: dice[exposure])
