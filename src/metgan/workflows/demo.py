"""The main job from end to end, on a phantom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from metgan.checked import Checked
from metgan.data import SPLIT_FILE, load_split, part_of
from metgan.experiment import Experiment, resolve
from metgan.io import prepare_output
from metgan.labels import Merged
from metgan.methods import find_method
from metgan.phantom import PhantomSettings, write_phantom
from metgan.progress import Listener, listening
from metgan.reporting import Generated, demo_report
from metgan.studies import (
    INDEPENDENT_SEGMENTOR,
    Evaluation,
    IndependentSegmentorSource,
    open_evaluation,
    read_trained_run,
)
from metgan.synthesis import CONTACT_SHEET, GenerationRequest, generate, load, open_gate, sum_up
from metgan.training import MethodTraining, load_data

from .evaluate import EvaluateResult
from .output import GENERATED, NEW_FOLDER, RUN, Output, OutputPolicy, reserve
from .ranges import SEED, STEPS, check_ranges
from .settings import CONFIG_FILE, refuse_other_settings, run_config_of

_PAIRS, _NEW_PAIRS = 240, 24
_DEMO, _VERB = "a demo", "metgan demo"


@dataclass(frozen=True, kw_only=True)
class DemoRequest(Checked):
    """A demo to be run: everything once, on a phantom, in minutes on two CPU cores.

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
        super().__post_init__()
        check_ranges(self, steps=STEPS, segmentor_steps=STEPS, seed=SEED)


def demo(request: DemoRequest, on_event: Listener | None = None) -> EvaluateResult:
    """Do everything once, on a phantom; returns the scores.

    Parameters
    ----------
    request : DemoRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.
    """
    lengths = {"training": {"steps": request.steps}, "segmentor": {"steps": request.segmentor_steps}}
    experiment = resolve({"preset": "small", "seed": request.seed}, lengths)
    with (
        listening(on_event),
        reserve(request.out, _DEMO, _VERB, request.output) as output,
        _claimed(output, experiment),
    ):
        evaluation = _evaluate(request.out, experiment, output.policy)
    return EvaluateResult(request.out, evaluation)


def _evaluate(out: Path, experiment: Experiment, policy: OutputPolicy) -> Evaluation:
    """Draw, train, generate and score, and write the report."""
    run, seed = out / "run", experiment.seed
    pairs = write_phantom(out / "pairs", _PAIRS, PhantomSettings(), seed)
    experiment.save(run / CONFIG_FILE)
    method = find_method(experiment.method)
    run_config = run_config_of(experiment, run, policy)
    MethodTraining(method, run_config, load_data(pairs, seed), experiment.segmentor).run()
    inpainter = load(run)
    seen = part_of(pairs.entries, "train", load_split(run / SPLIT_FILE))
    request = GenerationRequest(seen, seen, Merged(2), _NEW_PAIRS, seed)
    engine, steps = experiment.engine, experiment.segmentor.steps
    source = IndependentSegmentorSource(None, steps, out / "scores", engine, policy.resume)
    evaluation, generated = open_evaluation(run, pairs, source).score()
    evaluation.save(out / "scores")
    independent = out / "scores" / INDEPENDENT_SEGMENTOR
    new_pairs = generate(inpainter, request, out / "new-pairs", open_gate(independent, inpainter, seen))
    picture = (new_pairs.root / CONTACT_SHEET).read_bytes()
    made = Generated(new_pairs, picture, str(sum_up(new_pairs) or ""))
    demo_report(pairs, evaluation, generated, made, read_trained_run(run)).save(out)
    return evaluation


@contextmanager
def _claimed(output: Output, experiment: Experiment) -> Iterator[None]:
    """Claim the demo's folders; one that was started with other options is left as it is."""
    out, resume = output.path, output.policy.resume
    parts = (("run", RUN), ("pairs", "pairs"), ("new-pairs", GENERATED))
    refuse_other_settings(out / "run" / CONFIG_FILE, output.policy, experiment)
    with output.prepared(), ExitStack() as stack:
        for name, kind in parts:
            stack.enter_context(prepare_output(out / name, kind, _VERB, resume=resume, overwrite=False))
        yield
