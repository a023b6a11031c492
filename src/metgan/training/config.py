"""How long, how fast and on what crops to train; the paper's numbers are the defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from metgan.errors import SettingError
from metgan.methods import IntensityAugment
from metgan.networks import PresetName
from metgan.transforms import Augmentation

from .schedule import EarlyStopping

Precision = Literal["auto", "fp32", "bf16"]
"""Arithmetic of a run."""


RANGES: Final[dict[str, tuple[float, float]]] = {
    "epochs": (1, 1_000_000),
    "steps": (1, 1_000_000_000),
    "batch_size": (1, 4096),
    "crop": (1, 16384),
    "learning_rate": (1e-12, 1.0),
    "constant_share": (0.0, 1.0),
    "validations": (1, 1_000_000),
}
"""Least and most of each setting of a `TrainConfig`: for option, file and Python alike."""
GAN_RANGES: Final[dict[str, tuple[float, float]]] = {
    "pool_size": (0, 1_000_000),
    "discriminator_lr_ratio": (1e-6, 1e6),
    "ema_decay": (0.0, 1 - 1e-9),
}
"""Likewise of what a `GanTrainConfig` adds."""


def _check_ranges(config: TrainConfig, ranges: dict[str, tuple[float, float]]) -> None:
    for name, (least, most) in ranges.items():
        if (value := getattr(config, name)) is not None:
            SettingError.unless_within(name, value, least, most)


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one training.

    Parameters
    ----------
    epochs, steps : int or None
        Length: exactly one of them, up to 10**6 and 10**9. A step is one batch.
    batch_size : int
        Pairs per step, 1 to 4096.
    crop : int
        Side in pixels of what the networks see, at most: larger images are cropped at random places,
        and where an image is smaller than this, its side is taken for all. 1 to 16384.
    learning_rate : float
        Of Adam, with betas 0.5 and 0.999; constant, then linear to zero. 1e-12 to 1.
    constant_share : float
        Share of the steps before the decay begins, in [0, 1].
    validations : int
        How many times a run is validated at most, at even distances and at its end. A segmentor's best
        weights are kept, a generator's last.
    augmentation : Augmentation or None
        How crops are distorted, beyond the eight symmetries; None for not at all, as in the paper.
    """

    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 1
    crop: int = 256
    learning_rate: float = 2e-4
    constant_share: float = 0.5
    validations: int = 20
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.steps is None):
            raise SettingError(
                f"epochs={self.epochs} and steps={self.steps}", "exactly one of them", "Set one"
            )
        _check_ranges(self, RANGES)

    def length(self, pairs: int) -> int:
        """Return the number of steps on a training set of so many `pairs`.

        Examples
        --------
        >>> TrainConfig(epochs=2, batch_size=4).length(pairs=7)
        4
        """
        if self.steps is not None:
            return self.steps
        return math.ceil((self.epochs or 0) * pairs / self.batch_size)

    def validate_every(self, pairs: int) -> int:
        """Return the number of steps from one validation to the next, on a training set of so many `pairs`.

        Examples
        --------
        >>> TrainConfig(steps=39, validations=20).validate_every(pairs=7)
        2
        """
        return math.ceil(self.length(pairs) / self.validations)


@dataclass(frozen=True)
class GanTrainConfig(TrainConfig):
    """Settings of one training of generators against discriminators.

    Parameters
    ----------
    pool_size : int
        Earlier fakes that a discriminator is shown again; 0 for none.
    discriminator_lr_ratio : float
        Learning rate of the discriminators as a share of the generators' (Heusel et al. 2017, arXiv
        1706.08500, for why the two need not be equal); 1e-6 to 1e6.
    discriminator_augment : IntensityAugment
        Random intensity changes of the images that discriminators see.
    anatomy_augment : IntensityAugment
        Random intensity changes of the anatomy that the generator of the tumour channel sees.
    ema_decay : float
        Decay of the running average of the generator's weights, in [0, 1); 0 for none.
    early_stopping : EarlyStopping or None
        How the run may end before its length, which is then the longest; None for not at all.

    Deviates: the preset "small" learns faster, on batches of 4 and for 180 steps, with slower discriminators,
    with random intensities, because it is made for minutes and for little data. "paper" and "released" keep
    the paper's numbers but for one where the length is fixed: they generate with a running average of weights
    and statistics, without which batches of 1 leave every validation to chance (docs/results). Where it is
    open, the rate is constant up to the plateau, they are validated oftener, and validation ends the run.
    `PAPER_CONFIG` has the paper's numbers alone, and so has ``experiments/metgan-paper.toml``. Pinned by
    ``test_the_paper_trains_by_the_papers_numbers``.
    """

    pool_size: int = 50
    discriminator_lr_ratio: float = 1.0
    discriminator_augment: IntensityAugment = IntensityAugment()
    anatomy_augment: IntensityAugment = IntensityAugment()
    ema_decay: float = 0.0
    early_stopping: EarlyStopping | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_ranges(self, GAN_RANGES)
        if self.early_stopping is not None and self.constant_share == 0:
            raise SettingError(
                "constant_share=0 with early stopping",
                "a share above 0: the rate is constant until validation no longer improves",
                "Raise constant_share, or train for a fixed number of steps",
            )


# Horvath et al. 2021, section 3: 200 epochs, batch 1, Adam 2e-4, decay after half; release: pool of 50.
PAPER_CONFIG: Final = GanTrainConfig(epochs=200)
"""The paper's training, number by number."""
_AVERAGED: Final = replace(PAPER_CONFIG, ema_decay=0.998)
GAN_CONFIGS: Final[dict[PresetName, GanTrainConfig]] = {
    "paper": _AVERAGED,
    "released": _AVERAGED,
    "small": GanTrainConfig(
        steps=180,
        batch_size=4,
        crop=128,
        learning_rate=5e-4,
        discriminator_lr_ratio=0.4,
        discriminator_augment=IntensityAugment(brightness=0.5, contrast=1.0, noise=0.15),
        anatomy_augment=IntensityAugment(brightness=0.25, contrast=0.4),
        ema_decay=0.99,
        validations=9,
    ),
}
"""How each preset trains a method for a fixed length: what is compared gets the same."""
OPEN_CONFIGS: Final[dict[PresetName, GanTrainConfig]] = {
    **dict.fromkeys(
        ("paper", "released"),
        replace(
            _AVERAGED,
            constant_share=0.75,
            validations=40,  # one in five epochs
            early_stopping=EarlyStopping(least=0.2),
        ),
    ),
    "small": replace(
        GAN_CONFIGS["small"],
        steps=360,
        constant_share=0.75,
        validations=18,  # one in 20 steps
        early_stopping=EarlyStopping(least=1 / 2),
    ),
}
"""How each preset trains a method for as long as validation improves, within bounds."""


def least_steps(preset: PresetName, pairs: int) -> int:
    """Return the least length of a preset on a training set of so many `pairs`: what its open runs have.

    A shorter training is too short to judge.

    Examples
    --------
    >>> least_steps("small", pairs=50), least_steps("paper", pairs=50)
    (180, 2000)
    """
    config = OPEN_CONFIGS[preset]
    assert config.early_stopping is not None
    return round(config.length(pairs) * config.early_stopping.least)


# The paper loads the segmentor of Pan et al. 2019 ready trained; these lengths are ours.
_SEGMENTOR: Final = TrainConfig(epochs=40, batch_size=4, learning_rate=1e-3)
SEGMENTOR_CONFIGS: Final[dict[PresetName, TrainConfig]] = {
    "paper": _SEGMENTOR,
    "released": _SEGMENTOR,
    "small": replace(
        _SEGMENTOR, epochs=None, steps=400, batch_size=8, crop=128, learning_rate=5e-4, validations=8
    ),
}
"""How each preset trains a segmentor."""
