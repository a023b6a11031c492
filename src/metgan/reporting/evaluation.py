"""What an evaluation has found: its page, and the sections that other pages repeat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metgan.data import evenly_over
from metgan.metrics import MIN_ANNOTATED_SIZE, Faithfulness
from metgan.pictures import COMPARED, draw_comparison
from metgan.studies import ComparedImage, Evaluation

from .report import Figure, Report, Section, Table

SHOWN = 6


def evaluation_report(
    evaluation: Evaluation, generated: Sequence[ComparedImage], run: Path, data: Path
) -> Report:
    """Return the page of an evaluation, with its picture as ``grid.png``.

    Parameters
    ----------
    evaluation : Evaluation
    generated : sequence of ComparedImage
        All test images.
    run, data : path
        What was evaluated, and the pair set of the test part, as the page calls them.
    """
    grid = grid_section(generated)
    scores = [faithfulness_section(evaluation), similarity_section(evaluation), grid]
    return Report(
        "How good are the synthetic tumours?",
        f"The generator of {run}, on {len(generated)} test images of {data} that it has never seen.",
        [*warning_sections(evaluation.warnings), *scores],
        facts(evaluation),
        files={"grid.png": grid.figures[0]},
    )


def warning_sections(warnings: Sequence[str]) -> list[Section]:
    """Say first what speaks against the scores; no section where nothing does."""
    told = [f"{text[0].upper()}{text[1:]}." for text in warnings]
    return [Section("Before these figures are believed", told)] if told else []


def similarity_section(evaluation: Evaluation) -> Section:
    """Tell how like the real images the generated ones are."""
    mean, flat = evaluation.similarity(), evaluation.baseline
    rows = [
        ["mean absolute error (MAE)", f"{mean.mae:.4f}", f"{flat.mae:.4f}", f"{mean.mae / flat.mae:.2f}"],
        ["mean squared difference (MSD)", f"{mean.msd:.4f}", f"{flat.msd:.4f}", f"{mean.msd / flat.msd:.2f}"],
        ["structural similarity (SSIM)", f"{mean.ssim:.4f}", f"{flat.ssim:.4f}", ""],
        ["cross-correlation", f"{mean.correlation:.4f}", "", ""],
        ["MAE on the labels", f"{evaluation.inside().mae:.4f}", "", ""],
        ["MAE off the labels", f"{evaluation.outside().mae:.4f}", "", ""],
        ["distance of power spectra, dB", f"{evaluation.spectrum():.2f}", "", ""],
    ]
    caption = (
        f"Means over {len(evaluation.scores)} test images, on [-1, 1]; each leaves out those in which it is "
        "undefined, as on the labels where there is no tumour. SSIM: Gaussian window, sigma 1.5, "
        "population covariance, data range 2. Camera noise sets a floor that no generator can go below."
    )
    table = Table(("score", "generated", "flat image of the training mean", "ratio"), rows, caption)
    text = "Each test image was generated from its anatomy and its label, and compared with the real one."
    return Section("Is it like the real image?", [text], table=table)


def faithfulness_section(evaluation: Evaluation) -> Section:
    """Tell whether tumours are where they were asked for, and nowhere else."""
    fake, real = (
        _faithful_cells(evaluation.faithfulness()),
        _faithful_cells(evaluation.faithfulness_of_real()),
    )
    rows = [[name, fake[name], real[name]] for name in fake]
    caption = (
        f"Pooled over {len(evaluation.scores)} test images. A tumour counts as found when the prediction "
        "overlaps it by an intersection over union of 0.1 or more, one to one."
    )
    text = (
        "A segmentor that took no part in the training was applied to generated and real images. What it "
        "finds in the real ones is the reference: it is not perfect, and neither are labels."
    )
    table = Table(("segmented by the independent segmentor", "generated", "real"), rows, caption)
    return Section("Are the tumours where they were asked for?", [text], table=table)


def _faithful_cells(found: Faithfulness) -> dict[str, str]:
    asked = found.detection.true_positives + found.detection.false_negatives
    return {
        "tumours found (recall)": f"{found.detection.recall:.3f}",
        f"the same, {MIN_ANNOTATED_SIZE} pixels and more": f"{found.recall_of(MIN_ANNOTATED_SIZE):.3f}",
        "tumours asked for": f"{asked:d}",
        "false objects per image": f"{found.false_objects:.2f}",
        "false area (share of tumour-free pixels)": f"{found.false_area:.5f}",
        "pooled Dice": f"{found.overlap.dice:.3f}",
        "median contrast (tumour / surroundings)": f"{found.contrast:.2f}",
        "median light added (tumour - surroundings, camera units)": f"{found.light:.4g}",
    }


def grid_section(generated: Sequence[ComparedImage]) -> Section:
    """Show test images beside what the generator made of them."""
    with_tumours = [p for p in generated if p.has_tumour] or list(generated)
    chosen = evenly_over(with_tumours, SHOWN, lambda p: p.entry.group)
    caption = f"Test images, evenly chosen over the groups. {COMPARED}"
    return Section("Side by side", figures=[Figure(draw_comparison([p.panels for p in chosen]), caption)])


def facts(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Return the few figures that a page opens with."""
    found: Faithfulness = evaluation.faithfulness()
    mean, flat = evaluation.similarity(), evaluation.baseline
    return [
        (f"{found.detection.recall:.0%}", "of the tumours asked for are found"),
        (f"{found.false_objects:.2f}", "false objects per image"),
        (f"{found.overlap.dice:.2f}", "Dice of label and segmentation"),
        (f"{mean.mae / flat.mae:.2f}", "error, relative to a flat image of the mean"),
    ]
