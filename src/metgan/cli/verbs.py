"""The verbs: each is a request of `metgan.workflows`, and what is printed of its result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from metgan import workflows
from metgan.progress import note
from metgan.reporting import Section, faithfulness_section, similarity_section
from metgan.studies import Evaluation

from .command import command

_WIDE = 240  # characters


def _written(path: Path) -> None:
    print(f"Written: {path}")


def _show_run(result: workflows.TrainResult) -> None:
    _show_place(result.run, was_finished=result.was_finished)


def _show_study(result: workflows.StudyResult) -> None:
    _show_tables(result.sections)
    _show_place(result.out, was_finished=result.was_finished)


def _show_place(path: Path, *, was_finished: bool) -> None:
    if was_finished:
        print(f"Finished already, nothing was trained: {path}")
    else:
        _written(path)


def _show_prepared(result: workflows.PrepareResult) -> None:
    kind = f"pairs, {result.with_tumour} with a tumour" if result.is_labelled else "unlabelled pairs"
    print(f"{result.written} {kind}; {result.left_out} crops left out (flat, air, or not wanted)")
    if result.contrast:
        print(result.contrast)
    _written(result.out)


def _show_generated(result: workflows.GenerateResult) -> None:
    if result.summary:
        print(result.summary)
    opening = "Finished already, nothing was generated" if result.were_there else "Written"
    print(f"{opening}: {result.out}; pictures of some pairs: {result.contact_sheet}")


def _show_inpainted(result: workflows.InpaintResult) -> None:
    size = " x ".join(map(str, result.shape))
    opening = "Finished already, nothing was generated" if result.was_finished else "Written"
    if result.speed:
        print(f"{result.speed.voxels:,} voxels computed in this call, {result.speed}")
    print(f"{opening}: {result.out}, {size} voxels, with the label tumours")


def _show_exported(result: workflows.ExportResult) -> None:
    print(result.counts)
    print(result.advice)
    _written(result.out)


def _show_scores(result: workflows.EvaluateResult) -> None:
    show_evaluation(result.evaluation)
    _written(result.out)


def show_evaluation(evaluation: Evaluation) -> None:
    """Print the report's two tables, and note what speaks against them."""
    _show_tables([faithfulness_section(evaluation), similarity_section(evaluation)])
    for text in evaluation.warnings:
        note(text)


def _show_info(result: workflows.Info) -> None:
    title = f"{result.name} {result.path}"
    words = Column(overflow="fold")  # a path that is cut short, in a command, is of no use
    table = Table(Column(), words, title=title, title_justify="left", box=SIMPLE, show_header=False)
    for row in result.facts.items():
        table.add_row(*row)
    _console().print(table)


def _console() -> Console:
    """Return where tables go: a file has room for the widest, a terminal is as wide as it is."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)


def _show_tables(sections: Iterable[Section]) -> None:
    """Print the sections' tables."""
    console = _console()
    for section in sections:
        if section.table is not None:
            first, *others = section.table.header
            table = Table(first, *(Column(name, justify="right") for name in others), box=SIMPLE)
            for row in section.table.rows:
                table.add_row(*row)
            console.print(table)


demo = command(workflows.DemoRequest, workflows.demo, _show_scores, ["out"])
phantom = command(workflows.PhantomRequest, workflows.phantom, _written, ["out"])
prepare = command(workflows.PrepareRequest, workflows.prepare, _show_prepared, ["sources"])
segmentor = command(workflows.SegmentorRequest, workflows.segmentor, _show_run, ["data"])
train = command(workflows.TrainRequest, workflows.train, _show_run, ["data"])
generate = command(workflows.GenerateRequest, workflows.generate, _show_generated, ["run"])
inpaint = command(workflows.InpaintRequest, workflows.inpaint, _show_inpainted, ["run", "sources"])
evaluate = command(workflows.EvaluateRequest, workflows.evaluate, _show_scores, ["run"])
export = command(workflows.ExportRequest, workflows.export, _show_exported, ["data"])
released = command(workflows.ReleasedRequest, workflows.released, _written)
info = command(workflows.InfoRequest, workflows.info, _show_info, ["path"])
similarity = command(workflows.SimilarityRequest, workflows.similarity, _show_study, ["data"])
robustness = command(workflows.RobustnessRequest, workflows.robustness, _show_study, ["data"])
ablation = command(workflows.StudyRequest, workflows.ablation, _show_study, ["data"])
labels = command(workflows.LabelsRequest, workflows.labels, _show_study, ["data"])
downstream = command(workflows.DownstreamRequest, workflows.downstream, _show_study, ["data"])
