"""``metgan info``."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from metgan.data import PairSet
from metgan.errors import StorageError
from metgan.interop import CASES_FILE
from metgan.io import has_file, has_folder, kind_of_folder
from metgan.models import MODEL_FILE, model_path, read_card
from metgan.synthesis import is_unfinished

from .facts import Facts, export_facts, model_facts, pair_facts, score_facts, study_facts
from .folders import CONFIG_FILE, STUDY

_KNOWN = (
    "a run folder, a model file, a pair set, scores (metgan evaluate), a study (metgan study) or an exported "
    "data set (metgan export)"
)


def info(path: Path, /) -> None:
    """Describe a run, a pair set, scores, a study or an exported data set.

    Parameters
    ----------
    path
        Run folder, model file, pair set, or folder of metgan evaluate, metgan study or metgan export.
    """
    if not path.is_dir() and not has_file(path):
        raise StorageError(f"there is no {path}", _KNOWN, "Check the path")
    name, facts = _facts_of(path)
    table = Table(title=f"{name} {path}", title_justify="left", box=SIMPLE, show_header=False)
    for row in facts.items():
        table.add_row(*row)
    Console().print(table)


def _facts_of(path: Path) -> tuple[str, Facts]:
    """Return what to call the thing, and what is to be told of it."""
    kind = kind_of_folder(path) if path.is_dir() else ""
    if kind == STUDY:
        return "Study", study_facts(path)
    if kind == "scores":
        return "Scores", score_facts(path)
    if not path.is_dir() or has_file(path / MODEL_FILE):
        return "Model", model_facts(path, read_card(path))
    if has_file(path / CASES_FILE):
        return "Exported data set", export_facts(path)
    if has_file(path / CONFIG_FILE):
        model_path(path)  # says that the training is not finished
    if is_unfinished(path):
        given = f"{path} was left by a metgan generate that was interrupted"
        raise StorageError(given, "a finished pair set", "Finish it with metgan generate ... --resume")
    if any(has_folder(path / channel) for channel in ("anatomy", "tumour", "label")):
        return "Pair set", pair_facts(PairSet.open(path))
    held = kind or "neither a result of metgan nor a pair set"
    raise StorageError(f"{path} holds {held}", _KNOWN, "Check the path, or name a folder inside it")
