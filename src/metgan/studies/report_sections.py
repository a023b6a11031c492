"""The sections that reports are made of: each reads a result and gives a section."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metgan.data import PairSet
from metgan.io import has_folder
from metgan.metrics import MIN_ANNOTATED_SIZE, Faithfulness
from metgan.pictures import (
    COMPARED,
    draw_comparison,
    draw_curves,
    evenly_over,
)
from metgan.synthesis import CONTACT_SHEET, sum_up
from metgan.training import LOG_FILE, read_log, read_status, trained_seconds

from .evaluation import ComparedImage
from .report import Figure, Section, Table
from .scores import Evaluation

SHOWN = 6
_NAMES = {"val_dice": "Dice", "val_ssim": "SSIM", "val_mae": "MAE"}
_CHECKS = {
    ("val_dice",): "Validation images, not trained on: pooled Dice of label and segmentation.",
    ("val_mae",): "The same images: mean absolute error against the real ones, on [-1, 1].",
    ("val_ssim",): "The same images: structural similarity to the real ones.",
}


def training_section(run: Path, title: str = "How the training went") -> Section:
    """Show the curves of a run's log, and its last validation pictures."""
    rows = read_log(run / LOG_FILE)
    figures = _training_curves(rows) if rows else []
    samples = sorted((run / "samples").glob("*.png")) if has_folder(run / "samples") else []
    if samples:
        words = f"Validation images at the end ({samples[-1].stem}). {COMPARED}"
        figures.append(Figure(samples[-1].read_bytes(), words))
    steps = int(rows[-1]["step"]) if rows else 0
    text = f"{steps} steps, which took {trained_seconds(run):.0f} s, pauses left out."
    return Section(title, [text, *_told(run)], figures=figures)


def _told(run: Path) -> list[str]:
    """Say what a training's status tells: former lengths, why it ended, and why it had not begun by then."""
    status = read_status(run)
    if status is None:
        return []
    told = [f"It was {words}." for words in status.former]
    if status.stopped:
        told.append(f"It {status.stopped}.")
    if status.diagnosis:
        opening, *reasons = status.diagnosis
        told.append(f"{opening[0].upper()}{opening[1:]}. As measured then: {'; '.join(reasons)}.")
    return told


def _training_curves(rows: Sequence[dict[str, str]]) -> list[Figure]:
    losses = [name for name in rows[0] if name not in ("step", "seconds", "rate") and "val_" not in name]
    curves = {name: _curve(rows, name) for name in losses}
    figures = [Figure(draw_curves(curves, "weighted losses"), "Each term of the loss, with its weight.")]
    for columns, caption in _CHECKS.items():
        checks = {_NAMES[name]: _curve(rows, name) for name in columns if name in rows[0]}
        if checks:
            figures.append(Figure(draw_curves(checks, "validation"), caption))
    return figures


def warning_sections(evaluation: Evaluation) -> list[Section]:
    """Say first what speaks against the scores; no section where nothing does."""
    told = [f"{text[0].upper()}{text[1:]}." for text in evaluation.warnings]
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
        f"Means over {len(evaluation.scores)} test images, on [-1, 1]. SSIM: Gaussian window, sigma 1.5, "
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


def pairs_section(pairs: PairSet) -> Section:
    """Show generated pairs: their contact sheet, and how they passed the gate."""
    text = (
        f"{len(pairs)} new pairs: real anatomy, with the label of another image. They are TIFFs in the "
        "camera's units; pairs.csv tells where each came from."
    )
    summary = sum_up(pairs)
    judged = [] if summary is None else [f"An independent segmentor checked them: {summary}."]
    return Section(
        "New labelled pairs",
        [text, *judged],
        figures=[Figure((pairs.root / CONTACT_SHEET).read_bytes(), f"Some of the pairs in {pairs.root}.")],
    )


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


def _curve(rows: Sequence[dict[str, str]], name: str) -> tuple[list[float], list[float]]:
    kept = [(float(row["step"]), float(row[name])) for row in rows if row.get(name)]
    return [x for x, _ in kept], [y for _, y in kept]
