"""MetGen, the dual-pathway generator: a U-Net for the image, SPADE blocks for the label.

Section 2 and Fig. 5 of Horvath et al. 2021 (arXiv 2104.10993). The two calls are apart
(`MetGen.embed`, `MetGen.forward`) because a training step translates two images with one label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from metgan.memory import return_memory
from metgan.parts import Part, overlap, sides_of, within
from metgan.progress import each

from .blocks import crop_like, pad_to_multiple
from .generator import BOUND, EmptyFeatures, Features, Generator
from .spade import BLOCKS_PER_LEVEL, COARSEST, LabelPathway, LabelSpec
from .tiles import FINE, Tile, coarse_stages, divide, fine_halo
from .unet import Merge, UNet, UNetSpec
from .windows import Window, cut, windows_of


@dataclass(frozen=True)
class MetGenSpec:
    """Sizes of both pathways, where their features meet, and how far from 0 an image can be."""

    image: UNetSpec = field(default_factory=UNetSpec)
    label: LabelSpec = field(default_factory=LabelSpec)
    merge: Merge = "into"
    bound: float = BOUND


def least_side(spec: MetGenSpec) -> int:
    """Return the smallest image side in pixels: one cell of the coarsest grid of either pathway."""
    return max(spec.image.stride, COARSEST)


class MetGen(Generator):
    """Translates one channel into the other, with tumours where the label says.

    Deviates: by default all seven SPADE blocks reach the image, the last at full resolution
    (paper, section 2; the release drops it). Pinned by
    ``test_every_spade_block_of_the_paper_preset_reaches_the_image``.
    """

    normalises_coarsest = True

    def __init__(self, spec: MetGenSpec) -> None:
        super().__init__(spec.bound)
        stages = len(spec.image.encoder)
        self.spec = spec
        self.image_pathway = UNet(spec.image, spec.label.feature_widths(stages), spec.merge)
        self.label_pathway = LabelPathway(spec.label, stages, least_side(spec))
        # Where every size of tile gives another image, only the image's own size is right.
        self.margin = 0 if spec.image.align_corners else least_side(spec)

    @property
    def stride(self) -> int:
        """Pixels per cell of the coarsest grid; also the smallest image side."""
        return least_side(self.spec)

    @property
    def halo(self) -> int | None:
        """How many pixels away an image or a label can change an output in eval mode, at most.

        None where the decoder aligns corners, as in the release: see `UNetSpec`.

        The larger of the U-Net's halo and the label's. The label's is walked from the decoder back:
        features at 1/2^k are read as far as the decoder stage reads (`UNetSpec.reach`; before its three
        convolutions where they are merged behind it). In a SPADE block two 3-convolutions read its
        input two cells further, and the label four, since scale and shift see it through two
        3-convolutions more. Enlarging maps ``r`` cells to ``(r + 1) // 2`` coarser ones, and ``r`` cells
        of 2^k pixels end at most ``(r + 1) 2^k - 1`` pixels away. The entrance is a 3-convolution of
        the label next to the head, which sees one cell further itself.
        """
        if self.spec.image.align_corners:
            return None
        return max(self.spec.image.halo, _walk(self.spec, len(BLOCKS_PER_LEVEL))[0])

    def begin_at(self, level: float) -> None:
        """Let a fresh generator generate images of this mean `level`, in (-1, 1)."""
        self.image_pathway.begin_at(self.unbounded(level))

    def embed(self, label: Tensor) -> Features:
        """Return the features of `label`, (N, 1, Y, X) of 0 and 1, for `forward`."""
        return self.label_pathway(label)  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped

    def forward(self, image: Tensor, features: Features) -> Tensor:
        """Translate `image`, (N, 1, Y, X) in [-1, 1], to the other channel within plus or minus `bound`."""
        padded = pad_to_multiple(image, self.stride, mirror=True)  # the grid of the features
        return self.bounded(crop_like(self.image_pathway(padded, features), image.shape[2:]))

    def translate_part(
        self, image: Tensor, label: Tensor, part: Part, known: EmptyFeatures | None = None
    ) -> Tensor:
        """Return a part of what `translate` does in eval mode, computed from what it depends on alone.

        The last bits may differ, since kernels add in another order on other sizes. What `known` holds is not
        computed again.
        """
        if self.halo is None:
            return super().translate_part(image, label, part)
        padded = pad_to_multiple(image, self.stride, mirror=True)
        asked = pad_to_multiple(label, self.stride, mirror=False)
        unet, pathway = self.image_pathway, self.label_pathway
        if len(self._divide(padded)) > 1:
            return self._part_in_tiles(padded, asked, part, known)
        windows = windows_of(part, padded.shape[2:], len(self.spec.image.encoder), _REACH)
        features = self._features(pathway.begin(asked), asked, windows, known)
        skips, x = unet.descend(padded)
        x = unet.ascend_to(unet.centre(x), skips, features, windows)
        return self.bounded(unet.show(x))

    def _part_in_tiles(
        self, padded: Tensor, asked: Tensor, part: Part, known: EmptyFeatures | None
    ) -> Tensor:
        """Return a part of a large image: fine stages where it depends on them, the coarse grids whole.

        See `metgan.networks.tiles`.
        """
        unet, pathway, fine = self.image_pathway, self.label_pathway, min(FINE, len(self.spec.image.encoder))
        head, middle = pathway.begin(asked)
        deep = coarse_stages(unet, padded, pathway.taps(head, middle, [middle] * FINE)[fine:])
        shown = padded.new_empty(*padded.shape[:2], *sides_of(part))
        for tile in each(self._divide(padded, part), "tile"):
            kept = overlap(tile.core, part)
            near, label = tile.cut(middle, _CELL), tile.cut(asked)
            windows = windows_of(within(kept, tile.region), label.shape[2:], fine, _REACH)
            features = self._features((near, near), label, windows, known)  # 1/32 is not the tile's
            skips, _ = unet.descend(tile.cut(padded), slice(fine))
            x = unet.ascend_to(tile.cut(deep, 2**fine), skips, features, windows)
            cut(shown, kept, part).copy_(unet.show(x))
            del skips, x, features
            return_memory()
        return self.bounded(shown)

    def _features(
        self,
        coarse: tuple[Tensor, Tensor],
        label: Tensor,
        windows: Sequence[Window],
        known: EmptyFeatures | None,
    ) -> Features:
        """Return a label's features in windows, from those at 1/32, 1/16; of an empty one those `known`."""
        if known is None or label.any():
            return self.label_pathway.grow_to(*coarse, label, windows)
        key = f"{tuple(label.shape)} {windows}"
        if key in known and all(map(torch.equal, known[key][0], coarse)):
            return known[key][1]
        features = self.label_pathway.grow_to(*coarse, label, windows)
        if key not in known:  # else there is a tumour near by, this time or the first
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[key] = coarse, features
        return features

    def _divide(self, padded: Tensor, part: Part | None = None) -> list[Tile]:
        halo = max(fine_halo(self.spec.image), _fine_label_halo(self.spec))
        return divide(padded.shape[2:], halo, part=part)


_REACH = 3  # cells that a decoder stage's convolutions see around one: see `UNetSpec.reach`
_MOST_KNOWN = 16  # windows, each of tens of megabytes at most
_CELL = 2**FINE
"""Pixels per cell of the finest grid that is computed as a whole."""


def _fine_label_halo(spec: MetGenSpec) -> int:
    """How far the blocks that are computed in tiles read the label, and the grid that they start from."""
    halo, radius = _walk(spec, FINE)
    return max(halo, ((radius + 1) // 2 + 1) * _CELL - 1)


def _walk(spec: MetGenSpec, levels: int) -> tuple[int, int]:
    """Return how far the label's finest levels read, in pixels, and in cells of the last of them."""
    unread = 3 if spec.merge == "behind" else 0
    halo = radius = 0
    for level, blocks in enumerate(BLOCKS_PER_LEVEL[:levels]):
        read = spec.image.reach[level] - unread if level < len(spec.image.reach) else 0
        radius = max((radius + 1) // 2, read)
        for _ in range(blocks):
            halo = max(halo, (radius + 4 + 1) * 2**level - 1)
            radius += 2
    return halo, radius
