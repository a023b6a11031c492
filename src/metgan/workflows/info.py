"""What a folder or file of metgan is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from metgan.checked import Checked
from metgan.data import TABLE, PairSet
from metgan.errors import StorageError
from metgan.images import is_image, is_zarr, open_image, refuse_unfinished
from metgan.interop import CASES_FILE
from metgan.io import has_file, has_folder, kind_of_folder
from metgan.models import MODEL_FILE, read_card
from metgan.progress import Listener, listening

from .facts import Facts, export_facts, model_facts, pair_facts, score_facts, study_facts
from .output import STUDY
from .unfinished import describe_unfinished, study_to_go_on
from .volume_facts import volume_facts

_CHANNELS = ("anatomy", "tumour", "label")
_KNOWN = (
    "a run folder, a model file, a pair set, scores (metgan evaluate), a study (metgan study), an exported "
    "data set (metgan export), or a volume: TIFF, OME-Zarr, NIfTI or a folder of planes"
)


@dataclass(frozen=True, kw_only=True)
class InfoRequest(Checked):
    """Something to be described.

    Parameters
    ----------
    path : Path
        Run folder, model file, pair set, or folder of metgan evaluate, metgan study or metgan export; or a
        volume: TIFF, OME-Zarr, NIfTI, or a folder of planes.
    """

    path: Path


@dataclass(frozen=True)
class Info:
    """What a thing is: what to call it, and its facts in words, by name."""

    name: str
    path: Path
    facts: Facts


def info(request: InfoRequest, on_event: Listener | None = None) -> Info:
    """Describe a run, a pair set, scores, a study, an exported data set or a volume.

    Parameters
    ----------
    request : InfoRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, UnknownNameError
        When there is nothing, or nothing that metgan knows.
    """
    path = request.path
    if not path.is_dir() and not has_file(path):
        refuse_unfinished(path)
        with suppress(StorageError):
            open_image(path)  # names what there is, where it leads to nothing in an OME-Zarr
        raise StorageError(f"there is no {path}", _KNOWN, "Check the path")
    with listening(on_event):
        name, facts = _facts_of(path)
        return Info(name, path, facts)


def _facts_of(path: Path) -> tuple[str, Facts]:
    """Return what to call the thing, and its facts."""
    if path.is_dir() and is_zarr(path):
        return "Volume", volume_facts(path)
    kind = kind_of_folder(path) if path.is_dir() else ""
    if kind == STUDY:
        return "Study", {**study_facts(path), **study_to_go_on(path)}
    if kind == "scores":
        return "Scores", score_facts(path)
    if not path.is_dir() and path.suffix != Path(MODEL_FILE).suffix:
        return "Volume", volume_facts(path)
    if not path.is_dir() or has_file(path / MODEL_FILE):
        return "Model", model_facts(path, read_card(path))
    if has_file(path / CASES_FILE):
        return "Exported data set", export_facts(path)
    if (unfinished := describe_unfinished(path, kind)) is not None:
        return "Unfinished:", unfinished
    if any(has_folder(path / channel) for channel in _CHANNELS):
        return "Pair set", pair_facts(PairSet.open(path))
    is_of_pairs = path.name in _CHANNELS and has_file(path.parent / TABLE)
    if not kind and not is_of_pairs and any(map(is_image, path.iterdir())):
        return "Volume", volume_facts(path)
    held = kind or "neither a result of metgan nor a pair set"
    raise StorageError(f"{path} holds {held}", _KNOWN, "Check the path, or name a folder inside it")
