"""``metgan demo``: the main job from end to end, on a phantom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from metgan.data import SPLIT_FILE, PairSet, PhantomSettings, load_split, part_of, write_phantom
from metgan.experiment import Experiment, resolve
from metgan.io import claim_folder
from metgan.labels import Merged
from metgan.methods import find_method
from metgan.studies import (
    Evaluation,
    RefereeSource,
    Report,
    Section,
    evaluate_run,
    facts,
    faithfulness_chapter,
    grid_chapter,
    likeness_chapter,
    pairs_chapter,
    training_chapter,
    warning_chapters,
)
from metgan.synthesis import Generation, generate, load, open_gate
from metgan.training import SEGMENTOR_FOLDER, train

from .evaluate import show_scores
from .folders import CONFIG_FILE, order_of, refuse_other_settings, reserved, written
from .next_step import evaluate_command, generate_command
from .options import NEW_FOLDER, Place, Positive, Seed

_PAIRS, _NEW_PAIRS = 240, 24
_DEMO, _VERB = "a demo", "metgan demo"


def demo(
    out: Path,
    /,
    *,
    steps: Positive = 180,
    segmentor_steps: Positive = 250,
    seed: Seed = 0,
    place: Place = NEW_FOLDER,
) -> None:
    """Everything once, on a phantom: images, segmentor, MetGAN, new pairs, scores, report.html.

    Takes minutes on two CPU cores.

    Parameters
    ----------
    out
        Folder to write into.
    steps
        Length of MetGAN's training in batches.
    segmentor_steps
        Length of the training of each of the two segmentors, the one in the loop and the referee.
    seed
        0 or more; the same seed gives the same bytes on the same CPU with as many threads
        (OMP_NUM_THREADS).
    """
    lengths = {"training": {"steps": steps}, "segmentor": {"steps": segmentor_steps}}
    experiment = resolve({"preset": "small", "seed": seed}, lengths)
    with reserved(out, _DEMO, _VERB, place) as place, _claimed(out, experiment, place):
        evaluation = _hold(out, experiment, place)
    show_scores(evaluation)
    written(out / "report.html")


def _hold(out: Path, experiment: Experiment, place: Place) -> Evaluation:
    """Draw, train, generate and score, and write the report."""
    run, seed = out / "run", experiment.seed
    pairs = write_phantom(out / "pairs", _PAIRS, PhantomSettings(), seed)
    experiment.save(run / CONFIG_FILE)
    method = find_method(experiment.method)
    order = order_of(experiment, run, place)
    train(method, order, pairs, experiment.segmentor)
    painter = load(run)
    seen = part_of(pairs.entries, "train", load_split(run / SPLIT_FILE))
    request = Generation(seen, seen, Merged(2), _NEW_PAIRS, seed)
    engine, steps = experiment.engine, experiment.segmentor.steps
    source = RefereeSource(None, steps, out / "scores" / "referee", engine, place.resume)
    evaluation, painted = evaluate_run(run, pairs, source)
    evaluation.save(out / "scores")
    new_pairs = generate(painter, request, out / "new-pairs", open_gate(source.folder, painter, seen))
    chapters = [
        _opening(pairs),
        *warning_chapters(evaluation),
        grid_chapter(painted),
        faithfulness_chapter(evaluation),
        likeness_chapter(evaluation),
        pairs_chapter(new_pairs),
        training_chapter(run),
        training_chapter(run / SEGMENTOR_FOLDER, "The segmentor in the loop"),
        _next(),
    ]
    lead = (
        "From a few annotated two-channel scans to as many labelled training pairs as you like: the whole "
        "way, on a synthetic cleared mouse (a phantom) whose tumours are known."
    )
    Report("metgan: synthetic tumours with labels", lead, chapters, facts(evaluation)).save(
        out / "report.html"
    )
    return evaluation


@contextmanager
def _claimed(out: Path, experiment: Experiment, place: Place) -> Iterator[None]:
    """Claim the demo's folders; one that was begun with other options is left as it is."""
    parts = (("run", "a run"), ("pairs", "pairs"), ("new-pairs", "pairs"))
    refuse_other_settings(out / "run" / CONFIG_FILE, place, experiment)
    with claim_folder(out, _DEMO, _VERB, **asdict(place)), ExitStack() as stack:
        for name, kind in parts:
            stack.enter_context(claim_folder(out / name, kind, _VERB, resume=place.resume, overwrite=False))
        yield


def _opening(pairs: PairSet) -> Section:
    animals = len({entry.group for entry in pairs})
    return Section(
        "What was done",
        [
            f"{len(pairs)} image pairs of {animals} made-up mice were drawn: an anatomy channel (tissue "
            "autofluorescence), a tumour channel (a dye on metastases, with crosstalk, bright spots that "
            "are no tumours, blur and camera noise), and a label that says where the tumours are.",
            "A segmentor learned to find tumours. Then MetGAN learned to paint the tumour channel from an "
            "anatomy image and a label, judged by two discriminators and held to the label by the frozen "
            "segmentor. Whole animals were kept for testing: the pictures and scores below are theirs.",
        ],
    )


def _next() -> Section:
    run, pairs = Path("run"), Path("pairs")
    return Section(
        "With your own scans",
        [
            "Cut registered TIFF stacks into pairs, train, paint new pairs, and see how good they are. About "
            "a hundred annotated crops are enough for a first look; a GPU is welcome and not needed.",
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
