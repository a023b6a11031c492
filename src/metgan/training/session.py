"""A whole training into one run folder: the split, the segmentor where none is given, the method.

Every part is resumable by itself, so a killed session goes on in the part where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import StoredPairs, entries_of
from metgan.device import choose_device
from metgan.io import has_file, hold_folder
from metgan.methods import Method
from metgan.models import MODEL_FILE, SegmentorPredictor, pseudo_label
from metgan.progress import note

from .config import GanTrainConfig, TrainConfig
from .consistency import augmented
from .method_run import check_method_config, train_method
from .run_config import RunConfig
from .segmentor_run import check_segmentor_config, train_segmentor
from .training_data import TrainingData

SEGMENTOR_FOLDER = "segmentor"
"""Where a run keeps the segmentor that it trained."""
PSEUDO_LABELS = "pseudo-labels"
"""Where it keeps what the segmentor made of unlabelled pairs."""


@dataclass(frozen=True)
class MethodTraining:
    """The training of a method, and of its segmentor first where none is given; one that is made can be run.

    Parameters
    ----------
    method : Method
    run_config : RunConfig
        For the method; its folder becomes the run folder.
    data : TrainingData
    segmentor_config : TrainConfig
        For the segmentor, which is trained first, into ``segmentor/``, where none is given.
    segmentor : path or None
        Run of a pretrained segmentor.

    Raises
    ------
    ArrayError, SettingError, StorageError, LeakageError
        For a device, crops, a checkpoint or a segmentor that will not do; nothing is written.
    """

    method: Method
    run_config: RunConfig[GanTrainConfig]
    data: TrainingData
    segmentor_config: TrainConfig
    segmentor: Path | None = None

    def __post_init__(self) -> None:
        segmentor = self.segmentor
        if self._trains_segmentor:
            in_loop = self._in_loop
            check_segmentor_config(in_loop, self.data)
            if self.run_config.resumes and has_file(in_loop.folder / MODEL_FILE):
                segmentor = in_loop.folder
        check_method_config(self.run_config, self.data, self.method, segmentor)

    def run(self) -> Path:
        """Train, or go on where the run resumes; returns the generator's model file."""
        with hold_folder(self.run_config.folder, "metgan train"):
            segmentor = (
                train_segmentor(self._in_loop, self.data) if self._trains_segmentor else self.segmentor
            )
            data = with_pseudo_labels(self.run_config, self.data, segmentor)
            return train_method(self.run_config, data, self.method, segmentor)

    @property
    def _trains_segmentor(self) -> bool:
        return self.method.needs_segmentor and self.segmentor is None

    @property
    def _in_loop(self) -> RunConfig[TrainConfig]:
        mine = self.run_config
        config, folder = augmented(self.segmentor_config, self.data), mine.folder / SEGMENTOR_FOLDER
        return RunConfig("segmentor", mine.preset, config, mine.engine, mine.seed, folder, mine.resume)


def with_pseudo_labels(
    run_config: RunConfig[GanTrainConfig], data: TrainingData, segmentor: Path | None
) -> TrainingData:
    """Return the data of a method with pseudo-labels for its unlabelled pairs, written into the run folder.

    Without a segmentor to label them, they are left out, and a note says so.
    """
    if not data.unlabelled:
        return data
    if segmentor is None:
        note(f"{len(data.unlabelled)} unlabelled pairs are left out: no segmentor labels them")
        return data
    predictor = SegmentorPredictor(segmentor, choose_device(run_config.engine.device))
    labelled = pseudo_label(predictor, entries_of(data.unlabelled), run_config.folder / PSEUDO_LABELS)
    return replace(data, pseudo_labelled=StoredPairs(labelled))
