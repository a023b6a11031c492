"""A whole training into one run folder: the split, the segmentor where none is given, the method.

Every part is resumable by itself, so a killed session goes on in the part where it was.
"""

from __future__ import annotations

from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, save_split
from metgan.io import has_file, hold_folder
from metgan.methods import Method
from metgan.models import MODEL_FILE

from .curriculum import Curriculum, load_curriculum, split_pairs
from .method_run import check_method_order, train_method
from .order import Order
from .recipe import GanRecipe, Recipe
from .segmentor_run import check_segmentor_order, train_segmentor

SEGMENTOR_FOLDER = "segmentor"
"""Where a run keeps the segmentor that it trained."""


def train(
    method: Method,
    order: Order[GanRecipe],
    pairs: PairSet,
    segmentor_recipe: Recipe,
    segmentor: Path | None = None,
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
    return train_on(method, order, load_data(pairs, order.seed), segmentor_recipe, segmentor)


def train_on(
    method: Method,
    order: Order[GanRecipe],
    data: Curriculum,
    segmentor_recipe: Recipe,
    segmentor: Path | None = None,
) -> Path:
    """Train a method on data that is loaded already, otherwise as `train` does."""
    with hold_folder(order.folder, "metgan train"):
        save_split(data.split, order.folder / SPLIT_FILE)
        if method.needs_segmentor and segmentor is None:
            segmentor = train_in_loop(order, data, segmentor_recipe)
        return train_method(order, data, method, segmentor)


def check_training(
    method: Method,
    order: Order[GanRecipe],
    data: Curriculum,
    segmentor_recipe: Recipe,
    segmentor: Path | None = None,
) -> None:
    """Refuse what `train_on` would refuse, with the same arguments, before anything is written."""
    if method.needs_segmentor and segmentor is None:
        in_loop = _order_in_loop(order, segmentor_recipe)
        check_segmentor_order(in_loop, data)
        if order.resumes and has_file(in_loop.folder / MODEL_FILE):
            segmentor = in_loop.folder
    check_method_order(order, data, method, segmentor)


def load_data(pairs: PairSet, seed: int) -> Curriculum:
    """Load the data of a run; writes nothing."""
    return load_curriculum(pairs, split_pairs(pairs, seed))


def train_in_loop(order: Order[GanRecipe], data: Curriculum, recipe: Recipe) -> Path:
    """Train the segmentor of a run into its ``segmentor/``, or go on with it where the order resumes."""
    mine = _order_in_loop(order, recipe)
    mine.folder.mkdir(exist_ok=True)
    train_segmentor(mine, data)
    return mine.folder / MODEL_FILE


def _order_in_loop(order: Order[GanRecipe], recipe: Recipe) -> Order[Recipe]:
    folder = order.folder / SEGMENTOR_FOLDER
    return Order("segmentor", order.preset, recipe, order.engine, order.seed, folder, order.resume)
