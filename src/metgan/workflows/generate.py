"""Generating new labelled pairs with a trained method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from metgan.checked import Checked
from metgan.data import (
    SPLIT_FILE,
    PairSet,
    Split,
    evenly,
    held_out_of,
    load_split,
    open_images,
    part_of,
    read_label,
    tell_of_inverted,
)
from metgan.io import has_file
from metgan.progress import Listener, listening, note
from metgan.synthesis import (
    CONTACT_SHEET,
    MOST_LIGHT,
    MOST_PAIRS,
    ContrastSummary,
    GenerationRequest,
    Inpainter,
    check_request,
    finished_pairs,
    load,
    order_steps,
    sum_up,
    sum_up_contrasts,
    sum_up_unseen,
)
from metgan.synthesis import generate as write_pairs
from metgan.training import planned_steps, stopped_at

from .gating import NO_GATE, GateChoice, advise_segmentor, training_images
from .label_recipe import REAL_LABELS, RecipeChoice
from .output import GENERATED, NEW_FOLDER, OutputPolicy, note_warning, reserve
from .pair_sets import PseudoLabels
from .ranges import SEED, check_ranges
from .registration import note_exchanged_channels
from .sources import Sources

MUCH_OUTSIDE = 0.05
_LOOKED_AT = 100  # labels
_OVERSAMPLED_AND_GATED = (
    "the gate rejects tumours that its segmentor misses, and --oversample-errors asks for more of such: "
    "see gate.json"
)


@dataclass(frozen=True, kw_only=True)
class GenerateRequest(Checked):
    """New labelled pairs to be generated: real anatomy, with labels that were never drawn on it.

    Parameters
    ----------
    run : Path
        Run folder of metgan train.
    sources : Sources
    out : Path
        Pair set to write: 16-bit TIFFs (or the camera's dtype) and pairs.csv with each pair's provenance.
    count : int
        Number of pairs, 1 or more.
    seed : int
        0 or more; the same seed gives the same bytes on the same CPU with as many threads
        (OMP_NUM_THREADS).
    device : {"auto", "cpu", "cuda"}
        "auto" takes a CUDA device where there is one.
    refine : tuple of str
        Steps that a generated tumour channel goes through, joined by commas, as in contrast,background;
        default: none. insert: the real tumour channel of --anatomy, which must be a pair set, is kept, and
        generated tumours are added to it, beside its own; of pairs without a label, the run's segmentor says
        where these are, and what it doubts is marked in ignore/, as are added tumours that it does not see.
        contrast: each tumour is brought to the
        contrast of a real one: dimmer, or with up to five times the light that it was generated with; leave
        it out where masks are a threshold of the signal. noise: the noise of real images is added.
        background: threads, dust and noise of a real image are laid over, away from its tumours. The last
        three learn from --labels, which must be a pair set. Steps are applied in this order, in whatever
        order they are named. noise and background exclude each other, and neither goes with insert.
    recipe : RecipeChoice
    gating : GateChoice
    output : OutputPolicy
    """

    run: Path
    sources: Sources
    out: Path
    count: int = 100
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    refine: tuple[str, ...] = ()
    recipe: RecipeChoice = REAL_LABELS
    gating: GateChoice = NO_GATE
    output: OutputPolicy = NEW_FOLDER

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, count=(1, MOST_PAIRS), seed=SEED)
        self.recipe.make()
        order_steps(self.refine)

    @property
    def inputs(self) -> list[Path | None]:
        """What the pairs are made from and checked by."""
        sources = self.sources
        folders = [sources.anatomy, sources.labels, sources.oversample_errors]
        return [self.run, *folders, self.gating.independent_segmentor]


@dataclass(frozen=True)
class GenerateResult:
    """What was generated.

    Attributes
    ----------
    pairs : PairSet
    out, contact_sheet : Path
    summary : str
        How they came through the gate, and how many inserted tumours are unseen, in a line each; "" where
        neither was asked for.
    were_there : bool
        Whether all of them were there before the call.
    """

    pairs: PairSet
    out: Path
    contact_sheet: Path
    summary: str
    were_there: bool


def generate(request: GenerateRequest, on_event: Listener | None = None) -> GenerateResult:
    """Generate new labelled pairs; with an independent segmentor, each passes a gate.

    Parameters
    ----------
    request : GenerateRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, ArrayError, SettingError
        When run, sources, recipe or folder will not do; nothing is written then.
    LeakageError
        When the test part of the run would have a share in the pairs, or check them.
    """
    sources, out, gating = request.sources, request.out, request.gating
    with (
        listening(on_event),
        TemporaryDirectory() as scratch,
        reserve(out, GENERATED, "metgan generate", request.output, request.inputs) as output,
    ):
        inpainter = load(request.run, request.device)
        pseudo_labels = PseudoLabels(request.run, Path(scratch), inpainter.device)
        split = load_split(request.run / SPLIT_FILE) if has_file(request.run / SPLIT_FILE) else None
        if split is None:
            note(f"{request.run} has no {SPLIT_FILE}: what it is tested on is known from pairs.csv alone")
        asked = _asked(request, inpainter, split, pseudo_labels)
        some = evenly(asked.labels, _LOOKED_AT)
        tell_of_inverted((read_label(one.paths["label"]) for one in some), f"labels of {sources.labels}")
        folders = (sources.anatomy, sources.labels)
        training = training_images(split, *folders)
        advice = advise_segmentor(request.run, inpainter.card, training, *folders)
        gate = gating.open(inpainter, training, advice)
        outside = check_request(inpainter, asked)
        with output.prepared():
            _note_order(request.refine)
            note_warnings(request.run, inpainter, outside)
            for folder in dict.fromkeys(folder for folder in folders if folder is not None):
                note_exchanged_channels(folder)
            gating.note_warnings(gate, advice)
            if gate is not None and sources.oversample_errors is not None:
                note(_OVERSAMPLED_AND_GATED)
            were_there = len(finished_pairs(out)) == request.count
            pairs = write_pairs(inpainter, asked, out, gate)
        _note_contrasts(sum_up_contrasts(pairs, inpainter.card.normalisation.tumour.ceiling), inpainter)
    words = "\n".join(str(said) for said in (sum_up(pairs), sum_up_unseen(pairs)) if said is not None)
    return GenerateResult(pairs, out, out / CONTACT_SHEET, words, were_there)


def _asked(
    request: GenerateRequest, inpainter: Inpainter, split: Split | None, pseudo_labels: PseudoLabels
) -> GenerationRequest:
    """Return the request to synthesis; what is tested is added to what the inpainter holds out."""
    sources, recipe = request.sources, request.recipe.make()
    anatomies, labels = open_images(sources.anatomy, "anatomy"), sources.open_labels(recipe)
    inpainter.held_out |= held_out_of([*anatomies, *labels], split)
    plain = GenerationRequest(
        part_of(anatomies, sources.part, split),
        part_of(labels, sources.part, split) if labels else (),
        recipe,
        request.count,
        request.seed,
        any_part=sources.part in {"test", "all"},
    )
    return sources.request(plain, request.refine, inpainter, split, pseudo_labels)


def _note_order(given: Sequence[str]) -> None:
    """Note that steps are applied in another order than they are given in."""
    if (ordered := order_steps(given)) != tuple(given):
        note(f"refine {','.join(given)} is applied in the order {','.join(ordered)}")


def _note_contrasts(reached: ContrastSummary | None, inpainter: Inpainter) -> None:
    """Note how many tumours have another contrast than was asked for, if any, and why."""
    if reached is not None and reached.missed:
        why = _why_missed(reached, inpainter)
        note(f"{reached}. Likely because {why}; pairs.csv has each in got_contrasts")


def _why_missed(reached: ContrastSummary, inpainter: Inpainter) -> str:
    """Return the likely reasons why tumours have another contrast than was asked for."""
    reasons = []
    if reached.clipped:
        reasons.append(
            f"{reached.clipped} of the dimmer ones lie in images that reach "
            f"{inpainter.card.normalisation.tumour.ceiling:.5g}, by the training part the brightest value "
            "that the camera gives"
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


def note_warnings(run: Path, inpainter: Inpainter, outside: float) -> None:
    """Note anatomy unlike any that the model has seen, and a model that has learned too little."""
    if outside > MUCH_OUTSIDE:
        scale = inpainter.card.normalisation.anatomy
        note(
            f"{outside:.0%} of the anatomy's pixels lie outside {scale.low:.5g} to {scale.high:.5g}, "
            "the range of the training images; the model has seen nothing like them"
        )
    note_warning(run)
    steps = inpainter.card.steps
    if (stopped := stopped_at(run, steps)) is not None:
        note(f"the training of {run} stopped at step {stopped} of {planned_steps(run, steps)}")
