"""``metgan generate``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from cyclopts import Parameter

from metgan.data import SPLIT_FILE, load_split, open_images, part_of
from metgan.io import has_file, prepare_output
from metgan.progress import note
from metgan.synthesis import (
    CONTACT_SHEET,
    MOST_LIGHT,
    ContrastSummary,
    GenerationRequest,
    Inpainter,
    check_request,
    finished_pairs,
    load,
    sum_up,
    sum_up_contrasts,
)
from metgan.synthesis import generate as write_pairs
from metgan.training import planned_steps, stopped_at

from .folders import note_warning, reserved
from .gates import WHERE_JUDGED, GateChoice, advise_segmentor, training_images
from .options import NEW_FOLDER, OutputPolicy, Positive, Seed
from .recipes import REAL_LABELS, RecipeChoice
from .sources import Sources, refuse_test_sources


@Parameter(name="*")
@dataclass(frozen=True)
class GenerateOptions:
    """How many pairs, and where they are made and written.

    Parameters
    ----------
    out
        Pair set to write: 16-bit TIFFs (or the camera's dtype) and pairs.csv with each pair's provenance.
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
    "the gate rejects tumours that its segmentor misses, and --oversample-errors asks for more of such: "
    "see gate.json"
)
_KIND, _VERB = "pairs", "metgan generate"


def generate(
    run: Path,
    /,
    *,
    sources: Sources,
    options: GenerateOptions,
    recipe: RecipeChoice = REAL_LABELS,
    gating: GateChoice = WHERE_JUDGED,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Generate new labelled pairs: real anatomy, with labels that were never drawn on it.

    With --independent-segmentor, each passes a gate: pairs.csv has its scores, and gate.json their summary.

    Parameters
    ----------
    run
        Run folder of metgan train.
    """
    out, label_recipe = options.out, recipe.make()
    folders = (sources.anatomy, sources.labels)
    inputs = [
        path
        for path in (run, *folders, sources.oversample_errors, gating.independent_segmentor)
        if path is not None
    ]
    with reserved(out, _KIND, _VERB, place, inputs) as place:
        inpainter = load(run, options.device)
        split = load_split(run / SPLIT_FILE) if has_file(run / SPLIT_FILE) else None
        anatomies = open_images(sources.anatomy, "anatomy")
        request = GenerationRequest(
            part_of(anatomies, sources.part, split),
            sources.open_labels(split, label_recipe),
            label_recipe,
            options.count,
            options.seed,
        )
        if sources.part in {"train", "val"}:
            refuse_test_sources([*request.anatomies, *request.labels], split)
        request = sources.request(request, inpainter, split)
        tested = split.groups(anatomies, "test") if split else frozenset()
        training = training_images(split, *folders)
        advice = advise_segmentor(run, inpainter.card, training, *folders)
        gate = gating.open(inpainter, training, tested, advice)
        outside = check_request(inpainter, request)
        with prepare_output(out, _KIND, _VERB, **asdict(place), inputs=inputs):
            _note_warnings(run, inpainter, outside)
            gating.note_warnings(gate, advice)
            if gate is not None and sources.oversample_errors is not None:
                note(_AIMED_AND_JUDGED)
            were_there = len(finished_pairs(out)) == options.count
            pairs = write_pairs(inpainter, request, out, gate)
    if (summary := sum_up(pairs)) is not None:
        print(summary)
    _note_contrasts(sum_up_contrasts(pairs, inpainter.card.normalisation.tumour.ceiling), inpainter)
    opening = "Finished already, nothing was generated" if were_there else "Written"
    print(f"{opening}: {out}; pictures of some pairs: {out / CONTACT_SHEET}")


def _note_contrasts(reached: ContrastSummary | None, inpainter: Inpainter) -> None:
    """Tell how many tumours have another contrast than was asked for, if any, and why."""
    if reached is not None and reached.missed:
        why = _why_missed(reached, inpainter)
        note(f"{reached}. Likely because {why}; pairs.csv has each in got_contrasts")


def _why_missed(reached: ContrastSummary, inpainter: Inpainter) -> str:
    """Return the likely reasons why tumours have another contrast than was asked for."""
    reasons = []
    if reached.clipped:
        reasons.append(
            f"{reached.clipped} of the dimmer ones lie in images that reach the camera's brightest value, "
            f"{inpainter.card.normalisation.tumour.ceiling:.5g}"
        )
    if reached.dimmer > reached.clipped:
        hardly = ", it has not learned to place tumours" if inpainter.card.places_no_tumours else ""
        reasons.append(
            f"the generator made {reached.dimmer - reached.clipped} with too little light of their own to "
            f"be brought there ({MOST_LIGHT:g} times as much is the limit){hardly}"
        )
    if reached.brighter or reached.unknown:
        reasons.append(
            "of others what lies around them (tissue, neighbours, background) decides the contrast"
        )
    return "; ".join(reasons)


def _note_warnings(run: Path, inpainter: Inpainter, outside: float) -> None:
    """Tell of anatomy that the model has seen nothing like, and of a model that has learned too little."""
    if outside > _MUCH_OUTSIDE:
        scale = inpainter.card.normalisation.anatomy
        note(
            f"{outside:.0%} of the anatomy's pixels lie outside {scale.low:.5g} to {scale.high:.5g}, "
            "the range of the training images; the model has seen nothing like them"
        )
    note_warning(run)
    steps = inpainter.card.steps
    if (stopped := stopped_at(run, steps)) is not None:
        note(f"the training of {run} stopped at step {stopped} of {planned_steps(run, steps)}")
