"""What is there and cannot be read never counts as absent, whichever file it stands in the place of."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from metgan.data import load_split, sync_images
from metgan.data.pairs import image_names
from metgan.errors import StorageError
from metgan.experiment import read_file
from metgan.io import check_folder, kind_of_folder, load_state
from metgan.io.holding import refuse_held
from metgan.models import model_path
from metgan.studies import read_history
from metgan.synthesis import is_unfinished
from metgan.synthesis.journal import finished_pairs, note_pairs
from metgan.training import last_step, planned_steps, trained_seconds
from metgan.training.first_steps import read_first_steps
from metgan.workflows import InfoRequest, info
from metgan.workflows.facts import score_facts, study_facts

SOURCE = Path(__file__).parents[1] / "src" / "metgan"
Look = Callable[[Path], object]


def tell(path: Path) -> None:
    info(InfoRequest(path=path))


KINDS: dict[str, Look] = {
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "pipe": os.mkfifo,
}
ROW = {"number": 0, "name": "a"}
FILES: dict[str, tuple[str, Look]] = {
    "the mark of ownership": (".metgan", kind_of_folder),
    "the mark, asked before writing": (
        ".metgan",
        lambda out: check_folder(out, "pairs", resume=False, overwrite=True),
    ),
    "the lock": (".metgan.lock", refuse_held),
    "a journal": ("journal.csv", last_step),
    "a journal, for its seconds": ("journal.csv", trained_seconds),
    "a status": ("status.json", lambda run: planned_steps(run, 9)),
    "the first steps": ("first_steps.csv", lambda run: read_first_steps(run / "first_steps.csv")),
    "the notes of a generation": (".done.csv", is_unfinished),
    "the notes, resumed": (".done.csv", finished_pairs),
    "the notes, written": (".done.csv", lambda out: note_pairs(out, [ROW])),
    "a model": ("model.safetensors", model_path),
    "a model, told of": ("model.safetensors", tell),
    "a list of cases, told of": ("cases.csv", tell),
    "settings, told of": ("config.toml", tell),
    "settings": ("config.toml", lambda run: read_file(run / "config.toml")),
    "a split": ("splits.json", load_split),
    "a checkpoint": ("last.ckpt", lambda run: load_state(run / "last.ckpt")),
    "scores": ("summary.json", score_facts),
}
"""What stands where, and who looks for it."""
FOLDERS: dict[str, tuple[str, Look]] = {
    "samples": ("samples", read_history),
    "a channel's names": ("anatomy", image_names),
    "a channel that is synced": ("tumour", sync_images),
    "a channel, told of": ("label", tell),
}


@pytest.mark.parametrize("kind", [*KINDS, "folder"])
@pytest.mark.parametrize("what", FILES)
def test_what_stands_in_the_place_of_a_file_is_not_an_absent_one(
    tmp_path: Path, what: str, kind: str
) -> None:
    name, look = FILES[what]
    {**KINDS, "folder": Path.mkdir}[kind](tmp_path / name)
    with pytest.raises(StorageError, match=rf"{name} is (not a file but a|a folder)"):
        look(tmp_path)


@pytest.mark.parametrize("kind", [*KINDS, "file"])
@pytest.mark.parametrize("what", FOLDERS)
def test_what_stands_in_the_place_of_a_folder_is_not_an_absent_one(
    tmp_path: Path, what: str, kind: str
) -> None:
    name, look = FOLDERS[what]
    {**KINDS, "file": Path.touch}[kind](tmp_path / name)
    with pytest.raises(StorageError, match=f"{name} is not a folder but a"):
        look(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "look",
    [tell, model_path, load_split, lambda out: check_folder(out, "pairs", resume=True, overwrite=False)],
    ids=["info", "model", "split", "output"],
)
def test_what_stands_in_the_place_of_a_result_is_called_by_its_name(
    tmp_path: Path, look: Look, kind: str
) -> None:
    KINDS[kind](tmp_path / "result")
    with pytest.raises(StorageError, match=r"result is not a (file|folder) but a"):
        look(tmp_path / "result")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_a_study_without_a_model_that_can_be_read_is_not_one_that_has_just_begun(
    tmp_path: Path, kind: str
) -> None:
    run = tmp_path / "similarity" / "runs" / "metgan-0"
    run.mkdir(parents=True)
    assert study_facts(tmp_path)["runs finished"] == "0 of 1 begun"
    KINDS[kind](run / "model.safetensors")
    with pytest.raises(StorageError, match=r"model\.safetensors is not a file"):
        study_facts(tmp_path)


def careless(source: str) -> list[int]:
    """Lines that ask a path for `is_file` or `exists`, to which a dangling link is nothing at all."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in ("is_file", "exists")
    ]


def test_only_one_file_asks_paths_what_they_are() -> None:
    assert careless("import x\nif path.is_file(): pass") == [2]
    files = {str(path.relative_to(SOURCE)): careless(path.read_text()) for path in SOURCE.rglob("*.py")}
    assert [name for name, lines in files.items() if lines] == ["io/contents.py"]
