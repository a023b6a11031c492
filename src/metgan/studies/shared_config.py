"""Settings that are the same for all runs that are compared, and of the segmentor that reads them.

Wherever that independent segmentor is trained, it is trained on the training part alone, as long as a
segmentor in the loop unless another length is asked for, in a folder of one name, and with a seed that no
segmentor in the loop has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from metgan.methods import Method
from metgan.networks import PresetName
from metgan.seeding import MAX_SEED
from metgan.training import Engine, GanTrainConfig, RunConfig, TrainConfig

INDEPENDENT_SEGMENTOR: Final = "independent-segmentor"
"""Its run folder, in the folder of what it reads images for."""
_OFFSET = 1000


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

    def for_pairs(self, count: int) -> SharedConfig:
        """Return the settings with lengths in steps: what epochs come to with so many training pairs."""
        training, segmentor = self.training, self.segmentor
        return replace(
            self,
            training=replace(training, epochs=None, steps=training.length(count)),
            segmentor=replace(segmentor, epochs=None, steps=segmentor.length(count)),
        )

    def segmentor_config(self, folder: Path) -> RunConfig[TrainConfig]:
        """Return the settings of a segmentor's run in `folder`."""
        return RunConfig(
            "segmentor", self.preset, self.segmentor, self.engine, self.seed, folder, resume=True
        )

    def independent_config(self, root: Path) -> RunConfig[TrainConfig]:
        """Return those of the independent segmentor of what lies in `root`."""
        return independent_run(self.segmentor_config(root), root)

    def method_config(self, method: Method, root: Path, seed: int) -> RunConfig[GanTrainConfig]:
        """Return those of a method's run with a seed of its own, in a folder in ``root/runs``."""
        folder = root / "runs" / f"{method.name}-seed{seed}"
        return RunConfig(method.name, self.preset, self.training, self.engine, seed, folder, resume=True)


def independent_seed(seed: int, in_loop: int | None = None) -> int:
    """Return the seed of the independent segmentor: other first weights, other crops in another order.

    Parameters
    ----------
    seed : int
        Of the generator's run.
    in_loop : int or None, default None
        Of its segmentor, where that has one of its own.

    Examples
    --------
    >>> independent_seed(0), independent_seed(7, in_loop=1007), independent_seed(2**53 - 1)
    (1000, 1008, 999)
    """
    found = (seed + _OFFSET) % (MAX_SEED + 1)
    return found if found != in_loop else (found + 1) % (MAX_SEED + 1)


def independent_run(
    like: RunConfig[TrainConfig], root: Path, in_loop: int | None = None
) -> RunConfig[TrainConfig]:
    """Return how the independent segmentor is trained: `like` a segmentor, but for its folder and seed."""
    return replace(like, seed=independent_seed(like.seed, in_loop), folder=root / INDEPENDENT_SEGMENTOR)
