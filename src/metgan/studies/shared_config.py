"""Settings that are the same for all runs that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metgan.methods import Method
from metgan.networks import PresetName
from metgan.training import (
    Engine,
    GanTrainConfig,
    RunConfig,
    TrainConfig,
)

from .independent_segmentor import independent_run


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

    def segmentor_config(self, folder: Path) -> RunConfig[TrainConfig]:
        """Return the settings of a segmentor's run in `folder`."""
        return RunConfig(
            "segmentor", self.preset, self.segmentor, self.engine, self.seed, folder, resume=True
        )

    def independent_config(self, root: Path) -> RunConfig[TrainConfig]:
        """Return those of the independent segmentor of what lies in `root`."""
        return independent_run(self.segmentor_config(root), root)

    def method_config(self, method: Method, folder: Path, seed: int) -> RunConfig[GanTrainConfig]:
        """Return those of a method's run with a seed of its own, likewise."""
        return RunConfig(method.name, self.preset, self.training, self.engine, seed, folder, resume=True)
