"""A whole training into one run folder: the split, the segmentor where none is given, the method.

Every part is resumable by itself, so a killed session goes on in the part where it was.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from metgan.data import PairSet, save_split
from metgan.methods import Method
from metgan.models import MODEL_FILE

from .checkpoint import CHECKPOINT
from .curriculum import Curriculum, load_curriculum, split_pairs
from .recipe import Recipe
from .runs import Order, train_method, train_segmentor

SPLIT_FILE = "splits.json"
"""Where a run keeps its split."""
SEGMENTOR_FOLDER = "segmentor"
"""Where a run keeps the segmentor that it trained."""


def train(
    method: Method, order: Order, pairs: PairSet, segmentor_recipe: Recipe, segmentor: Path | None = None
) -> Path:
    """Train a method on a pair set; gives the generator's model file.

    Parameters
    ----------
    method : Method
    order : Order
        For the method; its folder becomes the run folder.
    pairs : PairSet
    segmentor_recipe : Recipe
        For the segmentor, which is trained first, into ``segmentor/``, where none is given.
    segmentor : path or None
        Run of a pretrained segmentor.
    """
    data = open_curriculum(pairs, order)
    if method.needs_segmentor and segmentor is None:
        segmentor = train_in_loop(replace(order, recipe=segmentor_recipe), data)
    return train_method(order, data, method, segmentor)


def open_curriculum(pairs: PairSet, order: Order) -> Curriculum:
    """Load the data of a run and write its split beside it."""
    split = split_pairs(pairs, order.seed)
    save_split(split, order.folder / SPLIT_FILE)
    return load_curriculum(pairs, split)


def train_in_loop(order: Order, data: Curriculum) -> Path:
    """Train the segmentor of a run into its ``segmentor/``; a finished one is not trained again."""
    folder = order.folder / SEGMENTOR_FOLDER
    folder.mkdir(exist_ok=True)
    resumes = order.resume and (folder / CHECKPOINT).is_file()
    train_segmentor(replace(order, method="segmentor", folder=folder, resume=resumes), data)
    return folder / MODEL_FILE
