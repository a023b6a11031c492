"""The main job from end to end, on a phantom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, load_split, part_of
from metgan.experiment import Experiment, resolve
from metgan.io import prepare_output
from metgan.labels import Merged
from metgan.methods import find_method
from metgan.phantom import PhantomSettings, write_phantom
from metgan.progress import Listener, listening
from metgan.studies import (
    Evaluation,
    IndependentSegmentorSource,
    Report,
    Section,
    evaluate_run,
    facts,
    faithfulness_section,
    grid_section,
    pairs_section,
    similarity_section,
    training_section,
    warning_sections,
)
from metgan.synthesis import GenerationRequest, generate, load, open_gate
from metgan.training import SEGMENTOR_FOLDER, train

from .evaluate import EvaluateResult
from .next_step import evaluate_command, generate_command
from .output import GENERATED, NEW_FOLDER, RUN, Output, OutputPolicy, reserve
from .ranges import SEED, STEPS, check_ranges
from .settings import CONFIG_FILE, refuse_other_settings, run_config_of

_PAIRS, _NEW_PAIRS = 240, 24
_DEMO, _VERB = "a demo", "metgan demo"


@dataclass(frozen=True, kw_only=True)
class DemoRequest:
    """A demo to be held: everything once, on a phantom, in minutes on two CPU cores.

    Parameters
    ----------
    out : Path
        Folder to write into.
    steps : int
        Length of MetGAN's training in batches, 1 or more.
    segmentor_steps : int
        Length of the training of each of the two segmentors, the one in the loop and the independent
        segmentor.
    seed : int
        0 or more; the same seed gives the same bytes on the same CPU with as many threads
        (OMP_NUM_THREADS).
    output : OutputPolicy
    """

    out: Path
    steps: int = 180
    segmentor_steps: int = 250
    seed: int = 0
    output: OutputPolicy = NEW_FOLDER

    def __post_init__(self) -> None:
        check_ranges(self, steps=STEPS, segmentor_steps=STEPS, seed=SEED)


def demo(request: DemoRequest, on_event: Listener | None = None) -> EvaluateResult:
    """Do everything once, on a phantom; returns the scores.

    Parameters
    ----------
    request : DemoRequest
    on_event : callable or None
        Told of notes and progress; None prints them on stderr.
    """
    lengths = {"training": {"steps": request.steps}, "segmentor": {"steps": request.segmentor_steps}}
    experiment = resolve({"preset": "small", "seed": request.seed}, lengths)
    with (
        listening(on_event),
        reserve(request.out, _DEMO, _VERB, request.output) as output,
        _claimed(output, experiment),
    ):
        evaluation = _hold(request.out, experiment, output.policy)
    return EvaluateResult(request.out, evaluation)


def _hold(out: Path, experiment: Experiment, policy: OutputPolicy) -> Evaluation:
    """Draw, train, generate and score, and write the report."""
    run, seed = out / "run", experiment.seed
    pairs = write_phantom(out / "pairs", _PAIRS, PhantomSettings(), seed)
    experiment.save(run / CONFIG_FILE)
    method = find_method(experiment.method)
    run_config = run_config_of(experiment, run, policy)
    train(method, run_config, pairs, experiment.segmentor)
    inpainter = load(run)
    seen = part_of(pairs.entries, "train", load_split(run / SPLIT_FILE))
    request = GenerationRequest(seen, seen, Merged(2), _NEW_PAIRS, seed)
    engine, steps = experiment.engine, experiment.segmentor.steps
    source = IndependentSegmentorSource(
        None, steps, out / "scores" / "independent-segmentor", engine, policy.resume
    )
    evaluation, generated = evaluate_run(run, pairs, source)
    evaluation.save(out / "scores")
    new_pairs = generate(inpainter, request, out / "new-pairs", open_gate(source.folder, inpainter, seen))
    sections = [
        _opening(pairs),
        *warning_sections(evaluation),
        grid_section(generated),
        faithfulness_section(evaluation),
        similarity_section(evaluation),
        pairs_section(new_pairs),
        training_section(run),
        training_section(run / SEGMENTOR_FOLDER, "The segmentor in the loop"),
        _next(),
    ]
    lead = (
        "From a few annotated two-channel scans to as many labelled training pairs as you like: the whole "
        "way, on a synthetic cleared mouse (a phantom) whose tumours are known."
    )
    Report("metgan: synthetic tumours with labels", lead, sections, facts(evaluation)).save(
        out / "report.html"
    )
    return evaluation


@contextmanager
def _claimed(output: Output, experiment: Experiment) -> Iterator[None]:
    """Claim the demo's folders; one that was begun with other options is left as it is."""
    out, resume = output.path, output.policy.resume
    parts = (("run", RUN), ("pairs", "pairs"), ("new-pairs", GENERATED))
    refuse_other_settings(out / "run" / CONFIG_FILE, output.policy, experiment)
    with output.prepared(), ExitStack() as stack:
        for name, kind in parts:
            stack.enter_context(prepare_output(out / name, kind, _VERB, resume=resume, overwrite=False))
        yield


def _opening(pairs: PairSet) -> Section:
    animals = len({entry.group for entry in pairs})
    return Section(
        "What was done",
        [
            f"{len(pairs)} image pairs of {animals} made-up mice were drawn: an anatomy channel (tissue "
            "autofluorescence), a tumour channel (a dye on metastases, with crosstalk, bright spots that "
            "are no tumours, blur and camera noise), and a label that says where the tumours are.",
            "A segmentor learned to find tumours. Then MetGAN learned to make the tumour channel from an "
            "anatomy image and a label, judged by two discriminators and held to the label by the frozen "
            "segmentor. Whole animals were kept for testing: the pictures and scores below are theirs.",
        ],
    )


def _next() -> Section:
    run, pairs = Path("run"), Path("pairs")
    return Section(
        "With your own scans",
        [
            "Cut registered TIFF stacks into pairs, train, generate new pairs, and see how good they are. "
            "About a hundred annotated crops are enough for a first look; a GPU is welcome and not needed.",
        ],
        code=(
            "metgan prepare scan.tif --labels mask.tif --crop 128 --out pairs\n"
            "metgan train pairs --out run\n"
            f"{generate_command(run, pairs)}\n{evaluate_command(run, pairs)}\n\n"
            "# or in Python, on arrays in your camera's units\n"
            "import metgan\n"
            'tumour = metgan.load("run").inpaint(anatomy, label)'
        ),
    )
