"""The files that ``metgan prepare`` is given, and how they become a scan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from metgan.data import Scan
from metgan.errors import SettingError
from metgan.io import Stack, read_stack
from metgan.labels import binarise
from metgan.types import AnyArray

from .options import Whole


@Parameter(name="*")
@dataclass(frozen=True)
class Files:
    """Masks that belong to the sources, and how the files are to be read.

    Parameters
    ----------
    labels
        TIFF with the tumours' mask: 0, and one other value.
    labels_above
        Take every value above this for tumour, where a mask numbers its objects (0) or holds probabilities
        (as in 0.5). Default: refuse a mask of more than two values.
    tissue
        TIFF with the mask of the tissue; crops with less than --least-tissue of it are left out.
    channels
        Numbers of the anatomy and the tumour channel, counted from 0, in files with channels. Default: 0 1
        of a single file; of two files that hold several each, they must be named.
    axes
        Axes of the sources, as in ZCYX, where the file does not state them rightly.
    mask_axes
        Axes of --labels and --tissue, as in ZYX, likewise.
    name
        First part of the pairs' names. Default: the source's file name.
    """

    labels: Path
    labels_above: float | None = None
    tissue: Path | None = None
    channels: Annotated[tuple[Whole, Whole], Parameter(negative="")] | None = None
    axes: str | None = None
    mask_axes: str | None = None
    name: str | None = None


def read_scan(sources: list[Path], files: Files) -> Scan:
    """Read one source with both channels, or two, with the masks that belong to them."""
    if len(sources) not in (1, 2):
        raise SettingError(
            f"{len(sources)} sources",
            "one TIFF with both channels, or two: anatomy and tumour",
            "Name one or two",
        )
    stacks = [read_stack(path, files.axes) for path in sources]
    if files.channels and not any(stack.has_channels for stack in stacks):
        given = f"--channels {files.channels[0]} {files.channels[1]}, and no source has a C axis"
        raise SettingError(given, "sources with channels", "Leave --channels out, or name the --axes")
    anatomy, tumour = _channels(stacks, files.channels)
    labels = _mask(files.labels, files)
    return Scan.checked(
        files.name or sources[0].name.split(".")[0],
        anatomy,
        tumour,
        labels if files.labels_above is None else binarise(labels, files.labels_above),
        None if files.tissue is None else _mask(files.tissue, files),
    )


def _channels(stacks: list[Stack], numbers: tuple[int, int] | None) -> tuple[AnyArray, AnyArray]:
    """Give anatomy and tumour; of two files, each may hold its channel alone, or several to choose from."""
    if len(stacks) == 1:
        first, second = numbers or (0, 1)
        return stacks[0].plane_order(first), stacks[0].plane_order(second)
    named = numbers or (None, None)
    chosen = (number if s.has_channels else None for s, number in zip(stacks, named, strict=True))
    anatomy, tumour = (stack.plane_order(number) for stack, number in zip(stacks, chosen, strict=True))
    return anatomy, tumour


def _mask(path: Path, files: Files) -> AnyArray:
    return read_stack(path, files.mask_axes).plane_order(None)
