"""``metgan generate``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from cyclopts import Parameter

from metgan.data import SPLIT_FILE, load_split, open_images, part_of
from metgan.io import claim_folder, has_file
from metgan.progress import note
from metgan.synthesis import (
    CONTACT_SHEET,
    MOST_LIGHT,
    ContrastSummary,
    Generation,
    Inpainter,
    check_request,
    finished_pairs,
    load,
    sum_up,
    sum_up_contrasts,
)
from metgan.synthesis import generate as write_pairs
from metgan.training import planned_steps, stopped_at

from .folders import note_doubt, reserved
from .gates import WHERE_JUDGED, GateChoice, advise_judge, training_images
from .options import NEW_FOLDER, Place, Positive, Seed
from .recipes import REAL_LABELS, RecipeChoice
from .sources import Sources, refuse_test_sources


@Parameter(name="*")
@dataclass(frozen=True)
class Order:
    """How many pairs, and where they are made and written.

    Parameters
    ----------
    out
        Pair set to write: 16-bit TIFFs (or the camera's dtype) and pairs.csv with each pair's history.
    count
        Number of pairs, 1 or more.
    seed
        0 or more; the same seed gives the same bytes on the same CPU with as many threads
        (OMP_NUM_THREADS).
    device
        "auto" takes a CUDA device where there is one.
    """

    out: Path
    count: Positive = 100
    seed: Seed = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"


_MUCH_OUTSIDE = 0.05
_AIMED_AND_JUDGED = (
    "the judge fails what it does not see; aimed pairs show what segmentors miss; see gate.json"
)
_KIND, _VERB = "pairs", "metgan generate"


def generate(
    run: Path,
    /,
    *,
    sources: Sources,
    order: Order,
    recipe: RecipeChoice = REAL_LABELS,
    judging: GateChoice = WHERE_JUDGED,
    place: Place = NEW_FOLDER,
) -> None:
    """Paint new labelled pairs: real anatomy, with labels that were never drawn on it.

    With --judge, each passes a gate: pairs.csv has its scores, and gate.json the sum.

    Parameters
    ----------
    run
        Run folder of metgan train.
    """
    out, label_recipe = order.out, recipe.make()
    folders = (sources.anatomy, sources.labels)
    inputs = [path for path in (run, *folders, sources.aim_at, judging.judge) if path is not None]
    with reserved(out, _KIND, _VERB, place, inputs) as place:
        painter = load(run, order.device)
        split = load_split(run / SPLIT_FILE) if has_file(run / SPLIT_FILE) else None
        anatomies = open_images(sources.anatomy, "anatomy")
        request = Generation(
            part_of(anatomies, sources.part, split),
            sources.open_labels(split, label_recipe),
            label_recipe,
            order.count,
            order.seed,
        )
        if sources.part in {"train", "val"}:
            refuse_test_sources([*request.anatomies, *request.labels], split)
        request = sources.request(request, painter, split)
        tested = split.groups(anatomies, "test") if split else frozenset()
        training = training_images(split, *folders)
        advice = advise_judge(run, painter.card, training, *folders)
        gate = judging.open(painter, training, tested, advice)
        outside = check_request(painter, request)
        with claim_folder(out, _KIND, _VERB, **asdict(place), inputs=inputs):
            _note_doubts(run, painter, outside)
            judging.note_doubts(gate, advice)
            if gate is not None and sources.aim_at is not None:
                note(_AIMED_AND_JUDGED)
            were_there = len(finished_pairs(out)) == order.count
            pairs = write_pairs(painter, request, out, gate)
    if (summary := sum_up(pairs)) is not None:
        print(summary)
    reached = sum_up_contrasts(pairs, painter.card.normalisation.tumour.ceiling)
    if reached is not None and reached.missed:
        note(
            f"{reached}. Likely because {_why_missed(reached, painter)}; pairs.csv has each in got_contrasts"
        )
    opening = "Finished already, nothing was generated" if were_there else "Written"
    print(f"{opening}: {out}; pictures of some pairs: {out / CONTACT_SHEET}")


def _why_missed(reached: ContrastSummary, painter: Inpainter) -> str:
    """Return the likely reasons why tumours have another contrast than was asked for."""
    reasons = []
    if reached.clipped:
        reasons.append(
            f"{reached.clipped} of the dimmer ones lie in images that reach the camera's brightest value, "
            f"{painter.card.normalisation.tumour.ceiling:.5g}"
        )
    if reached.dimmer > reached.clipped:
        hardly = ", it has not learned to place tumours" if painter.card.doubt else ""
        reasons.append(
            f"the generator painted {reached.dimmer - reached.clipped} with too little light of their own to "
            f"be brought there ({MOST_LIGHT:g} times as much is the limit){hardly}"
        )
    if reached.brighter or reached.unknown:
        reasons.append("of others what lies around them (tissue, neighbours, residue) decides the contrast")
    return "; ".join(reasons)


def _note_doubts(run: Path, painter: Inpainter, outside: float) -> None:
    """Tell of anatomy that the model has seen nothing like, and of a model that has learned too little."""
    if outside > _MUCH_OUTSIDE:
        scale = painter.card.normalisation.anatomy
        note(
            f"{outside:.0%} of the anatomy's pixels lie outside {scale.low:.5g} to {scale.high:.5g}, "
            "the range of the training images; the model has seen nothing like them"
        )
    note_doubt(run)
    steps = painter.card.steps
    if (stopped := stopped_at(run, steps)) is not None:
        note(f"the training of {run} stopped at step {stopped} of {planned_steps(run, steps)}")
