"""What ``metgan info`` says about an interrupted call: what was done, how far, and what continues it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from metgan.data import image_names, read_table
from metgan.images import HALF_WRITTEN
from metgan.io import has_file, has_folder, verb_of_folder
from metgan.models import MODEL_FILE
from metgan.synthesis import count_noted, is_unfinished
from metgan.training import SEGMENTOR_FOLDER, last_step

from .facts import Facts, how_far
from .output import GENERATED, RUN
from .settings import CONFIG_FILE

_ASKED_FILE, _DONE_FILE = "asked.json", "statistics.csv"
_EXPORTED = "a data set for "  # and a program: `metgan.interop.Layout`
_OF_BEFORE = "DATA is the pair set of before, and the settings are those that the folder holds"


def describe_unfinished(path: Path, kind: str) -> Facts | None:
    """Describe a folder in which a call was interrupted; return None for any other.

    Parameters
    ----------
    path : Path
    kind : str
        As `metgan.io.kind_of_folder` returns it.
    """
    is_set = has_folder(path / "anatomy")
    is_run = kind == RUN or (kind == "" and not is_set)
    if is_run and has_file(path / CONFIG_FILE) and not has_file(path / MODEL_FILE):
        return _run(path)
    if is_unfinished(path) or (kind == GENERATED and not is_set):
        far = f"{count_noted(path) if is_unfinished(path) else 0} pairs are made and stay"
        return _facts("metgan generate", far, "the same metgan generate call with --resume")
    if kind.startswith(_EXPORTED):
        return _facts(
            "metgan export", "its table is not written", "the same metgan export call with --resume"
        )
    if kind == HALF_WRITTEN:
        done = sum(has_file(file) for file in path.glob("*/done/**/*") if not file.is_dir())
        far = f"{done} blocks, those of coarser levels included, are on the disk and stay"
        return _facts(verb_of_folder(path), far, "the same call with --resume")
    return _pairs(path) if kind == "pairs" else None


def study_to_go_on(path: Path) -> Facts:
    """Return the calls that finish the studies of a folder that were interrupted; nothing where none was."""
    begun = [file.parent for file in sorted(path.glob(f"*/{_ASKED_FILE}"))]
    calls = [_call("study", own.name, "DATA", path) for own in begun if not has_file(own / _DONE_FILE)]
    return {"to go on": f"{'; '.join(calls)}: {_OF_BEFORE}"} if calls else {}


def _run(path: Path) -> Facts:
    first = path / SEGMENTOR_FOLDER
    verb = verb_of_folder(path) or (
        "metgan train" if has_folder(first) else "metgan train or metgan segmentor"
    )
    if last_step(path) is not None:
        far = f"{how_far(path)}, no model is saved yet"
    elif last_step(first) is None:
        far = "nothing is trained yet"
    elif has_file(first / MODEL_FILE):
        far = f"the segmentor in the loop is at {how_far(first)}; the method has not begun"
    else:
        far = f"the segmentor in the loop is at {how_far(first)}, no model is saved yet"
    name = "segmentor" if verb == "metgan segmentor" else "train"
    return _facts(verb, far, f"{_call(name, 'DATA', path)}: {_OF_BEFORE}")


def _pairs(path: Path) -> Facts | None:
    images, listed = image_names(path), {row["name"] for row in read_table(path)}
    if not images - listed or listed - images:  # whole, or a table that was edited: refused when it is opened
        return None
    verb = verb_of_folder(path) or "metgan prepare"
    far = f"{len(images)} pairs are begun, {len(listed)} of them stand in pairs.csv"
    if has_file(path / "phantom.json"):
        verb, asked = "metgan phantom", json.loads((path / "phantom.json").read_text(encoding="utf-8"))
        far = f"{len(images)} of {asked['pairs']} pairs are begun"
    how = (
        "the same metgan prepare call; if rows were deleted from pairs.csv, restore them"
        if verb == "metgan prepare"
        else f"the same {verb} call with --resume"
    )
    return _facts(verb, far, how)


def _facts(verb: str, far: str, how: str) -> Facts:
    return {"what": f"{verb}, interrupted or still at work", "how far": far, "to go on": how}


def _call(*words: str | Path) -> str:
    *verb, out = map(str, words)
    return shlex.join(["metgan", *verb, "--out", out, "--resume"])
