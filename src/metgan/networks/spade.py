"""The label pathway: seven SPADE residual blocks from a coarse label to full resolution.

Written from Park et al. 2019, "Semantic image synthesis with spatially-adaptive
normalization" (arXiv 1903.07291), with the sizes of docs/paper.md, "The released networks".

A reader may question the pooled pyramid. Nearest resizing, the release's way, drops a
median tumour of 41 pixels from the 1/16 grid in nearly three of four cases; ours keeps each one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from metgan.parts import Part, widen

from .blocks import average_pool, batch_norm, convolution, max_pool, pad_to_multiple
from .windows import Window, cut, double, halve, whole_of

Pyramid = Literal["pooled", "nearest"]
Taps = Literal["all", "six", "released"]
_SLOPE = 0.2
COARSEST = 32  # the pathway starts at 1/32 of the resolution, as released
_UPS = 4  # blocks finer than the two middles
_READ = 4  # cells around one that a block sees: the label through four 3-convolutions
BLOCKS_PER_LEVEL = (1, 1, 1, 1, 2, 1)  # at 1/1, 1/2, ..., 1/32: up 3 to up 0, the two middles, the head


@dataclass(frozen=True)
class LabelSpec:
    """Sizes of the label pathway.

    Parameters
    ----------
    width : int
        The release's nf: the blocks have 16, 16, 16, 8, 4, 2 and 1 times as many channels.
    hidden : int
        Channels between the label and the scale and shift of a SPADE layer.
    pyramid : {"pooled", "nearest"}
        How the label gets to low resolution.
    taps : {"all", "six", "released"}
        Which blocks reach the decoder: all seven; all but the one at full resolution, which is not made;
        or the release's six (its 1/8 features are those of 1/16 enlarged, and its seventh block's image is
        thrown away).
    """

    width: int = 8
    hidden: int = 128
    pyramid: Pyramid = "pooled"
    taps: Taps = "all"
    dims: int = 2

    @property
    def block_widths(self) -> tuple[int, ...]:
        """Output channels of head, middle 0, middle 1 and up 0 to up 3."""
        return tuple(self.width * factor for factor in (16, 16, 16, 8, 4, 2, 1))

    def feature_widths(self, stages: int) -> tuple[int, ...]:
        """Channels given to each of a decoder's `stages`, finest first."""
        head, _, middle, *ups = self.block_widths
        if self.taps == "released":
            widths: tuple[int, ...] = (0, ups[2], ups[1], middle, middle)
        else:
            finest = 0 if self.taps == "six" else ups[3]
            widths = (finest, *reversed(ups[:3]), middle, head)
        return (*widths, *[0] * stages)[:stages]


class Spade(nn.Module):
    """Spatially-adaptive normalisation: Eq. (1) of Park et al. 2019.

    Normalises without learned scale, then scales and shifts each pixel by maps computed from the
    label: ``norm(x) * (1 + gamma(label)) + beta(label)``.
    """

    def __init__(self, dims: int, channels: int, hidden: int) -> None:
        super().__init__()
        self.norm = batch_norm(dims, channels, affine=False)
        self.shared = convolution(dims, 2, hidden, 3)
        self.gamma = convolution(dims, hidden, channels, 3)
        self.beta = convolution(dims, hidden, channels, 3)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Modulate `x`, (N, C, Y, X), by `label`, (N, 2, Y, X), at the same size."""
        hidden = nnf.relu(self.shared(label), inplace=True)
        return self.norm(x) * (1 + self.gamma(hidden)) + self.beta(hidden)  # type: ignore[no-any-return]


class SpadeBlock(nn.Module):
    """Residual block of two SPADE layers, Fig. 4 of Park et al. 2019; spectral norm on its convolutions."""

    def __init__(self, spec: LabelSpec, inputs: int, outputs: int) -> None:
        super().__init__()
        dims, middle = spec.dims, min(inputs, outputs)
        self.spade_0 = Spade(dims, inputs, spec.hidden)
        self.conv_0 = spectral_norm(convolution(dims, inputs, middle, 3))
        self.spade_1 = Spade(dims, middle, spec.hidden)
        self.conv_1 = spectral_norm(convolution(dims, middle, outputs, 3))
        self.shortcut: nn.Module | None = None
        if inputs != outputs:
            self.spade_s = Spade(dims, inputs, spec.hidden)
            self.shortcut = spectral_norm(convolution(dims, inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Map (N, inputs, Y, X) and the label at that size to (N, outputs, Y, X)."""
        residual = self.conv_0(nnf.leaky_relu(self.spade_0(x, label), _SLOPE))
        residual = self.conv_1(nnf.leaky_relu(self.spade_1(residual, label), _SLOPE))
        if self.shortcut is not None:
            x = self.shortcut(self.spade_s(x, label))
        return x + residual  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped


def one_hot(label: Tensor) -> Tensor:
    """Turn a label (N, 1, Y, X) of 0 and 1 into (N, 2, Y, X): background, tumour."""
    return torch.cat([1 - label, label], 1)


def shrink(classes: Tensor, factor: int, pyramid: Pyramid) -> Tensor:
    """Bring a one-hot label, (N, 2, Y, X), to a lower resolution; `factor` divides its sides.

    "pooled" gives the mean of the background and the maximum of the tumour: each tumour stays
    at 1 however small, and its area is still known. At factor 1 both are the one-hot label.

    Deviates: the release takes the nearest pixel, with which a median tumour survives at 1/16 with
    probability 27 % (docs/paper.md, "Where paper and release differ"). Pinned by
    ``test_no_tumour_vanishes_in_the_pooled_pyramid``.

    Examples
    --------
    >>> label = torch.zeros(1, 1, 4, 4)
    >>> label[0, 0, 1, 1] = 1
    >>> shrink(one_hot(label), 4, "pooled").flatten().tolist()
    [0.9375, 1.0]
    >>> shrink(one_hot(label), 4, "nearest").flatten().tolist()
    [1.0, 0.0]
    """
    if factor == 1:
        return classes
    if pyramid == "nearest":
        return nnf.interpolate(classes, scale_factor=1 / factor, mode="nearest")
    background, tumour = classes[:, :1], classes[:, 1:]
    return torch.cat([average_pool(background, factor), max_pool(tumour, factor)], 1)


class LabelPathway(nn.Module):
    """Seven SPADE residual blocks that turn a label into features for the U-Net's decoder."""

    def __init__(self, spec: LabelSpec, stages: int, multiple: int) -> None:
        super().__init__()
        self.spec = spec
        self.stages = stages
        self.multiple = multiple
        widths = (spec.block_widths[0], *spec.block_widths)[: 7 if spec.taps == "six" else 8]
        self.entrance = convolution(spec.dims, 2, widths[0], 3)
        self.blocks = nn.ModuleList(SpadeBlock(spec, i, o) for i, o in itertools.pairwise(widths))
        if spec.taps == "released":  # never computed; there so that released checkpoints load whole
            self.discarded = convolution(spec.dims, widths[-1], 3, 3)

    def forward(self, label: Tensor) -> list[Tensor | None]:
        """Return the features of a label, (N, 1, Y, X) of 0 and 1, for each decoder stage, finest first.

        ``(N, C, Y' / 2^k, X' / 2^k)`` for k = 0, 1, ..., on the grid padded to the U-Net's stride.
        """
        padded = pad_to_multiple(label, self.multiple, mirror=False)
        head, middle = self.begin(padded)
        return self.taps(head, middle, self.grow(middle, padded))

    def begin(self, label: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features at 1/32 and 1/16 of a label's resolution, whose sides divide by `multiple`."""
        classes = one_hot(label)
        coarsest, coarse = (
            shrink(classes, factor, self.spec.pyramid) for factor in (COARSEST, COARSEST // 2)
        )
        head: Tensor = self.blocks[0](self.entrance(coarsest), coarsest)  # (N, 16 w, Y / 32, X / 32)
        middle: Tensor = self.blocks[2](self.blocks[1](enlarge(head), coarse), coarse)
        return head, middle

    def grow(self, middle: Tensor, label: Tensor) -> list[Tensor]:
        """Return the finer features, from 1/8 on to full resolution, of those at 1/16 and the label."""
        classes, x = one_hot(label), middle
        ups: list[Tensor] = []
        last = 7 if self.spec.taps == "all" else 6
        for block, factor in zip(list(self.blocks)[3:last], (8, 4, 2, 1), strict=False):
            x = block(enlarge(x), shrink(classes, factor, self.spec.pyramid))
            ups.append(x)
        return ups

    def grow_to(
        self, head: Tensor, middle: Tensor, label: Tensor, windows: Sequence[Window]
    ) -> list[Tensor | None]:
        """Return what `taps` of `grow` does, cut to what each window reads, and compute no more than that.

        Windows are of the decoder's stages, finest first; not for the release's taps.
        """
        classes, x, at = one_hot(label), middle, whole_of(middle)
        first = 0 if self.spec.taps == "all" else 1
        ups: list[Tensor | None] = [None] * first
        for level, wanted in reversed([*enumerate(self._wanted(label.shape[2:], windows))][first:]):
            near = widen(wanted, _READ, [size >> level for size in label.shape[2:]])
            shrunk = shrink(cut(classes, double(near, level)), 2**level, self.spec.pyramid)
            block = self.blocks[2 + _UPS - level]
            x = cut(block(cut(enlarge(x), near, double(at)), shrunk), wanted, near)
            at = wanted
            ups.insert(first, cut(x, windows[level].read, at) if level < len(windows) else None)
        rest = [cut(x, window.read) for x, window in zip((middle, head), windows[_UPS:], strict=False)]
        return [*ups, *rest, *[None] * len(windows)][: len(windows)]

    def _wanted(self, sizes: Sequence[int], windows: Sequence[Window]) -> list[Part]:
        """Return what of each level's features is read, by the decoder or by the next finer level."""
        wanted = [window.read for window in windows[:_UPS]]
        for level in range(len(wanted), _UPS):
            grid = [size >> level - 1 for size in sizes]
            wanted.append(halve(widen(wanted[-1], _READ, grid)))
        return wanted

    def taps(self, head: Tensor, middle: Tensor, ups: Sequence[Tensor]) -> list[Tensor | None]:
        """Return the features for each decoder stage, finest first."""
        if self.spec.taps == "released":
            taps = [None, ups[2], ups[1], enlarge(middle), middle]
        else:
            taps = [*([None] if self.spec.taps == "six" else []), *reversed(ups), middle, head]
        return [*taps, *[None] * self.stages][: self.stages]


def enlarge(x: Tensor) -> Tensor:
    """Double every spatial axis by repeating cells."""
    return nnf.interpolate(x, scale_factor=2.0, mode="nearest")
