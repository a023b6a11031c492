"""Tumours generated in a whole volume, plane by plane, into an OME-Zarr."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

from metgan.checked import Checked
from metgan.data import check_camera, identify
from metgan.errors import ArrayError, SettingError
from metgan.images import (
    OmeZarrChannel,
    OmeZarrImage,
    OmeZarrLayout,
    is_begun,
    is_written,
    pixel_files,
    writing_ome_zarr,
)
from metgan.progress import Listener, listening, note, note_once
from metgan.synthesis import (
    TUMOURS,
    Inpainter,
    VolumeSource,
    VolumeSpeed,
    inpaint_volume,
    load,
    refuse_dependent_on_size,
)

from .cluster import IN_THIS_PROCESS, ClusterChoice, connected
from .inpaint_cluster import inpaint_on
from .output import NEW_FOLDER, OutputPolicy, check_zarr_name
from .ranges import ABOVE_ZERO, COUNT, FINITE, check_ranges
from .scan_images import MOST_CHANNELS, origin, voxel_size
from .volume_check import look_at_anatomy, look_at_mask, look_at_tumour, tell_of_model
from .volume_recipe import FROM_LABELS, VolumeRecipeChoice
from .volume_source import (
    CHANNELS,
    Volume,
    name_options,
    open_source,
    open_volume,
    resolve,
)

_PLANES: Final = 64
"""Of a block: one chunk."""


@dataclass(frozen=True, kw_only=True)
class InpaintRequest(Checked):
    """A tumour channel to be generated for a whole volume, each plane along Z by itself.

    Parameters
    ----------
    run : Path
        Run folder of metgan train. Its generator must depend on a pixel's surroundings alone: not that of
        CycleGAN, nor the preset released.
    sources : list of Path
        The volume: TIFF, OME-Zarr, NIfTI or a folder of planes. One image with the anatomy, and the tumour
        channel where there is one, or two: anatomy and tumour.
    labels : Path or None
        A label image of the volume's shape, of any of these kinds: 0, and one other value where tumours
        should be. Of an OME-Zarr, one of its labels, as in scan.ome.zarr/labels/tumours. Not with --recipe.
    out : Path
        OME-Zarr to write, with a name such as new.ome.zarr: the tumour channel in the camera's dtype, and the
        label tumours.
    mode : {"synthesise", "insert"}
        synthesise: the whole tumour channel is generated. insert: the volume's real tumour channel is kept,
        and the light of generated tumours is added to it at the labels and up to 3 pixels around them.
    labels_above : float or None
        Take every value above this as tumour, where the labels number their objects (0) or hold
        probabilities (as in 0.5). Default: refuse labels of more than two values.
    channels : tuple of int, or None
        Numbers of the anatomy and the tumour channel, counted from 0, in an image with channels. Default: 0 1
        of one with two; of one with more they must be named.
    axes : str or None
        Axes of the volume, as in ZCYX, where the file does not state them correctly.
    mask_axes : str or None
        Axes of --labels, as in ZYX, likewise.
    voxel_size_um : tuple of float, or None
        Size of a voxel in micrometres along Z, Y and X, where the volume does not state it correctly.
    block : int
        Side along Y and X, in pixels, of what is computed and written at once, 1 or more; rounded up to whole
        chunks of 64 pixels, in a single plane of 512. Larger ones take more memory and less time; voxels are
        the same, to rounding.
    device : {"auto", "cpu", "cuda"}
        "auto" takes a CUDA device where there is one.
    recipe : VolumeRecipeChoice
    cluster : ClusterChoice
    output : OutputPolicy
    """

    run: Path
    sources: list[Path]
    out: Path
    labels: Path | None = None
    mode: Literal["synthesise", "insert"] = "synthesise"
    labels_above: float | None = None
    channels: tuple[int, int] | None = None
    axes: str | None = None
    mask_axes: str | None = None
    voxel_size_um: tuple[float, float, float] | None = None
    block: int = 1024
    device: Literal["auto", "cpu", "cuda"] = "auto"
    recipe: VolumeRecipeChoice = FROM_LABELS
    cluster: ClusterChoice = IN_THIS_PROCESS
    output: OutputPolicy = NEW_FOLDER

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(
            self, channels=(0, MOST_CHANNELS), labels_above=FINITE, voxel_size_um=ABOVE_ZERO, block=COUNT
        )
        check_zarr_name(self.out)
        if (self.labels is None) == (self.recipe.recipe is None):
            raise SettingError(
                "both --labels and --recipe" if self.labels else "neither --labels nor --recipe",
                "one of them: where tumours should be",
                "Give a label image with --labels, or have one drawn with --recipe grown",
            )
        how_read = {"--labels-above": self.labels_above, "--mask-axes": self.mask_axes}
        idle = [name for name, value in how_read.items() if value is not None]
        if idle and self.labels is None and self.recipe.real_tumours is None:
            given = f"{' and '.join(idle)} without a label image"
            raise SettingError(given, "the image that it is for", "Leave it out, or give --real-tumours")
        if self.mode == "synthesise" and len(self.sources) > 1:
            raise SettingError(
                f"{len(self.sources)} sources with --mode synthesise, which reads the anatomy alone",
                "one",
                "Leave the others out, or give anatomy and tumour with --mode insert",
            )

    @property
    def inputs(self) -> list[Path]:
        """What the volume is made from."""
        more = (self.labels, self.recipe.sizes_of, self.recipe.real_tumours)
        return [self.run, *self.sources, *(path for path in more if path is not None)]


@dataclass(frozen=True)
class InpaintResult:
    """What was written.

    Attributes
    ----------
    out : Path
    shape : tuple of int
        Of the tumour channel: (Z, Y, X), or (Y, X) of a single plane.
    was_finished : bool
        Whether it was there before the call.
    speed : VolumeSpeed or None
        Of this call; None where there was nothing to do.
    """

    out: Path
    shape: tuple[int, ...]
    was_finished: bool
    speed: VolumeSpeed | None = None


def inpaint(request: InpaintRequest, on_event: Listener | None = None) -> InpaintResult:
    """Generate the tumour channel of a whole volume from its anatomy and a label, block by block.

    Parameters
    ----------
    request : InpaintRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, ArrayError, SettingError
        When run, volume, labels or the place to write to will not do, and nothing is written then; or when a
        part of them cannot be read: what was done by then is kept, and ``--resume`` continues.
    """
    out, policy = request.out, request.output
    with listening(on_event):
        is_here = request.cluster == IN_THIS_PROCESS
        inpainter = load(request.run, request.device if is_here else "cpu")
        refuse_dependent_on_size(inpainter)
        volume = open_volume(request)
        _check(inpainter, volume)
        resolved = resolve(request, volume)
        source = open_source(resolved, inpainter, volume)
        layout = _layout(resolved, inpainter, volume)
        if policy.resume and is_written(out, layout):
            return InpaintResult(out, layout.shape, was_finished=True)
        tell_of_model(request.run, inpainter, look_at_anatomy(volume))
        look_at_mask(request, volume)
        look_at_tumour(request, source)
        if policy.resume and not is_begun(out, layout):
            note(f"there is no part of {out} to resume; starting it")
        with (
            connected(request.cluster) as client,
            writing_ome_zarr(
                out,
                layout,
                "metgan inpaint",
                resume=policy.resume,
                overwrite=policy.overwrite,
                inputs=request.inputs,
            ) as writer,
        ):
            if client is None:
                speed = inpaint_volume(writer, inpainter, source)
            else:
                speed = inpaint_on(client, writer, partial(_reopen, _absolute(resolved)))
        _tell_of_no_tumour(out)
    return InpaintResult(out, layout.shape, was_finished=False, speed=speed)


def _tell_of_no_tumour(out: Path) -> None:
    """Note a volume without any tumour; the coarsest level of a label still shows the smallest."""
    label = OmeZarrImage.open(out / "labels" / TUMOURS)
    coarsest = OmeZarrImage.open(label.path, label.levels - 1)
    if not coarsest.read((slice(None),) * len(coarsest.shape)).any():
        note(
            f"the label of {out} is empty: the volume holds no new tumour. Look at --labels; of a recipe, "
            "raise --density-per-mm3, or see whether --tissue-level leaves any tissue"
        )


def _reopen(request: InpaintRequest) -> tuple[Inpainter, VolumeSource]:
    """Open in another process what the call has checked, and measured for a recipe."""
    inpainter = load(request.run, request.device)
    return inpainter, open_source(request, inpainter, open_volume(request))


def _absolute(request: InpaintRequest) -> InpaintRequest:
    """Return a resolved request with paths that mean the same in another folder."""
    run, out = request.run.absolute(), request.out.absolute()
    labels, real = request.labels, request.recipe.real_tumours
    recipe = replace(request.recipe, real_tumours=None if real is None else real.absolute())
    return replace(
        request,
        run=run,
        out=out,
        sources=[source.absolute() for source in request.sources],
        labels=None if labels is None else labels.absolute(),
        recipe=recipe,
    )


def _check(inpainter: Inpainter, volume: Volume) -> None:
    """Refuse a volume that the network does not take: other units, or planes that are too small."""
    for name in CHANNELS:
        if name in volume:
            stack, number = volume[name]
            voxel = check_camera(stack.plane_order(number, (slice(1),) * 3), f"{name} of {stack.path}")
            inpainter.card.normalisation.check(voxel, name, f"{name} of {stack.path}")
    stack, number = volume["anatomy"]
    _, rows, columns = stack.plane_shape(number)
    if min(rows, columns) < inpainter.minimum_side:
        raise ArrayError(
            f"planes of {rows} x {columns} pixels",
            f"at least {inpainter.minimum_side} along each side, the minimum of this network",
            "Name the axes if these are not rows and columns, as in --axes ZYX",
        )


def _layout(request: InpaintRequest, inpainter: Inpainter, volume: Volume) -> OmeZarrLayout:
    """Return what is to be written; what it is made from belongs to it, and must be the same to resume."""
    stack, number = volume["anatomy"]
    axes = "ZYX" if "Z" in stack.axes else "YX"
    scale = inpainter.card.normalisation.tumour
    plain = OmeZarrLayout(
        shape=stack.plane_shape(number)[-len(axes) :],
        dtype=scale.dtype,
        axes=axes,
        voxel_size_um=voxel_size(request.voxel_size_um, stack, axes),
        origin=origin(stack, axes),
        channels=(OmeZarrChannel("tumour", window=(scale.low, scale.high)),),
        labels={TUMOURS: "uint8"},
        provenance={
            "made by": "metgan inpaint",
            "model": inpainter.fingerprint,
            "volume": " ".join(identify(pixel_files(path)) for path in request.sources),
            **name_options(request, volume),
        },
    )
    wanted = (_PLANES, request.block, request.block)[-len(axes) :]
    blocks = tuple(
        chunk * math.ceil(min(side, n) / chunk)
        for chunk, side, n in zip(plain.chunk_shape(), wanted, plain.shape, strict=True)
    )
    if any(n > request.block != side for side, n in zip(blocks[-2:], plain.shape[-2:], strict=True)):
        sides = f"{blocks[-2]} x {blocks[-1]} pixels (Y x X)"
        note_once(f"blocks are {sides}: --block {request.block}, rounded up to whole chunks")
    return replace(plain, blocks=blocks)
