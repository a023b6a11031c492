"""The volume that a tumour channel is generated for: its channels, and its label, given or drawn.

All of it can be opened again from a request that was resolved, in another process, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING

from metgan.data import identify, refuse_other_shapes
from metgan.errors import ArrayError
from metgan.images import Stack, pixel_files, refuse_other_orientations
from metgan.labels import binarise, check_binary
from metgan.synthesis import Inpainter, VolumeSource
from metgan.types import AnyArray, Channel, Mask

from .scan_images import open_channels, open_mask, voxel_size

if TYPE_CHECKING:
    from .inpaint import InpaintRequest

Channels = dict[Channel, tuple[Stack, int | None]]
Read = Callable[[Sequence[slice]], AnyArray]
_HOW_READ = ("axes", "channels", "mask-axes", "labels-above")


def open_volume(request: InpaintRequest) -> Channels:
    """Open the channels that are read: the anatomy, and the tumour channel that is kept."""
    anatomy, *tumour = open_channels(request.sources, request.channels, request.axes)
    return {"anatomy": anatomy, "tumour": tumour[0]} if request.mode == "insert" else {"anatomy": anatomy}


def resolve(request: InpaintRequest, channels: Channels) -> InpaintRequest:
    """Return a request with what a recipe measures before it draws; what `open_source` opens anywhere."""
    if request.recipe.recipe is None:
        return request
    sizes = _sizes_to_draw_in(request, channels["anatomy"][0])
    return replace(request, recipe=request.recipe.resolve(request.run, channels["anatomy"], sizes))


def open_source(request: InpaintRequest, inpainter: Inpainter, channels: Channels) -> VolumeSource:
    """Open what a resolved request names: the channels, which are open, and the label, given or drawn."""
    given = request.labels or request.recipe.real_tumours
    mask = None if given is None else open_mask(given, request.mask_axes)
    shapes: dict[str, tuple[int, ...]] = {k: stack.plane_shape(at) for k, (stack, at) in channels.items()}
    images = {str(k): stack.source for k, (stack, _) in channels.items()}
    if mask is not None:
        what = "labels" if request.labels else "real tumours"
        shapes[what], images[what] = mask.plane_shape(None), mask.source
    refuse_other_shapes(str(request.sources[0]), shapes)
    refuse_other_orientations(images)
    stack, number = channels["anatomy"]
    planes, rows, columns = shapes["anatomy"]
    shape, anatomy = (planes, rows, columns), partial(stack.plane_order, number)
    label: Read | None = None if mask is None else partial(_read_label, request, mask)
    if request.recipe.recipe is not None:
        sizes, fill = _sizes_to_draw_in(request, stack), inpainter.card.normalisation.fill
        label = request.recipe.open(shape, sizes, anatomy, None if fill is None else fill.anatomy, label)
    assert label is not None
    real = channels.get("tumour")
    return VolumeSource(
        shape, anatomy, label, None if real is None else partial(real[0].plane_order, real[1])
    )


def _sizes_to_draw_in(request: InpaintRequest, stack: Stack) -> tuple[float, float, float]:
    """Return the size of a voxel along Z, Y and X, which a recipe in micrometres needs."""
    if "Z" not in stack.axes:
        raise ArrayError(
            f"{stack.path} is a single plane",
            "a volume, for a recipe in three dimensions",
            "Give --labels, such as a label of metgan generate --recipe grown",
        )
    sizes = voxel_size(request.voxel_size_um, stack, "ZYX")
    if sizes is None:
        raise ArrayError(
            f"{stack.path} does not state the size of a voxel",
            "its size along Z, Y and X, for diameters in micrometres",
            "Give --voxel-size-um, as in --voxel-size-um 5 2 2",
        )
    return sizes[0], sizes[1], sizes[2]


def _read_label(request: InpaintRequest, label: Stack, region: Sequence[slice]) -> Mask:
    values = label.plane_order(None, region)
    if request.labels_above is not None:
        return binarise(values, request.labels_above)
    remedy = (
        "Choose a threshold with --labels-above, which is 0 for a mask that numbers its "
        "objects; if this is no mask, give the mask"
    )
    return check_binary(values, str(label.path), remedy)


def name_options(request: InpaintRequest) -> dict[str, str]:
    """Return what a resolved request asks for, by the options that say it: how a part is gone on with."""
    given = {f"--{name}": getattr(request, name.replace("-", "_")) for name in _HOW_READ}
    named = {name: _words(value) for name, value in given.items() if value is not None}
    named["--mode"] = request.mode
    if request.labels is not None:
        return {**named, "--labels": identify(pixel_files(request.labels))}
    drawn = {option: _words(value) for option, value in request.recipe.options.items()}
    if request.recipe.real_tumours is not None:
        drawn["--real-tumours"] = identify(pixel_files(request.recipe.real_tumours))
    return {**named, **drawn}


def _words(value: object) -> str:
    """Return the value of an option as it is typed."""
    if isinstance(value, tuple):
        return " ".join(map(_words, value))
    return repr(float(value)).removesuffix(".0") if isinstance(value, Real) else str(value)
