"""The page of the demo: the main job from end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.data import PairSet
from metgan.studies import ComparedImage, Evaluation, TrainedRun

from .evaluation import facts, faithfulness_section, grid_section, similarity_section, warning_sections
from .next_step import evaluate_command, generate_command
from .report import Figure, Report, Section
from .training import training_sections


@dataclass(frozen=True)
class Generated:
    """Pairs that were generated, the PNG of some of them, and what the gate did to them, in words."""

    pairs: PairSet
    picture: bytes
    gate: str


def demo_report(
    drawn: PairSet,
    evaluation: Evaluation,
    compared: Sequence[ComparedImage],
    generated: Generated,
    run: TrainedRun,
) -> Report:
    """Return the page of the demo.

    Parameters
    ----------
    drawn : PairSet
        The phantom.
    evaluation : Evaluation
        Of the run on its test part.
    compared : sequence of ComparedImage
        The test images.
    generated : Generated
    run : TrainedRun
    """
    sections = [
        _opening(drawn),
        *warning_sections(evaluation.warnings),
        grid_section(compared),
        faithfulness_section(evaluation),
        similarity_section(evaluation),
        _new_pairs(generated),
        *training_sections(run),
        _next(),
    ]
    lead = (
        "From a few annotated two-channel scans to as many labelled training pairs as you like: the whole "
        "way, on a synthetic cleared mouse (a phantom) whose tumours are known."
    )
    return Report("metgan: synthetic tumours with labels", lead, sections, facts(evaluation))


def _new_pairs(generated: Generated) -> Section:
    """Show generated pairs: some of them, and how they passed the gate."""
    pairs = generated.pairs
    text = (
        f"{len(pairs)} new pairs: real anatomy, with the label of another image. They are TIFFs in the "
        "camera's units; pairs.csv tells where each came from."
    )
    judged = [f"An independent segmentor checked them: {generated.gate}."] if generated.gate else []
    figure = Figure(generated.picture, f"Some of the pairs in {pairs.root}.")
    return Section("New labelled pairs", [text, *judged], figures=[figure])


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
