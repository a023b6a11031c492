"""The place where an OME-Zarr is written: held by one writer, and never half-written under its final name."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from metgan.errors import MetganError, StorageError
from metgan.io import has_file, has_folder, kind_of_folder, prepare_output, unwritable, write_json, write_text

from .layout import OmeZarrLayout
from .store import HALF_WRITTEN, is_zarr, open_node
from .writer import TEMPORARY, OmeZarrWriter

_LAYOUT, _REPLACES, _TOKEN = "layout.json", "replaces", "token"
_OPTIONS = {"voxel_size_um": "--voxel-size-um"}
"""What of a layout is asked for by an option; provenance names its own."""
_FOLDERS = re.compile(r"(store|done)(/labels(/[^/]+)?)?(/\d+(/c)?(/\d+)*)?")
_MARKS = re.compile(r"done/(labels/[^/]+/)?\d+/\d+(\.\d+)*")
_CHUNKS = re.compile(
    r"store/(labels/[^/]+/)?\d+/(c/)?\d+(/\d+)*(\.[0-9a-f]{32}\.partial)?"
    r"|done/(labels/[^/]+/)?\d+/\.metgan-[0-9a-f]{16}\.part"  # a mark that has no name yet
)
"""What `OmeZarrWriter` makes below the folder of a token, but for metadata."""


def is_written(path: Path, layout: OmeZarrLayout) -> bool:
    """Tell whether an OME-Zarr of this layout and provenance stands at `path`, whole."""
    if not has_folder(path) or not any(path.iterdir()) or not is_zarr(path):
        return False
    both: list[dict[str, Any]] = [dict(open_node(path).attrs), json.loads(json.dumps(layout.attributes()))]
    for said in both:
        said["metgan"] = {**said.get("metgan", {}), "version": ""}  # another version's is one, too
    return both[0] == both[1]


def is_begun(path: Path, layout: OmeZarrLayout) -> bool:
    """Tell whether there is a part of an OME-Zarr that `writing_ome_zarr` can resume."""
    return has_file(OmeZarrWriter(path, layout).part / _LAYOUT)


@contextmanager
def writing_ome_zarr(
    path: Path | str,
    layout: OmeZarrLayout,
    verb: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    inputs: Iterable[Path] = (),
) -> Iterator[OmeZarrWriter]:
    """Hold the place of an OME-Zarr while the block runs, and return what writes it.

    Call `OmeZarrWriter.finish` at the end. Where the block ends without it, what is done stays in
    ``OUT.zarr.part``, and a call with `resume` goes on; an error before the first block leaves nothing. A
    former volume stays until the new one is whole.

    Parameters
    ----------
    path : Path or str
    layout : OmeZarrLayout
    verb : str
        What is done, for whoever comes second: "metgan inpaint".
    resume, overwrite : bool
        Go on with what a killed call has written; or replace what is there. Not both.
    inputs : iterable of Path
        What the volume is made from; overwriting must not delete it.

    Yields
    ------
    OmeZarrWriter

    Raises
    ------
    StorageError
        When something is there and neither was asked for, metgan has not written it, another layout was
        begun, or another process writes there.
    """
    path = Path(path)
    writer, inputs, is_mine = OmeZarrWriter(path, layout), [*inputs], False
    _check_former(writer, overwrite, inputs)
    try:
        _remove_late(writer.part)
        with prepare_output(
            writer.part, HALF_WRITTEN, verb, resume=resume, overwrite=overwrite, inputs=inputs
        ):
            _check_former(writer, overwrite, inputs)  # as it is by now
            writer = replace(writer, token=_check_layout(writer))
            is_mine = True
            if overwrite:
                write_text(writer.part / _REPLACES, "")
            for file in writer.part.rglob(TEMPORARY):
                file.unlink(missing_ok=True)
            writer.prepare()
            yield writer
    except MetganError as error:
        if is_mine and not writer.has_begun:  # nothing that would be lost, and that other settings would meet
            shutil.rmtree(writer.part, ignore_errors=True)
        given = error.given.replace(str(writer.store), str(path)).replace(str(writer.part), str(path))
        if given == error.given:
            raise
        raise type(error)(given, error.expected, error.remedy) from error  # what was asked for, by its name
    if has_folder(path) and not has_folder(writer.store):
        try:
            shutil.rmtree(writer.part)
        except OSError as error:
            raise unwritable(writer.part, error) from error


def _remove_late(part: Path) -> None:
    """Remove what workers of a killed call have made anew beside a volume that was finished since."""
    folders = [*part.iterdir()] if has_folder(part) else []
    if kind_of_folder(part) or not all(map(_is_late, folders)):  # a call marks it before it makes a folder
        return
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _is_late(folder: Path) -> bool:
    """Tell whether a folder is called by a token, and holds something, all of it what a worker writes."""
    if not re.fullmatch(r"[0-9a-f]{16}", folder.name) or folder.is_symlink() or not has_folder(folder):
        return False
    below = [*folder.rglob("*")]
    return bool(below) and all(_is_of_worker(path, path.relative_to(folder).as_posix()) for path in below)


def _is_of_worker(path: Path, place: str) -> bool:
    """Tell whether a path in such a folder is a chunk, the empty mark of a block, or a folder of these."""
    if path.is_symlink() or path.is_dir():
        return not path.is_symlink() and _FOLDERS.fullmatch(place) is not None
    if _MARKS.fullmatch(place):
        return path.stat().st_size == 0
    return _CHUNKS.fullmatch(place) is not None


def _check_former(writer: OmeZarrWriter, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Refuse to replace what stands under the final name, unless it was asked for and is metgan's."""
    path = writer.path
    if not has_folder(path) or not any(path.iterdir()):
        return
    if not _is_ours(path):
        raise StorageError(
            f"{path} holds something that no command of metgan wrote", "a new folder", "Choose another --out"
        )
    if not (overwrite or has_file(writer.part / _REPLACES)):
        raise StorageError(f"{path} already holds a volume", "a new folder", "Add --overwrite to replace it")
    for given in inputs:
        if given.resolve().is_relative_to(path.resolve()):
            raise StorageError(
                f"--overwrite of {path}, which holds the input {given}",
                "an output apart from the inputs",
                "Choose another --out",
            )


def _is_ours(path: Path) -> bool:
    """Tell whether metgan has written the OME-Zarr at `path`."""
    try:
        return is_zarr(path) and "metgan" in dict(open_node(path).attrs)
    except StorageError:  # no Zarr by more than its name, or a damaged one
        return False


def _check_layout(writer: OmeZarrWriter) -> str:
    """Return the token of a volume; refuse to go on with another layout, and note it where there is none."""
    file, wanted = writer.part / _LAYOUT, json.loads(json.dumps(writer.layout.as_json()))
    if not has_file(file):
        write_json(file, {**wanted, _TOKEN: secrets.token_hex(8)})
    begun: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    token = str(begun.pop(_TOKEN, ""))
    if begun != wanted:
        differences = _differences(wanted, begun)
        raise StorageError(
            f"the part of {writer.path} that is there was begun otherwise ({differences})",
            "the same call",
            "Ask for the same again, or start anew with --overwrite",
        )
    return token


def _differences(wanted: Mapping[str, object], begun: Mapping[str, object]) -> str:
    """Return in words what of a layout is not as it was begun."""
    found = []
    for key in wanted:
        ours, theirs = wanted[key], begun.get(key)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            pairs = [
                (k if key == "provenance" else f"{key} {k}", ours.get(k), theirs.get(k))
                for k in dict.fromkeys([*ours, *theirs])
            ]
        else:
            pairs = [(_OPTIONS.get(key, key), ours, theirs)]
        found += [f"{name} {_given(was)} then, {_given(now)} now" for name, now, was in pairs if now != was]
    return "; ".join(found)


def _given(value: object) -> str:
    """Return a value of a layout as it is typed."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "not given" if value is None else str(value)
