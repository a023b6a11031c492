"""Whether a generated volume shows its blocks, and whether its planes fit each other.

python benchmarks/volume_seams.py RUN VOLUME [--channels 0 1] [--axes ZCYX] [--labels LABELS]
    [--planes 6] [--side 1024] [--block 256] [--other 192] [--zoom-z 1]
python benchmarks/volume_seams.py --tiny

The tumour channel of the middle of a volume is generated at once, in blocks of two sizes as `metgan inpaint`
does, and in two ways that are wrong: in blocks without what the network sees around them, and in blocks that
are each scaled by their own range. Beside them stand the mean of three orientations, of as many planes as
the network takes, and the real channel, where the volume has one. For the former voxels should be cubes:
--zoom-z interpolates planes.

seam: jumps across borders of blocks over those elsewhere (`seam_ratio` of seams.py); drift: steps of the
mean brightness there over those elsewhere (`block_drift`); between planes: jumps between planes over jumps
within (`plane_jump`); beside whole: the largest difference to what is generated at once, grey levels.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from scipy import ndimage
from seams import block_drift, plane_jump, seam_ratio
from torch import nn

from metgan.data import ChannelScale, Normalisation
from metgan.images import ArrayImage, Block, layout_like, read_stack, write_ome_zarr
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import Generator, build, make_generator
from metgan.synthesis import (
    Inpainter,
    VolumeSource,
    inpaint_in_three_orientations,
    inpaint_region,
    load,
    refuse_dependent_on_size,
)
from metgan.types import AnyArray
from metgan.workflows.scan_files import open_channels

Sides = tuple[int, int]


def middle(shape: Sequence[int], planes: int, side: int) -> Block:
    """Return the middle of a volume, (Z, Y, X)."""
    wanted = (planes, side, side)
    return tuple(
        slice(max(n - w, 0) // 2, max(n - w, 0) // 2 + min(n, w)) for n, w in zip(shape, wanted, strict=True)
    )


def blocks_of(shape: Sequence[int], sides: Sides) -> Iterator[Block]:
    """Yield the blocks of a volume, of all its planes each."""
    for y, x in product(*(range(0, n, side) for n, side in zip(shape[1:], sides, strict=True))):
        yield slice(0, shape[0]), slice(y, min(y + sides[0], shape[1])), slice(x, min(x + sides[1], shape[2]))


def generate(
    inpainter: Inpainter, anatomy: AnyArray, label: AnyArray, sides: Sides, *, alone: bool = False
) -> AnyArray:
    """Generate a volume in blocks; `alone` scales the anatomy of each by its own range."""
    made = np.empty(anatomy.shape, inpainter.card.normalisation.tumour.dtype)
    for block in blocks_of(anatomy.shape, sides):
        shown = scaled(inpainter, anatomy, block) if alone else anatomy
        source = VolumeSource(anatomy.shape, lambda r, a=shown: a[tuple(r)], lambda r: label[tuple(r)])
        made[block] = inpaint_region(inpainter, source, block)
    return made


def scaled(inpainter: Inpainter, anatomy: AnyArray, block: Block) -> AnyArray:
    """Return an anatomy on the range of the training images, by the range of one block."""
    scale = inpainter.card.normalisation.anatomy
    low, high = np.percentile(anatomy[block], (0.5, 99.5))
    shown = scale.low + (anatomy - low) / max(high - low, 1e-9) * (scale.high - scale.low)
    return (
        np.clip(shown, 0, 65535).astype(anatomy.dtype)
        if anatomy.dtype.kind in "ui"
        else shown.astype(anatomy.dtype)
    )


def zoomed(volume: AnyArray, factor: float) -> AnyArray:
    """Return a volume with so many times as many planes, interpolated; a label's are those next to it."""
    if factor == 1:
        return volume
    is_label = volume.dtype == bool
    made = ndimage.zoom(
        volume.astype(float), (factor, 1, 1), order=0 if is_label else 1, grid_mode=True, mode="nearest"
    )
    return made > 0.5 if is_label else made.astype(volume.dtype)


def row(name: str, made: AnyArray, whole: AnyArray | None, block: Sides) -> str:
    """Return a line of the table."""
    beside = "" if whole is None else f"{np.abs(made.astype(float) - whole).max():.4g}"
    numbers = seam_ratio(made, block), block_drift(made, block), plane_jump(made)
    return f"{name:<34}" + "".join(f"{number:>16.3f}" for number in numbers) + f"{beside:>16}"


def measure(run: Path, volume: Path, asked: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the table."""
    inpainter = load(run)
    refuse_dependent_on_size(inpainter)
    anatomy_of, *others = open_channels([volume], asked.channels and tuple(asked.channels), asked.axes)
    stack, number = anatomy_of
    region = middle(stack.plane_shape(number), asked.planes, asked.side)
    anatomy = zoomed(stack.plane_order(number, region), asked.zoom_z)
    label = np.zeros(anatomy.shape, bool)
    if asked.labels is not None:
        label = zoomed(read_stack(asked.labels).plane_order(None, region) > 0, asked.zoom_z)
    block, other = (asked.block,) * 2, (asked.other,) * 2
    yield f"{'':<34}{'seam':>16}{'drift':>16}{'between planes':>16}{'beside whole':>16}"
    whole = generate(inpainter, anatomy, label, anatomy.shape[1:])
    yield row("whole planes", whole, None, block)
    for sides in (block, other):
        yield row(f"blocks of {sides[0]}", generate(inpainter, anatomy, label, sides), whole, sides)
    with patch.object(type(inpainter.generator), "halo", 0):
        yield row(
            f"blocks of {block[0]} without halo", generate(inpainter, anatomy, label, block), whole, block
        )
    yield row(
        f"blocks of {block[0]} scaled alone",
        generate(inpainter, anatomy, label, block, alone=True),
        whole,
        block,
    )
    if min(anatomy.shape) >= inpainter.minimum_side:
        source = VolumeSource(anatomy.shape, lambda r: anatomy[tuple(r)], lambda r: label[tuple(r)])
        everywhere = tuple(slice(0, n) for n in anatomy.shape)
        yield row(
            "mean of three orientations",
            inpaint_in_three_orientations(inpainter, source, everywhere),
            None,
            block,
        )
    yield row("anatomy", anatomy, None, block)
    if others and (others[0][0] is not stack or stack.channels > 1):
        real = zoomed(others[0][0].plane_order(others[0][1], region), asked.zoom_z)
        yield row("real tumour channel", real, None, block)


def settle(network: Generator) -> None:
    """Give the normalisation layers of an untrained network statistics of noise, or it paints flat images."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    side = 2 * network.stride
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(3):
            image = torch.rand(1, 1, side, side, generator=random) * 2 - 1
            network(image, network.embed((image > 0.8).float()))


def make_tiny(folder: Path) -> tuple[Path, Path]:
    """Write an untrained generator, and a small volume of two channels."""
    units = Normalisation(ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))
    card = ModelCard("generator", "metgan", "metgen", "small", units, (), "", 1, 1, 0, "tiny")
    network = build(lambda: make_generator("metgen", "small"), 0)
    settle(network)
    save_model(folder / "run" / MODEL_FILE, network.state_dict(), card)
    rough = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(2, 2, 128, 160)), (0, 1, 3, 3))
    scan = (500 + 100 * rough / rough.std()).clip(0, 4095).astype(np.uint16)
    image = ArrayImage(scan, "CZYX", (5.0, 2.0, 2.0))
    write_ome_zarr(folder / "scan.ome.zarr", image, {}, layout_like(image, {}))
    return folder / "run", folder / "scan.ome.zarr"


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("volume", type=Path, nargs="?")
    parser.add_argument("--channels", type=int, nargs=2)
    parser.add_argument("--axes")
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--planes", type=int, default=6)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--other", type=int, default=192)
    parser.add_argument("--zoom-z", type=float, default=1.0)
    parser.add_argument("--tiny", action="store_true", help="an untrained network and a made-up volume")
    asked = parser.parse_args(words)
    if not asked.tiny and (asked.run is None or asked.volume is None):
        parser.error("give RUN and VOLUME, or --tiny")
    with tempfile.TemporaryDirectory() as folder:
        if asked.tiny:
            asked.run, asked.volume = make_tiny(Path(folder))
            asked.block, asked.other = 64, 48
        for line in measure(asked.run, asked.volume, asked):
            print(line, flush=True)


if __name__ == "__main__":
    main()
