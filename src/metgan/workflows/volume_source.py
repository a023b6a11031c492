"""The volume that a tumour channel is generated for: its channels, and its label, given or drawn.

All of it can be opened again from a request that was resolved, in another process, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Final

from metgan.data import identify
from metgan.errors import ArrayError
from metgan.images import Stack, pixel_files
from metgan.labels import binarise, check_binary
from metgan.synthesis import Inpainter, VolumeSource
from metgan.types import AnyArray, Channel, Mask

from .scan_images import ORDER, open_channels, open_mask, refuse_unlike, voxel_size

if TYPE_CHECKING:
    from .inpaint import InpaintRequest

Volume = dict[str, tuple[Stack, int | None]]
"""Its images by what they are, each with the number of its channel: anatomy, tumour, and a mask."""
CHANNELS: Final[tuple[Channel, ...]] = ("anatomy", "tumour")
_MASKS = ("labels", "real tumours")
Read = Callable[[Sequence[slice]], AnyArray]


def open_volume(request: InpaintRequest) -> Volume:
    """Open the images that are read: the anatomy, the tumour channel that is kept, and the mask, if any."""
    anatomy, tumour = open_channels(request.sources, request.channels, request.axes)
    found: Volume = (
        {"anatomy": anatomy, "tumour": tumour} if request.mode == "insert" else {"anatomy": anatomy}
    )
    for what, path in zip(_MASKS, (request.labels, request.recipe.real_tumours), strict=True):
        if path is not None:
            found[what] = open_mask(path, request.mask_axes), None
    return found


def resolve(request: InpaintRequest, volume: Volume) -> InpaintRequest:
    """Return a request with what a recipe measures before it draws; what `open_source` opens anywhere."""
    if request.recipe.recipe is None:
        return request
    sizes = _sizes_to_draw_in(request, volume["anatomy"][0])
    return replace(request, recipe=request.recipe.resolve(request.run, volume["anatomy"], sizes))


def open_source(request: InpaintRequest, inpainter: Inpainter, volume: Volume) -> VolumeSource:
    """Return what a resolved request names: the channels, which are open, and the label, given or drawn."""
    shapes = refuse_unlike(str(request.sources[0]), volume)
    stack, number = volume["anatomy"]
    planes, rows, columns = shapes["anatomy"]
    shape, anatomy = (planes, rows, columns), partial(stack.plane_order, number)
    label: Read | None = None
    if (mask := mask_of(volume)) is not None:
        label = partial(read_label, request, mask)
    if request.recipe.recipe is not None:
        sizes, fill = _sizes_to_draw_in(request, stack), inpainter.card.normalisation.fill
        label = request.recipe.open(shape, sizes, anatomy, None if fill is None else fill.anatomy, label)
    assert label is not None
    real = volume.get("tumour")
    return VolumeSource(
        shape, anatomy, label, None if real is None else partial(real[0].plane_order, real[1])
    )


def mask_of(volume: Volume) -> Stack | None:
    """Return the mask of the volume, that of --labels or of --real-tumours; None without one."""
    return next((volume[what][0] for what in _MASKS if what in volume), None)


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


def read_label(request: InpaintRequest, label: Stack, region: Sequence[slice]) -> Mask:
    """Read a part of a mask, as the request says."""
    values = label.plane_order(None, region)
    if request.labels_above is not None:
        return binarise(values, request.labels_above)
    remedy = "Choose a threshold with --labels-above, which is 0 for a mask that numbers its objects"
    return check_binary(values, str(label.path), remedy)


def name_options(request: InpaintRequest, volume: Volume) -> dict[str, str]:
    """Return what a resolved request asks for, by option: a part is resumed with the same alone.

    An option that was not given has the value that was taken for it.
    """
    stacks, mask = [volume[name][0] for name in CHANNELS if name in volume], mask_of(volume)
    named = {"--axes": " ".join(dict.fromkeys(stack.axes for stack in stacks))}
    if any(stack.has_channels for stack in stacks):
        named["--channels"] = _words(request.channels or ORDER)
    if mask is not None:
        named["--mask-axes"] = mask.axes
    if request.labels_above is not None:
        named["--labels-above"] = _words(request.labels_above)
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
