"""Writing pair sets as the data set of another program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from metgan.checked import Checked
from metgan.data import load_split
from metgan.errors import SettingError
from metgan.interop import (
    CHANNELS,
    MASK_FOLDERS,
    Case,
    Layout,
    NnUnet,
    check_export,
    check_resumed,
    gather_cases,
    require_part,
)
from metgan.interop import export as write_cases
from metgan.progress import Listener, listening, note

from .output import NEW_FOLDER, OutputPolicy, reserve
from .pair_sets import open_labelled

Program = Literal["nnunet", "cellpose", "stardist", "ilastik"]


@dataclass(frozen=True, kw_only=True)
class ExportRequest(Checked):
    """An export to be made.

    Parameters
    ----------
    data : list of Path
        Pair sets, real and generated, that become one data set. Generated pairs go to training only.
    format : {"nnunet", "cellpose", "stardist", "ilastik"}
        Whose data set: nnU-Net 2, Cellpose, StarDist, or ilastik's pixel classification.
    out : Path
        Folder to write; for nnU-Net nnUNet_raw/DatasetNNN_Name.
    channels : {"tumour", "both"}
        What the network sees: the tumour channel, or (nnU-Net only) the anatomy too, as channel 1.
    split : Path or None
        splits.json of a run: its parts, for the set that it was trained on. Default: the split column of
        pairs.csv.
    output : OutputPolicy
    """

    data: list[Path]
    format: Program
    out: Path
    channels: Literal["tumour", "both"] = "tumour"
    split: Path | None = None
    output: OutputPolicy = NEW_FOLDER


@dataclass(frozen=True)
class ExportResult:
    """The folder that was written, its cases counted in words, and how the program is called with it."""

    out: Path
    counts: str
    advice: str


def export(request: ExportRequest, on_event: Listener | None = None) -> ExportResult:
    """Write pair sets as the data set of another program.

    Parameters
    ----------
    request : ExportRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, ArrayError, SettingError
        When a pair set or the folder will not do; nothing is written then.
    LeakageError
        When a group of tissue would be in two parts.
    """
    out, layout = request.out, _layout(request.format, request.channels)
    inputs = [*request.data, request.split]
    with listening(on_event), reserve(out, layout.kind, "metgan export", request.output, inputs) as output:
        split = load_split(request.split) if request.split else None
        cases = _sayable(gather_cases([open_labelled(root) for root in request.data], split), layout)
        if output.policy.resume:
            check_resumed(cases, out)
        check_export(cases, out, layout)
        with output.prepared():
            write_cases(cases, out, layout)
    return ExportResult(out, _counted(cases), layout.advice(cases, out))


def _sayable(cases: Sequence[Case], layout: Layout) -> tuple[Case, ...]:
    """Leave out cases with pixels of which a label says nothing, where the program cannot ignore them."""
    said = tuple(case for case in cases if layout.can_ignore or not case.entry.is_partly_labelled)
    if left_out := len(cases) - len(said):
        note(
            f"{left_out} of {len(cases)} pairs have pixels that are not annotated (ignored); left out, since "
            f"{layout.kind} has no ignore label"
        )
        require_part(said, "train")
    return said


def _layout(program: Program, channels: str) -> Layout:
    if program == "nnunet":
        return NnUnet(CHANNELS[channels])
    if channels != "tumour":
        raise SettingError(
            f"--channels {channels} with --format {program}",
            "--channels tumour; only nnU-Net takes channels from several files",
            "Leave --channels out",
        )
    return MASK_FOLDERS[program]


def _counted(cases: Sequence[Case]) -> str:
    counts = Counter(case.part for case in cases)
    generated = sum(case.entry.is_generated for case in cases)
    return (
        f"{counts['train']} cases for training, {generated} of them generated; {counts['val']} for "
        f"validation, {counts['test']} for testing"
    )
