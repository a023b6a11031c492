"""Images too large for memory: computed tile by tile, with the pixels of the whole.

Notes
-----
A pixel depends on its surroundings as far as a network's halo, which is 500 pixels and more: a tile of 256
pixels would be computed with twenty times its area. Nearly all of that reach is the coarse grids', and these
are small. So a U-Net's coarse stages are computed once, for the whole image, and the fine ones, which take
nearly all the memory and reach 96 pixels, in tiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Final

import torch
from torch import Tensor

from metgan.memory import return_memory
from metgan.parts import Part, blocks_of, widen, within
from metgan.progress import each

from .blocks import crop_like, pad_to_multiple
from .unet import UNet, UNetSpec

WHOLE: Final = 1024
"""An image of up to as many pixels as a square of this side is taken as a whole."""
SIDE: Final = 768
"""Most pixels along the side of a tile with its surroundings: of 4096 x 4096 pixels, two gigabytes in all."""
FINE: Final = 4
"""Stages of a U-Net that are computed in tiles: the other grids are at 1/16 of the resolution and coarser."""


@dataclass(frozen=True)
class Tile:
    """A part of an image, and the larger part that it is computed from: slices along the spatial axes.

    Both begin and end at multiples of the alignment, or at the image's end.
    """

    core: Part
    region: Part

    def cut(self, image: Tensor, factor: int = 1) -> Tensor:
        """Cut the region out of an image, (N, C, Y, X), of 1/`factor` of the resolution."""
        return image[_coarser(self.region, factor)]

    def put(self, computed: Tensor, into: Tensor, factor: int = 1) -> None:
        """Lay the core of what was computed for the region into the whole, both of 1/`factor`."""
        inner = within(self.core, self.region)
        into[_coarser(self.core, factor)] = computed[_coarser(inner, factor)]


def divide(sizes: Sequence[int], halo: int, grid: int = 2**FINE, part: Part | None = None) -> list[Tile]:
    """Divide an image into tiles as even as the grid allows, so that little is computed twice.

    Tiles begin and end at multiples of `grid` pixels, or at the image's end; `halo` pixels around each are
    computed with it, where the image has them. One tile for an image that is taken as a whole, see `WHOLE`.
    Where only a `part` of it is asked for, tiles are of that.

    Examples
    --------
    >>> [(t.core[0].start, t.core[0].stop, t.region[0].start, t.region[0].stop) for t in divide([2000], 90)]
    [(0, 512, 0, 608), (512, 1024, 416, 1120), (1024, 1536, 928, 1632), (1536, 2000, 1440, 2000)]
    >>> len(divide([1024, 1024], 90)), len(divide([1025, 1024], 90)), len(divide([4096, 4096], 90))
    (1, 4, 64)
    >>> [(tile.core, tile.region) for tile in divide([2000], 90, part=(slice(800, 1000),))]
    [((slice(800, 1008, None),), (slice(704, 1104, None),))]
    """
    whole = tuple(slice(0, size) for size in sizes)
    if math.prod(sizes) <= WHOLE ** len(sizes):
        return [Tile(whole, whole)]
    halo = _aligned(halo, grid)
    most = max(SIDE - 2 * halo, halo, grid)
    sides, steps = [], []
    for side, size in zip(part or whole, sizes, strict=True):
        first, last = side.start // grid * grid, min(_aligned(side.stop, grid), size)
        sides.append(slice(first, last))
        steps.append(_aligned(-(-(last - first) // -(-(last - first) // most)), grid))
    return [Tile(core, widen(core, halo, sizes)) for core in blocks_of(sides, steps)]


def fine_halo(spec: UNetSpec) -> int:
    """Return how far around a tile the fine stages of a U-Net read, in pixels of the image.

    The decoder reads `UNetSpec.reach` cells at the coarsest of them, which come from twice as many and one
    finer ones, with two more for the 3-convolutions at each stage of the encoder. It reads the coarse grid,
    too.

    Examples
    --------
    >>> fine_halo(UNetSpec())
    93
    """
    fine = min(FINE, len(spec.encoder))
    radius = spec.reach[fine - 1] + 2
    for _ in range(fine - 1):
        radius = 2 * radius + 1 + 2
    coarse = spec.reach[fine - 1] // 2 + 1
    return max(radius, (coarse + 1 << fine) - 1)


def encoder_halo(spec: UNetSpec) -> int:
    """Return how far around a tile the fine stages of a U-Net's encoder read, in pixels of the image.

    Examples
    --------
    >>> encoder_halo(UNetSpec())
    45
    """
    radius = 0
    for _ in spec.encoder[:FINE]:
        radius = 2 * radius + 1 + 2
    return radius


def apply_unet(unet: UNet, image: Tensor) -> Tensor:
    """Map an image, (N, 1, Y, X), to one channel as ``unet(image)`` does in eval mode, a large one in tiles.

    With aligned corners every size of tile gives other pixels, and the image is taken as a whole.
    """
    padded = pad_to_multiple(image, unet.spec.stride, mirror=True)
    tiles = divide(padded.shape[2:], fine_halo(unet.spec))
    if unet.spec.align_corners or len(tiles) == 1:
        return unet(image)  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped
    return crop_like(unet_in_tiles(unet, padded, tiles), image.shape[2:])


def unet_in_tiles(unet: UNet, image: Tensor, tiles: Sequence[Tile]) -> Tensor:
    """Map an image as ``unet(image)`` does in eval mode, without ever holding its fine grids as a whole.

    Parameters
    ----------
    unet : UNet
        Without aligned corners.
    image : Tensor, (N, 1, Y, X), float in [-1, 1]
        Sides divisible by the stride.
    tiles : sequence of Tile
        With a halo of `fine_halo` or more.
    """
    count = min(FINE, len(unet.spec.encoder))
    fine = slice(count)
    deep = coarse_stages(unet, image)
    shown = torch.empty_like(image)
    for tile in each(tiles, "tile"):
        skips, _ = unet.descend(tile.cut(image), fine)
        x = unet.ascend(tile.cut(deep, 2**count), skips, (), fine)
        tile.put(unet.show(x), shown)
        del skips, x
        return_memory()
    return shown


def coarse_stages(unet: UNet, image: Tensor, features: Sequence[Tensor | None] = ()) -> Tensor:
    """Return what the coarse stages of a U-Net's decoder give for an image, whose fine ones are tiled.

    Parameters
    ----------
    unet : UNet
        Without aligned corners.
    image : Tensor, (N, 1, Y, X), float in [-1, 1]
        Sides divisible by the stride.
    features : sequence of Tensor or None
        Label features of the coarse stages.

    Notes
    -----
    The fine stages of the encoder are computed here, in tiles, and again where the decoder needs them:
    keeping what they give for the whole image would take the memory that tiles save.
    """
    count = min(FINE, len(unet.spec.encoder))
    fine, coarse, factor = slice(count), slice(count, None), 2**count
    shape = [image.shape[0], unet.spec.encoder[count - 1], *(size // factor for size in image.shape[2:])]
    pooled = image.new_empty(shape)
    for tile in each(divide(image.shape[2:], encoder_halo(unet.spec)), "coarse tile"):
        tile.put(unet.descend(tile.cut(image), fine)[1], pooled, factor)
        return_memory()
    skips, x = unet.descend(pooled, coarse)
    del pooled
    return unet.ascend(unet.centre(x), skips, features, coarse)


def _aligned(pixels: int, grid: int) -> int:
    """Return the next multiple, so that a tile lies on the grid of the whole image."""
    return -(-pixels // grid) * grid


def _coarser(sides: Part, factor: int) -> tuple[EllipsisType | slice, ...]:
    """Index the same part of a grid of 1/`factor`, along the last axes."""
    return (..., *(slice(side.start // factor, -(-side.stop // factor)) for side in sides))
