"""The U-Net: anatomy pathway of MetGen, and on its own the segmentor.

Written from the layer table of the paper's release (docs/paper.md, "The released networks"), itself after
Ronneberger et al. 2015 (arXiv 1505.04597). One class serves both networks, because the
segmentor of DeepMACT is the same network without label features.

A reader may question that label features join a decoder stage at one of two places. The
release concatenates them *behind* a stage, which leaves nothing to process them at full
resolution; ours go *into* the stage's convolutions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor, nn

from metgan.errors import SettingError

from .blocks import cells, convolution, crop_like, in_full_precision, max_pool, pad_to_multiple, resize_linear
from .windows import Window, cut, double, whole_of

Merge = Literal["into", "behind"]
ALL: Final = slice(None)


@dataclass(frozen=True)
class UNetSpec:
    """Widths of a U-Net, finest stage first.

    Parameters
    ----------
    encoder, decoder : tuple of int
        Channels of each stage; equal lengths.
    align_corners : bool
        How the decoder resizes. True is the release's way; it stretches the grid by a factor that
        depends on the image size, so the output at a pixel depends on the tile. Ours is False.
    dims : int
        2 for images, 3 for volumes.

    Deviates: the release aligns corners; a pixel's value then depends on the size of the image it is in.
    Pinned by ``test_aligned_corners_or_a_start_off_the_grid_change_pixels_beyond_the_halo``.
    """

    encoder: tuple[int, ...] = (24, 64, 128, 256, 512, 768)
    decoder: tuple[int, ...] = (24, 24, 64, 128, 256, 512)
    align_corners: bool = False
    dims: int = 2

    def __post_init__(self) -> None:
        if len(self.encoder) != len(self.decoder) or not self.encoder:
            raise SettingError(
                f"{len(self.encoder)} encoder and {len(self.decoder)} decoder widths",
                "one width per stage for both, and at least one stage",
                "Give both tuples the same length",
            )

    @property
    def stride(self) -> int:
        """Pixels per cell of the coarsest grid; also the smallest image side."""
        return 1 << len(self.encoder)

    @property
    def reach(self) -> tuple[int, ...]:
        """How far each decoder stage reads its input for one output pixel, in its cells, finest first.

        Three 3-convolutions read three cells more than is asked of the stage. A linear resize
        (``align_corners=False``) that is asked for ``r`` cells about a cell reads ``r // 2 + 1`` about
        the coarser cell.
        """
        return tuple(itertools.accumulate(self.encoder[1:], lambda radius, _: radius // 2 + 1 + 3, initial=3))

    @property
    def halo(self) -> int:
        """How many pixels away an input can change an output in eval mode, at most.

        Walks the longest way from one output pixel back to the input: through the decoder
        (`reach`), the cell at the centre, and the encoder, where ``r`` pooled cells come from
        ``2 r + 1`` finer ones and two 3-convolutions add two. Without ``align_corners``, which ties
        an output to the size of its tile.

        Examples
        --------
        >>> UNetSpec(encoder=(8,), decoder=(8,)).halo  # 3, resized 2, centre 3, pooled 7, encoder 9
        9
        """
        radius = self.reach[-1] // 2 + 1 + 1
        for _ in self.encoder:
            radius = 2 * radius + 1 + 2
        return radius


class UNet(nn.Module):
    """U-Net with two cells per encoder stage, three per decoder stage, one at the centre.

    Parameters
    ----------
    spec : UNetSpec
    features : sequence of int
        Channels of the label features joining each decoder stage, finest first, 0 for none.
    merge : {"into", "behind"}
        Whether features enter a stage's convolutions or are concatenated to its output.
    """

    def __init__(self, spec: UNetSpec, features: Sequence[int] = (), merge: Merge = "into") -> None:
        super().__init__()
        self.spec = spec
        self.merge = merge
        extra = [*features] or [0] * len(spec.encoder)
        into = extra if merge == "into" else [0] * len(extra)
        behind = extra if merge == "behind" else [0] * len(extra)
        dims, widths = spec.dims, (1, *spec.encoder)
        self.down = nn.ModuleList(cells(dims, (i, o, o)) for i, o in itertools.pairwise(widths))
        self.centre = cells(dims, (spec.encoder[-1], spec.encoder[-1]))
        below = [d + b for d, b in zip(spec.decoder[1:], behind[1:], strict=True)] + [spec.encoder[-1]]
        self.up = nn.ModuleList(
            cells(dims, (b + skip + i, o, o, o))
            for b, skip, i, o in zip(below, spec.encoder, into, spec.decoder, strict=True)
        )
        self.classify = convolution(dims, spec.decoder[0] + behind[0], 1, 1)

    @torch.no_grad()
    def begin_at(self, level: float) -> None:
        """Let a fresh network give `level` (before tanh or sigmoid) on average.

        Otherwise a channel whose background lies near -1 keeps the first hundreds of steps busy with
        moving one number.
        """
        self.classify.get_parameter("bias").fill_(level)

    def forward(self, image: Tensor, features: Sequence[Tensor | None] = ()) -> Tensor:
        """Map an image to one unbounded channel, (N, 1, Y, X), before tanh or sigmoid.

        Parameters
        ----------
        image : Tensor, (N, 1, Y, X), float in [-1, 1]
            Any size from ``spec.stride`` pixels on.
        features : sequence of Tensor or None
            Label features of the *padded* grid, finest first, as `LabelPathway` gives them.
        """
        skips, x = self.descend(pad_to_multiple(image, self.spec.stride, mirror=True))
        x = self.ascend(self.centre(x), skips, features)
        return crop_like(self.show(x), image.shape[2:])

    def descend(self, x: Tensor, stages: slice = ALL) -> tuple[list[Tensor], Tensor]:
        """Go down the encoder's `stages`, finest first; what each gives, and the last at half its size."""
        skips = []
        for stage in [*self.down][stages]:
            skips.append(stage(x))
            x = max_pool(skips[-1])
        return skips, x

    def ascend(
        self, x: Tensor, skips: list[Tensor], features: Sequence[Tensor | None] = (), stages: slice = ALL
    ) -> Tensor:
        """Go up the decoder's `stages` from `x`, with the skips (which are used up) and features of these."""
        labels = features or [None] * len(skips)
        for stage, label in reversed([*zip([*self.up][stages], labels, strict=True)]):
            skip = skips.pop()
            x = resize_linear(x, skip.shape[2:], align_corners=self.spec.align_corners)
            x = self._join(stage, [x, skip], label)
        return x

    def ascend_to(
        self, x: Tensor, skips: Sequence[Tensor], features: Sequence[Tensor | None], windows: Sequence[Window]
    ) -> Tensor:
        """Do as `ascend` from the whole grid `x`, but compute of each stage the cells of its window alone.

        Skips are of the stages that have a window, finest first; features are cut already to what that reads.
        Returns what the first window keeps, (N, C, Y, X).
        """
        at = whole_of(x)
        labels = features or [None] * len(skips)
        for stage, skip, label, window in reversed([*zip(self.up, skips, labels, windows, strict=False)]):
            grown = resize_linear(x, [2 * size for size in x.shape[2:]], align_corners=False)
            near = [cut(grown, window.read, double(at)), cut(skip, window.read)]
            x, at = cut(self._join(stage, near, label), window.kept, window.read), window.kept
        return x

    def show(self, x: Tensor) -> Tensor:
        """Map what the finest decoder stage gives to the one channel."""
        return in_full_precision(self.classify, x)

    def _join(self, stage: nn.Module, parts: list[Tensor], label: Tensor | None) -> Tensor:
        if label is None:
            return stage(torch.cat(parts, 1))  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped
        if self.merge == "into":
            return stage(torch.cat([*parts, label], 1))  # type: ignore[no-any-return]  # likewise
        return torch.cat([stage(torch.cat(parts, 1)), label], 1)  # (N, decoder + features, Y, X)


class Segmentor(nn.Module):
    """The U-Net that reads tumours: probability of a tumour at every pixel.

    Deviates: the release sees images rescaled per image; ours sees the normalisation it was
    trained in, and gives logits to the loss, because a saturated sigmoid has no gradient. Pinned by
    ``test_the_segmentor_is_the_same_network_without_features_and_gives_logits``.
    """

    def __init__(self, spec: UNetSpec) -> None:
        super().__init__()
        self.unet = UNet(spec)

    def begin_at(self, probability: float) -> None:
        """Let a fresh segmentor read tumour with this `probability`, in (0, 1), everywhere."""
        self.unet.begin_at(math.log(probability / (1 - probability)))

    def forward(self, tumour: Tensor) -> Tensor:
        """Map a tumour image (N, 1, Y, X) in [-1, 1] to logits (N, 1, Y, X)."""
        return self.unet(tumour)  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped
