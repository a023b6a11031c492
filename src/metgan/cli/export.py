"""``metgan export``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from metgan.data import PairSet, load_split
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
)
from metgan.interop import export as write_cases
from metgan.io import prepare_output

from .folders import reserved, written
from .options import NEW_FOLDER, OutputPolicy

Program = Literal["nnunet", "cellpose", "stardist", "ilastik"]


def export(
    data: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    program: Annotated[Program, Parameter(name="--format")],
    out: Path,
    channels: Literal["tumour", "both"] = "tumour",
    split: Path | None = None,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Write pair sets as the data set of another program.

    Parameters
    ----------
    data
        Pair sets, real and generated, that become one data set. Generated pairs go to training only.
    program
        Whose data set: nnU-Net 2, Cellpose, StarDist, or ilastik's pixel classification.
    out
        Folder to write; for nnU-Net nnUNet_raw/DatasetNNN_Name.
    channels
        What the network sees: the tumour channel, or (nnU-Net only) the anatomy too, as channel 1.
    split
        splits.json of a run: its parts, for the set that it was trained on. Default: the split column of
        pairs.csv.
    """
    layout = _layout(program, channels)
    inputs = [*data, *([split] if split else [])]
    with reserved(out, layout.kind, "metgan export", place, inputs) as place:
        cases = gather_cases([PairSet.open(root) for root in data], load_split(split) if split else None)
        if place.resume:
            check_resumed(cases, out)
        check_export(cases, out, layout)
        with prepare_output(out, layout.kind, "metgan export", **asdict(place), inputs=inputs):
            write_cases(cases, out, layout)
    print(_counted(cases))
    print(layout.advice(cases, out))
    written(out)


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
