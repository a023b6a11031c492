"""``metgan generate``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from metgan.data import load_split, open_images, part_of
from metgan.io import check_folder, claim_folder
from metgan.synthesis import Generation, LabelRecipe, check_request, load
from metgan.synthesis import generate as write_pairs
from metgan.training import SPLIT_FILE, stopped_at

from .folders import note, written
from .options import NEW_FOLDER, Place, Positive, Seed


@Parameter(name="*")
@dataclass(frozen=True)
class Sources:
    """What new pairs are made of.

    Parameters
    ----------
    anatomy
        Pair set, or plain folder of anatomy images, in the units the run was trained on.
    labels
        Pair set, or plain folder of labels; empty labels are not used. One of another size than the
        anatomy is cut or padded about its centre.
    part
        Part of the sources to draw from, where the run or the set's pairs.csv knows their split; the test
        part stays unseen by default.
    """

    anatomy: Path
    labels: Path
    part: Literal["train", "val", "test", "all"] = "train"


@Parameter(name="*")
@dataclass(frozen=True)
class Amount:
    """How many pairs, and how their labels are made.

    Parameters
    ----------
    count
        Number of pairs, 1 or more.
    merge
        How many labels are merged into one, for more tumours per image.
    turn
        Turn and mirror labels at random.
    seed
        0 or more; the same seed gives the same bytes on a CPU.
    """

    count: Positive = 100
    merge: Positive = 1
    turn: Annotated[bool, Parameter(negative="--no-turn")] = True
    seed: Seed = 0


_HUNDRED = Amount()
_MUCH_OUTSIDE = 0.05


def generate(
    run: Path,
    /,
    *,
    sources: Sources,
    out: Path,
    amount: Amount = _HUNDRED,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    place: Place = NEW_FOLDER,
) -> None:
    """Paint new labelled pairs: real anatomy, with real labels of other images.

    Parameters
    ----------
    run
        Run folder of metgan train.
    out
        Pair set to write: 16-bit TIFFs (or the camera's dtype) and pairs.csv with each pair's history.
    device
        "auto" takes a CUDA device where there is one.
    """
    check_folder(out, "pairs", resume=place.resume, overwrite=place.overwrite)
    painter = load(run, device)
    split_file = run / SPLIT_FILE
    split = load_split(split_file) if split_file.is_file() else None
    request = Generation(
        part_of(open_images(sources.anatomy, "anatomy"), sources.part, split),
        part_of(open_images(sources.labels, "label"), sources.part, split),
        LabelRecipe(amount.merge, amount.turn),
        amount.count,
        amount.seed,
    )
    outside = check_request(painter, request)
    if outside > _MUCH_OUTSIDE:
        scale = painter.card.normalisation.anatomy
        note(
            f"{outside:.0%} of the anatomy's pixels lie outside {scale.low:.5g} to {scale.high:.5g}, "
            "the range of the training images; the model has seen nothing like them"
        )
    if (stopped := stopped_at(run, painter.card.steps)) is not None:
        note(f"the training of {run} stopped at step {stopped} of {painter.card.steps}")
    inputs = [run, sources.anatomy, sources.labels]
    claim_folder(out, "pairs", resume=place.resume, overwrite=place.overwrite, inputs=inputs)
    write_pairs(painter, request, out)
    written(out)
