"""Training: one loop of phases for segmentors and GANs, resumable to the bit."""

from .curriculum import Curriculum, load_curriculum, split_pairs
from .engine import Device, Engine
from .journal import read_journal
from .recipe import GAN_RECIPES, SEGMENTOR_RECIPES, Precision, Recipe
from .runs import Order, train_method, train_segmentor
from .session import SEGMENTOR_FOLDER, SPLIT_FILE, open_curriculum, train
from .validation import READ_ABOVE

__all__ = [
    "GAN_RECIPES",
    "READ_ABOVE",
    "SEGMENTOR_FOLDER",
    "SEGMENTOR_RECIPES",
    "SPLIT_FILE",
    "Curriculum",
    "Device",
    "Engine",
    "Order",
    "Precision",
    "Recipe",
    "load_curriculum",
    "open_curriculum",
    "read_journal",
    "split_pairs",
    "train",
    "train_method",
    "train_segmentor",
]
