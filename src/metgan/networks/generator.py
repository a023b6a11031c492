"""What a generator is: an image and a label's features in, the other channel out.

Embedding and translating are two calls, because a training step translates several images with one label.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from metgan.parts import Part
from metgan.progress import each

from .blocks import check_sides, crop_like, in_full_precision, mirror, pad_to_multiple
from .tiles import divide
from .windows import cut, whole_of

Features = Sequence[Tensor | None]
"""A label as a generator takes it. MetGen: a map for each decoder stage, finest first. Others: the label."""
EmptyFeatures = dict[str, tuple[tuple[Tensor, ...], Features]]
"""What a label without tumours gives in each window, for images of one place that are computed one after the
other with the same weights: begins empty. With it, what it was computed from."""


BOUND: Final = 2.0
"""How far from 0 a generator can generate. A plain tanh comes to -1, where black lies, only at infinity."""


class Generator(nn.Module, ABC):
    """Translates one channel into the other, with tumours where the label says.

    Deviates: the papers end in a plain tanh. Where much of a channel is exactly black, a generator then
    spends its training on coming closer to -1; ours ends in a tanh that is twice as large
    (docs/results), and `generate` cuts off what lies beyond [-1, 1]. Pinned by
    ``test_exact_black_is_within_reach_but_not_in_the_released_networks``.

    Parameters
    ----------
    bound : float
        How far from 0 it can generate, 1 or more; 1 for the plain tanh. Stored with the weights; weights
        without it are those of a plain tanh.
    """

    bound: Tensor
    margin: int = 0
    """Pixels of mirrored surroundings that `generate` gives an image; a multiple of `stride`."""
    normalises_coarsest: bool = False
    """Whether the coarsest grid is normalised over the batch, which takes two values per channel."""

    def __init__(self, bound: float = BOUND) -> None:
        super().__init__()
        self.register_buffer("bound", torch.tensor(bound))

    def least_training_side(self, batch_size: int) -> int:
        """Return the smallest side in pixels of training images in batches of this size."""
        return self.stride * (2 if self.normalises_coarsest and batch_size == 1 else 1)

    @property
    @abstractmethod
    def stride(self) -> int:
        """Pixels per cell of the coarsest grid; also the smallest image side."""

    @property
    @abstractmethod
    def halo(self) -> int | None:
        """How many pixels away an image or a label can change an output in eval mode, at most.

        None where there is no such distance, because an output depends on the tile that it is in.
        """

    @abstractmethod
    def embed(self, label: Tensor) -> Features:
        """Return the features of `label`, (N, 1, Y, X) of 0 and 1, for `forward`."""

    @abstractmethod
    def forward(self, image: Tensor, features: Features) -> Tensor:
        """Translate `image`, (N, 1, Y, X) in [-1, 1], to the other channel within plus or minus `bound`."""

    @abstractmethod
    def begin_at(self, level: float) -> None:
        """Let a fresh generator generate images of this mean `level`, in (-1, 1)."""

    def generate(self, image: Tensor, label: Tensor) -> Tensor:
        """Translate one image as it is meant to be used: with its mirrored surroundings.

        Convolutions that pad with zeros show a faint frame along an image's edges. Here the edges
        lie `margin` pixels further out and are cut away; the grid keeps its origin.

        Parameters
        ----------
        image, label : Tensor, (N, 1, Y, X)
            As for `forward` and `embed`.

        Returns
        -------
        Tensor, (N, 1, Y, X), in [-1, 1]
        """
        check_sides(image, self.stride)
        surrounded, asked = mirror(image, self.margin), mirror(label, self.margin)
        part = tuple(slice(self.margin, self.margin + size) for size in image.shape[2:])
        if self.training or torch.is_grad_enabled():
            return cut(self.translate(surrounded, asked), part).clamp(-1, 1)
        return self.translate_part(surrounded, asked, part).clamp(-1, 1)

    def translate(self, image: Tensor, label: Tensor) -> Tensor:
        """Translate `image` with the label, both (N, 1, Y, X), as a whole."""
        return self(image, self.embed(label))  # type: ignore[no-any-return]  # nn.Module.__call__ is untyped

    def translate_part(
        self,
        image: Tensor,
        label: Tensor,
        part: Part,
        known: EmptyFeatures | None = None,  # noqa: ARG002  # of use to generators with a label pathway
    ) -> Tensor:
        """Return a part of what `translate` does in eval mode; of a large image from the tiles that it is in.

        A generator without a halo (see `halo`) takes any image as a whole.
        """
        if self.halo is None:
            return cut(self.translate(image, label), part)
        tiles = divide(image.shape[2:], self.halo, self.stride, part)
        if len(tiles) == 1 and tiles[0].region == whole_of(image):
            return cut(self.translate(image, label), part)
        generated = torch.empty_like(image)
        for tile in each(tiles, "tile"):
            tile.put(self.translate(tile.cut(image), tile.cut(label)), generated)
        return cut(generated, part)

    def bounded(self, x: Tensor) -> Tensor:
        """Bend `x`, of any size, into plus or minus `bound`; near 0 it is left as it is."""
        return self.bound * torch.tanh(x / self.bound)

    def unbounded(self, level: float) -> float:
        """Return what `bounded` bends to `level`, in (-1, 1)."""
        bound = float(self.bound)
        return bound * math.atanh(level / bound)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        state_dict.setdefault(f"{prefix}bound", torch.ones(()))  # weights from before there was a bound
        super()._load_from_state_dict(state_dict, prefix, *rest)


IMAGE_AND_LABEL: Final = 2
"""Input channels of a generator that takes the label as one more channel."""


class PlainGenerator(Generator):
    """One pathway: the label is a second input channel, as Pix2Pix and CycleGAN would take it.

    It is brought to [-1, 1], as their papers bring all that goes in. Left at 0 and 1, where nearly all of it
    is 0, it is hardly heard at first: Pix2PixSeg then placed its first tumour three times as late.

    Subclasses set ``body`` and ``last``, the layer with a bias that gives the one channel; one after the
    other they map (N, 2, Y, X), sides divisible by `stride`, to (N, 1, Y, X).
    """

    body: nn.Module
    last: nn.Module

    def embed(self, label: Tensor) -> Features:
        """Return the label itself."""
        return [label]

    def forward(self, image: Tensor, features: Features) -> Tensor:
        """Translate `image`, (N, 1, Y, X) in [-1, 1]; any size from `stride` on."""
        (label,) = (feature for feature in features if feature is not None)
        inputs = [
            pad_to_multiple(image, self.stride, mirror=True),
            2 * pad_to_multiple(label, self.stride, mirror=False) - 1,
        ]
        generated = in_full_precision(self.last, self.body(torch.cat(inputs, 1)))  # (N, 1, Y, X)
        return self.bounded(crop_like(generated, image.shape[2:]))

    @torch.no_grad()
    def begin_at(self, level: float) -> None:
        """Let a fresh generator generate images of this mean `level`, in (-1, 1)."""
        self.last.get_parameter("bias").fill_(self.unbounded(level))
