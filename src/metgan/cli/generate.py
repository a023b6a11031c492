"""``metgan generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from metgan.data import load_split, open_images, part_of
from metgan.io import claim_folder
from metgan.synthesis import Generation, LabelRecipe, load
from metgan.synthesis import generate as write_pairs
from metgan.training import SPLIT_FILE

from .folders import written
from .options import NEW_FOLDER, Place, Positive, Seed


def generate(
    run: Path,
    /,
    *,
    anatomy: Path,
    labels: Path,
    out: Path,
    count: Positive = 100,
    merge: Positive = 1,
    turn: Annotated[bool, Parameter(negative="--no-turn")] = True,
    part: Literal["train", "val", "test", "all"] = "train",
    seed: Seed = 0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    place: Place = NEW_FOLDER,
) -> None:
    """Paint new labelled pairs: real anatomy, with real labels of other images.

    Parameters
    ----------
    run
        Run folder of metgan train.
    anatomy
        Pair set, or plain folder of anatomy images, in the units the run was trained on.
    labels
        Pair set, or plain folder of labels; empty labels are not used.
    out
        Pair set to write: 16-bit TIFFs (or the camera's dtype) and pairs.csv with each pair's history.
    count
        Number of pairs.
    merge
        How many labels are merged into one, for more tumours per image.
    turn
        Turn and mirror labels at random.
    part
        Part of the sources to draw from, where the run or the set's pairs.csv knows their split; the test
        part stays unseen by default.
    seed
        0 or more; the same seed gives the same bytes.
    device
        "auto" takes a CUDA device where there is one.
    """
    painter = load(run, device)
    split_file = run / SPLIT_FILE
    split = load_split(split_file) if split_file.is_file() else None
    request = Generation(
        part_of(open_images(anatomy, "anatomy"), part, split),
        part_of(open_images(labels, "label"), part, split),
        LabelRecipe(merge, turn),
        count,
        seed,
    )
    claim_folder(out, "pairs", resume=place.resume, overwrite=place.overwrite)
    write_pairs(painter, request, out)
    written(out)
