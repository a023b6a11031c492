"""Training: one loop of phases for segmentors and GANs, resumable to the bit."""

from .checkpoint import CHECKPOINT, check_identity, without_lengths
from .config import (
    GAN_CONFIGS,
    OPEN_CONFIGS,
    PAPER_CONFIG,
    RANGES,
    SEGMENTOR_CONFIGS,
    GanTrainConfig,
    Precision,
    TrainConfig,
    least_steps,
)
from .consistency import augmented
from .engine import Engine
from .loading import load_data, load_training_data, split_pairs
from .log import LOG_FILE, last_step, read_log, stopped_at, trained_seconds
from .method_run import check_method_config, train_method
from .run_config import RunConfig
from .schedule import EarlyStopping
from .segmentor_run import check_segmentor_config, train_segmentor
from .session import SEGMENTOR_FOLDER, MethodTraining, with_pseudo_labels
from .status import Status, planned_steps, read_status
from .training_data import TrainingData

__all__ = [
    "CHECKPOINT",
    "GAN_CONFIGS",
    "LOG_FILE",
    "OPEN_CONFIGS",
    "PAPER_CONFIG",
    "RANGES",
    "SEGMENTOR_CONFIGS",
    "SEGMENTOR_FOLDER",
    "EarlyStopping",
    "Engine",
    "GanTrainConfig",
    "MethodTraining",
    "Precision",
    "RunConfig",
    "Status",
    "TrainConfig",
    "TrainingData",
    "augmented",
    "check_identity",
    "check_method_config",
    "check_segmentor_config",
    "last_step",
    "least_steps",
    "load_data",
    "load_training_data",
    "planned_steps",
    "read_log",
    "read_status",
    "split_pairs",
    "stopped_at",
    "train_method",
    "train_segmentor",
    "trained_seconds",
    "with_pseudo_labels",
    "without_lengths",
]
