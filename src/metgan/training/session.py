"""A whole training into one run folder: the split, the segmentor where none is given, the method.

Every part is resumable by itself, so a killed session goes on in the part where it was.
"""

from __future__ import annotations

from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, save_split
from metgan.io import has_file, hold_folder
from metgan.methods import Method
from metgan.models import MODEL_FILE

from .config import GanTrainConfig, TrainConfig
from .method_run import check_method_config, train_method
from .run_config import RunConfig
from .segmentor_run import check_segmentor_config, train_segmentor
from .training_data import TrainingData, load_training_data, split_pairs

SEGMENTOR_FOLDER = "segmentor"
"""Where a run keeps the segmentor that it trained."""


def train(
    method: Method,
    run_config: RunConfig[GanTrainConfig],
    pairs: PairSet,
    segmentor_config: TrainConfig,
    segmentor: Path | None = None,
) -> Path:
    """Train a method on a pair set; returns the generator's model file.

    Parameters
    ----------
    method : Method
    run_config : RunConfig
        For the method; its folder becomes the run folder.
    pairs : PairSet
    segmentor_config : TrainConfig
        For the segmentor, which is trained first, into ``segmentor/``, where none is given.
    segmentor : path or None
        Run of a pretrained segmentor.
    """
    return train_on(method, run_config, load_data(pairs, run_config.seed), segmentor_config, segmentor)


def train_on(
    method: Method,
    run_config: RunConfig[GanTrainConfig],
    data: TrainingData,
    segmentor_config: TrainConfig,
    segmentor: Path | None = None,
) -> Path:
    """Train a method on data that is loaded already, otherwise as `train` does."""
    with hold_folder(run_config.folder, "metgan train"):
        save_split(data.split, run_config.folder / SPLIT_FILE)
        if method.needs_segmentor and segmentor is None:
            in_loop = _segmentor_in_loop(run_config, segmentor_config)
            in_loop.folder.mkdir(exist_ok=True)
            segmentor = train_segmentor(in_loop, data)
        return train_method(run_config, data, method, segmentor)


def check_training(
    method: Method,
    run_config: RunConfig[GanTrainConfig],
    data: TrainingData,
    segmentor_config: TrainConfig,
    segmentor: Path | None = None,
) -> None:
    """Refuse what `train_on` would refuse, with the same arguments, before anything is written."""
    if method.needs_segmentor and segmentor is None:
        in_loop = _segmentor_in_loop(run_config, segmentor_config)
        check_segmentor_config(in_loop, data)
        if run_config.resumes and has_file(in_loop.folder / MODEL_FILE):
            segmentor = in_loop.folder
    check_method_config(run_config, data, method, segmentor)


def load_data(pairs: PairSet, seed: int) -> TrainingData:
    """Load the data of a run; writes nothing."""
    return load_training_data(pairs, split_pairs(pairs, seed))


def _segmentor_in_loop(run_config: RunConfig[GanTrainConfig], config: TrainConfig) -> RunConfig[TrainConfig]:
    folder = run_config.folder / SEGMENTOR_FOLDER
    return RunConfig(
        "segmentor", run_config.preset, config, run_config.engine, run_config.seed, folder, run_config.resume
    )
