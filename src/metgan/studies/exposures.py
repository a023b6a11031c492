"""Whether strong augmentation multiplies the light of crops: decided for each fold, by its validation part.

Where animals are stained unlike each other, a segmentor of few of them finds little without such exposures;
where the mask follows the signal of one animal, they cost as much (docs/results/few-labels.md). How unlike
each other the groups are does not tell which it is, and one labelled group tells nothing. The labels of the
validation part do, which thresholds are chosen by, too. All training sets of a fold get the same,
also those of a share of its labelled pairs.
"""

from __future__ import annotations

import json
from dataclasses import replace

from metgan.io import has_file, write_json
from metgan.training import RunConfig, TrainConfig, train_segmentor
from metgan.transforms import STRONG

from .fold import Fold
from .predictions import read_validation
from .training_sets import BASELINES

_, _STRONG = BASELINES  # all real pairs, without and with strong augmentation
_FILE = "exposure.json"
EXPOSURES = (0.0, STRONG.exposure)
"""Those that are tried, in powers of 2."""


def choose_exposure(fold: Fold) -> float:
    """Return how far strong augmentation exposes crops in a fold, in powers of 2: one of `EXPOSURES`.

    What was chosen before is kept. Else a segmentor is trained with each on all labelled pairs of the
    training part, and that which has the higher Dice on the validation part, at its own threshold,
    decides; none where they are equal.
    """
    if (known := known_exposure(fold)) is not None:
        return known
    dice = [_try(fold, exposure) for exposure in EXPOSURES]
    chosen = EXPOSURES[dice.index(max(dice))]
    tried = {f"{exposure:g}": value for exposure, value in zip(EXPOSURES, dice, strict=True)}
    write_json(fold.folder / _FILE, {"exposure": chosen, "validation Dice": tried})
    return chosen


def known_exposure(fold: Fold) -> float | None:
    """Return what was chosen before; None where nothing was."""
    file = fold.folder / _FILE
    return float(json.loads(file.read_text(encoding="utf-8"))["exposure"]) if has_file(file) else None


def suited(run_config: RunConfig[TrainConfig], exposure: float | None) -> RunConfig[TrainConfig]:
    """Return the settings of a segmentor with its fold's exposure; None, or no augmentation, leaves them."""
    augmentation = run_config.train.augmentation
    if augmentation is None or exposure is None:
        return run_config
    return replace(
        run_config, train=replace(run_config.train, augmentation=replace(augmentation, exposure=exposure))
    )


def _try(fold: Fold, exposure: float) -> float:
    usual = fold.run_config(_STRONG, fold.config.seed)
    folder = fold.folder / "runs" / f"exposure-{exposure:g}"
    train_segmentor(suited(replace(usual, folder=folder), exposure), fold.data)
    return read_validation(folder, fold.data.val, fold.config.engine)
