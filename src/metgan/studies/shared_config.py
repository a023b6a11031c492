"""Settings that are the same for all runs that are compared, and the independent segmentor that reads them.

That segmentor is trained apart from the one in the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from metgan.methods import Method
from metgan.networks import PresetName
from metgan.training import (
    Engine,
    GanTrainConfig,
    RunConfig,
    TrainConfig,
    TrainingData,
    check_segmentor_config,
    train_segmentor,
)

INDEPENDENT_SEED_OFFSET = 1000
"""Added to a run's seed for its independent segmentor: other first weights, other crops in another order."""


@dataclass(frozen=True)
class SharedConfig:
    """What is the same for all.

    Parameters
    ----------
    preset : {"paper", "released", "small"}
    training : GanTrainConfig
        Of every method.
    segmentor : TrainConfig
        Of the segmentor in the loop, and of the independent segmentor.
    engine : Engine
    seed : int
        The first; also that of the segmentor, which all cells share.
    seeds : int
        How often every method is trained, 1 or more.
    """

    preset: PresetName
    training: GanTrainConfig
    segmentor: TrainConfig
    engine: Engine
    seed: int = 0
    seeds: int = 1

    def segmentor_config(self, folder: Path, apart: int = 0) -> RunConfig[TrainConfig]:
        """Return the settings of a segmentor's run in `folder`; `apart` is added to the seed."""
        seed = self.seed + apart
        return RunConfig("segmentor", self.preset, self.segmentor, self.engine, seed, folder, resume=True)

    def method_config(self, method: Method, folder: Path, seed: int) -> RunConfig[GanTrainConfig]:
        """Return those of a method's run with a seed of its own, likewise."""
        return RunConfig(method.name, self.preset, self.training, self.engine, seed, folder, resume=True)

    def train_independent_segmentor(self, folder: Path, data: TrainingData) -> None:
        """Train the independent segmentor, or go on with it."""
        folder.mkdir(parents=True, exist_ok=True)
        train_segmentor(self.segmentor_config(folder, INDEPENDENT_SEED_OFFSET), data)

    def check_independent_segmentor(self, folder: Path, data: TrainingData, *, anew: bool = False) -> None:
        """Refuse now what `train_independent_segmentor` would refuse; `anew`: in an emptied folder."""
        run_config = self.segmentor_config(folder, INDEPENDENT_SEED_OFFSET)
        check_segmentor_config(replace(run_config, resume=not anew), data)
