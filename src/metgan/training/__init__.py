"""Training: one loop of phases for segmentors and GANs, resumable to the bit."""

from .checkpoint import CHECKPOINT, check_identity, without_lengths
from .curriculum import Curriculum, load_curriculum, split_pairs
from .early_stopping import EarlyStopping
from .engine import Engine
from .journal import JOURNAL_FILE, last_step, read_journal, stopped_at, trained_seconds
from .method_run import check_method_order, train_method
from .order import Order
from .recipe import (
    GAN_RECIPES,
    OPEN_RECIPES,
    PAPER_RECIPE,
    SEGMENTOR_RECIPES,
    GanRecipe,
    Precision,
    Recipe,
    least_steps,
)
from .segmentor_run import check_segmentor_order, train_segmentor
from .session import (
    SEGMENTOR_FOLDER,
    check_training,
    load_data,
    train,
    train_on,
)
from .status import planned_steps, read_status

__all__ = [
    "CHECKPOINT",
    "GAN_RECIPES",
    "JOURNAL_FILE",
    "OPEN_RECIPES",
    "PAPER_RECIPE",
    "SEGMENTOR_FOLDER",
    "SEGMENTOR_RECIPES",
    "Curriculum",
    "EarlyStopping",
    "Engine",
    "GanRecipe",
    "Order",
    "Precision",
    "Recipe",
    "check_identity",
    "check_method_order",
    "check_segmentor_order",
    "check_training",
    "last_step",
    "least_steps",
    "load_curriculum",
    "load_data",
    "planned_steps",
    "read_journal",
    "read_status",
    "split_pairs",
    "stopped_at",
    "train",
    "train_method",
    "train_on",
    "train_segmentor",
    "trained_seconds",
    "without_lengths",
]
