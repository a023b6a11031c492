"""The files that a pair set is cut from, and how they become a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.checked import Checked
from metgan.data import CropPlan, Scan, identify, name_scan, refuse_other_shapes
from metgan.errors import SettingError
from metgan.images import Stack, pixel_files, read_stack
from metgan.labels import binarise
from metgan.progress import SLOW, note, progress
from metgan.types import Mask

from .ranges import FINITE, check_ranges

_ORDER = (0, 1)  # anatomy, tumour
MOST_CHANNELS = 9999


@dataclass(frozen=True)
class ScanFiles(Checked):
    """Masks that belong to the sources, and how the files are to be read.

    Parameters
    ----------
    labels : Path or None
        The tumours' mask: 0, and one other value. An image of any kind that the sources may be; of an
        OME-Zarr, one of its labels, as in scan.ome.zarr/labels/tumours. Default: none, for scans that were
        not annotated; their crops become unlabelled pairs.
    labels_above : float or None
        Take every value above this as tumour, where a mask numbers its objects (0) or holds probabilities
        (as in 0.5). Default: refuse a mask of more than two values.
    tissue : Path or None
        The mask of the tissue, likewise; crops with less than --least-tissue of it are left out.
    tissue_above : float or None
        Take every value above this as tissue, where it numbers regions as an atlas does (0). Default: refuse
        a mask of more than two values.
    channels : tuple of int, or None
        Numbers of the anatomy and the tumour channel, counted from 0, in files with channels. Default: 0 1
        of a single file with two; of one with more, or of two files that hold several each, they must be
        named.
    axes : str or None
        Axes of the sources, as in ZCYX, where the file does not state them rightly.
    mask_axes : str or None
        Axes of --labels and --tissue, as in ZYX, likewise.
    name : str or None
        First part of the pairs' names, one for each scan. Default: the folder's and the file's name, or the
        name that the scan has in --out already.
    """

    labels: Path | None = None
    labels_above: float | None = None
    tissue: Path | None = None
    tissue_above: float | None = None
    channels: tuple[int, int] | None = None
    axes: str | None = None
    mask_axes: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, channels=(0, MOST_CHANNELS), labels_above=FINITE, tissue_above=FINITE)


def read_scan(
    sources: list[Path], files: ScanFiles, plan: CropPlan, known: Sequence[Mapping[str, str]]
) -> Scan:
    """Read one source with both channels, or two, with the masks that belong to them.

    What the plan does not ask for is neither read nor checked. `known` are the rows of the pair set that the
    scan's crops are added to.
    """
    _refuse_options_of_nothing(files)
    found = open_channels(sources, files.channels, files.axes)
    volumes = dict(zip(("anatomy", "tumour"), found, strict=True))
    masks = {"label": files.labels, "tissue": files.tissue}
    volumes |= {k: (read_stack(path, files.mask_axes), None) for k, path in masks.items() if path is not None}
    source = identify(pixel_files(sources[0]))
    name = name_scan(sources[0], source, known) if files.name is None else files.name
    shapes = {what: stack.plane_shape(channel) for what, (stack, channel) in volumes.items()}
    refuse_other_shapes(name, shapes)
    region = plan.region(shapes["anatomy"])
    parts = {}
    with progress("read", len(volumes), every_s=SLOW) as advance:
        for what, (stack, channel) in volumes.items():
            parts[what] = stack.plane_order(channel, region.index)
            advance(what)
    for what, threshold in (("label", files.labels_above), ("tissue", files.tissue_above)):
        if threshold is not None:
            parts[what] = binarise(parts[what], threshold)
    channels = parts["anatomy"], parts["tumour"]
    scan = Scan.checked(name, *channels, parts.get("label"), parts.get("tissue"), region)
    return replace(scan, source=source)


def open_channels(
    sources: Sequence[Path], numbers: tuple[int, int] | None, axes: str | None
) -> list[tuple[Stack, int | None]]:
    """Open anatomy and tumour: of one source with both channels, or of two.

    Returns
    -------
    list of (Stack, int or None)
        Each with the number of its channel; None where there is no axis C. Whether that channel is there, is
        known when it is asked for its shape.

    Raises
    ------
    SettingError, StorageError, ArrayError
        When there are more or fewer sources, channels are named and there are none, or a source is no image.
    """
    if len(sources) not in (1, 2):
        raise SettingError(
            f"{len(sources)} sources",
            "one image with both channels, or two: anatomy and tumour",
            "Name one or two",
        )
    stacks = [read_stack(path, axes) for path in sources]
    if numbers and not any(stack.has_channels for stack in stacks):
        given = f"--channels {numbers[0]} {numbers[1]}, and no source has a C axis"
        raise SettingError(given, "sources with channels", "Leave --channels out, or name the --axes")
    return _channels(stacks, numbers)


def _refuse_options_of_nothing(files: ScanFiles) -> None:
    """Refuse options that tell how to read a mask which is not given."""
    thresholds = (("labels", files.labels, files.labels_above), ("tissue", files.tissue, files.tissue_above))
    for what, mask, above in thresholds:
        if above is not None and mask is None:
            remedy = f"Give --{what}, or leave --{what}-above out"
            raise SettingError(f"--{what}-above {above} without --{what}", "the mask that it is for", remedy)
    if files.mask_axes is not None and files.labels is None and files.tissue is None:
        given = f"--mask-axes {files.mask_axes} without --labels and --tissue"
        raise SettingError(given, "the masks that they are for", "Give --labels, or leave --mask-axes out")


def read_label_plane(files: ScanFiles, labels: Path, number: int) -> Mask:
    """Read the mask of one plane with all its rows and columns; what is no number is no tumour."""
    one = (slice(number, number + 1), slice(None), slice(None))
    (plane,) = read_stack(labels, files.mask_axes).plane_order(None, one)
    mask: Mask = plane > (files.labels_above or 0)
    return mask


def _channels(stacks: list[Stack], numbers: tuple[int, int] | None) -> list[tuple[Stack, int | None]]:
    """Return anatomy and tumour; of two files, each may hold its channel alone, or several to choose from."""
    if len(stacks) == 1:
        (stack,) = stacks
        if numbers is None and stack.channels > len(_ORDER):
            stack.plane_shape(None)  # refuses to choose
        if numbers is None and stack.channels == len(_ORDER):
            note(f"{stack.path}: channel 0 is taken as the anatomy and 1 as the tumour (--channels 0 1)")
        return [(stack, number) for number in numbers or _ORDER]
    named = numbers or (None, None)
    return [(s, number if s.has_channels else None) for s, number in zip(stacks, named, strict=True)]
