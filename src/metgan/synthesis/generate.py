"""New labelled pairs: a real anatomy, and real labels that were never drawn on it.

Section 3 of the paper: "randomized unpaired combinations of real anatomical channel images, and real
non-zero labels or combinations thereof". Each pair is a function of the seed and its number alone, so a
killed generation goes on where it was, and its first ten pairs are the ten of a shorter one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metgan.data import TABLE, Entry, PairSet, read_channel, read_label, read_table, write_pair, write_table
from metgan.errors import ArrayError, SettingError, StorageError
from metgan.labels import sizes
from metgan.progress import progress
from metgan.types import Camera, Mask

from .inpainter import Inpainter
from .recipes import LabelRecipe, Plan, compose_label, plan_pair

_DONE = ".done.csv"


@dataclass(frozen=True)
class Generation:
    """A request for pairs: sources, recipe, number and seed."""

    anatomies: Sequence[Entry]
    labels: Sequence[Entry]
    recipe: LabelRecipe
    count: int
    seed: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise SettingError(f"count={self.count}", "1 or more pairs", "Choose a positive number")


def check_request(painter: Inpainter, request: Generation) -> float:
    """Refuse sources from which not every pair could be made, by reading all of them once.

    Returns
    -------
    float
        Share of the anatomies' pixels that lie outside the range the model was trained on, in [0, 1].

    Raises
    ------
    StorageError, ArrayError, SettingError
        When an image cannot be read or is not what it should be, no label holds a tumour, there are too
        few to merge, an anatomy is smaller than the network's minimum, or the first painted image is flat.
    """
    positive = _positive(request.labels)
    for number in range(min(request.count, len(request.anatomies))):
        plan_pair(request.anatomies, positive, request.recipe, request.seed, number)
    outside = []
    for entry in request.anatomies:
        anatomy = read_channel(entry.paths["anatomy"])
        painter.card.normalisation.check(anatomy, "anatomy", str(entry.paths["anatomy"]))
        shape = anatomy.shape
        if min(shape) < painter.minimum_side:
            raise ArrayError(
                f"{entry.paths['anatomy']} has shape {shape}",
                f"sides of at least {painter.minimum_side} pixels, the minimum of this network",
                "Leave it out, or cut larger crops with metgan prepare --crop",
            )
        outside.append(painter.card.normalisation.share_outside(anatomy, "anatomy"))
    plan = plan_pair(request.anatomies, positive, request.recipe, request.seed, 0)
    _paint(painter, plan)  # a model that is hardly trained shows at once
    return float(np.mean(outside))


def generate(painter: Inpainter, request: Generation, out: Path) -> PairSet:
    """Write `request.count` new pairs into `out` and give them as a pair set.

    Goes on where a killed call stopped: finished pairs are kept, and the bytes are the same as
    without the interruption. ``pairs.csv`` is filled when all pairs are there.

    Raises
    ------
    ArrayError
        When no label holds a tumour, an image is smaller than the network's minimum, or what is painted
        is flat, as by a model that is hardly trained.
    """
    positive = _positive(request.labels)
    done = _finished(out)
    if len(done) > request.count:
        raise StorageError(
            f"{out} holds {len(done)} pairs",
            f"at most {request.count}, as asked for now",
            "Ask for as many or more, or use --overwrite",
        )
    if not (out / TABLE).is_file():
        write_table(out, [])  # until it is full, `PairSet.open` refuses a half-made set
    with progress("generate", request.count, len(done)) as advance:
        for number in range(request.count):
            plan = plan_pair(request.anatomies, positive, request.recipe, request.seed, number)
            if str(number) in done:
                _refuse_other_request(done[str(number)], _identity(painter, plan, request), out)
                continue
            row = _write(painter, plan, request, number, out)
            done[str(number)] = row
            _note(out, row)
            advance()
    write_table(out, [done[str(number)] for number in range(request.count)])
    (out / _DONE).unlink(missing_ok=True)
    return PairSet.open(out)


def _write(painter: Inpainter, plan: Plan, request: Generation, number: int, out: Path) -> dict[str, object]:
    anatomy, tumour, label = _paint(painter, plan)
    name = f"synthetic-{number:06d}"
    write_pair(out, name, anatomy, tumour, label)
    return {
        "number": number,
        "name": name,
        "group": plan.anatomy.group,
        "organ": plan.anatomy.organ,
        "split": "",
        **_identity(painter, plan, request),
        "tumours": len(sizes(label)),
        "tumour_pixels": int(label.sum()),
        "method": painter.card.method,
        "metgan": painter.card.metgan,
    }


def _paint(painter: Inpainter, plan: Plan) -> tuple[Camera, Camera, Mask]:
    """Give anatomy, tumour channel and label of a pair; a flat image is refused."""
    anatomy: Camera = read_channel(plan.anatomy.paths["anatomy"])
    label = compose_label(plan, anatomy.shape)
    tumour = painter.inpaint(anatomy, label)
    if tumour.min() == tumour.max():
        raise ArrayError(
            f"the image painted from {plan.anatomy.name} is flat, every pixel is {tumour.flat[0]}",
            "an image with contrast",
            "Train the model longer: it has learned hardly anything; or leave this anatomy out",
        )
    return anatomy, tumour, label


def _positive(labels: Sequence[Entry]) -> list[Entry]:
    positive = [entry for entry in labels if read_label(entry.paths["label"]).any()]
    if not positive:
        raise ArrayError(
            f"none of the {len(labels)} labels holds a tumour",
            "at least one non-zero label",
            "Give other --labels",
        )
    return positive


def _note(out: Path, row: Mapping[str, object]) -> None:
    """Remember a finished pair; a line cut short by a kill does not count."""
    path = out / _DONE
    is_new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*row, "end"])
        if is_new:
            writer.writeheader()
        writer.writerow({**row, "end": "."})


def _finished(out: Path) -> dict[str, dict[str, object]]:
    """Give the rows of pairs that are there already, of a killed call or of a shorter one."""
    rows: list[dict[str, object]] = [dict(row) for row in read_table(out)]
    path = out / _DONE
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            noted = [dict(row) for row in csv.DictReader(file) if row.pop("end", None) == "."]
        path.unlink()  # written anew without the line that the kill cut short
        for row in noted:
            _note(out, row)
        rows += noted
    # A set that was not generated has no numbers; its rows are refused for want of a recipe.
    return {str(row.get("number", k)): row for k, row in enumerate(rows)}


def _identity(painter: Inpainter, plan: Plan, request: Generation) -> dict[str, str]:
    """Give all that decides a pair's bytes, as its history tells it."""
    return {
        "anatomy_source": plan.anatomy.name,
        "label_sources": " ".join(entry.name for entry in plan.labels),
        "label_orientations": " ".join(str(o) for o in plan.orientations),
        "label_groups": " ".join(sorted({entry.group for entry in plan.labels})),
        "recipe": str(request.recipe),
        "seed": str(request.seed),
        "model": painter.fingerprint,
    }


def _refuse_other_request(row: Mapping[str, object], identity: Mapping[str, str], out: Path) -> None:
    for key in ("recipe", "seed", "model", *identity):  # settings first: sources follow from them
        if row.get(key) != (wanted := identity[key]):
            raise StorageError(
                f"{out} holds pairs of {key} {row.get(key)}",
                f"{key} {wanted}, as asked for now",
                "Resume with the same settings, or use --overwrite",
            )
