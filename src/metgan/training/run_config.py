"""What is to be trained, on what terms, and what makes one run differ from another."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, Literal, TypeVar

import torch

from metgan import __version__
from metgan.data import Patches
from metgan.errors import ArrayError
from metgan.io import has_file
from metgan.models import Kind, ModelCard
from metgan.networks import GeneratorName, PresetName

from .batches import Batches
from .checkpoint import CHECKPOINT, Identity, load_checkpoint
from .config import GanTrainConfig, TrainConfig
from .engine import Engine
from .schedule import Schedule
from .training_data import FIRST, TrainingData

_LARGEST = 512  # pixels, so that a batch of squares fits into memory
_TOGETHER = 8
Settings = TypeVar("Settings", bound=TrainConfig, covariant=True)


@dataclass(frozen=True)
class RunConfig(Generic[Settings]):
    """What to train, on what terms.

    Parameters
    ----------
    method : str
        A row of the catalogue, or "segmentor".
    preset : {"paper", "released", "small"}
    train : TrainConfig or GanTrainConfig
    engine : Engine
    seed : int
    folder : Path
        The run folder.
    resume : bool
        Go on from ``last.ckpt`` where there is one.
    lengthen : bool
        Let a training that goes on have another length than it had; else that is refused.
    """

    method: str
    preset: PresetName
    train: Settings
    engine: Engine
    seed: int
    folder: Path
    resume: bool = False
    lengthen: bool = False

    @property
    def resumes(self) -> bool:
        """Whether there is a checkpoint to go on from, and it is to be used."""
        return self.resume and has_file(self.folder / CHECKPOINT)

    def identity(self, data: TrainingData, beside: Identity | None = None) -> Identity:
        """Name everything that decides a run's bytes, so that a resumed run cannot differ.

        `beside` is what the training adds: the method's terms, the fingerprint of the segmentor in the loop.
        """
        engine = self.engine.resolved()
        settings = {
            "method": self.method,
            "preset": self.preset,
            "seed": self.seed,
            "device": engine.device,
            "precision": engine.precision,
            "deterministic": engine.deterministic,
            **({"cuda_graphs": True} if engine.cuda_graphs and engine.device == "cuda" else {}),
            **asdict(self.train),
            "data": f"{data.checksum:08x}",
            "patches": "each by its number",  # runs from before drew a batch at once
            **(beside or {}),
        }
        for name in ("augmentation", "early_stopping"):
            if settings.get(name, "") is None:
                del settings[name]  # runs from before there was one go on
        return {name: str(value) for name, value in settings.items()}

    def check(self, data: TrainingData, least_side: int, beside: Identity | None = None) -> None:
        """Refuse, before anything is written, a device, crops or a checkpoint that will not do.

        `least_side` is the smallest image side in pixels that the network trains on, in batches of this size;
        `beside` as for `identity`.
        """
        self.engine.resolved()  # refuses CUDA where there is none
        crop = self.crop(data)
        if crop < least_side:
            raise ArrayError(
                f"crops of {crop} pixels (the smallest image side is {data.smallest_side})",
                f"at least {least_side} for this network at batch size {self.train.batch_size}",
                "Cut larger crops with metgan prepare --crop, raise --crop, or use --preset small",
            )
        if self.resumes:
            load_checkpoint(self.folder, self.identity(data, beside), self.new_length(data))

    def new_length(self, data: TrainingData) -> int | None:
        """Return the steps that a training which goes on may have now; None where it keeps its length."""
        return self.train.length(len(data.train)) if self.lengthen else None

    def crop(self, data: TrainingData) -> int:
        """Return the side of the training crops in pixels: the configured one, or the smallest image's."""
        return min(self.train.crop, data.smallest_side)

    def batches(self, data: TrainingData) -> Batches:
        """Return the training batches, on the engine's device.

        Pairs that are generated for the training are made by the process that trains, whatever the engine
        says: with as many threads after a resume, and on a device that other processes cannot use.
        """
        engine = self.engine.resolved()
        side, train = self.crop(data), self.train
        patches = Patches(data.drawn, data.normalisation, side, self.seed, train.augmentation)
        if data.first:
            until = round(FIRST * train.length(len(data.train))) * train.batch_size
            patches = replace(patches, first=data.first, until=until)
        workers = 0 if data.fresh is not None else engine.workers or 0
        return Batches(patches, train.batch_size, torch.device(engine.device), workers)

    def whole_batches(self, data: TrainingData) -> Batches:
        """Return batches of squares as large as the smallest training image allows, up to 512 pixels."""
        side = min(data.smallest_side, _LARGEST)
        patches = Patches(data.drawn, data.normalisation, side, self.seed)
        return Batches(patches, _TOGETHER, torch.device(self.engine.resolved().device))

    def schedule(self, data: TrainingData) -> Schedule:
        """Return the length of the run and when it is validated."""
        steps, every = self.train.length(len(data.train)), self.train.validate_every(len(data.train))
        stopping = self.train.early_stopping if isinstance(self.train, GanTrainConfig) else None
        share = self.train.constant_share
        return Schedule(steps, self.train.learning_rate, share, every, early_stopping=stopping)

    def card(
        self,
        kind: Kind,
        data: TrainingData,
        step: int,
        val_dice: float | None,
        generator: GeneratorName | Literal[""] = "",
        segmentor: str = "",
    ) -> ModelCard:
        """Return the card of the weights after `step`."""
        return ModelCard(
            kind=kind,
            method=self.method,
            generator=generator,
            preset=self.preset,
            normalisation=data.normalisation,
            groups_seen=data.groups_seen,
            segmentor=segmentor,
            step=step,
            steps=self.train.length(len(data.train)),
            seed=self.seed,
            metgan=__version__,
            val_dice=val_dice,
        )
