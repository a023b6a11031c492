"""The images of a scan or a volume, opened: anatomy and tumour, masks, and how large a voxel is and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from metgan.data import refuse_other_shapes
from metgan.errors import ArrayError, SettingError
from metgan.images import OmeZarrImage, Stack, compare_places, read_stack
from metgan.progress import note, note_once

ORDER: Final = (0, 1)
"""Numbers of anatomy and tumour in an image of two channels."""
MOST_CHANNELS = 9999


def open_channels(
    sources: Sequence[Path], numbers: tuple[int, int] | None, axes: str | None
) -> list[tuple[Stack, int | None]]:
    """Open anatomy and tumour: of one source with both channels, or of two.

    Returns
    -------
    list of (Stack, int or None)
        Each with the number of its channel; None where there is no axis C. Whether that channel exists
        is checked when its shape is asked for.

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
    for stack in stacks:
        if isinstance(stack.source, OmeZarrImage) and stack.source.path.parent.name == "labels":
            given, expected = f"{stack.path}, a label image, as the volume", "the image that it belongs to"
            raise ArrayError(given, expected, f"Give {stack.source.path.parents[1]}")
    if numbers and not any(stack.has_channels for stack in stacks):
        given = f"--channels {numbers[0]} {numbers[1]}, and no source has a C axis"
        raise SettingError(given, "sources with channels", "Leave --channels out, or name the --axes")
    return _channels(stacks, numbers)


def open_mask(path: Path, axes: str | None) -> Stack:
    """Open a label image or another mask.

    Raises
    ------
    StorageError, ArrayError
        When it is no image, or has several channels.
    """
    stack = read_stack(path, axes)
    if not stack.has_channels:
        return stack
    labels = stack.source.label_names if isinstance(stack.source, OmeZarrImage) else ()
    ways = [f"Give one of its labels: {', '.join(f'{path}/labels/{name}' for name in labels)}"] * bool(labels)
    if "Z" not in stack.axes:
        ways.append(f"If these are planes, --mask-axes {stack.axes.replace('C', 'Z')}")
    raise ArrayError(
        f"{path} has {stack.channels} channels (axes {stack.axes}, shape {stack.shape})",
        "a mask, which has none",
        ". ".join(ways) or "Save the channel with the mask as an image of its own",
    )


def refuse_unlike(name: str, images: Mapping[str, tuple[Stack, int | None]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a scan's images, (Z, Y, X), by what they show, once these are one.

    Raises
    ------
    ArrayError
        When they are not, or the images' files say that they lie otherwise, as `compare_places`.
    """
    shapes = {what: stack.plane_shape(number) for what, (stack, number) in images.items()}
    fitting = [
        f"{level} would fit the {other}: give it instead of {stack.path}"
        for what, (stack, _) in images.items()
        for other, shape in shapes.items()
        if shape != shapes[what] and isinstance(stack.source, OmeZarrImage)
        if (level := stack.source.level_of(shape)) is not None
    ]
    axes = {what: stack.axes for what, (stack, _) in images.items()}
    refuse_other_shapes(name, shapes, axes, [*dict.fromkeys(fitting)][:1])
    compare_places({what: stack.source for what, (stack, _) in images.items()})
    return shapes


def voxel_size(given: tuple[float, float, float] | None, stack: Stack, axes: str) -> tuple[float, ...] | None:
    """Return the size of a voxel along the axes: as given, or as the file states it for all of them.

    A size that contradicts the file is used, and noted once.
    """
    stated = [axis for axis in "ZYX" if axis in stack.source.axes]
    sizes = dict(zip(stated, stack.source.voxel_size_um or (), strict=False))
    is_stated = not stack.contradicted and {*axes} <= {*sizes}
    of_file = tuple(sizes[axis] for axis in axes) if is_stated else None
    if given is None:
        return of_file
    asked = given[-len(axes) :]
    if of_file is not None and not np.allclose(asked, of_file, rtol=1e-3):
        words = [" x ".join(f"{size:g}" for size in one) for one in (of_file, asked)]
        note_once(
            f"{stack.path} says that its voxels are {words[0]} um; {words[1]} is taken (--voxel-size-um)"
        )
    return asked


def origin(stack: Stack, axes: str) -> tuple[float, ...]:
    """Return where the first voxel lies along the axes, in voxels; 0 where the file does not say it."""
    if not isinstance(stack.source, OmeZarrImage) or stack.contradicted:
        return ()
    stated = [axis for axis in "ZYX" if axis in stack.source.axes]
    places = dict(zip(stated, stack.source.origin, strict=False))
    return tuple(places.get(axis, 0.0) for axis in axes)


def _channels(stacks: list[Stack], numbers: tuple[int, int] | None) -> list[tuple[Stack, int | None]]:
    """Return anatomy and tumour; of two files, each may hold its channel alone, or several to choose from."""
    if len(stacks) == 1:
        (stack,) = stacks
        if numbers is None and stack.channels > len(ORDER):
            stack.plane_shape(None)  # refuses to choose
        if numbers is None and stack.channels == len(ORDER):
            note(f"{stack.path}: channel 0 is taken as the anatomy and 1 as the tumour (--channels 0 1)")
        return [(stack, number) for number in numbers or ORDER]
    named = numbers or (None, None)
    return [(s, number if s.has_channels else None) for s, number in zip(stacks, named, strict=True)]
