"""How a training went: the pages of `metgan train` and `metgan segmentor`, and their sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from metgan.methods import Method
from metgan.pictures import COMPARED, draw_curves
from metgan.studies import TrainedRun, TrainingHistory

from .next_step import next_step
from .report import Figure, Report, Section

_NAMES = {"val_dice": "Dice", "val_ssim": "SSIM", "val_mae": "MAE"}
_CHECKS = {
    ("val_dice",): "Validation images, not trained on: pooled Dice of label and segmentation.",
    ("val_mae",): "The same images: mean absolute error against the real ones, on [-1, 1].",
    ("val_ssim",): "The same images: structural similarity to the real ones.",
}


def training_report(method: Method, run: TrainedRun, data: Path) -> Report:
    """Return the page of a run that was trained on the pair set `data`."""
    lead = (
        f"{method.title} ({method.source}), preset {run.card.preset}, trained on {data}. "
        f"The weights kept are those of step {run.card.step}, the last that were validated."
    )
    if run.warning:
        lead += f" Warning: {run.warning}."
    return Report(f"{method.title}: training", lead, [*training_sections(run), next_step(run, data)])


def segmentor_report(history: TrainingHistory, preset: str, data: Path) -> Report:
    """Return the page of a segmentor that was trained on the pair set `data`."""
    return Report("A segmentor", f"Trained on {data}, preset {preset}.", [training_section(history)])


def training_section(history: TrainingHistory, title: str = "How the training went") -> Section:
    """Show the curves of a run's log, and its last validation pictures."""
    figures = _training_curves(history.rows) if history.rows else []
    if history.sample is not None:
        name, png = history.sample
        figures.append(Figure(png, f"Validation images at the end ({name}). {COMPARED}"))
    text = f"{history.steps} steps, which took {history.seconds:.0f} s, pauses left out."
    return Section(title, [text, *_told(history)], figures=figures)


def training_sections(run: TrainedRun) -> list[Section]:
    """Show the training of a run, and of the segmentor in its loop where there was one."""
    loop = [] if run.segmentor is None else [training_section(run.segmentor, "The segmentor in the loop")]
    return [training_section(run.history), *loop]


def _told(history: TrainingHistory) -> list[str]:
    """Say what a training's status tells: former lengths, why it ended, and why it had not begun by then."""
    if (status := history.status) is None:
        return []
    told = [f"It was {words}." for words in status.former]
    if status.stopped:
        told.append(f"It {status.stopped}.")
    if status.diagnosis:
        opening, *reasons = status.diagnosis
        told.append(f"{opening[0].upper()}{opening[1:]}. As measured then: {'; '.join(reasons)}.")
    return told


def _training_curves(rows: Sequence[Mapping[str, str]]) -> list[Figure]:
    losses = [name for name in rows[0] if name not in ("step", "seconds", "rate") and "val_" not in name]
    curves = {name: _curve(rows, name) for name in losses}
    figures = [Figure(draw_curves(curves, "weighted losses"), "Each term of the loss, with its weight.")]
    for columns, caption in _CHECKS.items():
        checks = {_NAMES[name]: _curve(rows, name) for name in columns if name in rows[0]}
        if checks:
            figures.append(Figure(draw_curves(checks, "validation"), caption))
    return figures


def _curve(rows: Sequence[Mapping[str, str]], name: str) -> tuple[list[float], list[float]]:
    kept = [(float(row["step"]), float(row[name])) for row in rows if row.get(name)]
    return [x for x, _ in kept], [y for _, y in kept]
