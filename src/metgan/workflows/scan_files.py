"""The files that a pair set is cut from, and how they become a scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from metgan.checked import Checked
from metgan.data import (
    CropPlan,
    MaskCheck,
    Scan,
    as_camera,
    check_camera,
    identify,
    name_scan,
)
from metgan.errors import SettingError, StorageError
from metgan.images import (
    LazyVolume,
    Region,
    Resampling,
    Stack,
    block_shape,
    pixel_files,
)
from metgan.labels import binarise
from metgan.progress import SLOW, note, progress
from metgan.types import AnyArray, Mask

from .ranges import ABOVE_ZERO, FINITE, check_ranges
from .scan_images import MOST_CHANNELS, open_channels, open_mask, refuse_unlike, voxel_size

AT_ONCE = 2**23
"""Voxels of each channel that are read, and in memory, at once; or one plane of a block of tissue."""
_PLANES = 64  # of a block: as many as of a chunk
_ALIKE = 1.01  # ratio of sizes
_HALF = 0.5  # of a new voxel is labelled


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
        Axes of the sources, as in ZCYX, where the file does not state them correctly.
    mask_axes : str or None
        Axes of --labels and --tissue, as in ZYX, likewise.
    pixel_size_um : float or None
        Resample the scan to pixels of this side in um, above 0: rows and columns, for --cut projections
        planes too. Default: its own voxels.
    voxel_size_um : tuple of float, or None
        Size of a voxel in micrometres along Z, Y and X, where the scan does not state it correctly. Needs
        --pixel-size-um.
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
    pixel_size_um: float | None = None
    voxel_size_um: tuple[float, float, float] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, channels=(0, MOST_CHANNELS), labels_above=FINITE, tissue_above=FINITE)
        check_ranges(self, pixel_size_um=ABOVE_ZERO, voxel_size_um=ABOVE_ZERO)
        if self.voxel_size_um is not None and self.pixel_size_um is None:
            given = f"--voxel-size-um {' '.join(f'{size:g}' for size in self.voxel_size_um)}"
            remedy = "Give it, as in --pixel-size-um 8, or leave --voxel-size-um out"
            raise SettingError(f"{given} without --pixel-size-um", "what it is needed for", remedy)

    def check(self, what: str, scan: str) -> Callable[[AnyArray], AnyArray]:
        """Return what turns what is read into a camera's pixels, or those of a mask of a scan."""
        if what not in ("label", "tissue"):
            return partial(check_camera, name=f"{scan} {what}")
        above = self.labels_above if what == "label" else self.tissue_above
        if above is not None:
            return partial(binarise, above=above)
        return MaskCheck(scan, "label" if what == "label" else "tissue")


def read_scan(
    sources: list[Path], files: ScanFiles, plan: CropPlan, rows: Sequence[Mapping[str, str]]
) -> Scan:
    """Read one source with both channels, or two, with the masks that belong to them.

    What the plan does not ask for is neither read nor checked. More than some 8 million voxels are not read
    at once, but in blocks, each when it is needed. `rows` are those of the pair set that the
    scan's crops are added to.
    """
    _refuse_options_of_nothing(files)
    found = open_channels(sources, files.channels, files.axes)
    volumes = dict(zip(("anatomy", "tumour"), found, strict=True))
    masks = {"label": files.labels, "tissue": files.tissue}
    volumes |= {k: (open_mask(path, files.mask_axes), None) for k, path in masks.items() if path is not None}
    source = identify(pixel_files(sources[0]))
    name = name_scan(sources[0], source, rows) if files.name is None else files.name
    shapes = refuse_unlike(name, volumes)
    resampling = _resampling(volumes["anatomy"][0], shapes["anatomy"], files, plan)
    _tell_of_ranges(files, plan, resampling.shape)
    region = plan.region(resampling.shape)
    block = _block_shape(region, plan)
    read = {
        what: _reader(partial(stack.plane_order, channel), files.check(what, name), resampling, region)
        for what, (stack, channel) in volumes.items()
    }
    parts: dict[str, AnyArray | LazyVolume] = {}
    with progress("read", len(volumes), every_s=SLOW) as advance:
        for what, reader in read.items():
            whole = tuple(slice(0, n) for n in region.shape)
            parts[what] = reader(whole) if block == region.shape else LazyVolume(region.shape, reader, block)
            advance(what)
    scan = Scan.checked(
        name, parts["anatomy"], parts["tumour"], parts.get("label"), parts.get("tissue"), region
    )
    if files.pixel_size_um is None:
        return replace(scan, source=source)
    voxel_um = voxel_size(files.voxel_size_um, volumes["anatomy"][0], "ZYX")
    return replace(scan, source=source, pixel_um=files.pixel_size_um, voxel_um=voxel_um)


def _reader(
    source: Callable[[Sequence[slice]], AnyArray],
    check: Callable[[AnyArray], AnyArray],
    resampling: Resampling,
    region: Region,
) -> Callable[[tuple[slice, ...]], AnyArray]:
    """Return what reads a part of a region of new voxels, checked as they are in the file.

    Where that takes more than `AT_ONCE` voxels of the file, it is done in pieces.
    """

    def read(part: tuple[slice, ...]) -> AnyArray:
        asked = [range(n)[axis][one] for n, axis, one in zip(region.whole, region.index, part, strict=True)]
        axis = next((k for k, one in enumerate(asked) if len(one) > 1), None)
        if axis is not None and resampling.count_read(asked) > AT_ONCE:
            middle = (part[axis].start + part[axis].stop) // 2
            halves = slice(part[axis].start, middle), slice(middle, part[axis].stop)
            return np.concatenate([read((*part[:axis], half, *part[axis + 1 :])) for half in halves], axis)
        found: list[AnyArray] = []

        def checked(of_source: tuple[slice, ...]) -> AnyArray:
            found.append(check(source(of_source)))
            return found[-1]

        array = resampling.read(checked, [slice(r.start, r.stop, r.step) for r in asked])
        if array is found[0]:
            return array
        return array >= _HALF if found[0].dtype == bool else as_camera(array, found[0])

    return read


def _tell_of_ranges(files: ScanFiles, plan: CropPlan, shape: tuple[int, ...]) -> None:
    """Note that ranges count the new pixels: those of the file would be another part of the scan."""
    counted = {"planes": plan.planes, "rows": plan.rows, "columns": plan.columns}
    if not plan.is_projected:  # planes stay as they are
        del counted["planes"]
    if files.pixel_size_um is not None and any(counted.values()):
        note(
            f"ranges of {', '.join(counted)} count pixels of {files.pixel_size_um:g} um: there are "
            f"{' x '.join(map(str, shape[-len(counted) :]))}"
        )


def _block_shape(region: Region, plan: CropPlan) -> tuple[int, ...]:
    """Return the sides of what is in memory at once: they hold whole crops along Y and X.

    Of a block of tissue too large for `AT_ONCE`, these are as many planes as it allows.
    """
    rows, columns = (min(plan.block, n) for n in region.shape[1:])
    planes = plan.block if plan.is_projected else _PLANES
    units = (min(planes, max(1, AT_ONCE // (rows * columns))), plan.block, plan.block)
    return block_shape(region.shape, units, AT_ONCE)


def _resampling(anatomy: Stack, shape: tuple[int, ...], files: ScanFiles, plan: CropPlan) -> Resampling:
    """Return how voxels become those that are wanted; along Z only those of projections do."""
    sizes, wanted = voxel_size(files.voxel_size_um, anatomy, "ZYX"), files.pixel_size_um
    if wanted is None:
        if plan.is_projected and sizes is not None and max(sizes) > _ALIKE * min(sizes):
            note(
                f"voxels of {anatomy.path} are {' x '.join(f'{size:g}' for size in sizes)} um large, so that "
                "projections along Y and X are squeezed; --pixel-size-um makes them even"
            )
        return Resampling(shape, (1.0, 1.0, 1.0))
    if sizes is None:
        raise StorageError(
            f"--pixel-size-um {wanted:g}, and {anatomy.path} does not say how large its voxels are",
            "their size along Z, Y and X",
            "Give --voxel-size-um, as in --voxel-size-um 5 2 2, or leave --pixel-size-um out",
        )
    z, y, x = (wanted / size for size in sizes)
    if shape[1] < y or shape[2] < x:
        extent = f"{shape[1] * sizes[1]:g} x {shape[2] * sizes[2]:g} um"
        given = f"--pixel-size-um {wanted:g} for {anatomy.path}, which is {extent} large"
        raise SettingError(given, "pixels smaller than the scan", "Choose a smaller one")
    return Resampling(shape, (z if plan.is_projected else 1.0, y, x))


def _refuse_options_of_nothing(files: ScanFiles) -> None:
    """Refuse options that say how to read a mask that is not given."""
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
    (plane,) = open_mask(labels, files.mask_axes).plane_order(None, one)
    return np.asarray(plane > (files.labels_above or 0), bool)
