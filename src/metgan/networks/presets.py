"""The three sizes of every network, by name: paper, released, small.

One table, so that a newcomer sees side by side what differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from .generator import Generator
from .init import blank
from .metgen import MetGen, MetGenSpec
from .patchgan import DiscriminatorSpec
from .pix2pix import Pix2PixGenerator, Pix2PixSpec
from .resnet import ResNetGenerator, ResNetSpec
from .spade import LabelSpec, Pyramid, Taps
from .unet import UNetSpec

PresetName = Literal["paper", "released", "small"]
"""Names of the sizes."""


@dataclass(frozen=True)
class NetworkPreset:
    """One size: the specs of the three generators, of the segmentor and of the discriminator."""

    metgen: MetGenSpec
    pix2pix: Pix2PixSpec
    resnet: ResNetSpec
    segmentor: UNetSpec
    discriminator: DiscriminatorSpec


_SMALL = UNetSpec(encoder=(16, 32, 64, 128, 160), decoder=(16, 24, 48, 96, 128))

PRESETS: dict[PresetName, NetworkPreset] = {
    # Horvath et al. 2021, section 2 and supplement: seven blocks, all merged. Rivals by their papers.
    "paper": NetworkPreset(MetGenSpec(), Pix2PixSpec(), ResNetSpec(), UNetSpec(), DiscriminatorSpec()),
    # The released networks to the digit: docs/paper.md, "The released networks".
    "released": NetworkPreset(
        MetGenSpec(
            UNetSpec(align_corners=True),
            LabelSpec(pyramid="nearest", taps="released"),
            merge="behind",
            bound=1.0,
        ),
        Pix2PixSpec(),
        ResNetSpec(),
        UNetSpec(align_corners=True),
        DiscriminatorSpec(),
    ),
    # The papers' shapes with 2.8 to 2.9 M parameters each, which two CPU cores train in minutes.
    "small": NetworkPreset(
        MetGenSpec(_SMALL, LabelSpec(width=4, hidden=32)),
        Pix2PixSpec(width=20, depth=6),
        ResNetSpec(width=32),
        _SMALL,
        DiscriminatorSpec(width=32),
    ),
}
"""Every size by its name."""

GeneratorName = Literal["metgen", "metgen-nearest", "metgen-six", "pix2pix", "resnet"]
"""Names of the generators."""

GENERATORS: Final[dict[GeneratorName, Callable[[NetworkPreset], Generator]]] = {
    "metgen": lambda sizes: MetGen(sizes.metgen),
    # Two of the release's choices, one at a time, for the ablation.
    "metgen-nearest": lambda sizes: MetGen(_with_label(sizes.metgen, pyramid="nearest")),
    "metgen-six": lambda sizes: MetGen(_with_label(sizes.metgen, taps="six")),
    "pix2pix": lambda sizes: Pix2PixGenerator(sizes.pix2pix),
    "resnet": lambda sizes: ResNetGenerator(sizes.resnet),
}
"""How each generator is made from a size."""


def make_generator(name: GeneratorName, preset: PresetName) -> Generator:
    """Return a generator with weights that are still to be drawn (`build`) or loaded."""
    return GENERATORS[name](PRESETS[preset])


def least_training_side(name: GeneratorName, preset: PresetName, batch_size: int) -> int:
    """Return the smallest image side in pixels that a generator trains on, in batches of this size.

    Examples
    --------
    >>> [least_training_side(name, "small", 4) for name in ("metgen", "pix2pix", "resnet")]
    [32, 64, 8]
    >>> [least_training_side(name, "small", 1) for name in ("metgen", "pix2pix", "resnet")]
    [64, 64, 8]
    """
    return blank(lambda: make_generator(name, preset)).least_training_side(batch_size)


def _with_label(spec: MetGenSpec, *, pyramid: Pyramid = "pooled", taps: Taps = "all") -> MetGenSpec:
    return replace(spec, label=replace(spec.label, pyramid=pyramid, taps=taps))
